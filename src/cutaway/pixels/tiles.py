"""Small planes enlarged piece by piece, only where something is to be done: time and memory follow the outline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.types import Floats, Size

TILE: Size = (128, 256)
"""Height and width of a tile in pixels: the floats made of one stay in the processor's cache."""

Tile: TypeAlias = tuple[slice, slice]
"""Rows and columns of a picture."""


def enlarged(
    planes: Floats, size: Size, *, wanted: Callable[[Tile, Tile], bool]
) -> Iterator[tuple[Tile, Floats]]:
    """Interpolate planes linearly between pixel centres, as `resize` does, tile by tile.

    Args:
        planes: float32 (C, h, w).
        size: (H, W) to bring them to, no smaller than (h, w).
        wanted: says of a tile of the large picture, and of the part of the planes that it is made of, whether it is
            needed.

    Yields:
        Each wanted tile and its planes, float32 (C, rows, columns), which may be written to.
    """
    downs = list(_stretches(size[0], planes.shape[1], TILE[0]))
    acrosses = list(_stretches(size[1], planes.shape[2], TILE[1]))
    for down in downs:
        for across in acrosses:
            if wanted((down.pixels, across.pixels), (down.cells, across.cells)):
                part = planes[:, down.cells, across.cells]
                part = _between(part[:, down.near], part[:, down.far], down.far_share[:, None])
                part = _between(part[..., across.near], part[..., across.far], across.far_share)
                yield (down.pixels, across.pixels), part


def _between(near: Floats, far: Floats, far_share: Floats) -> Floats:
    """near + share (far - near), written into `far`."""
    far -= near
    far *= far_share
    far += near
    return far


@dataclass(frozen=True)
class _Stretch:
    """Some pixels of an axis, the cells they are made of, and which two of these each pixel lies between."""

    pixels: slice
    cells: slice
    near: npt.NDArray[np.intp]
    far: npt.NDArray[np.intp]
    far_share: Floats


def _stretches(length: int, cells: int, step: int) -> Iterator[_Stretch]:
    """An axis of `length` pixels made of `cells`, piece by piece."""
    at = np.clip((np.arange(length, dtype=np.float64) + 0.5) * cells / length - 0.5, 0, cells - 1)
    for start in range(0, length, step):
        place = at[start : start + step]
        first, last = int(place[0]), min(int(place[-1]) + 1, cells - 1)
        near = place.astype(np.intp) - first
        far = np.minimum(near + 1, last - first)
        share = (place - first - near).astype(np.float32)
        yield _Stretch(slice(start, start + len(place)), slice(first, last + 1), near, far, share)
