"""The tutorial's Dice, by hand, and what is counted over a whole set."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.evaluation.metrics import Overlap, batch_dice, dice, iou, overlap


def _row(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def test_by_hand() -> None:
    """Subject 3/4 of the pixel that is, background 1/2 of the pixel that is not; two pixels, so areas 2 and 2."""
    assert batch_dice([_row(0.75, 0.5)], [_row(1, 0)]) == pytest.approx((2 * (0.75 + 0.5) + 1) / (2 + 2 + 1))


def test_all_pictures_are_one() -> None:
    """Four pixels of three right and one wrong, whatever their pictures: (2 · 3 + 1) / (4 + 4 + 1)."""
    mattes, truths = [_row(1, 0), _row(0, 1)], [_row(1, 0), _row(0, 0)]
    assert batch_dice(mattes, truths) == pytest.approx(7 / 9)
    assert batch_dice([_row(1, 0, 0, 1)], [_row(1, 0, 0, 0)]) == pytest.approx(7 / 9)
    assert batch_dice(iter(mattes), iter(truths)) == pytest.approx(7 / 9)


def test_perfect_and_worst() -> None:
    truth = np.eye(20, dtype=np.float32)
    assert batch_dice([truth], [truth]) == 1
    assert batch_dice([1 - truth], [truth]) == pytest.approx(1 / 801)


def test_the_background_counts_as_much() -> None:
    """Nothing found of a tenth of subject: Dice 0, batch Dice 0.9."""
    truth = _row(1, *[0] * 9).repeat(100, axis=0)
    nothing = np.zeros_like(truth)
    assert dice(nothing, truth) == 0
    assert batch_dice([nothing], [truth]) == pytest.approx(0.9, abs=1e-3)


def test_boolean_and_middle_truth() -> None:
    """The truth is cut at 0.5, so the border of a three-valued mask is subject."""
    matte = _row(1, 1, 0)
    wanted = batch_dice([matte], [_row(1, 1, 0)])
    assert batch_dice([matte], [_row(1, 128 / 255, 0)]) == wanted == 1
    assert batch_dice([matte], [np.array([[True, True, False]])]) == wanted


def test_what_does_not_fit_together() -> None:
    with pytest.raises(ValueError, match="one shape"):
        batch_dice([_row(1, 0)], [_row(1, 0, 0)])
    with pytest.raises(ValueError, match="zip"):
        batch_dice([_row(1, 0)], [])
    assert batch_dice([], []) == 1


def test_counts_add_up_to_one_large_picture() -> None:
    rng = np.random.default_rng(0)
    mattes = [rng.random((7, 9), np.float32) for _ in range(3)]
    truths = [rng.random((7, 9), np.float32) for _ in range(3)]
    whole = sum((overlap(m, t) for m, t in zip(mattes, truths, strict=True)), Overlap())
    matte, truth = np.concatenate(mattes), np.concatenate(truths)
    assert whole.iou == iou(matte, truth) and whole.dice == dice(matte, truth)
    assert whole.batch_dice == pytest.approx(batch_dice([matte], [truth]), abs=1e-9)
