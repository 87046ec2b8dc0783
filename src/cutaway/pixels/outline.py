"""A line of one colour around a subject, as a sticker has."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.framing import SURE, cut, grown, paste, visible_box
from cutaway.types import Floats


def outline(alpha: Floats, *, width_px: float) -> Floats:
    """The line's own alpha; the subject is laid over it.

    Outside, the line reaches as far as the Euclidean distance from the nearest pixel that is surely subject (alpha
    above one half), so that corners become round; its last pixel fades, width + 1 - distance, which draws it
    smoothly. Inside, it fades out within about that width: it closes the soft edge, and does not tint glass.

    Args:
        alpha: the subject's, float32 (H, W) in [0, 1].
        width_px: how far the line reaches, above 0.

    Returns:
        float32 (H, W) in [0, 1].
    """
    box = visible_box(alpha, threshold=SURE)
    line = np.zeros_like(alpha)
    if box is None:
        return line
    reach = math.ceil(width_px) + 1
    top, left, bottom, right = grown(box, (reach, reach, reach, reach))
    box = max(0, top), max(0, left), min(alpha.shape[0], bottom), min(alpha.shape[1], right)
    outside = (cut(alpha, box) <= SURE).view(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    drawn = np.asarray(distance, np.float32).reshape(outside.shape)
    np.subtract(np.float32(width_px + 1), drawn, out=drawn)
    np.minimum(drawn, _near(outside, width_px), out=drawn)
    paste(line, np.clip(drawn, 0, 1, out=drawn), top=box[0], left=box[1])
    return line


def _near(outside: npt.NDArray[np.uint8], width_px: float) -> Floats:
    """At least 1 outside and next to it, falling to 0 inside within about `width_px`: three times a box blur."""
    side = 2 * max(1, round(width_px)) + 1
    blurred = cv2.blur(outside * np.uint8(255), (side, side), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32).reshape(outside.shape) * np.float32(3 / 255)
