"""One way to resize for the whole package: averaging where pixels get fewer, linear where they get more."""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.lengths import CENTRE, Length, Position
from cutaway.types import Floats, Pixels, Size

_Array = TypeVar("_Array", Pixels, Floats)


def resize(array: _Array, size: Size) -> _Array:
    """Resize a picture or a matte without shifting it.

    An axis that shrinks is averaged over the area each new pixel covers, so that nothing thin is skipped; an
    axis that grows is interpolated linearly between pixel centres. Those are at half integers, hence no
    shift.

    Args:
        array: uint8, uint16 or float32, (H, W) or (H, W, C) with C <= 4.
        size: (height, width) wanted.

    Returns:
        Same type and channels; the array itself if it has that size already.
    """
    height, width = array.shape[:2]
    smaller = min(height, size[0]), min(width, size[1])
    return _scaled(_scaled(_halved(array, smaller), smaller, cv2.INTER_AREA), size, cv2.INTER_LINEAR)


def _halved(array: _Array, size: Size) -> _Array:
    """A large picture at half its size, where it becomes a good deal smaller anyway: averages of averages are the same
    but for a rounding of half a step, and OpenCV averages two by two pixels many times as fast as others."""
    height, width = array.shape[:2]
    if height % 2 or width % 2 or height < 4 * size[0] or width < 4 * size[1]:
        return array
    return _scaled(array, (height // 2, width // 2), cv2.INTER_AREA)


def _scaled(array: _Array, size: Size, how: int) -> _Array:
    if array.shape[:2] == size:
        return array
    packed = array.strides[1:] == np.empty((0, *array.shape[1:]), array.dtype).strides[1:]
    is_crop = packed and array.strides[0] > 0  # OpenCV takes a crop of a picture as it is, without a copy
    part: Any = array if is_crop else np.ascontiguousarray(array)
    resized: Any = cv2.resize(part, size[::-1], interpolation=how)
    return cast(_Array, resized.reshape(*size, *array.shape[2:]))  # OpenCV drops a channel axis of length one


def fit_cover(background: Pixels, size: Size, *, position: Position = (CENTRE, CENTRE)) -> Pixels:
    """Scale a background until it covers `size` and cut off what is too much, as CSS does for `cover`.

    Args:
        background: uint8 or uint16 (h, w, C) or (h, w).
        size: (height, width) wanted.
        position: which part of it is kept; no position leaves a gap.
    """
    height, width = background.shape[:2]
    shrink = min(height / size[0], width / size[1])
    kept = max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))
    left = _cut_off(position[0], width - kept[1], shrink)
    top = _cut_off(position[1], height - kept[0], shrink)
    part: npt.NDArray[np.uint8] | npt.NDArray[np.uint16] = background[
        top : top + kept[0], left : left + kept[1]
    ]
    return resize(part, size)


def _cut_off(length: Length, spare_px: int, shrink: float) -> int:
    """How many of the `spare_px` pixels of a background are cut off before the part that is kept."""
    before = length.of(spare_px) if length.unit == "%" else -length.value * shrink
    return min(spare_px, max(0, math.floor(before)))
