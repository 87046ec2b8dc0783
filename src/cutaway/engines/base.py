"""What every engine is: one method that runs a network, and three facts about it; and one that remembers."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np

from cutaway.errors import ModelError
from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec


class Engine(Protocol):
    """Something that runs one opened network; safe to call from many threads at once."""

    @property
    def name(self) -> str:
        """What runs it, for messages: "onnxruntime", "openvino", "fake"."""

    @property
    def device(self) -> str:
        """Where it really runs: "cpu" or "cuda"."""

    @property
    def spec(self) -> ModelSpec:
        """How to feed the network and to read its answer."""

    def run(self, tensor: Floats) -> Floats:
        """Run the network: float32 (N, C, h, w) to float32 (N, 1, h, w), or (N, 3, h, w) if the spec says "trimap".

        Raises:
            ModelError: the network cannot take this input.
        """


@runtime_checkable
class RecurrentEngine(Engine, Protocol):
    """An engine whose network also remembers what it has seen, which only makes sense within one video.

    Its own `run` begins anew with every call, so that photos and many threads can share it as any other engine.
    """

    def stream(self) -> Engine:
        """An engine for the frames of one video: in order, one at a time. It remembers nothing yet."""


def planes(answer: Any, spec: ModelSpec) -> Floats:
    """A network's answer as the protocol wants it, whether or not the model keeps the axis of channels.

    Args:
        answer: what the network said; (N, K, h, w), or (N, h, w) for one plane.
        spec: says whether K is 3 ("trimap") or 1.

    Returns:
        float32 (N, K, h, w).

    Raises:
        ModelError: the answer has another shape.
    """
    wanted, what = (
        (3, "three shares (N, 3, h, w)") if spec.output == "trimap" else (1, "one matte (N, 1, h, w)")
    )
    if isinstance(answer, np.ndarray) and answer.ndim == 3 and wanted == 1:
        answer = answer[:, None]
    if not isinstance(answer, np.ndarray) or answer.ndim != 4 or answer.shape[1] != wanted:
        shape = getattr(answer, "shape", type(answer).__name__)
        raise ModelError(f"model {spec.name!r} answers {shape}, not {what}: it was made for another task")
    return answer.astype(np.float32, copy=False)
