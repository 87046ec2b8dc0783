"""A cut-out made smaller or larger without mixing hidden colours into its edge."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels, Size

TILE_PX = 64
"""Side of the tiles in which the edge is computed: little beside the edge itself."""
_SHOWN, _OPAQUE = 1 / 1024, 1 - 1 / 1024
"""Between these alphas a pixel's colour is a mixture; below nothing is seen of it."""


def resize_cutout(pixels: Pixels, alpha: Floats, size: Size) -> tuple[Pixels, Floats]:
    """Resize a subject; its colours are weighted by their alpha.

    Where a part of the picture is wholly opaque, or wholly hidden, all its colours weigh the same, so a plain `resize`
    is right. Along the edge each new pixel is sum(w · alpha · colour) / sum(w · alpha) with the weights w of `resize`,
    computed tile by tile.

    Args:
        pixels: uint8 or uint16 (H, W, 3), straight.
        alpha: float32 (H, W) in [0, 1].
        size: (height, width) wanted.

    Returns:
        Straight colour (h, w, 3), type of `pixels`, and alpha (h, w).
    """
    if alpha.shape == size:
        return pixels, alpha
    colour, small = resize(pixels, size), np.clip(resize(alpha, size), 0, 1)
    rows = [_Stretch.of(alpha.shape[0], size[0], first) for first in range(0, size[0], TILE_PX)]
    columns = [_Stretch.of(alpha.shape[1], size[1], first) for first in range(0, size[1], TILE_PX)]
    for y, down in enumerate(rows):
        for x, across in enumerate(columns):
            tile = np.s_[y * TILE_PX : (y + 1) * TILE_PX, x * TILE_PX : (x + 1) * TILE_PX]
            if small[tile].max() > _SHOWN and small[tile].min() < _OPAQUE:
                _weigh(colour[tile], pixels, alpha, down=down, across=across)
    return colour, small


def _weigh(target: Pixels, pixels: Pixels, alpha: Floats, *, down: _Stretch, across: _Stretch) -> None:
    """Write the colours of one tile."""
    cover = alpha[down.source, across.source]
    planes = np.empty((4, *cover.shape), np.float32)
    np.multiply(pixels[down.source, across.source].transpose(2, 0, 1), cover, out=planes[:3])
    planes[3] = cover
    narrow = down.resized(planes.swapaxes(1, 2)).swapaxes(1, 2)
    *mixed, total = across.resized(narrow)
    shown = total > _SHOWN
    for channel, plane in enumerate(mixed):
        np.divide(plane, total, out=plane, where=shown)
        np.copyto(target[..., channel], np.rint(plane).astype(target.dtype), where=shown)


@dataclass(frozen=True)
class _Stretch:
    """A stretch of an axis, resized as `resize` does it.

    An axis that shrinks is averaged over the area that each new pixel covers; one that grows is interpolated linearly
    between pixel centres. Either way a new pixel follows from values at places `near` + `part`: of the sum of all
    pixels up to there, or of the pixels themselves.

    Attributes:
        source: the old pixels that it is made of.
        near: index of the place before, among them.
        part: how far the place lies beyond that, 0 to 1.
        step: old pixels in a new one.
    """

    source: slice
    near: npt.NDArray[np.intp]
    part: Floats
    step: float

    @classmethod
    def of(cls, old: int, new: int, first: int) -> _Stretch:
        """The new pixels from `first` on, one tile of them, of an axis that goes from `old` to `new` pixels."""
        step, last = old / new, min(first + TILE_PX, new)
        if step >= 1:
            places = np.arange(first, last + 1) * step
            begin, end = int(places[0]), min(old, math.ceil(places[-1]))
            most = end - begin
        else:
            places = np.clip((np.arange(first, last) + 0.5) * step - 0.5, 0, old - 1)
            begin, end = int(places[0]), min(old, int(places[-1]) + 2)
            most = end - begin - 1
        near = np.clip((places - begin).astype(np.intp), 0, max(0, most - 1))
        return cls(slice(begin, end), near, (places - begin - near).astype(np.float32), step)

    def resized(self, planes: Floats) -> Floats:
        """Resize the last axis."""
        if self.step < 1:
            return self._at(planes)
        sums = np.zeros((*planes.shape[:-1], planes.shape[-1] + 1), np.float32)
        np.cumsum(planes, axis=-1, out=sums[..., 1:])
        return np.asarray(np.diff(self._at(sums), axis=-1) / np.float32(self.step), np.float32)

    def _at(self, values: Floats) -> Floats:
        near = values[..., self.near]
        far = values[..., np.minimum(self.near + 1, values.shape[-1] - 1)]
        return near + self.part * (far - near)
