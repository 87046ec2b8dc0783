"""Pictures in a row."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.strip import LINE_PX, grey, strip


def plain(height: int, width: int, value: int, dtype: type = np.uint8) -> np.ndarray:
    return np.full((height, width, 3), value, dtype)


def test_three_pictures_and_two_lines() -> None:
    row = strip([plain(8, 5, 1), plain(8, 6, 2), plain(8, 7, 3)])
    assert row.shape == (8, 5 + 6 + 7 + 20, 3)
    assert row[3, :, 0].tolist() == [1] * 5 + [128] * LINE_PX + [2] * 6 + [128] * LINE_PX + [3] * 7


def test_other_heights_are_brought_to_the_first_ones() -> None:
    assert strip([plain(8, 5, 1), plain(16, 20, 2)]).shape == (8, 5 + 10 + 10, 3)
    assert strip([plain(100, 5, 1), plain(1, 1, 2)]).shape == (100, 5 + 10 + 100, 3)


@pytest.mark.parametrize(("first", "second"), [(np.uint8, np.uint16), (np.uint16, np.uint8)])
def test_the_first_ones_depth_holds(first: type, second: type) -> None:
    row = strip([plain(2, 1, 0, first), plain(2, 1, np.iinfo(second).max, second)])
    assert row.dtype == first
    assert row[0, -1, 0] == np.iinfo(first).max
    assert row[0, 5, 0] == 128 * (np.iinfo(first).max // 255)


def test_grey_is_the_matte_in_three_equal_channels() -> None:
    alpha = np.array([[0, 0.5, 1]], np.float32)
    assert grey(alpha, plain(1, 1, 0)).tolist() == [[[0] * 3, [128] * 3, [255] * 3]]
    assert grey(alpha, plain(1, 1, 0, np.uint16))[0, 2].tolist() == [65535] * 3
