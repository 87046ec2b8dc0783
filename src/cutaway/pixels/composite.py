"""Laying a subject over something else.

The arithmetic is done on gamma-encoded sRGB values, not on linear light: browsers do so, editors do so by
default, and a result should look the same pasted there as made here. Alpha is straight throughout: a
subject's colour is its own, whatever its alpha.

Large pictures are worked through in bands of rows, so that the float intermediates stay small.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import cv2
import numpy as np

from cutaway.types import Floats, Pixels, Size

_BAND_PX = 1 << 14
"""So few pixels, 200 kB as float colour, stay in the processor's cache from one step to the next: twice as fast."""

Colour = tuple[int, int, int]


def over_colour(pixels: Pixels, alpha: Floats, colour: Colour) -> Pixels:
    """Lay a subject over one opaque colour.

    Args:
        pixels: the subject's colour, uint8 or uint16 (H, W, 3).
        alpha: float32 (H, W) in [0, 1].
        colour: red, green, blue, 0..255 each (also for uint16 pixels).

    Returns:
        alpha · subject + (1 - alpha) · colour, rounded to the nearest integer, type and shape of `pixels`.
    """
    return _mix(pixels, alpha, _plain(pixels, colour))


def over_picture(pixels: Pixels, alpha: Floats, background: Pixels) -> Pixels:
    """Lay a subject over an opaque picture of the same size; its depth (8 or 16 bit) follows `pixels`.

    Same equation as `over_colour`.
    """
    return _mix(pixels, alpha, background)


def over_translucent(
    pixels: Pixels, alpha: Floats, background: Pixels | Colour, *, background_alpha: Floats | float
) -> tuple[Pixels, Floats]:
    """Lay a subject over something that is itself partly transparent.

    The operator "over" of Porter and Duff, Compositing Digital Images (SIGGRAPH 1984), for straight alpha::

        alpha_out = alpha + alpha_b (1 - alpha)
        colour    = background + (subject - background) · alpha / alpha_out

    Args:
        pixels: the subject's colour, uint8 or uint16 (H, W, 3).
        alpha: float32 (H, W) in [0, 1].
        background: a colour, 0..255 each, or a picture of the same size.
        background_alpha: the background's own alpha in [0, 1], one number or (H, W).

    Returns:
        Straight colour, type and shape of `pixels`, and its alpha, float32 (H, W). Where nothing is left of
        either, the colour is the background's.
    """
    behind = background if isinstance(background, np.ndarray) else _plain(pixels, background)
    alpha_out = alpha + np.asarray(background_alpha, np.float32) * (1 - alpha)
    share = np.divide(alpha, alpha_out, out=np.zeros_like(alpha), where=alpha_out > 0)
    return _mix(pixels, np.minimum(share, 1), behind), np.clip(alpha_out, 0, 1)


def to_depth(pixels: Pixels, like: Pixels) -> Pixels:
    """Bring 8- or 16-bit values to the depth of `like`: v · 257 upwards, the nearest step downwards."""
    if pixels.dtype == like.dtype:
        return pixels
    if like.dtype == np.uint16:
        return pixels.astype(np.uint16) * np.uint16(257)
    return np.asarray((pixels.astype(np.uint32) + 128) // 257, np.uint8)


def _plain(pixels: Pixels, colour: Colour) -> Pixels:
    """One pixel of a colour, seen as a picture as large as `pixels`."""
    one = to_depth(np.array(colour, np.uint8), pixels)
    return cast(Pixels, np.broadcast_to(one, pixels.shape))


def _mix(pixels: Pixels, alpha: Floats, background: Pixels) -> Pixels:
    """background + alpha (pixels - background): exact at alpha 0, 1 and where both are the same colour."""
    if background.shape != pixels.shape:
        raise ValueError(f"the background has shape {background.shape}, the picture {pixels.shape}")
    result = np.empty_like(pixels)
    below: Any = None
    plain = background.strides[:2] == (0, 0)  # one pixel, seen as a picture: each band is the same
    for rows in bands(alpha.shape):
        mixed = pixels[rows].astype(np.float32)
        if below is None or not plain or below.shape != mixed.shape:
            below = np.ascontiguousarray(to_depth(background[rows], pixels), np.float32)
        mixed -= below
        mixed *= cv2.merge((alpha[rows],) * 3).reshape(
            mixed.shape
        )  # half the time of a broadcast axis of three
        mixed += below
        result[rows] = np.rint(mixed, out=mixed)
    return result


def bands(size: Size) -> Iterator[slice]:
    """Slices of rows that cover a picture, each small enough that floats made of it take little memory."""
    height, width = size
    step = max(1, _BAND_PX // width)
    return (slice(top, top + step) for top in range(0, height, step))
