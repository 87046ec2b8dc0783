"""The matting measures, against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cutaway.evaluation.matting_metrics import conn, grad, mad, matting_scores, mse, sad


def test_sums_and_means_by_hand() -> None:
    matte = np.array([[0.0, 0.5], [1.0, 0.75]], np.float32)
    truth = np.array([[0.0, 1.0], [1.0, 0.5]], np.float32)
    assert sad(matte, truth) == pytest.approx(0.75 / 1000)
    assert mad(matte, truth) == pytest.approx(0.75 / 4)
    assert mse(matte, truth) == pytest.approx((0.25 + 0.0625) / 4)
    right = np.array([[False, True], [False, True]])
    assert sad(matte, truth, where=right) == pytest.approx(0.75 / 1000)
    assert mad(matte, truth, where=right) == pytest.approx(0.75 / 2)
    assert mse(matte, truth, where=right) == pytest.approx((0.25 + 0.0625) / 2)
    assert mse(matte, truth, where=~right) == mad(matte, truth, where=~right) == 0


def test_gradient_of_a_ramp_by_hand() -> None:
    """On a ramp of slope s the filtered value is s · Σ (slope filter · x) · Σ (smooth filter), the same everywhere."""
    sigma, half = 1.4, 4  # ceil(1.4 · sqrt(-2 ln(sqrt(2 π) · 1.4 · 0.01))) = ceil(3.62)
    x = np.arange(-half, half + 1)
    bell = np.exp(-(x**2) / (2 * sigma**2))
    smooth, slope = bell / math.sqrt((bell**2).sum()), x * bell / math.sqrt(((x * bell) ** 2).sum())
    steep = 0.01 * (slope * x).sum() * smooth.sum()
    ramp = np.tile(np.arange(40, dtype=np.float32) * 0.01, (30, 1))
    middle = np.zeros(ramp.shape, bool)
    middle[8:20, 10:30] = True
    for turned, where in (ramp, middle), (ramp.T.copy(), middle.T.copy()):
        found = grad(turned, np.zeros_like(turned), where=where)
        assert found == pytest.approx(240 * steep**2 / 1000, rel=1e-4)


def test_gradient_knows_a_blurred_edge_from_a_sharp_one() -> None:
    sharp = np.zeros((20, 40), np.float32)
    sharp[:, 20:] = 1
    soft = np.tile(np.clip((np.arange(40, dtype=np.float32) - 14) / 12, 0, 1), (20, 1))
    assert grad(sharp, sharp) == 0
    assert grad(soft, sharp) > 0.1
    assert grad(soft, sharp) == pytest.approx(grad(sharp, soft))


def test_connectivity_by_hand() -> None:
    """An island of alpha 0.8 beside a full subject: l = 0 there, so φ = 0.2 against the truth's 1."""
    truth = np.zeros((10, 20), np.float32)
    truth[:, :10] = 1
    matte = truth.copy()
    matte[4:6, 15:18] = 0.8
    assert conn(matte, truth) == pytest.approx(6 * 0.8 / 1000)
    faint = truth.copy()
    faint[4:6, 15:18] = 0.14  # closer than the tolerance
    assert conn(faint, truth) == 0
    assert conn(matte, truth, where=truth > 0) == 0


def test_connectivity_at_a_threshold_by_hand() -> None:
    """Connected up to 0.5, then above alone: 0.95 - 0.5 = 0.45 from the source region in both, nothing between them."""
    truth = np.zeros((10, 30), np.float32)
    truth[:, :12] = 1
    truth[5, 12:20] = 0.55  # a bridge
    truth[5, 20:24] = 0.95
    matte = truth.copy()
    assert conn(matte, truth) == 0
    matte[5, 20:24] = 0.75  # l stays 0.5: φ = 1 - 0.25 against 1 - 0.45
    assert conn(matte, truth) == pytest.approx(4 * 0.2 / 1000, rel=1e-3)


def test_truth_beats_blurred_beats_inverse() -> None:
    truth = np.zeros((64, 64), np.float32)
    truth[16:48, 16:48] = 1
    soft = np.clip(truth * 0.8 + 0.1, 0, 1)
    rows = [matting_scores(matte, truth) for matte in (truth, soft, 1 - truth)]
    assert set(rows[0]) == {"sad", "mad", "mse", "grad", "conn"}
    assert all(value == 0 for value in rows[0].values())
    for name in ("sad", "mad", "mse"):
        assert 0 < rows[1][name] < rows[2][name]


def test_shapes_must_agree() -> None:
    square, other = np.zeros((4, 4), np.float32), np.zeros((4, 5), np.float32)
    for measure in (sad, mad, mse, grad, conn):
        with pytest.raises(ValueError, match=r"one shape, not \(4, 4\) and \(4, 5\)"):
            measure(square, other)
    with pytest.raises(ValueError, match="one shape"):
        sad(square, square, where=np.ones((4, 5), bool))


def test_one_pixel_and_nothing() -> None:
    one = np.ones((1, 1), np.float32)
    assert matting_scores(one, one) == {"sad": 0, "mad": 0, "mse": 0, "grad": 0, "conn": 0}
    assert matting_scores(one * 0, one)["sad"] == pytest.approx(0.001)


def test_they_are_public() -> None:
    import cutaway.evaluation

    truth = np.array([[0, 1]], np.float32)
    assert cutaway.evaluation.mse(np.array([[0.5, 1]], np.float32), truth) == 0.125
    assert set(cutaway.evaluation.matting_scores(truth, truth)) == {"sad", "mad", "mse", "grad", "conn"}
    assert [
        name for name in cutaway.evaluation.__all__ if not getattr(cutaway.evaluation, name).__doc__
    ] == []
