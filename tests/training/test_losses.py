"""Losses: values worked out by hand, and the order truth < blurred < inverse."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch

from cutaway.training.loss_text import LOSS_NAMES
from cutaway.training.losses import (
    BINARY,
    JOINT,
    batch_dice,
    bce,
    class_truth,
    cross_entropy,
    dice,
    edge_l1,
    focal,
    lovasz,
    matte_loss,
    one_versus_rest,
    soft_iou,
    structure,
)

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


def test_dice_by_hand() -> None:
    """p = (3/4, 3/4), t = (1, 0): 2 · 3/4 + 1 over 3/2 + 1 + 1; each picture by itself."""
    logits, truth = _plane([[LN3, LN3]]), _plane([[1, 0]])
    assert float(dice(logits, truth)) == pytest.approx(1 - 2.5 / 3.5, abs=1e-6)
    two = torch.cat([logits, _plane([[60, -60]])])
    assert float(dice(two, truth.repeat(2, 1, 1, 1))) == pytest.approx((1 - 2.5 / 3.5) / 2, abs=1e-6)


def test_batch_dice_by_hand() -> None:
    """Both classes flattened: products 3/4 + 1/4 (subject of pixel 1, background of pixel 2), areas 2 and 2."""
    logits, truth = _plane([[LN3, LN3]]), _plane([[1, 0]])
    assert float(batch_dice(logits, truth)) == pytest.approx(1 - 3 / 5, abs=1e-6)
    two_classes = torch.cat([torch.zeros_like(logits), logits], dim=1)
    assert float(batch_dice(two_classes, torch.cat([1 - truth, truth], dim=1))) == pytest.approx(
        1 - 3 / 5, abs=1e-6
    )


def test_batch_dice_takes_the_batch_as_one_picture() -> None:
    logits = torch.cat([_plane([[LN3, LN3]]), _plane([[60, -60]])])
    truth = _plane([[1, 0]]).repeat(2, 1, 1, 1)
    assert float(batch_dice(logits, truth)) == pytest.approx(1 - (2 * (1 + 2) + 1) / (4 + 4 + 1), abs=1e-6)


def test_focal_by_hand() -> None:
    """A quarter missed counts a sixteenth of its cross-entropy, three quarters missed nine sixteenths."""
    wanted = (0.0625 * -math.log(0.75) + 0.5625 * -math.log(0.25)) / 2
    assert float(focal(_plane([[LN3, LN3]]), _plane([[1, 0]]))) == pytest.approx(wanted, abs=1e-6)


def test_lovasz_by_hand() -> None:
    """Errors 1.5 (background) and 0.5 (subject); 1 - IoU is 1/2 with the first wrong and 1 with both."""
    assert float(lovasz(_plane([[0.5, 0.5]]), _plane([[1, 0]]))) == pytest.approx(0.75 + 0.25, abs=1e-6)
    assert float(lovasz(_plane([[2, -2]]), _plane([[1, 0]]))) == 0


def test_lovasz_of_hard_answers_is_twice_one_minus_iou() -> None:
    """At logits of ±1 a right pixel has error 0 and a wrong one 2, so the loss is 2 (1 - IoU), here 1 - 1/3."""
    logits, truth = _plane([[1, 1, -1, -1]]), _plane([[1, 0, 1, 0]])
    assert float(lovasz(logits, truth)) == pytest.approx(2 * (1 - 1 / 3), abs=1e-6)


def test_structure_by_hand() -> None:
    """Two pixels, t = (1, 0): the mean around is 1/2 for both, so both weigh 1 + 5/2 = 7/2 and p = 3/4 both."""
    both, either = 3.5 * 0.75, 3.5 * (1 + 0.75)
    wanted = (-math.log(0.75) - math.log(0.25)) / 2 + 1 - (both + 1) / (either + 1)
    assert float(structure(_plane([[LN3, LN3]]), _plane([[1, 0]]))) == pytest.approx(wanted, abs=1e-6)


def test_structure_looks_closer_at_edges() -> None:
    """The same error costs more beside the subject than far away from it."""
    truth = torch.zeros(1, 1, 80, 80)
    truth[..., :40] = 1
    near, far = torch.where(truth > 0, 9.0, -9.0), torch.where(truth > 0, 9.0, -9.0)
    near[..., 30:40, 42:46] = 9.0
    far[..., 30:40, 72:76] = 9.0
    assert float(structure(near, truth)) > 1.5 * float(structure(far, truth))


def test_cross_entropy_by_hand() -> None:
    """Softmax of (ln 2, 0, 0) is (1/2, 1/4, 1/4)."""
    logits = torch.tensor([math.log(2), 0, 0]).view(1, 3, 1, 1)
    truth = torch.tensor([0.0, 1, 0]).view(1, 3, 1, 1)
    assert float(cross_entropy(logits, truth)) == pytest.approx(math.log(4), abs=1e-6)
    one = _plane([[LN3, -1.0]])
    assert float(cross_entropy(one, _plane([[1, 0]]))) == float(bce(one, _plane([[1, 0]])))


def test_one_class_against_the_rest_is_softmax() -> None:
    for classes in (1, 2, 3):
        logits = torch.randn(2, classes, 5, 4, generator=torch.Generator().manual_seed(classes)) * 4
        wanted = logits.softmax(dim=1) if classes > 1 else torch.sigmoid(logits)
        assert torch.allclose(torch.sigmoid(one_versus_rest(logits)), wanted, atol=1e-6)


def test_what_each_class_should_answer() -> None:
    matte = _plane([[0.0, 0.04, 0.06, 128 / 255, 0.94, 0.96, 1.0]])
    assert class_truth(matte, 1) is matte
    two = class_truth(matte, 2)[0, :, 0]
    assert two.tolist() == [[1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 1]]
    three = class_truth(matte, 3)[0, :, 0]
    assert three.tolist() == [[1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0, 0]]


def test_binary_losses_are_averaged_over_classes() -> None:
    logits = torch.randn(2, 3, 6, 6, generator=torch.Generator().manual_seed(1))
    matte = torch.rand(2, 1, 6, 6, generator=torch.Generator().manual_seed(2))
    against, truth = one_versus_rest(logits), class_truth(matte, 3)
    for name, loss in BINARY.items():
        each = [float(loss(against[:, k : k + 1], truth[:, k : k + 1])) for k in range(3)]
        total = matte_loss([logits], matte, weights=[1.0], loss=name)
        assert float(total) == pytest.approx(sum(each) / 3, abs=1e-5), name


def test_two_logits_that_mean_one_give_its_numbers() -> None:
    """Softmax of (0, z) is the sigmoid of z, and the background's picture is the subject's, inverted."""
    z = torch.randn(2, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    truth = (torch.rand(2, 1, 6, 6, generator=torch.Generator().manual_seed(2)) > 0.5).float()
    two = torch.cat([torch.zeros_like(z), z], dim=1)
    for name in ("bce", "ce", "focal", "edge", "batch-dice"):
        one_class, two_classes = (
            matte_loss([logits], truth, weights=[1.0], loss=name) for logits in (z, two)
        )
        assert float(two_classes) == pytest.approx(float(one_class), abs=1e-6), name


def test_every_name_has_a_loss() -> None:
    assert set(LOSS_NAMES) == {*BINARY, *JOINT}
    assert not set(BINARY) & set(JOINT)


def test_the_default_gives_the_old_numbers_exactly() -> None:
    logits = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(3))
    truth = torch.rand(2, 1, 16, 16, generator=torch.Generator().manual_seed(4))
    old = truth.new_zeros(()) + 0.3 * (
        bce(logits, truth) + soft_iou(logits, truth) + 2.0 * edge_l1(logits, truth)
    )
    assert float(matte_loss([logits], truth, weights=[0.3])) == float(old)


def test_a_sum_by_name() -> None:
    logits, truth = _plane([[LN3, -LN3], [0, LN3]]), _plane([[1, 0], [0, 1]])
    total = matte_loss([logits], truth, weights=[1.0], loss="0.5*dice + lovasz")
    assert float(total) == pytest.approx(float(0.5 * dice(logits, truth) + lovasz(logits, truth)), abs=1e-6)


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


@pytest.mark.parametrize("classes", [1, 2])
@pytest.mark.parametrize("loss", [*LOSS_NAMES, "bce + iou + 2*edge"])
def test_order(loss: str, classes: int) -> None:
    truth, answers = _answers()
    value = {
        name: float(matte_loss([_for_classes(logits, classes)], truth, weights=[1.0], loss=loss))
        for name, logits in answers.items()
    }
    assert value["truth"] < value["blurred"] < value["inverse"]
    assert value["truth"] < value["shifted"] < value["inverse"]


def _for_classes(logits: torch.Tensor, classes: int) -> torch.Tensor:
    return logits if classes == 1 else torch.cat([-logits / 2, logits / 2], dim=1)


def test_an_empty_picture_answered_with_nothing_is_perfect() -> None:
    empty = torch.zeros(2, 1, 16, 16)
    assert float(soft_iou(torch.full_like(empty, -30.0), empty)) == pytest.approx(0, abs=1e-6)
    assert float(soft_iou(torch.full_like(empty, 30.0), empty)) > 0.99


@pytest.mark.parametrize("classes", [1, 2, 3])
@pytest.mark.parametrize("loss", [*LOSS_NAMES, "bce + iou + 2*edge"])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_gradients_stay_finite_at_huge_logits(size: float, loss: str, classes: int) -> None:
    truth = torch.tensor([[1.0, 0.0], [0.0, 1.0]])[None, None]
    signs = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    logits = (size * torch.stack([signs, signs.T, -signs][:classes]))[None].requires_grad_()
    value = matte_loss([logits], truth, weights=[1.0], loss=loss)
    value.backward()
    assert torch.isfinite(value) and torch.isfinite(logits.grad).all()


def test_one_weight_for_each_output() -> None:
    plane = torch.zeros(1, 1, 4, 4)
    for weights in ([1.0], [1.0, 1.0, 1.0]):
        with pytest.raises(ValueError, match="zip"):
            matte_loss([plane, plane], plane, weights=weights)
