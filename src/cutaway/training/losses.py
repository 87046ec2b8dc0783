"""Losses for mattes: pure functions of logits and truth, one number out; `matte_loss` adds them up by name.

Those in `BINARY` ask of each pixel whether it is subject: logits and truth (N, 1, H, W), p = sigmoid(logits), truth t
in [0, 1]. Those in `JOINT` look at all classes at once: (N, K, H, W) each. All give a mean over pictures, so that
a batch can be shared between processes; only `batch_dice` looks at the batch as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from cutaway.training.loss_text import DEFAULT_LOSS, parse_loss

Loss = Callable[[Tensor, Tensor], Tensor]

SMOOTH = 1.0
"""Added to both parts of the overlap ratios: an empty picture answered with nothing is then a perfect one."""
FOCUS = 2.0
"""γ of the focal loss, the value its authors found best."""
SURROUNDINGS_PX = 31
"""Side of the square that the structure loss compares each pixel with, as in its authors' code."""
SURROUNDINGS_WEIGHT = 5.0
"""How much more a pixel weighs whose surroundings are all of the other kind, as in its authors' code."""
BORDER = (0.05, 0.95)
"""With three classes, everything between these values of the matte is border, these included."""


def bce(logits: Tensor, truth: Tensor) -> Tensor:
    """Binary cross-entropy, averaged over all pixels; soft truth is allowed."""
    return F.binary_cross_entropy_with_logits(logits, truth)


def focal(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy that loses interest in what is right already: mean |t - p|^γ · BCE(p, t), γ = 2.

    With a truth of 0 or 1 this is the focal loss of Lin et al. 2017 (arXiv:1708.02002) without class weights; for a
    soft truth |t - p| takes the place of 1 - p_t, as Li et al. 2020 (arXiv:2006.04388) do.
    """
    missed = (truth - torch.sigmoid(logits)).abs()
    return (missed**FOCUS * F.binary_cross_entropy_with_logits(logits, truth, reduction="none")).mean()


def soft_iou(logits: Tensor, truth: Tensor) -> Tensor:
    """1 - IoU per picture, with products and sums in place of intersection and union (Rahman & Wang 2016).

    IoU = (Σ p·t + 1) / (Σ (p + t - p·t) + 1). The 1 makes an empty picture answered with nothing a perfect one.
    """
    p = torch.sigmoid(logits)
    both = (p * truth).sum(dim=(1, 2, 3))
    either = (p + truth - p * truth).sum(dim=(1, 2, 3))
    return (1 - (both + SMOOTH) / (either + SMOOTH)).mean()


def dice(logits: Tensor, truth: Tensor) -> Tensor:
    """1 - Dice per picture: Dice = (2 Σ p·t + 1) / (Σ p + Σ t + 1).

    Milletari et al. 2016 (arXiv:1606.04797), with plain sums below the line where they have squares.
    """
    p = torch.sigmoid(logits)
    both, areas = (p * truth).sum(dim=(1, 2, 3)), (p + truth).sum(dim=(1, 2, 3))
    return (1 - (2 * both + SMOOTH) / (areas + SMOOTH)).mean()


def lovasz(logits: Tensor, truth: Tensor) -> Tensor:
    """The Lovász hinge: a convex stand-in for 1 - IoU of each picture (Berman et al. 2018, arXiv:1705.08790).

    Hinge errors m = 1 - logit · (2t - 1) are sorted, largest first; the loss is Σ max(m_i, 0) · (J_i - J_{i-1}), where
    J_i is 1 - IoU if exactly the first i pixels are wrong. The truth is cut at 0.5.
    """
    subject = (truth >= 0.5).to(logits.dtype).flatten(1)
    errors, order = (1 - logits.flatten(1) * (2 * subject - 1)).sort(dim=1, descending=True)
    subject = subject.gather(1, order)
    area = subject.sum(dim=1, keepdim=True)
    jaccard = 1 - (area - subject.cumsum(dim=1)) / (area + (1 - subject).cumsum(dim=1))
    steps = torch.diff(jaccard, dim=1, prepend=torch.zeros_like(area))
    return (F.relu(errors) * steps).sum(dim=1).mean()


def structure(logits: Tensor, truth: Tensor) -> Tensor:
    """BCE + IoU with more weight where the truth changes nearby (Wei et al. 2020, F³Net, arXiv:1911.11445).

    w = 1 + 5 |mean of t over the 31×31 pixels around - t|; then Σ w·BCE / Σ w plus 1 - (Σ w·p·t + 1) /
    (Σ w·(p + t - p·t) + 1), each per picture. What is beyond the picture is left out of the mean (the authors' code
    takes it for background, which makes the picture's border count as an edge).
    """
    around = F.avg_pool2d(
        truth, SURROUNDINGS_PX, stride=1, padding=SURROUNDINGS_PX // 2, count_include_pad=False
    )
    weight = 1 + SURROUNDINGS_WEIGHT * (around - truth).abs()
    p, pixels = torch.sigmoid(logits), (1, 2, 3)
    each = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    weighted = (weight * each).sum(dim=pixels) / weight.sum(dim=pixels)
    both = (weight * p * truth).sum(dim=pixels)
    either = (weight * (p + truth - p * truth)).sum(dim=pixels)
    return (weighted + 1 - (both + SMOOTH) / (either + SMOOTH)).mean()


def edge_l1(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of the mattes' horizontal and vertical gradients: edges in their place, and as sharp."""
    p = torch.sigmoid(logits)
    across = (p.diff(dim=3) - truth.diff(dim=3)).abs().mean()
    down = (p.diff(dim=2) - truth.diff(dim=2)).abs().mean()
    return across + down


def cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy over classes, averaged over all pixels: -Σ_k t_k ln softmax_k.

    With one logit it is that of the two classes background and subject, which is `bce`.
    """
    return F.cross_entropy(logits, truth) if logits.shape[1] > 1 else bce(logits, truth)


def batch_dice(logits: Tensor, truth: Tensor) -> Tensor:
    """1 - Dice of the whole batch, all classes and all pixels flattened: (2 Σ p·t + 1) / (Σ p + Σ t + 1).

    The loss of the platypus tutorial: soft, the background being a class like any other. The measure to it is
    `evaluation.metrics.batch_dice`. With one logit p and t are taken for both classes, as (1 - p, p) and (1 - t, t).
    """
    if logits.shape[1] > 1:
        p = torch.softmax(logits, dim=1)
    else:
        p, truth = (torch.cat([1 - x, x], dim=1) for x in (torch.sigmoid(logits), truth))
    return 1 - (2 * (p * truth).sum() + SMOOTH) / (p.sum() + truth.sum() + SMOOTH)


BINARY: dict[str, Loss] = {
    "dice": dice, "iou": soft_iou, "bce": bce, "focal": focal, "lovasz": lovasz, "structure": structure,
    "edge": edge_l1,
}  # fmt: skip
"""By name: (N, 1, H, W) logits and truth."""

JOINT: dict[str, Loss] = {"ce": cross_entropy, "batch-dice": batch_dice}
"""By name: (N, K, H, W) logits and truth."""


def matte_loss(
    outputs: Sequence[Tensor], truth: Tensor, *, weights: Sequence[float], loss: str = DEFAULT_LOSS
) -> Tensor:
    """The named losses of every output, weighted and summed (deep supervision).

    Args:
        outputs: logits (N, K, H, W) for K classes, coarsest first.
        truth: mattes (N, 1, H, W) in [0, 1], of which the classes' truth is made (`class_truth`).
        weights: one per output, from the coarsest to the last, which is the answer.
        loss: the sum, such as "bce + iou + 2*edge". With several classes the binary ones are asked of each class
            against the rest, and averaged over the classes.

    Raises:
        OptionError: `loss` cannot be understood.
    """
    terms = parse_loss(loss)
    total = truth.new_zeros(())
    for logits, weight in zip(outputs, weights, strict=True):
        total = total + weight * _sum(logits, class_truth(truth, logits.shape[1]), terms)
    return total


def _sum(logits: Tensor, truth: Tensor, terms: Sequence[tuple[float, str]]) -> Tensor:
    total = truth.new_zeros(())
    flat, flat_truth = (_class_by_class(x) for x in (one_versus_rest(logits), truth))
    for factor, name in terms:
        one = JOINT[name](logits, truth) if name in JOINT else BINARY[name](flat, flat_truth)
        total = total + factor * one
    return total


def _class_by_class(x: Tensor) -> Tensor:
    """(N, K, H, W) to (N·K, 1, H, W): the mean over these is the mean over pictures and classes."""
    return x.reshape(-1, 1, *x.shape[-2:])


def class_truth(matte: Tensor, classes: int) -> Tensor:
    """What each class should answer, from mattes (N, 1, H, W) in [0, 1].

    Returns:
        One class: the matte itself, soft. Two: background and subject, cut at 0.5, so that the middle value of a
        three-valued mask is subject. Three: background, subject and border, which is everything from 0.05 to 0.95;
        so trimaps and soft mattes can both be learnt from. (N, K, H, W), 0 or 1 unless there is one class.
    """
    if classes == 1:
        return matte
    if classes == 2:
        subject = matte >= 0.5
        return torch.cat([~subject, subject], dim=1).to(matte.dtype)
    low, high = BORDER
    return torch.cat([matte < low, matte > high, (matte >= low) & (matte <= high)], dim=1).to(matte.dtype)


def one_versus_rest(logits: Tensor) -> Tensor:
    """z_k = l_k - log Σ_{j≠k} exp l_j, so that sigmoid(z_k) is softmax_k: any binary loss can judge a class.

    (N, K, H, W) to the same; with one class there is no rest, and nothing changes.
    """
    if logits.shape[1] == 1:
        return logits
    rest = [
        torch.cat([logits[:, :k], logits[:, k + 1 :]], dim=1).logsumexp(dim=1, keepdim=True)
        for k in range(logits.shape[1])
    ]
    return logits - torch.cat(rest, dim=1)
