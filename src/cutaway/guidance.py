"""What a person says about where the subject is: a region, points, strokes of a brush."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np

from cutaway.errors import OptionError
from cutaway.hints import Guidance
from cutaway.lengths import Length
from cutaway.types import Box, Floats, Frame, Mask, Matte, Pixels, Size

if TYPE_CHECKING:
    from cutaway.options import Options

log = logging.getLogger(__name__)

BRIGHT, DARK = 200, 55
"""A channel of 0..255 that is at least, or at most, this is taken for full or for empty."""
COLOURED = 64
"""Red or green stands out by at least this."""
ASPECT = 0.02
"""How far the proportions of a picture of scribbles may differ from the photo's: it is often a smaller copy."""


def box_of(guidance: Guidance, size: Size) -> Box | None:
    """The part of a photo that is looked at, within the photo; None for all of it.

    Raises:
        OptionError: it lies outside the photo.
    """
    if guidance.roi is None:
        return None
    height, width = size
    x, y, wide, high = guidance.roi
    left, top = round(x.of(width)), round(y.of(height))
    right, bottom = min(width, round(left + wide.of(width))), min(height, round(top + high.of(height)))
    if left >= right or top >= bottom:
        raise OptionError(f"roi lies outside the photo, which has {width} x {height} pixels")
    return top, left, bottom, right


def guided(
    matte: Matte, frame: Frame, options: Options, *, scribbles: Frame | None
) -> tuple[Matte, tuple[str, ...]]:
    """The matte as a person corrected it: strokes first, then points.

    Args:
        matte: what the network found.
        frame: the photo.
        options: their points are heard.
        scribbles: a picture as `strokes` reads it, or None.

    Returns:
        The matte, and what could not be done.

    Raises:
        OptionError: a point lies outside the photo, or the scribbles have other proportions.
    """
    alpha, lost = matte.alpha, list[tuple[float, float]]()
    if scribbles is not None:
        from cutaway.pixels.geodesic import spread

        subject, background = strokes(scribbles, frame.size)
        alpha = spread(frame.pixels, alpha, subject=subject, background=background)
    keep = [_place("keep", point, frame.size) for point in options.guidance.keep]
    drop = [_place("drop", point, frame.size) for point in options.guidance.drop]
    if keep or drop:
        from cutaway.pixels.geodesic import select

        alpha, lost = select(frame.pixels, alpha, keep=keep, drop=drop)
    remarks = tuple(f"there is no subject at {x:.0f},{y:.0f}: that point was not heard" for x, y in lost)
    for remark in remarks:
        log.warning("%s", remark)
    return (matte if alpha is matte.alpha else Matte(np.asarray(alpha, np.float32))), remarks


def _place(name: str, point: tuple[Length, Length], size: Size) -> tuple[float, float]:
    x, y = point[0].of(size[1]), point[1].of(size[0])
    if not (x < size[1] + 0.5 and y < size[0] + 0.5):
        raise OptionError(
            f"{name} {x:g},{y:g} lies outside the photo, which has {size[1]} x {size[0]} pixels"
        )
    return min(x, size[1] - 1), min(y, size[0] - 1)


def strokes(scribbles: Frame, size: Size) -> tuple[Mask, Mask]:
    """Read a picture of scribbles: white or green is subject, black or red is background, all else says nothing.

    What is transparent says nothing either. The picture may be smaller or larger than the photo.

    Returns:
        Where the subject and where the background was painted, (H, W) of the photo.

    Raises:
        OptionError: its proportions are not the photo's.
    """
    (high, wide), (height, width) = scribbles.size, size
    if abs(wide * height / (high * width) - 1) > ASPECT:
        raise OptionError(f"the scribbles have {wide} x {high} pixels, the photo {width} x {height}")
    rows = np.minimum((np.arange(height) + 0.5) * high / height, high - 1).astype(np.intp)
    columns = np.minimum((np.arange(width) + 0.5) * wide / width, wide - 1).astype(np.intp)
    subject, background = _said(scribbles)
    return subject[rows[:, None], columns], background[rows[:, None], columns]


def _said(scribbles: Frame) -> tuple[Mask, Mask]:
    painted = True if scribbles.alpha is None else _steps(scribbles.alpha) >= 128
    red, green, blue = (_steps(scribbles.pixels[..., channel]).astype(np.int16) for channel in range(3))
    highest, lowest = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    subject = (lowest >= BRIGHT) | (green - np.maximum(red, blue) >= COLOURED)
    background = (highest <= DARK) | (red - np.maximum(green, blue) >= COLOURED)
    return np.asarray(subject & painted), np.asarray(background & painted)


def _steps(values: Pixels) -> Pixels:
    """0..255, whatever the depth."""
    return values if values.dtype == np.uint8 else np.asarray(values >> 8, np.uint8)


def inside(box: Box, alpha: Floats, size: Size) -> Floats:
    """A part's matte in the whole photo, outside of which all is background."""
    whole = np.zeros(size, np.float32)
    top, left, bottom, right = box
    whole[top:bottom, left:right] = alpha
    return whole
