"""The subject's own colour along its edge, so that nothing of the old background shines through.

A pixel of the edge shows a mixture: I = alpha · F + (1 - alpha) · B. A cut-out that keeps I carries the old background
along as a coloured fringe; it needs F.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar, cast

import cv2
import numpy as np

from cutaway.pixels.resize import resize
from cutaway.pixels.tiles import Tile, in_two_threads
from cutaway.types import Floats, Mask, Pixels, Size

WIDE, NEAR = 90 / 1400, 6 / 1400
"""Radius of the first and of the second box blur as shares of the photo's longer side: the paper's 90 and 6 px on its
pictures, which are about 1400 px long."""
WIDE_PX = 256
"""The first, wide blur is made on a picture of about this longer side."""
NEAR_PX = 1000
"""The second, near blur is made on one of about this longer side; the last step on the photo itself."""
SURE = 0.95
"""Without a pixel of at least this alpha, the subject's colour is not known anywhere, and nothing is changed."""

SLIGHT = 0.02
"""Alpha this close to 0 or 1 is nearly that: hardly anything of the pixel is seen, or hardly anything of it is the
background's. It keeps its colour."""
_TILES = {1: (64, 256), 2: (64, 160)}
"""Cells of a tile, rows and columns, by the side of a cell: what a tile needs stays in the processor's cache."""
_TILE: Size = (32, 96)
_NOTHING = 1e-6
"""A blurred weight below this means that nothing near by has any."""

_Array = TypeVar("_Array", Pixels, Floats)


def foreground(pixels: Pixels, alpha: Floats, *, shown: Floats | None = None) -> Pixels:
    """Estimate the subject's own colour where it mixes with the background.

    Blur fusion in two passes: Forte and Pitié, Approximate Fast Foreground Colour Estimation (ICIP 2021). With a box
    blur of radius r, from F = B = I::

        F' = blur(F · alpha) / blur(alpha)              B' = blur(B (1 - alpha)) / blur(1 - alpha)
        F  = F' + alpha (I - alpha F' - (1 - alpha) B')

    first with a large r, then with a small one from that F and, unlike the paper, from B found in the same way, which
    errs less where the background is not even. Each step is made at the size that its detail needs: the first pass on a
    small picture, the second on cells of a few pixels, the last line on the photo itself; the last two only in tiles
    that hold an edge.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3), in any colour space.
        alpha: how much of each pixel's colour is the subject's, float32 (H, W) in [0, 1].
        shown: the alpha that the result will have, where that is another one, feathered say. Pixels beyond the
            subject that it shows get the colour of the nearest of it.

    Returns:
        Type and shape of `pixels`: F where alpha is below 0.98 and more than 0.02 is shown, elsewhere the photo's own
        values. `pixels` itself where there is no edge or nothing that is surely subject.
    """
    shown = alpha if shown is None else shown
    if alpha.max() < SURE or alpha.min() >= 1 - SLIGHT:
        return pixels
    grid = _Grid.of((pixels.shape[0], pixels.shape[1]))
    wide, result = _wide(pixels, alpha, grid), pixels.copy()

    def work(tile: _Tile) -> None:
        mixed = _mixed(alpha, shown, tile.pixels)
        if mixed.any():
            subject, behind = (tile.enlarged(field) for field in _near(pixels, alpha, tile, wide))
            found = _unmixed(subject, behind, pixels[tile.pixels], alpha[tile.pixels])
            cv2.copyTo(found, mixed.view(np.uint8), result[tile.pixels])

    in_two_threads(work, list(grid.tiles()))
    return result


def _mixed(alpha: Floats, shown: Floats, tile: Tile) -> Mask:
    """Where the result shows a colour that is not the subject's alone."""
    return np.asarray((alpha[tile] < 1 - SLIGHT) & (shown[tile] > SLIGHT))


@dataclass(frozen=True)
class _Grid:
    """The cells of the second pass: squares of a few pixels; the last of an axis may hang over the picture's border.

    Attributes:
        size: (H, W) of the picture.
        side: of a cell, in pixels.
        cells: (rows, columns).
        radius: of the second pass's blur, in cells.
    """

    size: Size
    side: int
    cells: Size
    radius: int

    @classmethod
    def of(cls, size: Size) -> _Grid:
        side = -(-max(size) // NEAR_PX)
        return cls(
            size, side, (-(-size[0] // side), -(-size[1] // side)), max(1, round(NEAR * max(size) / side))
        )

    def tiles(self) -> Iterator[_Tile]:
        down, across = _TILES.get(self.side, _TILE)
        for top in range(0, self.cells[0], down):
            for left in range(0, self.cells[1], across):
                yield _Tile(
                    self,
                    slice(top, min(top + down, self.cells[0])),
                    slice(left, min(left + across, self.cells[1])),
                )

    def around(self, cells: Tile, *, by: int) -> Tile:
        """These cells and so many more on each side, within the picture."""
        down, across = (
            slice(max(0, c.start - by), min(count, c.stop + by))
            for c, count in zip(cells, self.cells, strict=True)
        )
        return down, across

    def pixels_of(self, cells: Tile) -> Tile:
        """The pixels of these cells."""
        down, across = (
            slice(c.start * self.side, min(c.stop * self.side, length))
            for c, length in zip(cells, self.size, strict=True)
        )
        return down, across


@dataclass(frozen=True)
class _Tile:
    """Some cells that are worked on together."""

    grid: _Grid
    rows: slice
    columns: slice

    @property
    def pixels(self) -> Tile:
        return self.grid.pixels_of((self.rows, self.columns))

    @property
    def neighbours(self) -> Tile:
        """The cells that its pixels lie between: its own and one more on each side."""
        return self.grid.around((self.rows, self.columns), by=1)

    @property
    def outer(self) -> Tile:
        """The neighbours and all cells that the blur mixes into them."""
        return self.grid.around(self.neighbours, by=self.grid.radius)

    def enlarged(self, field: Floats) -> Floats:
        """A field of the neighbours, interpolated linearly at the tile's pixels."""
        near, side = self.neighbours, self.grid.side
        if side > 1:
            size = field.shape[1] * side, field.shape[0] * side
            field = np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)
        down, across = (
            slice(p.start - n.start * side, p.stop - n.start * side)
            for p, n in zip(self.pixels, near, strict=True)
        )
        return field[down, across]


def _wide(pixels: Pixels, alpha: Floats, grid: _Grid) -> tuple[Floats, Floats]:
    """F' and B' of the first pass, found on samples of the photo, at the grid's cells: (rows, columns, 3) each."""
    longer = max(alpha.shape)
    every = max(1, longer // (2 * WIDE_PX))
    shrink = min(1.0, WIDE_PX / longer)
    size = max(1, round(alpha.shape[0] * shrink)), max(1, round(alpha.shape[1] * shrink))
    cover = resize(np.ascontiguousarray(alpha[::every, ::every]), size)
    samples = cast(Pixels, np.ascontiguousarray(pixels[::every, ::every]))
    photo, weight = resize(samples, size).astype(np.float32), _thrice(cover)
    radius = max(1, round(WIDE * max(size)))
    known, own = _blur(cover, radius), photo * weight
    subject = _weighted_mean(own, known, radius, otherwise=photo)
    behind = _weighted_mean(photo - own, 1 - known, radius, otherwise=photo)
    return resize(subject, grid.cells), resize(behind, grid.cells)


def _near(pixels: Pixels, alpha: Floats, tile: _Tile, wide: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """F' and B' of the second pass at a tile's neighbours, (rows, columns, 3) each."""
    outer, radius = tile.outer, tile.grid.radius
    cover = _in_cells(alpha, outer, tile.grid)
    weight, photo = _thrice(cover), _in_cells(pixels, outer, tile.grid).astype(np.float32)
    subject, behind = (np.ascontiguousarray(field[outer]) for field in wide)
    # left = I - alpha F' - (1 - alpha) B';  F = F' + alpha left;  B = B' + (1 - alpha) left
    left = photo - _mixture(subject, behind, weight)
    share = _times(left, weight)
    own = subject + share
    other = behind + left
    other -= share
    known = _blur(cover, radius)
    subject = _weighted_mean(_times(own, weight), known, radius, otherwise=own)
    behind = _weighted_mean(other - _times(other, weight), 1 - known, radius, otherwise=other)
    near = tuple(
        slice(n.start - o.start, n.stop - o.start) for n, o in zip(tile.neighbours, outer, strict=True)
    )
    return np.ascontiguousarray(subject[near]), np.ascontiguousarray(behind[near])


def _in_cells(picture: _Array, cells: Tile, grid: _Grid) -> _Array:
    """The mean of each of some cells."""
    part, side = picture[grid.pixels_of(cells)], grid.side
    if side == 1:
        return part
    height, width = (c.stop - c.start for c in cells)
    missing = height * side - part.shape[0], width * side - part.shape[1]
    if any(missing):
        part = cast(_Array, cv2.copyMakeBorder(part, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE))
    return resize(part, (height, width))


def _thrice(plane: Floats) -> Floats:
    """The same for red, green and blue: (H, W, 3)."""
    return np.asarray(cv2.merge([plane, plane, plane]), np.float32)


def _weighted_mean(weighted: Floats, total: Floats, radius: int, *, otherwise: Floats) -> Floats:
    """blur(weighted) / total; where nothing has weight, what else there is."""
    mean = np.asarray(
        cv2.divide(_blur(weighted, radius), _thrice(np.maximum(total, np.float32(_NOTHING)))), np.float32
    )
    unknown = total <= _NOTHING
    if unknown.any():
        np.copyto(mean, otherwise, where=unknown[..., None])
    return mean


def _blur(picture: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    blurred = cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(picture.shape)


def _unmixed(subject: Floats, behind: Floats, pixels: Pixels, alpha: Floats) -> Pixels:
    """F' + alpha (I - alpha F' - (1 - alpha) B'), rounded and kept within the type of the pixels."""
    weight, depth = _thrice(alpha), cv2.CV_8U if pixels.dtype == np.uint8 else cv2.CV_16U
    left = cv2.subtract(pixels, _mixture(subject, behind, weight), dtype=cv2.CV_32F)
    return cast(Pixels, cv2.add(cv2.multiply(left, weight), subject, dtype=depth))


def _mixture(subject: Floats, behind: Floats, weight: Floats) -> Floats:
    """alpha F' + (1 - alpha) B'."""
    mixed = subject - behind
    mixed *= weight
    mixed += behind
    return mixed


def _times(one: Floats, other: Floats) -> Floats:
    return np.asarray(cv2.multiply(one, other), np.float32)
