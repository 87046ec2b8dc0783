"""Losses: values worked out by hand, and the order truth < blurred < inverse."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch

from cutaway.training.losses import bce, edge_l1, matte_loss, soft_iou

LN3 = math.log(3)  # sigmoid(ln 3) = 3/4


def _plane(rows: list[list[float]]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def test_bce_by_hand() -> None:
    """p = 3/4 against truth 1 and 0: the mean of -ln(3/4) and -ln(1/4)."""
    wanted = (-math.log(0.75) - math.log(0.25)) / 2
    assert float(bce(_plane([[LN3, LN3]]), _plane([[1, 0]]))) == pytest.approx(wanted, abs=1e-6)


def test_bce_takes_soft_truth() -> None:
    wanted = -(0.25 * math.log(0.75) + 0.75 * math.log(0.25))
    assert float(bce(_plane([[LN3]]), _plane([[0.25]]))) == pytest.approx(wanted, abs=1e-6)


def test_soft_iou_by_hand() -> None:
    """p = (3/4, 3/4), t = (1, 0): products sum to 3/4, unions to 1 + 3/4; one is added to each."""
    assert float(soft_iou(_plane([[LN3, LN3]]), _plane([[1, 0]]))) == pytest.approx(1 - 1.75 / 2.75, abs=1e-6)


def test_soft_iou_counts_pictures_not_pixels() -> None:
    """The mean of each picture's own value, so that a small subject weighs as much as a large one."""
    logits = torch.stack([_plane([[LN3, LN3]])[0], _plane([[60, -60]])[0]])
    truth = torch.stack([_plane([[1, 0]])[0]] * 2)
    assert float(soft_iou(logits, truth)) == pytest.approx((1 - 1.75 / 2.75) / 2, abs=1e-6)


def test_edge_by_hand() -> None:
    """p = (3/4, 1/4; 3/4, 1/4) against (1, 0; 1, 0): across |-1/2 + 1| = 1/2 in both rows, down 0."""
    logits = _plane([[LN3, -LN3], [LN3, -LN3]])
    assert float(edge_l1(logits, _plane([[1, 0], [1, 0]]))) == pytest.approx(0.5, abs=1e-6)
    assert float(edge_l1(logits.mT, _plane([[1, 1], [0, 0]]))) == pytest.approx(0.5, abs=1e-6)


def test_matte_loss_is_the_weighted_sum() -> None:
    logits, truth = _plane([[LN3, -LN3], [0, LN3]]), _plane([[1, 0], [0, 1]])
    one = bce(logits, truth) + soft_iou(logits, truth) + 2 * edge_l1(logits, truth)
    other = bce(-logits, truth) + soft_iou(-logits, truth) + 2 * edge_l1(-logits, truth)
    total = matte_loss([logits, -logits], truth, weights=[0.3, 1.0])
    assert float(total) == pytest.approx(float(0.3 * one + other), abs=1e-6)


def _answers() -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """A disc, and answers to it from right to wrong, as logits."""
    y, x = np.mgrid[:48, :48]
    truth = (np.hypot(y - 22, x - 26) <= 13).astype(np.float32)
    alphas = {
        "truth": truth,
        "blurred": cv2.GaussianBlur(truth, (0, 0), 3),
        "shifted": np.roll(truth, 8, axis=1),
        "inverse": 1 - truth,
    }
    return torch.from_numpy(truth)[None, None], {
        k: torch.logit(torch.from_numpy(a)[None, None], eps=1e-4) for k, a in alphas.items()
    }


@pytest.mark.parametrize("loss", [bce, soft_iou, edge_l1, lambda a, t: matte_loss([a], t, weights=[1.0])])
def test_order(loss) -> None:  # type: ignore[no-untyped-def]
    truth, answers = _answers()
    value = {name: float(loss(logits, truth)) for name, logits in answers.items()}
    assert value["truth"] < value["blurred"] < value["inverse"]
    assert value["truth"] < value["shifted"] < value["inverse"]


def test_an_empty_picture_answered_with_nothing_is_perfect() -> None:
    empty = torch.zeros(2, 1, 16, 16)
    assert float(soft_iou(torch.full_like(empty, -30.0), empty)) == pytest.approx(0, abs=1e-6)
    assert float(soft_iou(torch.full_like(empty, 30.0), empty)) > 0.99


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_gradients_stay_finite_at_huge_logits(size: float) -> None:
    truth = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[None, None]
    logits = torch.tensor([[size, size], [-size, -size]])[None, None].requires_grad_()
    loss = matte_loss([logits], truth, weights=[1.0])
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_one_weight_for_each_output() -> None:
    plane = torch.zeros(1, 1, 4, 4)
    for weights in ([1.0], [1.0, 1.0, 1.0]):
        with pytest.raises(ValueError, match="zip"):
            matte_loss([plane, plane], plane, weights=weights)
