"""The shadow that a cut-out subject throws: on a wall behind it, or on the ground it stands on."""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.pixels.framing import paste, subject_box
from cutaway.pixels.resize import resize
from cutaway.types import Floats

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
    moved = np.zeros_like(alpha)
    paste(moved, alpha, top=offset_px[0], left=offset_px[1])
    return _soft(moved, blur_px=blur_px, opacity=opacity)


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
    flat = np.zeros_like(alpha)
    box = subject_box(alpha)
    if box is None:
        return flat
    top, left, bottom, right = box
    foot = alpha[bottom - max(1, round((bottom - top) * _FOOT)) : bottom, left:right]
    nearness = np.linspace(0, 1, len(foot) + 1, dtype=np.float32)[1:, None]
    height = max(1, round(height_px))
    flat_foot: Floats = np.repeat((foot * nearness).max(axis=0, keepdims=True), height, axis=0)
    paste(flat, flat_foot, top=bottom - height // 2, left=left)
    return _soft(flat, blur_px=blur_px, opacity=opacity)


def _soft(shape: Floats, *, blur_px: float, opacity: float) -> Floats:
    """A shape blurred and made as faint as the shadow is to be."""
    factor = max(1, int(blur_px / _FINEST_PX))
    height, width = shape.shape
    small = resize(shape, (max(1, height // factor), max(1, width // factor)))
    sigma_y, sigma_x = blur_px * small.shape[0] / height, blur_px * small.shape[1] / width
    blurred = cv2.GaussianBlur(small, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_CONSTANT)
    soft = resize(np.asarray(blurred, np.float32).reshape(small.shape), (height, width))
    return np.clip(soft * np.float32(opacity), 0, opacity)
