"""A large picture worked on piece by piece, only where something is to be done: time and memory follow the outline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.resize import resize
from cutaway.types import Floats, Size

TILE: Size = (128, 256)
"""Height and width of a tile in pixels, about: the floats made of one stay in the processor's cache."""
_FEW_TIMES = 3
"""Less enlarged than this, the products of matrices are no longer small."""
Tile: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture."""


@dataclass(frozen=True, eq=False)
class Stretch:
    """Some pixels of an axis, and the cells of a coarser grid that they lie between.

    Attributes:
        cells: which cells.
        shares: how much of each of these cells makes up each pixel, float32 (pixels, cells); rows add up to one.
    """

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
    return Stretch(slice(first, last + 1), np.maximum(1 - distance, 0).astype(np.float32))


class Enlargement:
    """Coarse planes seen at a picture's resolution, a tile at a time.

    Interpolation is linear between cell centres, as `resize` does it. Far enlarged, a tile is two small products of
    matrices, linear in the planes' values, which is what processors do best; little enlarged, the planes are brought to
    size at once.

    The lines through the cells' centres cut the picture into meshes, one more along each axis than there are cells. A
    pixel lies in one mesh, and is made of the cells at that one's corners.

    Args:
        planes: float32 (C, h, w).
        size: (H, W) of the picture, no smaller than (h, w).
    """

    def __init__(self, planes: Floats, size: Size) -> None:
        cells = planes.shape[1], planes.shape[2]
        self._planes = planes
        self._per_px = cells[0] / size[0], cells[1] / size[1]
        self._edges = [_mesh_edges(n, length) for n, length in zip(cells, size, strict=True)]
        few = min(1 / each for each in self._per_px) < _FEW_TIMES
        self._whole = [resize(plane, size) for plane in planes] if few else None

    def each(self, work: Callable[[Tile, Floats], None], *, wanted: Floats) -> None:
        """Do something with the pixels that a wanted cell (not 0) has a share in: each once, and few others.

        One tile after the other: its many small steps would spend more time handing Python's lock from thread to thread
        than they take. Who has several photos gives each a thread.

        Args:
            work: is given the tile and its planes, float32 (C, rows, columns), which may be written to.
            wanted: (h, w).
        """
        for down, across in self._boxes(_meshes_of(wanted)):
            rows, columns = (
                slice(int(e[s.start]), int(e[s.stop]))
                for e, s in zip(self._edges, (down, across), strict=True)
            )
            if rows.start < rows.stop and columns.start < columns.stop:
                work((rows, columns), self._part(rows, columns))

    def _boxes(self, wanted: npt.NDArray[np.uint8]) -> Iterator[Tile]:
        """Boxes of meshes that hold all that are wanted, each at most as large as a tile."""
        high, wide = (max(1, round(px * each)) for px, each in zip(TILE, self._per_px, strict=True))
        for top in range(0, wanted.shape[0], high):
            for left in range(0, wanted.shape[1], wide):
                x, y, width, height = cv2.boundingRect(wanted[top : top + high, left : left + wide])
                if width:
                    yield slice(top + y, top + y + height), slice(left + x, left + x + width)

    def _part(self, rows: slice, columns: slice) -> Floats:
        if self._whole is not None:
            return np.stack([plane[rows, columns] for plane in self._whole])
        down, across = (
            stretch(pixels, cells=cells, cells_per_px=each)
            for pixels, cells, each in zip((rows, columns), self._planes.shape[1:], self._per_px, strict=True)
        )
        return enlarged(self._planes, down, across)


def _mesh_edges(cells: int, length: int) -> npt.NDArray[np.intp]:
    """The first pixel of each mesh along an axis, and the length: cells + 2 of them."""
    edges = np.ceil((np.arange(cells + 2) - 0.5) * (length / cells) - 0.5)
    edges[0], edges[-1] = 0, length
    return np.asarray(np.clip(edges, 0, length), dtype=np.intp)


def _meshes_of(cells: Floats) -> npt.NDArray[np.uint8]:
    """Which meshes have a corner at one of these cells (not 0): uint8 (h + 1, w + 1)."""
    some = np.pad((cells != 0).view(np.uint8), 1)
    return np.asarray(some[:-1, :-1] | some[:-1, 1:] | some[1:, :-1] | some[1:, 1:], dtype=np.uint8)


def enlarged(planes: Floats, down: Stretch, across: Stretch) -> Floats:
    """A part of coarse planes (C, h, w) at the pixels' resolution, float32 (C, rows, columns)."""
    return np.asarray(down.shares @ (planes[:, down.cells, across.cells] @ across.shares.T), np.float32)


def side_by_side(work: Callable[[int], None], count: int) -> None:
    """Call `work` with 0 to count - 1, by as many threads; when all have ended, an error is raised here."""
    if count == 1:  # spares the import
        work(0)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(count, thread_name_prefix="tiles") as pool:
        list(pool.map(work, range(count)))
