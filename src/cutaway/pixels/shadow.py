"""The shadow that a cut-out subject throws on what is laid behind it."""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.pixels.framing import paste
from cutaway.pixels.resize import resize
from cutaway.types import Floats

_FINEST_PX = 4.0
"""The Gaussian is computed on a matte shrunk until its standard deviation is about this many pixels."""


def drop_shadow(alpha: Floats, *, offset_px: tuple[int, int], blur_px: float, opacity: float) -> Floats:
    """A soft drop shadow: the subject's shape, moved and blurred.

    Args:
        alpha: the subject's, float32 (H, W) in [0, 1].
        offset_px: (down, right).
        blur_px: standard deviation of the Gaussian, above 0.
        opacity: 0 to 1, of the shadow under the middle of the subject.

    Returns:
        The shadow's own alpha, float32 (H, W) in [0, `opacity`]; its colour is black.
    """
    moved = np.zeros_like(alpha)
    paste(moved, alpha, top=offset_px[0], left=offset_px[1])
    factor = max(1, int(blur_px / _FINEST_PX))
    height, width = alpha.shape
    small = resize(moved, (max(1, height // factor), max(1, width // factor)))
    sigma_y, sigma_x = blur_px * small.shape[0] / height, blur_px * small.shape[1] / width
    blurred = cv2.GaussianBlur(small, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_CONSTANT)
    soft = resize(np.asarray(blurred, np.float32).reshape(small.shape), (height, width))
    return np.clip(soft * np.float32(opacity), 0, opacity)
