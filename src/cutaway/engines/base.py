"""What every engine is: one method that runs a network, and three facts about it."""

from __future__ import annotations

from typing import Protocol

from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec


class Engine(Protocol):
    """Something that runs one opened network; safe to call from many threads at once."""

    @property
    def name(self) -> str:
        """What runs it, for messages: "onnxruntime", "fake"."""

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""

    @property
    def spec(self) -> ModelSpec:
        """How to feed the network and to read its answer."""

    def run(self, tensor: Floats) -> Floats:
        """Run the network: float32 (N, C, h, w) to float32 (N, 1, h, w).

        Raises:
            ModelError: the network cannot take this input.
        """
