"""Mattes made firmer: without see-through regions, or without any soft edge at all."""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.types import Floats


def solid(alpha: Floats, *, edge_px: int) -> Floats:
    """Make regions that are partly transparent wholly subject or wholly background, and keep the soft outline.

    Alpha stays as it is within `edge_px` of the line where it passes 0.5; farther inside it becomes 1, farther
    outside 0.

    Args:
        alpha: float32 (H, W) in [0, 1].
        edge_px: half the width of the outline that is kept, at least 1.
    """
    inside = (alpha >= 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge_px + 1, 2 * edge_px + 1))
    core, reach = cv2.erode(inside, disc), cv2.dilate(inside, disc)
    return np.asarray(np.where(core > 0, 1, np.where(reach > 0, alpha, 0)), np.float32)


def smooth_mask(alpha: Floats) -> Floats:
    """A hard mask with a smooth outline: specks are opened away (3 x 3), the rest is blurred (sigma 2) and cut at 0.5.

    The same steps as rembg's `post_process_mask`.

    Args:
        alpha: float32 (H, W) in [0, 1].

    Returns:
        float32 (H, W), 0 or 1 everywhere.
    """
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    opened = cv2.morphologyEx(alpha, cv2.MORPH_OPEN, kernel)
    blurred = cv2.GaussianBlur(opened, (5, 5), sigmaX=2, sigmaY=2, borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.asarray(blurred).reshape(alpha.shape) >= 0.5, np.float32)
