"""Whether a picture is worth another look: noise is not, a finger is."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.change import change, glance


def scene(seed: int, *, finger_x: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    picture = np.full((360, 640, 3), 120.0) + rng.normal(0, 5, (360, 640, 3))
    if finger_x is not None:
        picture[100:220, finger_x : finger_x + 12] = 180
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_noise_is_no_change_and_a_finger_is() -> None:
    still = change(glance(scene(0, finger_x=300)), glance(scene(1, finger_x=300)))
    moved = change(glance(scene(0, finger_x=300)), glance(scene(1, finger_x=303)))
    assert still <= 3 and moved > 6


def test_slow_drift_adds_up_against_the_first_glance() -> None:
    first = glance(np.full((90, 160, 3), 100, np.uint8))
    assert [change(first, glance(np.full((90, 160, 3), 100 + i, np.uint8))) for i in range(4)] == [0, 1, 2, 3]


def test_depth_and_size() -> None:
    eight, sixteen = np.full((9, 16, 3), 200, np.uint8), np.full((9, 16, 3), 200 * 257, np.uint16)
    assert change(glance(eight), glance(sixteen)) == pytest.approx(0, abs=1e-3)
    assert change(glance(eight), glance(eight[:, :8])) == float("inf")
    assert glance(np.zeros((1, 1, 3), np.uint8)).shape == (1, 1, 3)
    assert glance(np.zeros((1000, 3, 3), np.uint8)).shape == (64, 1, 3)
