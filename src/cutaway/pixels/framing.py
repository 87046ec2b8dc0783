"""Where the subject lies and where it goes: boxes, margins, scale, position and the size of the result.

Boxes are (top, left, bottom, right) in pixels, the last two exclusive; they may reach beyond the picture, where
there is nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar, cast

import cv2
import numpy as np

from cutaway.lengths import Length
from cutaway.types import Align, Box, Floats, Pixels, Size

VISIBLE = 0.05
"""Alpha above which a pixel belongs to the subject's box; below it is haze that nobody sees."""

SURE = 0.5
"""Alpha above which a pixel surely belongs to the subject."""

REACH = 0.05
"""How far the soft part of a subject may reach beyond the sure one, as a share of that one's longer side."""

_Array = TypeVar("_Array", Pixels, Floats)


def visible_box(alpha: Floats, *, threshold: float = VISIBLE) -> Box | None:
    """The smallest box around all pixels whose alpha is above the threshold; None if there are none.

    Args:
        alpha: float32 (H, W) in [0, 1].
        threshold: 0 to 1.
    """
    return _box(_peaks(alpha), threshold)


def _peaks(alpha: Floats) -> tuple[Floats, Floats]:
    """The highest alpha of each row and of each column: all that boxes of any threshold follow from."""
    kept = np.ascontiguousarray(alpha)
    rows, columns = (cv2.reduce(kept, axis, cv2.REDUCE_MAX).ravel() for axis in (1, 0))
    return np.asarray(rows, np.float32), np.asarray(columns, np.float32)


def _box(peaks: tuple[Floats, Floats], threshold: float) -> Box | None:
    rows, columns = (np.flatnonzero(peak > threshold) for peak in peaks)
    if not len(rows):
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def subject_box(alpha: Floats) -> Box | None:
    """The box around a subject: what is surely it, and what is visible near by.

    Hair and fur reach a little farther than what is surely subject and count; a faint haze that a network left in some
    corner does not.

    Args:
        alpha: float32 (H, W) in [0, 1].

    Returns:
        The box, or None if nothing is visible.
    """
    peaks = _peaks(alpha)
    visible, sure = _box(peaks, VISIBLE), _box(peaks, SURE)
    if visible is None or sure is None:
        return visible
    reach = math.ceil(REACH * max(box_size(sure)))
    top, left, bottom, right = grown(sure, (reach, reach, reach, reach))
    return max(top, visible[0]), max(left, visible[1]), min(bottom, visible[2]), min(right, visible[3])


def box_size(box: Box) -> Size:
    """(height, width) of a box."""
    return box[2] - box[0], box[3] - box[1]


def margins_px(
    lengths: Sequence[Length], box: Box, *, most: float = math.inf
) -> tuple[float, float, float, float]:
    """Margins of a box as (top, right, bottom, left) in pixels.

    Args:
        lengths: one (all sides), two (top and bottom, left and right) or four (top, right, bottom, left), the order
            of CSS. Per cent are of the box's height for top and bottom, of its width for left and right.
        box: what they go around.
        most: no margin is wider than this.
    """
    spread = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 4: (0, 1, 2, 3)}[len(lengths)]
    height, width = box_size(box)
    totals = (height, width, height, width)
    top, right, bottom, left = (
        min(most, lengths[i].of(total)) for i, total in zip(spread, totals, strict=True)
    )
    return top, right, bottom, left


def grown(box: Box, margins: tuple[float, float, float, float]) -> Box:
    """A box with margins (top, right, bottom, left) added, at least one pixel large."""
    top, left = round(box[0] - margins[0]), round(box[1] - margins[3])
    bottom, right = round(box[2] + margins[2]), round(box[3] + margins[1])
    return top, left, max(top + 1, bottom), max(left + 1, right)


def region(lengths: Sequence[Length], size: Size) -> Box:
    """The box that four lengths "x1 y1 x2 y2" mean in a picture of that size; it may be empty or reach outside.

    Corners may be given in any order.
    """
    height, width = size
    x1, y1, x2, y2 = (
        round(length.of(total)) for length, total in zip(lengths, (width, height, width, height), strict=True)
    )
    return min(y1, y2), min(x1, x2), max(y1, y2), max(x1, x2)


def is_inside(box: Box, size: Size) -> bool:
    """Whether a box lies wholly within a picture of that size."""
    return 0 <= box[0] <= box[2] <= size[0] and 0 <= box[1] <= box[3] <= size[1]


def cut(array: _Array, box: Box) -> _Array:
    """The part of a picture inside a box; zero (transparent) where the box reaches beyond the picture.

    Args:
        array: (H, W) or (H, W, C).
        box: not empty.
    """
    top, left, bottom, right = box
    if is_inside(box, (array.shape[0], array.shape[1])):
        return array[top:bottom, left:right]
    out = np.zeros((bottom - top, right - left, *array.shape[2:]), array.dtype)
    paste(cast(_Array, out), array, top=-top, left=-left)
    return cast(_Array, out)


def paste(canvas: _Array, part: _Array, *, top: int, left: int) -> None:
    """Write a picture into a canvas, in place; what reaches beyond the canvas is left out."""
    first_y, first_x = max(0, top), max(0, left)
    last_y, last_x = min(canvas.shape[0], top + part.shape[0]), min(canvas.shape[1], left + part.shape[1])
    if last_y > first_y and last_x > first_x:
        canvas[first_y:last_y, first_x:last_x] = part[
            first_y - top : last_y - top, first_x - left : last_x - left
        ]


def within(size: Size, max_pixels: float) -> Size:
    """The size with the same proportions that has at most so many pixels; never larger, at least 1 x 1."""
    height, width = size
    shrink = min(1.0, math.sqrt(max_pixels / (height * width)))
    small = max(1, round(height * shrink)), max(1, round(width * shrink))
    if shrink < 1 and small[0] * small[1] > max_pixels:  # rounding went over
        small = max(1, math.floor(height * shrink)), max(1, math.floor(width * shrink))
    return small


def scale_to_fill(box: Size, canvas: Size, fraction: float) -> float:
    """By how much a subject is resized so that it takes up this fraction of the canvas, in the tighter direction."""
    return fraction * min(canvas[0] / box[0], canvas[1] / box[1])


def corner(subject: Size, canvas: Size, position: tuple[float, float]) -> tuple[int, int]:
    """(top, left) of a subject on a canvas.

    Args:
        subject: its (height, width).
        canvas: (height, width).
        position: (x, y) from 0 (left, top) to 1 (right, bottom) of the free room, as CSS places a background.
    """
    x, y = position
    return round((canvas[0] - subject[0]) * y), round((canvas[1] - subject[1]) * x)


def fractions(align: Align) -> tuple[float, float]:
    """One of nine places as (x, y), 0 left or top to 1 right or bottom."""
    words = align.split("-")
    x = 0.0 if "left" in words else 1.0 if "right" in words else 0.5
    return x, 0.0 if "top" in words else 1.0 if "bottom" in words else 0.5
