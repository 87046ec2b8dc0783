"""Changes to the photo itself, guided by the matte: the subject made unreadable, or everything else grey.

The hiding effects are meant for faces and number plates, so they err on the side of hiding too much: whatever has
the faintest alpha is hidden wholly, and a little around it as well.
"""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.blur import gaussian
from cutaway.pixels.composite import over_picture
from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels

BLOCKS = 16
"""Blocks of the mosaic along the subject's longer side; each is one colour."""
MIN_BLOCK_PX = 8
"""A block has at least this side: a mosaic of single pixels would hide nothing."""
BLUR_SHARE = 1 / 12
"""Standard deviation of the blur as a share of the subject's longer side: details below about a fifth of it, an eye
in a face or a letter on a plate, vanish."""
MIN_BLUR_PX = 6.0
"""The blur's least standard deviation."""
FAINT = 0.1
"""Alpha from which a pixel counts as subject when hiding. Lower would hide the haze of an unsure network."""
GROW_SHARE = 0.02
"""How far beyond that the hidden area reaches, as a share of the subject's longer side, then fading out over as much
again. A network's edge is off by a pixel of its own resolution: a 176th of the picture's side where it has 352 px."""
MIN_GROW_PX = 2


def blur_subject(pixels: Pixels, alpha: Floats) -> Pixels:
    """Blur the subject until it cannot be recognised; the rest of the photo stays as it is.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3).
        alpha: float32 (H, W) in [0, 1].

    Returns:
        Type and shape of `pixels`; `pixels` itself if there is no subject.
    """
    return _hidden(pixels, alpha, mosaic=False)


def pixelate_subject(pixels: Pixels, alpha: Floats) -> Pixels:
    """Turn the subject into a mosaic of 16 blocks along its longer side; the rest of the photo stays as it is.

    People cannot read it. A program that knows what to expect, such as the digits of a number plate, may still guess
    from the blocks; `blur_subject` leaves it less to go by.

    Arguments and result as in `blur_subject`.
    """
    return _hidden(pixels, alpha, mosaic=True)


def grey_background(pixels: Pixels, alpha: Floats) -> Pixels:
    """Take the colour out of all but the subject.

    Grey is 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601), laid behind the subject by its alpha.

    Arguments and result as in `blur_subject`.
    """
    grey: Any = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    return over_picture(pixels, alpha, cast(Pixels, np.broadcast_to(grey[..., None], pixels.shape)))


def _hidden(pixels: Pixels, alpha: Floats, *, mosaic: bool) -> Pixels:
    subject = (alpha >= FAINT).view(np.uint8)
    left, top, width, height = cv2.boundingRect(subject)
    side_px = max(width, height)
    if side_px == 0:
        return pixels
    grow_px = max(MIN_GROW_PX, round(GROW_SHARE * side_px))
    region = _around(top, height, by=2 * grow_px), _around(left, width, by=2 * grow_px)
    part = pixels[region]
    unreadable = _mosaic(part, side_px) if mosaic else _blurred(part, side_px)
    result = pixels.copy()
    result[region] = over_picture(unreadable, _grown(subject[region], grow_px), part)
    return result


def _around(start: int, length: int, *, by: int) -> slice:
    return slice(max(0, start - by), start + length + by)


def _grown(subject: npt.NDArray[np.uint8], by_px: int) -> Floats:
    """1 on the subject (not 0) and up to `by_px` around it, falling to 0 at twice that distance."""
    outside = (subject == 0).view(np.uint8)
    weight = np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
    weight /= np.float32(-by_px)
    weight += 2
    return np.clip(weight, 0, 1, out=weight)


def _mosaic(part: Pixels, side_px: int) -> Pixels:
    """Square blocks of one colour each, the mean of what they cover; the last ones reach beyond the part."""
    block = max(MIN_BLOCK_PX, round(side_px / BLOCKS))
    height, width = part.shape[:2]
    rows, columns = -(-height // block), -(-width // block)
    filled: Any = cv2.copyMakeBorder(
        part, 0, rows * block - height, 0, columns * block - width, cv2.BORDER_REPLICATE
    )
    small = resize(cast(Pixels, filled), (rows, columns))
    large: Any = cv2.resize(small, (columns * block, rows * block), interpolation=cv2.INTER_NEAREST)
    return cast(Pixels, large[:height, :width])


def _blurred(part: Pixels, side_px: int) -> Pixels:
    return gaussian(part, sigma_px=max(MIN_BLUR_PX, BLUR_SHARE * side_px))
