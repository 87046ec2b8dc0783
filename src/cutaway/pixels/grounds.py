"""Backgrounds that are computed: colour gradients and the checkerboard that stands for transparency."""

from __future__ import annotations

import math
from typing import TypeAlias, cast

import numpy as np

from cutaway.pixels.composite import bands, to_depth
from cutaway.types import Backdrop, Pixels, Size

Colour: TypeAlias = tuple[int, int, int]

LIGHT, DARK = 255, 204
"""The checkerboard's two greys of 255."""
SQUARES = 64
"""Squares of it along the longer side; none is smaller than `MIN_SQUARE_PX`."""
MIN_SQUARE_PX = 4


def computed(backdrop: Backdrop, size: Size, *, like: Pixels) -> Pixels:
    """The picture of a backdrop of kind "gradient" or "checker", (H, W, 3), type of `like`."""
    if backdrop.kind == "checker":
        return checker(size, like=like)
    return gradient(size, start=backdrop.colour[:3], end=backdrop.end[:3], angle=backdrop.angle, like=like)


def gradient(size: Size, *, start: Colour, end: Colour, angle: float, like: Pixels) -> Pixels:
    """A linear gradient as CSS draws it (CSS Images 3, section 3.1), mixed in sRGB.

    The gradient's line runs through the middle, `angle` degrees clockwise from upwards, and is
    |W sin angle| + |H cos angle| long, so that the two farthest corners have exactly the two colours' values.

    Args:
        size: (height, width).
        start, end: red, green, blue, 0..255 each.
        angle: 0 upwards, 90 to the right, 180 downwards.
        like: its depth, 8 or 16 bit, is the result's.

    Returns:
        (H, W, 3), type of `like`.
    """
    height, width = size
    right, up = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    length = abs(width * right) + abs(height * up)
    across = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) * right / length + 0.5
    down = (height / 2 - np.arange(height, dtype=np.float32) - 0.5) * up / length
    first, last = to_depth(np.array([start, end], np.uint8), like).astype(np.float32)
    made = np.empty((*size, 3), like.dtype)
    for rows in bands(size):
        share = np.clip(across[None] + down[rows, None], 0, 1)[..., None]
        made[rows] = np.rint(first + share * (last - first))
    return made


def checker(size: Size, *, like: Pixels) -> Pixels:
    """White and light grey squares, 64 along the longer side, white at the top left corner.

    Returns:
        (H, W, 3), type of `like`.
    """
    square = max(MIN_SQUARE_PX, round(max(size) / SQUARES))
    rows, columns = np.arange(size[0]) // square, np.arange(size[1]) // square
    odd = ((rows[:, None] + columns[None]) % 2)[..., None]
    light, dark = to_depth(np.array([[LIGHT] * 3, [DARK] * 3], np.uint8), like)
    return cast(Pixels, np.where(odd, dark, light))
