from __future__ import annotations

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine, luminance
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


def test_doubt_counts_twice() -> None:
    assert expected_iou(row(1, 1, 0, 0)) == 1
    assert expected_iou(row(1, 0.5, 0, 0)) == pytest.approx((1.5 / 2) ** 2)
    assert expected_iou(row(0, 0)) == 0


def test_two_looks_that_disagree_are_trusted_less() -> None:
    """The second look finds only a part of what the first one found: their mean is unsure of the rest."""
    photo = np.zeros((300, 400, 3), np.uint8)
    photo[120:180, 40:100] = 255

    def partly(tensor: np.ndarray) -> np.ndarray:
        answer = tensor.mean(axis=1, keepdims=True)
        if answer.mean() > 0.3:  # the subject alone
            answer[..., : answer.shape[3] // 2] = 0
        return answer

    sure, unsure = (Remover(engine=FakeEngine(answer)).matte(photo) for answer in (luminance, partly))
    assert sure.confidence is not None and unsure.confidence is not None
    assert unsure.confidence < 0.7 < 0.8 < sure.confidence


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
    assert 0.3 < seen.confidence <= 1
    for changes in ({"fill_holes": True}, {"invert": True}, {"background": "red"}, {"feather": 3.0}):
        again = Remover(engine=FakeEngine(), options=options.with_changes(changes)).remove(disc)
        assert again.confidence == seen.confidence
    dark = Remover(engine=FakeEngine(), options=options).remove(np.zeros_like(disc))
    assert dark.confidence == 0
