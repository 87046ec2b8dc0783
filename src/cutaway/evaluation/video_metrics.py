"""How steady a video's mattes are: measures over time, next to those of single pictures in `metrics`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from cutaway.evaluation.metrics import AnyMatte, Truth

SCALE = 100.0
"""RobustVideoMatting (Lin et al. 2022) quotes the measure times this."""


def dtssd(mattes: Sequence[AnyMatte], truths: Sequence[Truth]) -> float:
    """Temporal error: how differently matte and truth change from one frame to the next.

    Erofeev et al., Perceptually Motivated Benchmark for Video Matting (BMVC 2015), as RobustVideoMatting's evaluation
    computes it: the mean over pairs of neighbouring frames of

        100 · sqrt(mean over pixels of ((α_t − α_{t−1}) − (β_t − β_{t−1}))²)

    with the matte α and the truth β. An error that stays the same costs nothing: this measures flicker, not size.

    Args:
        mattes: float (H, W) in [0, 1], in order.
        truths: the same, or boolean.

    Returns:
        0 or more, lower is better; 0 for fewer than two frames.

    Raises:
        ValueError: there are not as many truths as mattes, or one has another shape.
    """
    if len(mattes) != len(truths):
        raise ValueError(f"{len(mattes)} mattes cannot be compared with {len(truths)} truths")
    running = RunningDtssd()
    for matte, truth in zip(mattes, truths, strict=True):
        running.add(matte, truth)
    return running.value


@dataclass
class RunningDtssd:
    """`dtssd` of a video that is too long to be kept: give it one frame after the other."""

    _before: AnyMatte | None = field(default=None, repr=False)
    _sum: float = 0.0
    _pairs: int = 0

    def add(self, matte: AnyMatte, truth: Truth) -> None:
        """Take the next frame.

        Raises:
            ValueError: matte and truth, or this frame and the one before, are not of one shape.
        """
        if matte.shape != truth.shape or (self._before is not None and self._before.shape != matte.shape):
            raise ValueError(
                f"matte and truth must be (H, W) of one shape, not {matte.shape} and {truth.shape}"
            )
        error = matte.astype(np.float32) - truth.astype(np.float32)
        if self._before is not None:
            self._sum += SCALE * float(np.sqrt(np.square(error - self._before).mean(dtype=np.float64)))
            self._pairs += 1
        self._before = error

    @property
    def value(self) -> float:
        """The mean over the pairs so far; 0 if there is none."""
        return self._sum / self._pairs if self._pairs else 0.0
