"""Mattes put in order: what should change changes, and soft edges stay soft."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.cleanup import fill_holes, grow, keep_largest, threshold


def soft(*discs: tuple[int, int, int], size: tuple[int, int] = (100, 140)) -> np.ndarray:
    """Discs (row, column, radius) with an edge four pixels wide; a negative radius is a hole."""
    y, x = np.mgrid[: size[0], : size[1]]
    alpha = np.zeros(size, np.float32)
    for row, column, radius in discs:
        ramp = np.clip((abs(radius) - np.hypot(y - row, x - column)) / 4 + 0.5, 0, 1).astype(np.float32)
        alpha = np.maximum(alpha, ramp) if radius > 0 else np.minimum(alpha, 1 - ramp)
    return alpha


def test_a_hole_is_filled_with_its_soft_rim_and_the_outline_stays() -> None:
    whole, holed = soft((50, 70, 40)), soft((50, 70, 40), (45, 65, -12))
    np.testing.assert_array_equal(fill_holes(holed), whole)


def test_a_bay_is_no_hole() -> None:
    alpha = soft((50, 70, 40), (50, 110, -15))
    assert fill_holes(alpha) is alpha
    cut = soft((0, 70, 40), (0, 70, -10))  # open to the photo's border
    assert fill_holes(cut) is cut


def test_a_hole_behind_a_thin_wall_is_filled_and_the_wall_stays_soft() -> None:
    alpha = np.zeros((20, 20), np.float32)
    alpha[4:16, 4:16] = 0.8
    alpha[8:12, 8:12] = 0.1
    filled = fill_holes(alpha)
    assert (filled[8:12, 8:12] == 1).all()
    assert (filled[4:8, 4:16] == alpha[4:8, 4:16]).all()


def test_only_the_largest_part_is_kept_with_its_soft_edge() -> None:
    np.testing.assert_array_equal(keep_largest(soft((50, 40, 25), (50, 110, 15))), soft((50, 40, 25)))


def test_parts_that_touch_by_their_haze_are_parted() -> None:
    alpha = np.maximum(soft((50, 40, 25), (50, 110, 15)), np.float32(0.1))
    kept = keep_largest(alpha)
    assert (kept[:, 105:] == 0).all()
    assert (kept[45:55, 30:60] == alpha[45:55, 30:60]).all()


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_nothing_to_clean(value: float) -> None:
    alpha = np.full((9, 13), value, np.float32)
    assert keep_largest(alpha) is alpha
    assert fill_holes(alpha) is alpha
    for by_px in (-2.5, 0, 3):
        np.testing.assert_allclose(grow(alpha, by_px=by_px), alpha, atol=1e-6)


def test_threshold_leaves_two_values() -> None:
    alpha = np.array([[0.0, 0.29, 0.3, 1.0]], np.float32)
    np.testing.assert_array_equal(threshold(alpha, level=0.3), [[0, 0, 1, 1]])


@pytest.mark.parametrize("by_px", [-11, -4, -1, 1, 2, 5, 12])
def test_growing_moves_the_edge_and_keeps_it_soft(by_px: int) -> None:
    moved = grow(soft((50, 70, 25)), by_px=by_px)
    np.testing.assert_allclose(moved[50], soft((50, 70, 25 + by_px))[50], atol=0.5 / 4)  # half a pixel
    wanted = soft((50, 70, 25 + by_px)).sum()
    assert moved.sum() == pytest.approx(wanted, rel=0.04)


def test_growing_by_parts_of_a_pixel_lies_between() -> None:
    alpha = soft((50, 70, 25))
    areas = [grow(alpha, by_px=by_px).sum() for by_px in (-1, -0.5, 0, 0.25, 0.5, 1, 1.5, 2)]
    assert areas == sorted(areas)
    assert areas[4] - areas[2] == pytest.approx((areas[5] - areas[2]) / 2, rel=1e-3)


def test_shrinking_does_not_eat_from_the_photos_border() -> None:
    alpha = np.zeros((30, 30), np.float32)
    alpha[10:, :] = 1
    shrunk = grow(alpha, by_px=-4)
    assert (shrunk[14:] == 1).all()
    assert (shrunk[:14] == 0).all()
