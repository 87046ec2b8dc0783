"""Runs a `.onnx` file with Intel's OpenVINO, on the CPU; needs the extra `openvino`."""

from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.engines.base import planes
from cutaway.engines.threads import restricted_threads
from cutaway.errors import DeviceError, MissingExtraError, ModelError, ModelNotFoundError, OptionError
from cutaway.options import PRECISIONS, DeviceName, Precision
from cutaway.types import Floats
from cutaway.weights.spec import METADATA_KEY, ModelSpec

log = logging.getLogger(__name__)

_FRAMEWORK = "framework"  # where OpenVINO keeps the metadata of the file that it read


class OpenVinoEngine:
    """One opened model file; safe to share between threads.

    Args:
        path: the `.onnx` file.
        device: "cpu" or "auto", which is the same: other devices are ONNX Runtime's.
        threads: processor threads; 0 for one per physical core that this process may use.
        precision: "f32" answers as ONNX Runtime does; "bf16" is quicker on processors that calculate in it, with
            answers that differ a little, and from one kind of processor to the next.
        spec: how to feed it; None reads it from the file.

    Raises:
        MissingExtraError: OpenVINO is not installed.
        OptionError: there is no such precision.
        ModelNotFoundError: there is no such file.
        ModelError: the file is damaged, or does not say how to feed it and `spec` does not either.
        DeviceError: another device than the CPU was asked for, or the processor does not calculate in bf16.
    """

    name = "openvino"
    device = "cpu"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        device: DeviceName = "auto",
        threads: int = 0,
        precision: Precision = "f32",
        spec: ModelSpec | None = None,
    ) -> None:
        file = Path(path)
        if device not in ("auto", "cpu"):
            raise DeviceError(
                f"engine 'openvino' runs on the CPU, not on {device!r}: use engine 'onnxruntime' for that"
            )
        if precision not in PRECISIONS:
            raise OptionError(f"precision {precision!r} is not one of {', '.join(PRECISIONS)}")
        if not file.is_file():
            raise ModelNotFoundError(f"there is no model file {str(file)!r}")
        core, network = _read(file)
        if precision == "bf16" and not has_bf16(core):
            raise DeviceError("this processor does not calculate in bf16: use precision 'f32'")
        self.spec = spec or _read_spec(network, file)
        self._compiled = _compile(core, network, file=file, settings=_settings(threads, precision))
        self._own = threading.local()
        log.info("%s runs on cpu (OpenVINO, %s)", self.spec.name, precision)

    def run(self, tensor: Floats) -> Floats:
        """Run the network: float32 (N, C, h, w) to float32 (N, 1, h, w), or (N, 3, h, w) if the spec says "trimap".

        Raises:
            ModelError: the network cannot take this input, or its answer has another number of planes.
        """
        try:
            self._refuse_other_shapes(tensor)
            # a request is one run at a time, so each thread has its own; the answer's memory is its as well
            answer = np.array(next(iter(self._request().infer({0: tensor}).values())))
        except RuntimeError as error:
            raise ModelError(
                f"model {self.spec.name!r} cannot run on an input {tensor.shape}: {_reason(error)}"
            ) from error
        return planes(answer, self.spec)

    def _refuse_other_shapes(self, tensor: Floats) -> None:
        """OpenVINO runs a convolution on too few channels without a word."""
        wanted = self._compiled.input(0).get_partial_shape()
        shape = type(wanted)(list(tensor.shape))
        if not wanted.compatible(shape):
            raise RuntimeError(f"it takes {wanted}")

    def _request(self) -> Any:
        if not hasattr(self._own, "request"):
            self._own.request = self._compiled.create_infer_request()
        return self._own.request


def _read(file: Path) -> tuple[Any, Any]:
    """OpenVINO's core and the network as it reads it."""
    try:
        import openvino
    except ImportError as error:
        raise MissingExtraError("engine 'openvino'", "openvino", "openvino") from error
    core = openvino.Core()
    try:
        return core, core.read_model(file.read_bytes())
    except RuntimeError as error:
        raise ModelError(f"{str(file)!r} is not a model that can be run: {_reason(error)}") from error


def has_bf16(core: Any) -> bool:
    """Whether the processor calculates in bf16 (AVX512-BF16 or AMX); elsewhere OpenVINO takes f32 in silence."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _settings(threads: int, precision: Precision) -> dict[str, str | int]:
    chosen = threads or restricted_threads()
    return {
        "PERFORMANCE_HINT": "LATENCY",  # one photo as soon as can be, not many at once
        "INFERENCE_PRECISION_HINT": precision,
        **({"INFERENCE_NUM_THREADS": chosen} if chosen else {}),
    }


def _compile(core: Any, network: Any, *, file: Path, settings: dict[str, str | int]) -> Any:
    try:
        return core.compile_model(network, "CPU", settings)
    except RuntimeError as error:
        raise ModelError(f"OpenVINO cannot run {str(file)!r}: {_reason(error)}") from error


def _read_spec(network: Any, file: Path) -> ModelSpec:
    if not network.has_rt_info([_FRAMEWORK, METADATA_KEY]):
        raise ModelError(
            f"{str(file)!r} does not say how to feed it (its metadata has no {METADATA_KEY!r}): "
            "make it with 'cutaway export CHECKPOINT -o MODEL.onnx', or in Python give OpenVinoEngine a ModelSpec"
        )
    return ModelSpec.from_json(network.get_rt_info([_FRAMEWORK, METADATA_KEY]).astype(str))


def _reason(error: Exception) -> str:
    """The last line of OpenVINO's message: those before it name the places in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
