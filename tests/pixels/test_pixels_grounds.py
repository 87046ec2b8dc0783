"""Computed backgrounds, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.grounds import checker, gradient

EIGHT, SIXTEEN = np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1, 3), np.uint16)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def test_downwards_by_hand() -> None:
    """Four rows: their centres lie at 1/8, 3/8, 5/8 and 7/8 of the way."""
    made = gradient((4, 3), start=BLACK, end=(200, 100, 0), angle=180, like=EIGHT)
    np.testing.assert_array_equal(made[:, 0, 0], [25, 75, 125, 175])
    np.testing.assert_array_equal(made[:, 2, 1], np.rint([12.5, 37.5, 62.5, 87.5]))
    assert made.dtype == np.uint8


@pytest.mark.parametrize(
    ("angle", "from_corner", "to_corner"),
    [(0, (-1, 0), (0, 0)), (90, (0, 0), (0, -1)), (45, (-1, 0), (0, -1)), (225, (0, -1), (-1, 0))],
)
def test_angles_are_those_of_css(
    angle: float, from_corner: tuple[int, int], to_corner: tuple[int, int]
) -> None:
    made = gradient((200, 100), start=BLACK, end=WHITE, angle=angle, like=EIGHT)
    assert made[from_corner][0] <= 2
    assert made[to_corner][0] >= 253
    np.testing.assert_allclose(made[99:101, 49:51, 0].mean(), 127.5, atol=1)


def test_depth_follows_the_photo() -> None:
    made = gradient((4, 1), start=BLACK, end=WHITE, angle=180, like=SIXTEEN)
    np.testing.assert_array_equal(made[:, 0, 0], np.rint(np.array([1, 3, 5, 7]) / 8 * 65535))
    assert set(np.unique(checker((9, 9), like=SIXTEEN))) == {204 * 257, 65535}


def test_the_same_colour_twice_is_plain() -> None:
    made = gradient((50, 70), start=(7, 8, 9), end=(7, 8, 9), angle=33, like=EIGHT)
    assert (made == (7, 8, 9)).all()


def test_squares_by_hand() -> None:
    made = checker((8, 640), like=EIGHT)[..., 0]  # 640 / 64 = 10 px
    assert (made[0, :10] == 255).all()
    assert (made[0, 10:20] == 204).all()
    small = checker((9, 8), like=EIGHT)[..., 0]  # never below 4 px
    np.testing.assert_array_equal(small[:, 0], [255] * 4 + [204] * 4 + [255])
    np.testing.assert_array_equal(small[0], [255] * 4 + [204] * 4)
