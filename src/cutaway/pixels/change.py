"""How much one picture differs from another, part by part: whether it is worth looking at again."""

from __future__ import annotations

from typing import cast

import numpy as np

from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels

PARTS = 64
"""The longer side is divided into so many parts: smaller than a finger, so that none moves unseen within one of them,
and large enough to average noise away.

A part of a 1280×720 picture has 20×20 pixels; noise of standard deviation 5 in each pixel is 0.25 in their mean.
"""


def glance(pixels: Pixels) -> Floats:
    """The mean colour of each part of a picture.

    Args:
        pixels: uint8 or uint16 (H, W, 3).

    Returns:
        float32 (h, w, 3), 0 to 255; its longer side is `PARTS`, its parts about square.
    """
    height, width = pixels.shape[:2]
    side = max(height, width) / PARTS
    size = max(1, round(height / side)), max(1, round(width / side))
    means = resize(pixels, (min(size[0], height), min(size[1], width))).astype(np.float32)
    return cast(Floats, means / np.float32(257) if pixels.dtype == np.uint16 else means)


def change(before: Floats, now: Floats) -> float:
    """The largest difference of any part's mean colour between two glances, 0 to 255; infinite between two sizes."""
    if before.shape != now.shape:
        return float("inf")
    return float(np.abs(now - before).max())
