"""The shadow that a cut-out subject throws: on a wall behind it, or on the ground it stands on."""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.pixels.framing import paste, subject_box
from cutaway.pixels.resize import resize
from cutaway.types import Floats, Size

_FINEST_PX = 4.0
"""The Gaussian is computed on a matte shrunk until its standard deviation is about this many pixels."""
_FOOT = 0.2
"""The share of the subject's height that is near enough to the ground to darken it."""


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
    small = _shrunk(alpha, blur_px)
    scale_y, scale_x = small.shape[0] / alpha.shape[0], small.shape[1] / alpha.shape[1]
    shift = np.array([[1, 0, offset_px[1] * scale_x], [0, 1, offset_px[0] * scale_y]], np.float64)
    moved = cv2.warpAffine(small, shift, small.shape[::-1])
    return _soft(
        np.asarray(moved, np.float32).reshape(small.shape), alpha.shape, blur_px=blur_px, opacity=opacity
    )


def contact_shadow(alpha: Floats, *, height_px: float, blur_px: float, opacity: float) -> Floats:
    """A shadow on the ground: the lower part of the subject, laid flat around its lowest edge.

    Only what is near the ground darkens it: the lowest fifth of the subject, the less the higher it is. That is laid
    down `height_px` high, its middle on the line where the subject ends.

    Args:
        alpha: the subject's, float32 (H, W) in [0, 1].
        height_px: how high the shadow is before it is blurred, above 0.
        blur_px: standard deviation of the Gaussian, above 0.
        opacity: 0 to 1, where the shadow is darkest.

    Returns:
        The shadow's own alpha, float32 (H, W) in [0, `opacity`]; its colour is black.
    """
    box = subject_box(alpha)
    if box is None:
        return np.zeros_like(alpha)
    small = _shrunk(alpha, blur_px)
    scale_y, scale_x = small.shape[0] / alpha.shape[0], small.shape[1] / alpha.shape[1]
    top, bottom = round(box[0] * scale_y), max(1, round(box[2] * scale_y))
    foot = small[bottom - max(1, round((bottom - top) * _FOOT)) : bottom, round(box[1] * scale_x) :]
    foot = foot[:, : max(1, round((box[3] - box[1]) * scale_x))]
    nearness = np.linspace(0, 1, len(foot) + 1, dtype=np.float32)[1:, None]
    height = max(1, round(height_px * scale_y))
    flat_foot: Floats = np.repeat((foot * nearness).max(axis=0, keepdims=True), height, axis=0)
    flat = np.zeros_like(small)
    paste(flat, flat_foot, top=bottom - height // 2, left=round(box[1] * scale_x))
    return _soft(flat, alpha.shape, blur_px=blur_px, opacity=opacity)


def _shrunk(alpha: Floats, blur_px: float) -> Floats:
    """The matte as small as a blur of it may be computed on."""
    factor = max(1, int(blur_px / _FINEST_PX))
    return resize(alpha, (max(1, alpha.shape[0] // factor), max(1, alpha.shape[1] // factor)))


def _soft(small: Floats, size: Size, *, blur_px: float, opacity: float) -> Floats:
    """A shrunk shape blurred, made as faint as the shadow is to be, and as large as it was."""
    sigma_y, sigma_x = blur_px * small.shape[0] / size[0], blur_px * small.shape[1] / size[1]
    blurred = cv2.GaussianBlur(small, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_CONSTANT)
    faint = np.asarray(blurred, np.float32).reshape(small.shape) * np.float32(opacity)
    return resize(np.clip(faint, 0, opacity), size)
