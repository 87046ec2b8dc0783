"""The photo's own background, blurred, with the subject left out of it."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import cv2
import numpy as np

from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels

_Array = TypeVar("_Array", Pixels, Floats)

_SURE = 0.1
"""A pixel counts as background by how far its alpha is below this: an edge pixel is half subject, and a
network's edge is off by a pixel or two, so that edge pixels would tint the blur."""

_FINEST_PX = 4.0
"""The Gaussian is computed on a picture shrunk until its standard deviation is about this many pixels."""

_FAINT = 1e-4
"""Support below this leans on the background's mean colour: the hidden middle of a large subject."""


def blur_background(pixels: Pixels, alpha: Floats, *, sigma_px: float) -> Pixels:
    """Blur what lies behind the subject, as if the subject had not been there.

    Normalised convolution (Knutsson and Westin, Normalized and Differential Convolution, CVPR 1993): each
    pixel has a weight w, how surely it is background, and blur(w · colour) / blur(w) replaces a plain blur,
    so that the subject's colour does not glow into its surroundings.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3).
        alpha: the subject's, float32 (H, W) in [0, 1].
        sigma_px: standard deviation of the Gaussian in pixels of the photo, above 0.

    Returns:
        Type and shape of `pixels`. Behind the subject it is filled from around it.
    """
    weight = np.clip(1 - alpha / np.float32(_SURE), 0, 1)
    if not weight.any():  # all subject: nothing to tell apart
        weight = np.ones_like(alpha)
    support = _blur_small(weight, sigma_px)
    result = np.empty_like(pixels)
    for channel in range(3):  # one at a time: at 12 megapixels each float plane is 48 MB
        weighted = np.multiply(pixels[..., channel], weight, dtype=np.float32)
        mean = float(weighted.mean(dtype=np.float64) / weight.mean(dtype=np.float64))
        small = (_blur_small(weighted, sigma_px) + _FAINT * mean) / (support + _FAINT)
        result[..., channel] = np.rint(resize(small.astype(np.float32), alpha.shape))
    return result


def gaussian(array: _Array, *, sigma_px: float) -> _Array:
    """Blur a picture or a matte with a Gaussian, at a cost that does not grow with its width.

    Where the Gaussian is wide it is computed on a picture shrunk until it is not. Beyond the border the picture is
    mirrored, so that what touches the border does not fade there.

    Args:
        array: uint8, uint16 or float32, (H, W) or (H, W, C) with C <= 4.
        sigma_px: standard deviation in pixels, above 0.

    Returns:
        Type and shape of `array`.
    """
    return resize(_blur_small(array, sigma_px), array.shape[:2])


def _blur_small(array: _Array, sigma_px: float) -> _Array:
    """A Gaussian blur, left at the reduced resolution at which it loses nothing."""
    height, width = array.shape[:2]
    factor = max(1, int(sigma_px / _FINEST_PX))
    small = resize(array, (max(1, round(height / factor)), max(1, round(width / factor))))
    sigma_y, sigma_x = sigma_px * small.shape[0] / height, sigma_px * small.shape[1] / width
    blurred: Any = cv2.GaussianBlur(
        small, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REFLECT
    )
    return cast(_Array, blurred.reshape(small.shape))
