"""Masks drawn in colours: the colour map of PASCAL VOC, and colours as single numbers 0xRRGGBB."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

VOC_CLASSES = (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""The 20 classes of the PASCAL VOC challenge by their number, from 1 (0 is background).

M. Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 88(2), 2010."""
VOC_VOID = 255
"""The number of a pixel that the annotators left open, mostly a band along the edges."""

Codes: TypeAlias = npt.NDArray[np.int32]
"""Colours as 0xRRGGBB."""


@cache
def voc_colours() -> Codes:
    """The colour of each class number as 0xRRGGBB, (256,); 1 is 0x800000, 255 is 0xE0E0C0.

    The bits of the number, three at a time from the lowest, become the bits of red, green and blue from the highest:
    the recipe of VOClabelcolormap.m in the development kit of PASCAL VOC 2012
    (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/).
    """
    numbers, colours = np.arange(256), np.zeros((256, 3), np.int32)
    for bit in range(8):
        for channel in range(3):
            if 3 * bit + channel < 8:
                colours[:, channel] |= ((numbers >> (3 * bit + channel)) & 1) << (7 - bit)
    return as_codes(colours)


def as_codes(rgb: npt.NDArray[np.integer]) -> Codes:
    """(..., 3) of 0..255 to (...) of 0xRRGGBB."""
    wide = rgb.astype(np.int32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.int32)


def voc_numbers(codes: Codes) -> npt.NDArray[np.int32]:
    """The class number of each colour, -1 where it is none of the VOC colours; same shape as `codes`."""
    order = np.argsort(voc_colours())
    ranked = voc_colours()[order]
    at = np.minimum(np.searchsorted(ranked, codes), 255)
    return np.where(ranked[at] == codes, order[at], -1).astype(np.int32)


def is_near(rgb: npt.NDArray[np.uint8], code: int, *, within: int) -> npt.NDArray[np.bool_]:
    """Where a picture has a colour, each channel to within some levels.

    Args:
        rgb: uint8 (H, W, 3).
        code: 0xRRGGBB.
        within: 0 for exactly this colour.

    Returns:
        bool (H, W).
    """
    wanted = np.array([code >> 16, code >> 8 & 255, code & 255], np.int16)
    return np.asarray((np.abs(rgb.astype(np.int16) - wanted) <= within).all(axis=2))


def shown_colour(code: int) -> str:
    """A colour as people write it: "FF0000"."""
    return f"{code:06X}"
