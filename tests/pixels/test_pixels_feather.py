"""A feathered edge is a Gaussian one, and only the edge is feathered."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cutaway.pixels.feather import feather


def step(size: tuple[int, int] = (80, 400)) -> np.ndarray:
    """Subject in the right half."""
    alpha = np.zeros(size, np.float32)
    alpha[:, size[1] // 2 :] = 1
    return alpha


def test_zero_is_off() -> None:
    alpha = step()
    assert feather(alpha, sigma_px=0) is alpha


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("sigma_px", [0.5, 3, 500])
def test_empty_and_full_mattes_never_change(value: float, sigma_px: float) -> None:
    alpha = np.full((33, 47), value, np.float32)
    assert (feather(alpha, sigma_px=sigma_px) == alpha).all()


@pytest.mark.parametrize("sigma_px", [1, 2, 5, 12, 40])
def test_a_step_becomes_the_gaussians_integral(sigma_px: float) -> None:
    soft = feather(step(), sigma_px=sigma_px)[40]
    x = np.arange(400) - 199.5
    wanted = np.array([0.5 + 0.5 * math.erf(v / sigma_px / math.sqrt(2)) for v in x])
    middle = slice(100, 300) if sigma_px < 40 else slice(150, 250)
    assert np.abs(soft - wanted)[middle].max() < 0.02


def test_what_touches_the_border_of_the_photo_stays_full_there() -> None:
    soft = feather(step(), sigma_px=6)
    assert (soft[:, -1] > 0.999).all()
    assert soft[0, 300] > 0.999 and soft[-1, 300] > 0.999


def test_the_matte_is_not_changed_in_place_and_stays_within_range() -> None:
    alpha = np.random.default_rng(0).random((70, 90), np.float32).round()
    before = alpha.copy()
    for sigma_px in (1, 20, 500):
        soft = feather(alpha, sigma_px=sigma_px)
        assert soft.dtype == np.float32 and soft.min() >= 0 and soft.max() <= 1
    np.testing.assert_array_equal(alpha, before)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (301, 2)])
def test_photos_of_every_shape(size: tuple[int, int]) -> None:
    alpha = np.zeros(size, np.float32)
    alpha[-1, -1] = 1
    assert feather(alpha, sigma_px=100).shape == size
