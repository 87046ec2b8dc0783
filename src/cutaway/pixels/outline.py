"""A line of one colour around a subject, as a sticker has."""

from __future__ import annotations

import math

import cv2
import numpy as np

from cutaway.pixels.framing import SURE, cut, grown, paste, visible_box
from cutaway.types import Floats, Mask


def outline(alpha: Floats, *, width_px: float) -> Floats:
    """The line's own alpha; the subject is laid over it.

    Outside, the line reaches as far as the Euclidean distance from the nearest pixel that is surely subject (alpha
    above one half), so that corners become round; its last pixel fades, width + 1 - distance, which draws it
    smoothly. Inside, it fades out within one and a half times that width: it closes the soft edge, and does not tint
    glass.

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
    sure = cut(alpha, box) > SURE
    outwards, inwards = _distance(~sure), _distance(sure)
    np.subtract(np.float32(width_px + 1), outwards, out=outwards)
    np.subtract(
        np.float32(1), np.multiply(inwards, np.float32(1 / max(width_px, 1)), out=inwards), out=inwards
    )
    np.clip(np.minimum(outwards, inwards, out=outwards), 0, 1, out=outwards)
    paste(line, outwards, top=box[0], left=box[1])
    return line


def _distance(mask: Mask) -> Floats:
    """How far each pixel of the mask is from the nearest one outside it; far away if there is none."""
    found = cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(found, np.float32).reshape(mask.shape)
