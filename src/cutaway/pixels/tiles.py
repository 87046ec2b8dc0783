"""A large picture worked on piece by piece, only where something is to be done: time and memory follow the outline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from cutaway.pixels.resize import resize
from cutaway.types import Floats, Size

TILE: Size = (64, 256)
"""Height and width of a tile in pixels: the floats made of one stay in the processor's cache."""
_FEW_TIMES = 3
"""Less enlarged than this, the products of matrices are no longer small."""
Tile: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some pixels of an axis, and the cells of a coarser grid that they lie between.

    Attributes:
        pixels: which pixels.
        cells: which cells.
        shares: how much of each of these cells makes up each pixel, float32 (pixels, cells); rows add up to one.
    """

    pixels: slice
    cells: slice
    shares: Floats


def stretch(pixels: slice, *, cells: int, cells_per_px: float) -> Stretch:
    """Linear interpolation between cell centres, as `resize` does it; beyond the outermost centres, these cells.

    Args:
        pixels: which pixels of the axis.
        cells: how many cells the axis has.
        cells_per_px: how many of them lie on one pixel: at most 1.
    """
    centres = (np.arange(pixels.start, pixels.stop, dtype=np.float64) + 0.5) * cells_per_px - 0.5
    at = np.clip(centres, 0, cells - 1)
    first, last = int(at[0]), min(int(at[-1]) + 1, cells - 1)
    distance = np.abs(at[:, None] - np.arange(first, last + 1))
    return Stretch(pixels, slice(first, last + 1), np.maximum(1 - distance, 0).astype(np.float32))


def stretches(length: int, *, cells: int, cells_per_px: float | None = None, step: int) -> list[Stretch]:
    """An axis of `length` pixels in pieces of `step`; the cells cover it evenly unless said otherwise."""
    each = cells / length if cells_per_px is None else cells_per_px
    pieces = (slice(start, min(start + step, length)) for start in range(0, length, step))
    return [stretch(piece, cells=cells, cells_per_px=each) for piece in pieces]


class Enlargement:
    """Coarse planes seen at a picture's resolution, a tile at a time.

    Interpolation is linear between cell centres, as `resize` does it. Far enlarged, a tile is two small products of
    matrices, linear in the planes' values, which is what processors do best; little enlarged, the planes are brought to
    size at once.

    Args:
        planes: float32 (C, h, w).
        size: (H, W) of the picture, no smaller than (h, w).
    """

    def __init__(self, planes: Floats, size: Size) -> None:
        height, width = planes.shape[1:]
        times = min(size[0] / height, size[1] / width)
        self._planes = planes
        self._whole = [resize(plane, size) for plane in planes] if times < _FEW_TIMES else None
        across_px = TILE[1] if times >= 2 * _FEW_TIMES else TILE[1] // 2
        downs = stretches(size[0], cells=height, step=TILE[0])
        acrosses = stretches(size[1], cells=width, step=across_px)
        self._tiles = [(down, across) for down in downs for across in acrosses]

    def each(self, work: Callable[[Tile, Floats], None], *, wanted: Floats) -> None:
        """Do something with each tile that is made of cells of which some are wanted (not 0).

        One after the other: a tile's many small steps would spend more time handing Python's lock from thread to thread
        than they take. Who has several photos gives each a thread.

        Args:
            work: is given the tile and its planes, float32 (C, rows, columns), which may be written to.
            wanted: (h, w).
        """
        for down, across in self._tiles:
            if wanted[down.cells, across.cells].any():
                work((down.pixels, across.pixels), self._part(down, across))

    def _part(self, down: Stretch, across: Stretch) -> Floats:
        if self._whole is not None:
            return np.stack([plane[down.pixels, across.pixels] for plane in self._whole])
        return enlarged(self._planes, down, across)


def enlarged(planes: Floats, down: Stretch, across: Stretch) -> Floats:
    """A part of coarse planes (C, h, w) at the pixels' resolution, float32 (C, rows, columns)."""
    return np.asarray(down.shares @ (planes[:, down.cells, across.cells] @ across.shares.T), np.float32)
