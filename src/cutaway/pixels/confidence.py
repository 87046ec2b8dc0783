"""How far a matte can be trusted, told from the matte itself: no second model, no truth."""

from __future__ import annotations

import numpy as np

from cutaway.types import Floats

SAMPLES = 1 << 16
"""About so many pixels of a large matte are looked at, evenly spread."""


def certainty(matte: Floats) -> float:
    """The IoU that a matte itself expects of its mask, in [0, 1]; 0 where there is no subject.

    With alpha read as the probability that a pixel is subject, and S the pixels where it is at least 1/2, the expected
    intersection of S with the truth is the sum of alpha over S, their expected union |S| plus the sum of alpha outside
    S; the certainty is the first divided by the second.

    Args:
        matte: float32 (H, W) in [0, 1].
    """
    inside = matte >= 0.5
    sure = float(matte[inside].sum(dtype=np.float64))
    missed = float(matte.sum(dtype=np.float64)) - sure
    union = float(inside.sum()) + missed
    return sure / union if union > 0 else 0.0


def agreement(low: Floats, high: Floats) -> float:
    """What all views of a photo hold for subject as a share of what any of them does, in [0, 1]; 0 where none sees any.

    Sum of the smallest over sum of the largest alphas: of two views it is their IoU in the soft form of Ruzicka (1958),
    sum min(a, b) / sum max(a, b). Of a single view it says nothing: 1.

    Args:
        low, high: the smallest and the largest alpha that any view gives, float32 of the same shape.
    """
    any_sees = float(high.sum(dtype=np.float64))
    return float(low.sum(dtype=np.float64)) / any_sees if any_sees > 0 else 0.0


def expected_iou(matte: Floats) -> float:
    """The IoU with the truth that is to be expected of a network's matte, in [0, 1]; 0 where there is no subject.

    The square of its certainty, because networks are surer than they should be. Of 336 photos that the built-in models
    had not been trained on, put in eight groups by it, each group's mean IoU was within 0.06 of it (by 0.03 in the
    mean, for `fast` by 0.01: benchmarks/confidence.py); certainty itself was too high by 0.07, and its power of 1.5 or
    2.5 was no better than the square for both models. Where two looks at a photo disagree, what they become is
    uncertain already: to multiply by their agreement, too, told the bad ones from the good ones less well (rank
    correlation 0.66 instead of 0.80, both with the plain mean of the looks).

    Args:
        matte: float32 (H, W) in [0, 1], as the network answered; not yet made harder or softer.
    """
    return certainty(sampled(matte)) ** 2


def sampled(matte: Floats) -> Floats:
    """About `SAMPLES` pixels of a large matte, evenly spread; all of a small one."""
    every = max(1, int((matte.size / SAMPLES) ** 0.5))
    return matte[every // 2 :: every, every // 2 :: every]
