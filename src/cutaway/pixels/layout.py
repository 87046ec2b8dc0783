"""A background picture brought to the size of a canvas."""

from __future__ import annotations

import math
from typing import cast

import numpy as np

from cutaway.lengths import CENTRE, Length, Position
from cutaway.pixels.resize import fit_cover, resize
from cutaway.types import Fit, Pixels, Size


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
