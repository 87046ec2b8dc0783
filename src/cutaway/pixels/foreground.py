"""The subject's own colour along its edge, so that nothing of the old background shines through.

A pixel of the edge shows a mixture: I = alpha · F + (1 - alpha) · B. A cut-out that keeps I carries the old background
along as a coloured fringe; it needs F.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.tiles import Tile, side_by_side
from cutaway.types import Floats, Pixels, Size

WIDE, NEAR = 90 / 1400, 6 / 1400
"""Radius of the first and of the second box blur as shares of the photo's longer side: the paper's 90 and 6 px on its
pictures, which are about 1400 px long."""
SAMPLED_PX = 360
"""Both blurs are made of at most so many samples along the longer side; the last step on the photo itself."""
SURE = 0.95
"""Without a pixel of at least this alpha, the subject's colour is not known anywhere, and nothing is changed."""

SLIGHT = 0.02
"""Alpha this close to 0 or 1 is nearly that: hardly anything of the pixel is seen, or hardly anything of it is the
background's. It keeps its colour."""
_TILE_PX = (128, 256)
"""Height and width of a tile, about: what a tile needs stays in the processor's cache."""
_SHARED_TILE_PX = (256, 512)
"""The same where threads share the work: they hand Python's lock to and fro after each step."""
_LARGE_PX = 6_000_000
"""From so many pixels on, threads pay."""
_MOST_THREADS = 4
_HARDLY = np.float32(1e-4)
"""The weight, beside that of what is known near by, of what is taken where nothing is."""


def foreground(pixels: Pixels, alpha: Floats, *, shown: Floats | None = None, threads: int = 1) -> Pixels:
    """Estimate the subject's own colour where it mixes with the background.

    Blur fusion in two passes: Forte and Pitié, Approximate Fast Foreground Colour Estimation (ICIP 2021). With a box
    blur of radius r, from F = B = I::

        F' = blur(F · alpha) / blur(alpha)              B' = blur(B (1 - alpha)) / blur(1 - alpha)
        F  = F' + alpha (I - alpha F' - (1 - alpha) B')

    first with a large r, then with a small one from that F and, unlike the paper, from B found in the same way, which
    errs less where the background is not even. The blurs hold no fine detail and are made of single pixels, evenly
    spread; not of averages, which would mix what is known of a strand with what lies beside it. The last line is
    computed on the photo itself, in tiles that hold an edge.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3), in any colour space.
        alpha: how much of each pixel's colour is the subject's, float32 (H, W) in [0, 1].
        shown: the alpha that the result will have, where that is another one, feathered say. Pixels beyond the
            subject that it shows get the colour of the nearest of it.
        threads: how many may work on a large photo.

    Returns:
        Type and shape of `pixels`: F where alpha is below 0.98 and more than 0.02 is shown, elsewhere the photo's own
        values. `pixels` itself where there is no edge or nothing that is surely subject.
    """
    shown = None if shown is alpha else shown
    grid = _Grid.of((pixels.shape[0], pixels.shape[1]))
    bands = grid.bands(min(threads, _MOST_THREADS) if alpha.size >= _LARGE_PX else 1)
    mixed, tiles = np.empty(grid.size, np.uint8), [list[_Tile]() for _ in bands]

    def look(number: int) -> None:
        rows = bands[number].pixels[0]
        mixed[rows] = _mixed(alpha[rows], None if shown is None else shown[rows])
        size = _TILE_PX if len(bands) == 1 else _SHARED_TILE_PX
        found = (tile.around(mixed[tile.pixels]) for tile in bands[number].tiles(size))
        tiles[number] += [tile for tile in found if tile]

    side_by_side(look, len(bands))
    cover = grid.sampled(alpha)
    if not any(tiles) or (cover.max() < SURE and alpha.max() < SURE):
        return pixels
    subject, behind = _fields(grid.sampled(pixels), cover, grid)
    contrast = subject - behind
    result = np.empty_like(pixels)

    def draw(number: int) -> None:
        rows = bands[number].pixels[0]
        np.copyto(result[rows], pixels[rows])
        for tile in tiles[number]:
            fields = tile.enlarged(subject), tile.enlarged(contrast)
            found = _unmixed(*fields, pixels[tile.pixels], alpha[tile.pixels])
            cv2.copyTo(found, mixed[tile.pixels], result[tile.pixels])

    side_by_side(draw, len(bands))
    return result


def _mixed(alpha: Floats, shown: Floats | None) -> npt.NDArray[np.uint8]:
    """Where the result shows a colour that is not the subject's alone: not 0."""
    if shown is None:
        return np.asarray(cv2.inRange(alpha, SLIGHT, 1 - SLIGHT), np.uint8)
    return np.asarray((alpha < 1 - SLIGHT) & (shown > SLIGHT)).view(np.uint8)


@dataclass(frozen=True)
class _Grid:
    """Squares of a few pixels, of each of which one pixel is known; the last of an axis may hang over the border.

    Attributes:
        size: (H, W) of the picture.
        side: of a cell, in pixels.
        cells: (rows, columns).
    """

    size: Size
    side: int
    cells: Size

    @classmethod
    def of(cls, size: Size) -> _Grid:
        side = -(-max(size) // SAMPLED_PX)
        return cls(size, side, (-(-size[0] // side), -(-size[1] // side)))

    def radius(self, share: float) -> int:
        """A share of the longer side, in cells, at least one."""
        return max(1, round(share * max(self.size) / self.side))

    def sampled(self, picture: Pixels | Floats) -> Floats:
        """The pixel in the middle of each cell, as float32."""
        rows, columns = (
            np.minimum(np.arange(count) * self.side + self.side // 2, length - 1)
            for count, length in zip(self.cells, self.size, strict=True)
        )
        return np.asarray(picture[rows[:, None], columns], np.float32)

    def bands(self, count: int) -> list[_Tile]:
        """All of the picture in so many pieces, one above the other; in fewer where it has not as many rows."""
        rows, columns = self.cells
        count = min(count, rows)
        edges = [rows * i // count for i in range(count + 1)]
        return [_Tile(self, slice(first, last), slice(0, columns)) for first, last in pairwise(edges)]


@dataclass(frozen=True)
class _Tile:
    """Some cells whose pixels are worked on together."""

    grid: _Grid
    rows: slice
    columns: slice

    @property
    def pixels(self) -> Tile:
        """The pixels of the cells."""
        side = self.grid.side
        down, across = (
            slice(c.start * side, min(c.stop * side, length))
            for c, length in zip((self.rows, self.columns), self.grid.size, strict=True)
        )
        return down, across

    def tiles(self, size: Size) -> Iterator[_Tile]:
        """This in pieces of about so many pixels."""
        down, across = (max(1, length // self.grid.side) for length in size)
        for top in range(self.rows.start, self.rows.stop, down):
            for left in range(self.columns.start, self.columns.stop, across):
                rows = slice(top, min(top + down, self.rows.stop))
                yield _Tile(self.grid, rows, slice(left, min(left + across, self.columns.stop)))

    def around(self, wanted: npt.NDArray[np.uint8]) -> _Tile | None:
        """The cells that hold all the pixels that are wanted; None if there is none."""
        left, top, width, height = cv2.boundingRect(wanted)
        if width == 0:
            return None
        rows, columns = (
            slice(cells.start + first // self.grid.side, cells.start + -(-(first + count) // self.grid.side))
            for cells, first, count in ((self.rows, top, height), (self.columns, left, width))
        )
        return _Tile(self.grid, rows, columns)

    def enlarged(self, field: Floats) -> Floats:
        """A field of the whole grid, interpolated linearly between the cells' middles at the tile's pixels."""
        side = self.grid.side
        near = tuple(
            slice(max(0, c.start - 1), min(c.stop + 1, count))
            for c, count in zip((self.rows, self.columns), self.grid.cells, strict=True)
        )
        part = np.ascontiguousarray(field[near])
        if side > 1:
            size = part.shape[1] * side, part.shape[0] * side
            part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.float32)
        down, across = (
            slice(p.start - n.start * side, p.stop - n.start * side)
            for p, n in zip(self.pixels, near, strict=True)
        )
        return part[down, across]


def _fields(photo: Floats, cover: Floats, grid: _Grid) -> tuple[Floats, Floats]:
    """F' and B' of the second pass at the grid's cells, (rows, columns, 3) each, from samples of photo and alpha."""
    weight, radius = _thrice(cover), grid.radius(WIDE)
    own = photo * weight
    subject, behind = _means(own, photo - own, cover, radius, otherwise=(photo, photo))
    # left = I - alpha F' - (1 - alpha) B';  F = F' + alpha left;  B = B' + (1 - alpha) left
    left = subject - behind
    left *= weight
    left += behind
    np.subtract(photo, left, out=left)
    share = left * weight
    subject += share
    left -= share
    behind += left
    own = subject * weight
    other = behind * weight
    np.subtract(behind, other, out=other)
    return _means(own, other, cover, grid.radius(NEAR), otherwise=(subject, behind))


def _means(
    own: Floats, other: Floats, cover: Floats, radius: int, *, otherwise: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """blur(own) / blur(cover) and blur(other) / blur(1 - cover); where nothing has weight, what else there is."""
    known = _blur(cover, radius)
    return (
        _weighted_mean(own, known, radius, otherwise=otherwise[0]),
        _weighted_mean(other, 1 - known, radius, otherwise=otherwise[1]),
    )


def _weighted_mean(weighted: Floats, total: Floats, radius: int, *, otherwise: Floats) -> Floats:
    mean = _blur(weighted, radius)
    mean += otherwise * _HARDLY
    mean *= _thrice(np.asarray(1 / (np.maximum(total, 0) + _HARDLY), np.float32))
    return mean


def _thrice(plane: Floats) -> Floats:
    """The same for red, green and blue: (H, W, 3)."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)


def _blur(picture: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    blurred = cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(picture.shape)


def _unmixed(subject: Floats, contrast: Floats, pixels: Pixels, alpha: Floats) -> Pixels:
    """F' + alpha (I - F' + (1 - alpha) (F' - B')), rounded and kept within the type of the pixels."""
    weight, depth = _thrice(alpha), cv2.CV_8U if pixels.dtype == np.uint8 else cv2.CV_16U
    change = np.asarray(cv2.subtract(pixels, subject, dtype=cv2.CV_32F), np.float32)
    change += cv2.multiply(1 - weight, contrast)
    change *= weight
    return cast(Pixels, cv2.add(change, subject, dtype=depth))
