"""A green or blue screen taken away by its colour, without a network."""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.pixels.composite import bands
from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels, Size

BORDER = 0.03
"""Width of the border in which the screen's colour is looked for, as a share of the longer side."""
SEEN = 0.2
"""At least this share of the border must be screen."""
COLOURED = 0.1
"""The screen's own channel exceeds both others by at least this, of 1: less is grey, and nothing to tell it by."""
LOW, HIGH = 0.08, 0.95
"""Alpha up to here is grain of the screen, and from here on a subject that is a little greenish."""
PURE = 0.6
"""A pixel with this share of the screen's colour difference counts for how bright the screen is around it."""
UNEVEN = 1 / 8
"""Half width of "around it", as a share of the longer side."""
SPILL = 0.02
"""How far from the edge the screen's light on the subject is taken away, as a share of the longer side."""
_WORKING_PX = 512

Colour = tuple[float, float, float]
"""Red, green and blue in [0, 1]."""


def screen_colour(planes: Floats) -> Colour | None:
    """The colour of the screen behind a subject: the median of what is coloured like one along the border.

    Args:
        planes: float32 (3, h, w) in [0, 1].

    Returns:
        A colour whose green or whose blue stands out; None where less than a fifth of the border has one.
    """
    wide = max(1, round(BORDER * max(planes.shape[1:])))
    inner = np.ones(planes.shape[1:], np.bool_)
    inner[wide:-wide, wide:-wide] = False
    border = planes[:, inner]
    best = max((1, 2), key=lambda channel: int((_difference(border, channel) > COLOURED).sum()))
    screen = border[:, _difference(border, best) > COLOURED]
    if screen.shape[1] < SEEN * border.shape[1]:
        return None
    red, green, blue = np.median(screen, axis=1)
    return float(red), float(green), float(blue)


def screen_of(pixels: Pixels) -> Colour | None:
    """The same of a photo, uint8 or uint16 (H, W, 3), looked at small."""
    size = _working(pixels.shape)
    small = resize(pixels, size).astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return screen_colour(small.transpose(2, 0, 1))


def _working(size: tuple[int, ...]) -> Size:
    shrink = min(1.0, _WORKING_PX / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def channel_of(screen: Colour) -> int:
    """Which channel stands out in the screen's colour: 0 red, 1 green, 2 blue."""
    return int(np.argmax(screen))


def is_coloured(screen: Colour) -> bool:
    """Whether a colour can be told from grey well enough to be taken away."""
    return sorted(screen)[2] - sorted(screen)[1] >= COLOURED


def key(planes: Floats, screen: Colour) -> Floats:
    """Alpha by the colour difference: Petro Vlahos, US patent 3 595 987 (1971); Smith and Blinn, Blue Screen Matting
    (SIGGRAPH 1996), section 4.

    For a green screen d = G - max(R, B), which is 0 or less for greys and skin, and d_screen for the screen itself;
    alpha = 1 - d / d_screen, then stretched so that `LOW` becomes 0 and `HIGH` 1. A screen is never evenly lit:
    d_screen is the mean over the pure screen around each pixel, where there is any.

    Args:
        planes: float32 (3, h, w) in [0, 1].
        screen: its colour.
    """
    channel = channel_of(screen)
    difference = _difference(planes, channel)
    whole = float(_difference(np.array(screen, np.float32)[:, None], channel)[0])
    pure = (difference > PURE * whole).astype(np.float32)
    side = 2 * max(1, round(UNEVEN * max(difference.shape))) + 1
    weight, total = (
        cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT).reshape(difference.shape)
        for plane in (pure, pure * difference)
    )
    around = np.divide(total, weight, out=np.full_like(difference, whole), where=weight > 0.01)
    alpha = 1 - difference / around
    return np.asarray(np.clip((alpha - LOW) / (HIGH - LOW), 0, 1), np.float32)


def _difference(planes: Floats, channel: int) -> Floats:
    """How far one channel exceeds both others."""
    first, second = (planes[other] for other in range(3) if other != channel)
    return np.asarray(planes[channel] - np.maximum(first, second), np.float32)


def without_spill(pixels: Pixels, alpha: Floats, screen: Colour) -> Pixels:
    """Take the screen's light off a subject along its edge: its channel is held down to the larger of the other two.

    Args:
        pixels: the subject's colours, uint8 or uint16 (H, W, 3).
        alpha: its matte, float32 (H, W) in [0, 1].
        screen: the screen's colour.

    Returns:
        Type and shape of `pixels`, which is changed only near where alpha is below one.
    """
    channel, weights = channel_of(screen), _near_the_edge(alpha)
    first, second = (other for other in range(3) if other != channel)
    result = pixels.copy()
    for rows in bands((alpha.shape[0], alpha.shape[1])):
        most = np.maximum(pixels[rows, :, first], pixels[rows, :, second])
        own = pixels[rows, :, channel]
        above = np.where(own > most, own - most, 0).astype(np.float32) * weights[rows]
        result[rows, :, channel] = own - np.rint(above).astype(pixels.dtype)
    return result


def _near_the_edge(alpha: Floats) -> Floats:
    """1 at the edge and in the background, falling to 0 inside the subject."""
    size = _working(alpha.shape)
    outside = (resize(alpha, size) < HIGH).astype(np.float32)
    reach = max(1, round(SPILL * max(size)))
    wide = cv2.dilate(outside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1)))
    soft = cv2.blur(wide, (reach, reach), borderType=cv2.BORDER_REFLECT)
    return resize(np.asarray(soft, np.float32).reshape(size), (alpha.shape[0], alpha.shape[1]))
