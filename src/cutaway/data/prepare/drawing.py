"""Outlines, boxes, circles and run lengths become masks: boolean (H, W), True inside.

Coordinates are (x, y) in pixels from the picture's top left corner, so that pixel (column 0, row 0) reaches from 0 to
1 and its centre is (0.5, 0.5). A pixel is inside where its centre is: a square from 2 to 5 has 9 pixels. (OpenCV's and
Pillow's polygons also paint the outline itself, which makes every object half a pixel larger all round.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.errors import DataError
from cutaway.types import Mask, Size

Points = npt.NDArray[np.float64]
"""Corners, (N, 2) as x, y."""
_FAR = 1e6
"""No outline has a corner so far away, in pixels."""
_MOST_BITS = 31
"""How far a run length may be shifted: longer runs than 2**31 pixels are no picture's."""


def as_points(numbers: Any) -> Points:
    """Corners from a list of pairs or one flat list x, y, x, y, ...

    Raises:
        DataError: it is neither, or holds something else than places in a picture.
    """
    try:
        points = np.asarray(numbers, np.float64).reshape(-1, 2)
    except (TypeError, ValueError) as error:
        raise DataError("an outline is not a list of x, y") from error
    if not (np.abs(points) <= _FAR).all():
        raise DataError("an outline holds numbers that are no place in a picture")
    return points


def polygon(points: Points, size: Size) -> Mask:
    """The inside of a closed outline, by the even-odd rule, cut off at the picture's edge.

    Along each row of pixel centres, crossing an edge of the outline changes from outside to inside or back.

    Args:
        points: (N, 2); fewer than 3 have no inside.
        size: (H, W) of the picture.
    """
    height, width = size
    flips = np.zeros((height, width + 1), np.uint8)
    if len(points) < 3:
        return flips[:, :width].astype(bool)
    for start, end in zip(points, np.roll(points, -1, axis=0), strict=True):
        upper, lower = (start, end) if start[1] <= end[1] else (end, start)
        first, last = _first_centre(upper[1], height), _first_centre(lower[1], height)
        if first < last:
            rows = np.arange(first, last)
            across = upper[0] + (rows + 0.5 - upper[1]) * ((lower[0] - upper[0]) / (lower[1] - upper[1]))
            columns = np.ceil(np.clip(across - 0.5, 0, width)).astype(np.int64)
            flips[rows, columns] ^= 1
    return np.asarray(np.bitwise_xor.accumulate(flips[:, :width], axis=1), dtype=bool)


def _first_centre(y: float, height: int) -> int:
    """The first row whose centre is at or below y, kept within 0..height."""
    return int(np.clip(np.ceil(y - 0.5), 0, height))


def pixel_polygon(points: Points, size: Size) -> Mask:
    """The inside of an outline whose corners are pixels, not places between them; these pixels belong to it.

    A square from pixel 2 to pixel 5 has 16 pixels. This is how Supervisely means its whole-numbered corners.
    """
    canvas = np.zeros(size, np.uint8)
    corners = np.clip(np.rint(points), -(2**15), 2**15).astype(np.int32)
    if len(corners) > 0:
        cv2.fillPoly(canvas, [corners], 1)
    return canvas.astype(bool)


def rectangle(points: Points, size: Size) -> Mask:
    """The box around some points: two opposite corners or all four."""
    if len(points) < 2:
        return np.zeros(size, bool)
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return polygon(as_points([left, top, right, top, right, bottom, left, bottom]), size)


def circle(centre: Points, on_edge: Points, size: Size) -> Mask:
    """The disc around a point, (2,), through another."""
    y, x = np.ogrid[: size[0], : size[1]]
    radius = np.hypot(*(on_edge - centre))
    return np.asarray(np.hypot(x + 0.5 - centre[0], y + 0.5 - centre[1]) <= radius, dtype=bool)


def paste(patch: Mask, top_left: tuple[int, int], size: Size) -> Mask:
    """A small mask laid at (row, column) of an empty one; what reaches beyond the picture is cut off."""
    whole = np.zeros(size, bool)
    top, left = top_left
    part = patch[max(0, -top) : max(0, size[0] - top), max(0, -left) : max(0, size[1] - left)]
    row, column = max(0, top), max(0, left)
    whole[row : row + part.shape[0], column : column + part.shape[1]] = part
    return whole


def run_lengths(counts: Sequence[int], size: Size) -> Mask:
    """A mask from its run lengths, as COCO writes them: column by column, beginning with how many are outside.

    Source: COCO data format, "RLE" (https://cocodataset.org/#format-data, and the comments in cocoapi's maskApi.h).

    Raises:
        DataError: the runs are negative or do not fill the picture exactly.
    """
    if min(counts, default=0) < 0 or sum(counts) != size[0] * size[1]:
        raise DataError(f"run lengths do not fill a picture of {size[1]}×{size[0]}")
    inside = np.arange(len(counts)) % 2 == 1
    flat = np.repeat(inside, np.asarray(counts, np.int64))
    return np.asarray(flat.reshape(size[::-1]).T, dtype=bool)


def unpack_counts(text: str) -> list[int]:
    """Run lengths from COCO's compressed string.

    Each number is cut into groups of 5 bits, the lowest first; a group is a character from "0" (48) on, plus 32 where
    more follow. Bit 4 of the last group is the sign. From the fourth number on, the difference to the one before the
    last is stored. Like LEB128, with 5 bits instead of 7.

    Source: cocoapi, common/maskApi.c, `rleToString` and `rleFrString` (the format, described there in a comment).

    Raises:
        DataError: the text is cut off or holds other characters.
    """
    counts: list[int] = []
    value = shift = 0
    for character in text:
        group = ord(character) - 48
        if not 0 <= group < 64 or shift > _MOST_BITS:
            raise DataError("a compressed run length is damaged")
        value |= (group & 31) << shift
        shift += 5
        if group & 32:
            continue
        if group & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise DataError("a compressed run length is cut off")
    return counts
