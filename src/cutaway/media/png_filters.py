"""How a PNG's scanlines are filtered and deflated at each level, 0 to 9.

Format: PNG specification, third edition, sections 9.2 (filters) and 12.7 (choosing one).
"""

from __future__ import annotations

import zlib
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

Lines: TypeAlias = npt.NDArray[np.uint8]
"""Rows of bytes."""

QUICK = 1
"""The level of a picture of which nothing else is said."""
_ISAL_UP_TO = 2
_NONE, _AVERAGE, _PAETH = 0, 3, 4


def compressor(level: int) -> Any:
    """A raw deflate stream: isal's at levels 1 and 2, zlib's at 3 to 9; 0 stores."""
    if 1 <= level <= _ISAL_UP_TO:
        return isal_zlib.compressobj(level=level, wbits=-15)
    return zlib.compressobj(level, zlib.DEFLATED, -15)


def filtered(band: Lines, above: Lines, *, pixel_bytes: int, level: int) -> Lines:
    """Scanlines as they are deflated, each behind the number of its filter.

    Quick levels subtract the mean of the left and upper neighbours, on photos the smallest of the cheap filters. From
    level 3 on each line takes that or Paeth's filter, whichever leaves the smaller sum of absolute differences.

    Args:
        band: uint8 (rows, bytes).
        above: the line above the first one; zeros at the top of the picture.
        pixel_bytes: bytes of one pixel.
        level: 0 to 9; at 0 lines stay as they are.
    """
    lines = np.empty((len(band), band.shape[1] + 1), np.uint8)
    if level == 0:
        lines[:, 0], lines[:, 1:] = _NONE, band
        return lines
    up = np.concatenate((above[None], band[:-1]))
    left = _shifted(band, pixel_bytes)
    lines[:, 0] = _AVERAGE
    np.subtract(band, _mean(up, left), out=lines[:, 1:])
    if level > _ISAL_UP_TO:
        other = band - _paeth(left, up, _shifted(up, pixel_bytes))
        better = _cost(other) < _cost(lines[:, 1:])
        lines[better, 0], lines[better, 1:] = _PAETH, other[better]
    return lines


def _shifted(band: Lines, pixel_bytes: int) -> Lines:
    """Each pixel's left neighbour; zero at the edge."""
    left = np.zeros_like(band)
    left[:, pixel_bytes:] = band[:, :-pixel_bytes]
    return left


def _mean(up: Lines, left: Lines) -> Lines:
    """floor((up + left) / 2) = common bits + half of the differing ones, without overflow."""
    mean = up & left
    half = up ^ left
    np.right_shift(half, 1, out=half)
    return cast(Lines, np.add(mean, half, out=mean))


def _paeth(left: Lines, up: Lines, corner: Lines) -> Lines:
    """Of the three neighbours the one nearest to left + up - corner; the first one where two are equally near."""
    across = up.astype(np.int16) - corner
    down = left.astype(np.int16) - corner
    to_left, to_up, to_corner = np.abs(across), np.abs(down), np.abs(across + down)
    nearer = np.where(to_up <= to_corner, up, corner)
    return np.where((to_left <= to_up) & (to_left <= to_corner), left, nearer)


def _cost(differences: Lines) -> npt.NDArray[np.int64]:
    """The sum of each line's absolute differences, read as signed bytes."""
    return cast("npt.NDArray[np.int64]", np.minimum(differences, -differences).sum(axis=1, dtype=np.int64))
