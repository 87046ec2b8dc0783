from __future__ import annotations

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.pixels.confidence import SAMPLES, agreement, certainty, expected_iou, sampled
from cutaway.remover import Remover


def row(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def test_certainty_by_hand() -> None:
    assert certainty(row(1, 1, 0, 0)) == 1
    assert certainty(row(0, 0, 0, 0)) == 0
    assert certainty(row(0.8, 0.6, 0.2, 0)) == pytest.approx(1.4 / 2.2)


def test_agreement_by_hand() -> None:
    assert agreement(row(1, 0, 0), row(1, 1, 0)) == pytest.approx(1 / 2)
    assert agreement(row(0, 0, 0), row(0, 0, 0)) == 0
    assert agreement(row(0.5, 1), row(0.5, 1)) == 1


def test_two_looks_that_disagree_are_trusted_less() -> None:
    matte = row(1, 1, 0, 0)
    assert expected_iou([matte], matte) == 1
    assert expected_iou([matte, matte], matte) == 1
    assert expected_iou([matte, row(1, 0, 0, 0)], matte) == pytest.approx(1 / 2)
    assert expected_iou([row(0, 0), row(0, 0)], row(0, 0)) == 0


def test_the_certainty_of_a_probability_is_the_iou_to_be_expected() -> None:
    """Masks drawn at random as the matte says have the mean IoU that it expects."""
    rng = np.random.default_rng(3)
    matte = np.sort(rng.random((60, 80)).astype(np.float32), axis=1)
    mask = matte >= 0.5
    truths = [rng.random(matte.shape) < matte for _ in range(50)]
    ious = [(mask & truth).sum() / (mask | truth).sum() for truth in truths]
    assert certainty(matte) == pytest.approx(float(np.mean(ious)), abs=0.005)


def test_large_mattes_are_sampled() -> None:
    matte = np.zeros((3000, 4000), np.float32)
    matte[700:2000, 900:3100] = 0.9
    few = sampled(matte)
    assert SAMPLES / 2 < few.size < 2 * SAMPLES
    assert certainty(few) == pytest.approx(certainty(matte), abs=0.01)
    assert sampled(few) is not matte
    assert sampled(few).size == few.size


@pytest.mark.parametrize("zoom", ["auto", "off"])
def test_a_result_tells_its_confidence(zoom: str, disc: np.ndarray) -> None:
    options = Options.from_mapping({"zoom": zoom})
    seen = Remover(engine=FakeEngine(), options=options).remove(disc)
    assert seen.confidence is not None
    assert 0.5 < seen.confidence <= 1
    for changes in ({"fill_holes": True}, {"invert": True}, {"background": "red"}, {"feather": 3.0}):
        again = Remover(engine=FakeEngine(), options=options.with_changes(changes)).remove(disc)
        assert again.confidence == seen.confidence
    dark = Remover(engine=FakeEngine(), options=options).remove(np.zeros_like(disc))
    assert dark.confidence == 0
