"""Two pictures of different sizes brought together: a background to a canvas, a subject onto a background."""

from __future__ import annotations

import math
from typing import TypeAlias, cast

import cv2
import numpy as np

from cutaway.lengths import CENTRE, Length, Position
from cutaway.pixels.resize import fit_cover, resize
from cutaway.types import Fit, Floats, Pixels, Size

_VISIBLE = 0.1
"""Alpha above which a pixel counts when the subject is centred: a faint haze should not pull it aside."""

_Span: TypeAlias = tuple[int, int]
"""First and one past the last pixel of a stretch along one axis."""


def fitted(picture: Pixels, size: Size, *, fit: Fit, position: Position | None = None) -> Pixels:
    """Bring a background picture to the size of a canvas.

    Args:
        picture: uint8 or uint16, (h, w, C), or (h, w) for an alpha.
        size: (height, width) of the canvas.
        fit: "cover": proportions kept, no gap, what is too much is cut off.
            "contain": proportions kept, all of it visible.
            "stretch": proportions given up, all of it visible, no gap.
            "tile": at its own size, repeated.
            "center": at its own size, cut off where it is too large.
            What "contain" and "center" leave free has one colour: the mean of those edges of the picture that border
            on it.
        position: where the picture lies, as CSS places a background; None is the middle, and the top left corner for
            "tile". "cover" never leaves a gap, whatever the position; "stretch" has nothing to move.

    Returns:
        (H, W, C) or (H, W), type of `picture`.
    """
    x, y = position or (CENTRE, CENTRE)
    if fit == "contain":
        return _laid(_contained(picture, size), size, x=x, y=y)
    if fit == "stretch":
        return resize(picture, size)
    if fit == "tile":
        return _tiled(picture, size, *(position or (Length(0), Length(0))))
    if fit == "center":
        return _laid(picture, size, x=x, y=y)
    return fit_cover(picture, size, position=(x, y))


def _start_of(length: Length, free_px: int) -> int:
    """Where something begins along an axis that leaves `free_px` beside it, or less than nothing."""
    return math.floor(length.of(free_px))


def _contained(picture: Pixels, size: Size) -> Pixels:
    height, width = picture.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    return resize(picture, (max(1, round(height * scale)), max(1, round(width * scale))))


def _tiled(picture: Pixels, size: Size, x: Length, y: Length) -> Pixels:
    height, width = picture.shape[:2]
    rows = (np.arange(size[0]) - _start_of(y, size[0] - height)) % height
    columns = (np.arange(size[1]) - _start_of(x, size[1] - width)) % width
    return cast(Pixels, picture[rows[:, None], columns])


def _laid(picture: Pixels, size: Size, *, x: Length, y: Length) -> Pixels:
    """At its own size and the place asked for, on the colour of its edges."""
    height, width = picture.shape[:2]
    top, left = _start_of(y, size[0] - height), _start_of(x, size[1] - width)
    if (height, width) == size and (top, left) == (0, 0):
        return picture
    to_y, from_y = _overlap(size[0], height, top)
    to_x, from_x = _overlap(size[1], width, left)
    canvas = np.empty((*size, *picture.shape[2:]), picture.dtype)
    beside = left > 0 or left + width < size[1]
    canvas[:] = _edge_colour(picture, beside=beside, above=top > 0 or top + height < size[0])
    canvas[to_y, to_x] = picture[from_y, from_x]
    return canvas


def _overlap(length: int, laid: int, start: int) -> tuple[slice, slice]:
    """Where something `laid` px long lies on a canvas when it starts at `start`, and which part of it that is."""
    first, last = max(0, start), max(0, min(length, start + laid))
    return slice(first, last), slice(first - start, max(first, last) - start)


def _edge_colour(picture: Pixels, *, beside: bool, above: bool) -> Pixels:
    """Mean of the picture's left and right edge, of its top and bottom edge, or of all four; any if neither."""
    edges = [picture[:, 0], picture[:, -1]] if beside else []
    edges += [picture[0], picture[-1]] if above or not beside else []
    mean = np.concatenate(edges).mean(axis=0, dtype=np.float64)
    return cast(Pixels, np.rint(mean).astype(picture.dtype))


def placed(pixels: Pixels, alpha: Floats, size: Size) -> tuple[Pixels, Floats]:
    """Lay a subject on an empty canvas of another size.

    The box of all that is visible (alpha above 0.1) is put in the middle. It is made smaller only if it does not fit,
    never larger. A subject that one side of the photo cuts off stays at that side: a torso floats nowhere.

    Args:
        pixels: the subject's colour, uint8 or uint16 (h, w, 3).
        alpha: float32 (h, w) in [0, 1].
        size: (height, width) of the canvas.

    Returns:
        Colour (H, W, 3), type of `pixels`, and alpha (H, W), zero where the photo does not reach.
    """
    rows, columns = _visible(alpha)
    height, width = alpha.shape
    scale = min(1.0, size[0] / (rows[1] - rows[0]), size[1] / (columns[1] - columns[0]))
    if scale < 1:
        scaled = max(1, round(height * scale)), max(1, round(width * scale))
        pixels, alpha = resize(pixels, scaled), resize(alpha, scaled)
    top = _start(rows, height, alpha.shape[0], size[0])
    left = _start(columns, width, alpha.shape[1], size[1])
    to_y, from_y = _overlap(size[0], alpha.shape[0], top)
    to_x, from_x = _overlap(size[1], alpha.shape[1], left)
    colour, laid = np.zeros((*size, 3), pixels.dtype), np.zeros(size, np.float32)
    colour[to_y, to_x] = pixels[from_y, from_x]
    laid[to_y, to_x] = alpha[from_y, from_x]
    return colour, laid


def _visible(alpha: Floats) -> tuple[_Span, _Span]:
    """Rows and columns of the box around all that is visible; the whole photo if nothing is."""
    left, top, width, height = cv2.boundingRect((alpha > _VISIBLE).view(np.uint8))
    if width == 0:
        return (0, alpha.shape[0]), (0, alpha.shape[1])
    return (top, top + height), (left, left + width)


def _start(span: _Span, before_px: int, after_px: int, canvas_px: int) -> int:
    """Where a photo begins on the canvas along one axis, scaled from `before_px` to `after_px`."""
    scale = after_px / before_px
    cut_first, cut_last = span[0] == 0, span[1] == before_px
    if cut_first and not cut_last:
        return 0
    if cut_last and not cut_first:
        return canvas_px - after_px
    return round((canvas_px - (span[0] + span[1]) * scale) / 2)
