"""Losses for mattes: pure functions of logits and truth, (N, 1, H, W) each, truth in [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

EDGE_WEIGHT = 2.0


def bce(logits: Tensor, truth: Tensor) -> Tensor:
    """Binary cross-entropy, averaged over all pixels; soft truth is allowed."""
    return F.binary_cross_entropy_with_logits(logits, truth)


def soft_iou(logits: Tensor, truth: Tensor) -> Tensor:
    """1 - IoU per picture, with products and sums in place of intersection and union (Rahman & Wang 2016).

    IoU = (Σ p·t + 1) / (Σ (p + t - p·t) + 1). The 1 makes an empty picture answered with nothing a perfect one.
    """
    p = torch.sigmoid(logits)
    both = (p * truth).sum(dim=(1, 2, 3))
    either = (p + truth - p * truth).sum(dim=(1, 2, 3))
    return (1 - (both + 1) / (either + 1)).mean()


def edge_l1(logits: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of the mattes' horizontal and vertical gradients: edges in their place, and as sharp."""
    p = torch.sigmoid(logits)
    across = (p.diff(dim=3) - truth.diff(dim=3)).abs().mean()
    down = (p.diff(dim=2) - truth.diff(dim=2)).abs().mean()
    return across + down


def matte_loss(outputs: Sequence[Tensor], truth: Tensor, *, weights: Sequence[float]) -> Tensor:
    """BCE + soft IoU + 2 × edge of every output, weighted and summed (deep supervision).

    Args:
        outputs: logits (N, 1, H, W), coarsest first.
        truth: (N, 1, H, W) in [0, 1].
        weights: one per output, from the coarsest to the last, which is the answer.
    """
    total = truth.new_zeros(())
    for logits, weight in zip(outputs, weights, strict=True):
        one = bce(logits, truth) + soft_iou(logits, truth) + EDGE_WEIGHT * edge_l1(logits, truth)
        total = total + weight * one
    return total
