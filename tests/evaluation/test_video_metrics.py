"""The temporal error, against numbers computed by hand and by its order."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.evaluation.video_metrics import RunningDtssd, dtssd


def disc(x: float) -> np.ndarray:
    columns = np.arange(40)[None].repeat(30, 0)
    return np.clip(6 - np.abs(columns - x), 0, 1).astype(np.float32)


def test_by_hand() -> None:
    truth = [np.zeros((2, 2)), np.zeros((2, 2)), np.ones((2, 2))]
    matte = [np.zeros((2, 2)), np.array([[0.2, 0.0], [0.0, 0.0]]), np.ones((2, 2))]
    first = 100 * np.sqrt(0.2**2 / 4)
    assert dtssd(matte, truth) == pytest.approx((first + first) / 2)


def test_truth_is_perfect_and_a_constant_error_costs_nothing() -> None:
    truth = [disc(10 + i) for i in range(6)]
    assert dtssd(truth, truth) == 0
    assert dtssd([t * 0 for t in truth[:1]] * 3, [truth[0]] * 3) == 0


def test_flicker_costs_more_the_stronger_it_is_and_lag_costs_too() -> None:
    truth = [disc(10 + i) for i in range(8)]
    values = [
        dtssd([np.clip(t + a * (-1) ** i, 0, 1) for i, t in enumerate(truth)], truth) for a in (0, 0.1, 0.3)
    ]
    assert values == sorted(values) and values[1] > 0
    frozen = [truth[0]] * 8
    assert dtssd(frozen, truth) > 0


def test_one_frame_or_none() -> None:
    assert dtssd([], []) == dtssd([disc(1)], [disc(1)]) == 0


def test_shapes_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="2 mattes"):
        dtssd([disc(1)] * 2, [disc(1)])
    with pytest.raises(ValueError, match="one shape"):
        dtssd([disc(1)], [disc(1)[:5]])
    running = RunningDtssd()
    running.add(disc(1), disc(1) > 0.5)
    with pytest.raises(ValueError, match="one shape"):
        running.add(disc(1)[:5], disc(1)[:5])
