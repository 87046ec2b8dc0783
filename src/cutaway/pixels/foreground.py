"""The subject's own colour along its edge, so that nothing of the old background shines through.

A pixel of the edge shows a mixture: I = alpha · F + (1 - alpha) · B. A cut-out that keeps I carries the old background
along as a coloured fringe; it needs F.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

import cv2
import numpy as np

from cutaway.pixels.resize import resize
from cutaway.pixels.tiles import Stretch, Tile, in_threads, stretches
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
_TILE: Size = (64, 192)
_TILES = {1: (64, 256), 2: (48, 128), 3: (64, 128)}
"""Tiles by the side of a cell, chosen so that no product of matrices is worth a thread of its own to BLAS: below 2^18
multiplications for OpenBLAS."""

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
    size = pixels.shape[0], pixels.shape[1]
    cells = -(-size[0] // _cell_px(size)), -(-size[1] // _cell_px(size))
    wide, result = _wide(pixels, alpha, cells), pixels.copy()
    downs, acrosses = _pieces(size, cells)

    def work(place: tuple[_Piece, _Piece]) -> None:
        tile = place[0].inner.pixels, place[1].inner.pixels
        mixed = _mixed(alpha, shown, tile)
        if mixed.any():
            fields = _fields(pixels, alpha, place, wide)
            cv2.copyTo(_unmixed(fields, pixels[tile], alpha[tile]), mixed.view(np.uint8), result[tile])

    in_threads(work, ((down, across) for down in downs for across in acrosses))
    return result


def _mixed(alpha: Floats, shown: Floats, tile: Tile) -> Mask:
    """Where the result shows a colour that is not the subject's alone."""
    return np.asarray((alpha[tile] < 1 - SLIGHT) & (shown[tile] > SLIGHT))


def _wide(pixels: Pixels, alpha: Floats, cells: Size) -> Floats:
    """F' and B' of the first pass, found on samples of the photo, brought to so many cells: (6, h, w)."""
    longer = max(alpha.shape)
    every = max(1, longer // (2 * WIDE_PX))
    shrink = min(1.0, WIDE_PX / longer)
    size = max(1, round(alpha.shape[0] * shrink)), max(1, round(alpha.shape[1] * shrink))
    cover = resize(np.ascontiguousarray(alpha[::every, ::every]), size)
    samples = cast(Pixels, np.ascontiguousarray(pixels[::every, ::every]))
    photo = _planes(resize(samples, size))
    radius = max(1, round(WIDE * max(size)))
    found = (*_weighted_mean(photo, cover, radius), *_weighted_mean(photo, 1 - cover, radius))
    return np.stack([resize(plane, cells) for plane in found])


@dataclass(frozen=True, eq=False)
class _Piece:
    """Some pixels of an axis, and the cells of the second pass that they need.

    Attributes:
        cell_px: side of a cell; the last cell of an axis may hold fewer pixels.
        radius: of the second pass's blur, in cells.
        inner: the pixels, and how they are made of cells.
        kept: these cells.
        outer: these and all cells that the blur mixes into them.
    """

    cell_px: int
    radius: int
    inner: Stretch
    kept: slice
    outer: slice

    @property
    def among_outer(self) -> slice:
        """The kept cells counted from the first outer one."""
        return slice(self.kept.start - self.outer.start, self.kept.stop - self.outer.start)


def _pieces(size: Size, cells: Size) -> tuple[list[_Piece], list[_Piece]]:
    """Both axes of a picture that has so many cells, in the pieces that make its tiles."""
    cell_px = _cell_px(size)
    radius, tile = max(1, round(NEAR * max(size) / cell_px)), _TILES.get(cell_px, _TILE)

    def along(length: int, count: int, step: int) -> Iterator[_Piece]:
        for inner in stretches(length, cells=count, cells_per_px=1 / cell_px, step=step):
            kept = inner.pixels if cell_px == 1 else inner.cells
            outer = slice(max(0, kept.start - radius), min(count, kept.stop + radius))
            yield _Piece(cell_px, radius, inner, kept, outer)

    down, across = (list(along(*axis)) for axis in zip(size, cells, tile, strict=True))
    return down, across


def _cell_px(size: Size) -> int:
    return max(1, round(max(size) / NEAR_PX))


def _fields(pixels: Pixels, alpha: Floats, place: tuple[_Piece, _Piece], wide: Floats) -> Floats:
    """F' and B' of a tile, (6, rows, columns)."""
    down, across = place
    cover, photo = _in_cells(alpha, place), _planes(_in_cells(pixels, place))
    subject, behind = np.split(wide[:, down.outer, across.outer], 2)
    own, other = _fused(subject, behind, photo, cover), _fused(behind, subject, photo, 1 - cover)
    subject = _weighted_mean(own, cover, down.radius)
    behind = _weighted_mean(other, 1 - cover, down.radius)
    fields = np.concatenate([subject, behind])[:, down.among_outer, across.among_outer]
    if down.cell_px == 1:
        return fields
    return np.asarray(down.inner.shares @ (fields @ across.inner.shares.T), np.float32)


def _in_cells(picture: _Array, place: tuple[_Piece, _Piece]) -> _Array:
    """The mean of each outer cell of a tile."""
    side, cells = place[0].cell_px, [piece.outer for piece in place]
    part = picture[tuple(slice(c.start * side, c.stop * side) for c in cells)]
    if side == 1:
        return part
    height, width = (c.stop - c.start for c in cells)
    missing = height * side - part.shape[0], width * side - part.shape[1]
    if any(missing):
        part = cast(_Array, cv2.copyMakeBorder(part, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE))
    return resize(part, (height, width))


def _planes(pixels: Pixels) -> Floats:
    return np.stack(cv2.split(pixels.astype(np.float32)))


def _weighted_mean(planes: Floats, weight: Floats, radius: int) -> Floats:
    """blur(plane · weight) / blur(weight), for each of three planes; the plane itself where nothing has weight."""
    total = _blur(weight, radius)
    known = total > 1e-6
    found = np.empty_like(planes)
    for plane, target in zip(planes, found, strict=True):
        np.divide(_blur(plane * weight, radius), total, out=target, where=known)
        np.copyto(target, plane, where=~known)
    return found


def _blur(plane: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    blurred = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(plane.shape)


def _fused(subject: Floats, behind: Floats, photo: Floats, alpha: Floats) -> Floats:
    """F' + alpha (I - alpha F' - (1 - alpha) B')."""
    return np.asarray(subject + alpha * (photo - alpha * subject - (1 - alpha) * behind), np.float32)


def _unmixed(fields: Floats, pixels: Pixels, alpha: Floats) -> Pixels:
    """The same for F' and B' in planes and a photo in integers, in few passes over the memory, rounded."""
    subject, behind, cover = _interleaved(fields[:3]), _interleaved(fields[3:]), _interleaved([alpha] * 3)
    mixed = subject - behind
    mixed *= cover
    mixed += behind
    own = pixels.astype(np.float32)
    own -= mixed
    own *= cover
    own += subject
    np.clip(np.rint(own, out=own), 0, np.iinfo(pixels.dtype).max, out=own)
    return cast(Pixels, own.astype(pixels.dtype))


def _interleaved(planes: Sequence[Floats] | Floats) -> Floats:
    return np.asarray(cv2.merge(list(planes)), np.float32)
