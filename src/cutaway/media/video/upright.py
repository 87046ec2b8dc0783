"""Turning frames upright by the display matrix that phones write instead of turning the pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from cutaway.types import Pixels, Size


@dataclass(frozen=True)
class Turn:
    """How a stored frame becomes an upright one: transposed first, then flipped."""

    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False

    def apply(self, array: Pixels) -> Pixels:
        """Turn an array (H, W) or (H, W, C)."""
        turned = array.swapaxes(0, 1) if self.transposed else array
        turned = turned[::-1] if self.upside_down else turned
        turned = turned[:, ::-1] if self.mirrored else turned
        return cast(Pixels, np.ascontiguousarray(turned))

    def size(self, size: Size) -> Size:
        """The (height, width) after turning."""
        return (size[1], size[0]) if self.transposed else size


def turn_of(frame: Any) -> Turn:
    """Read a decoded frame's display matrix (`av.VideoFrame`).

    FFmpeg's libavutil/display.h: x' = a·x + c·y and y' = b·x + d·y, from nine 32-bit numbers a b u c d v x y w.
    Angles that are no multiple of 90° are rounded to one.
    """
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            a, b, _, c, d, *_ = np.frombuffer(bytes(data), np.int32).tolist()
            if abs(b) + abs(c) > abs(a) + abs(d):
                return Turn(True, b < 0, c < 0)
            return Turn(False, d < 0, a < 0)
    return Turn()
