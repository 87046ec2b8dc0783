"""Engines without a network: they answer what they are told, to test all else without weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec

FAKE_SPEC = ModelSpec(name="fake", size=64, stride=8, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
"""A small network that takes RGB in 0..1."""


def luminance(tensor: Floats) -> Floats:
    """The mean of the channels: bright is subject. Float32 (N, C, h, w) to (N, 1, h, w)."""
    return np.asarray(tensor.mean(axis=1, keepdims=True), np.float32)


class FakeEngine:
    """Answers with a number, or with what a function makes of the tensor.

    Args:
        answer: the value of every answered pixel, or a function from float32 (N, C, h, w) to (N, 1, h, w).
        spec: how it wants to be fed.
        device: where it says it runs.
    """

    name = "fake"

    def __init__(
        self,
        answer: Callable[[Floats], Floats] | float = luminance,
        *,
        spec: ModelSpec = FAKE_SPEC,
        device: str = "cpu",
    ) -> None:
        self.answer = answer
        self.spec = spec
        self.device = device

    def run(self, tensor: Floats) -> Floats:
        """Answer without a network."""
        if callable(self.answer):
            return self.answer(tensor)
        return np.full((tensor.shape[0], 1, *tensor.shape[2:]), self.answer, np.float32)


class FakeRecurrentEngine(FakeEngine):
    """A fake with a memory: each answer is the mean of what it would be and of the answer before.

    The first answer of a video has nothing before it; a frame of another size makes it forget.
    """

    def stream(self) -> FakeEngine:
        """A fake that remembers its last answer."""
        before: list[Floats] = []

        def answer(tensor: Floats) -> Floats:
            now = self.run(tensor)
            if before and before[0].shape == now.shape:
                now = np.asarray((now + before[0]) / 2, np.float32)
            before[:] = [now]
            return now

        return FakeEngine(answer, spec=self.spec, device=self.device)
