"""The devices on which ONNX Runtime can run a network: what it calls them, and what has to be installed for each.

ONNX Runtime's builds differ in what they were built for. None of them may be beside another: what is installed last
overwrites what the others have in common.
"""

from __future__ import annotations

from typing import NamedTuple

import onnxruntime as ort

from cutaway.options import DeviceName

CPU = "CPUExecutionProvider"
_GPU_BUILD = "pip uninstall onnxruntime; pip install 'onnxruntime-gpu[cuda,cudnn]'"


class Device(NamedTuple):
    """One device.

    Attributes:
        title: what to call it in messages.
        providers: ONNX Runtime's names for what serves it, the best first.
        install: what to do to have it.
        helpers: providers that take what the first cannot do, before the CPU does.
    """

    title: str
    providers: tuple[str, ...]
    install: str
    helpers: tuple[str, ...] = ()

    @property
    def provider(self) -> str | None:
        """The provider of this installation; None if it has none."""
        here = ort.get_available_providers()
        return next((name for name in self.providers if name in here), None)

    def order(self) -> list[str]:
        """The providers for a session, in the order in which they are asked; ends with the CPU."""
        here = ort.get_available_providers()
        own = [self.provider] if self.provider else []
        return [*own, *(name for name in self.helpers if name in here), CPU]


DEVICES: dict[DeviceName, Device] = {
    "cuda": Device("CUDA", ("CUDAExecutionProvider",), _GPU_BUILD),
    "tensorrt": Device(
        "TensorRT",
        ("TensorrtExecutionProvider",),
        f"{_GPU_BUILD} and NVIDIA's TensorRT libraries",
        helpers=("CUDAExecutionProvider",),
    ),
    "rocm": Device(
        "ROCm",
        ("MIGraphXExecutionProvider", "ROCMExecutionProvider"),
        "pip uninstall onnxruntime, and AMD's build of it (onnxruntime-migraphx, see AMD's ROCm documentation)",
    ),
    "coreml": Device("Core ML", ("CoreMLExecutionProvider",), "pip install onnxruntime, on a Mac"),
    "directml": Device(
        "DirectML",
        ("DmlExecutionProvider",),
        "pip uninstall onnxruntime; pip install onnxruntime-directml, on Windows",
    ),
}
"""Every device but the CPU, by the name that `--device` takes."""

BY_ITSELF: DeviceName = "cuda"
"""The device that "auto" takes where it works. The others are taken by name only: none of us has measured them."""


def builds() -> str:
    """What this installation of ONNX Runtime was built for: "CPU, CUDA"."""
    return ", ".join(name.removesuffix("ExecutionProvider") for name in ort.get_available_providers())


def cannot(name: DeviceName, why: str) -> str:
    """The message for a device that was asked for and cannot be used."""
    return (
        f"device {name!r} cannot be used: onnxruntime {ort.__version__} is installed (for {builds()}) and {why}. "
        f"Use device 'cpu', or: {DEVICES[name].install}"
    )


def runs_on_cpu(device: DeviceName) -> bool:
    """Whether a network will surely run on the processor: it was asked for, or nothing better can be there."""
    return device == "cpu" or (device == "auto" and DEVICES[BY_ITSELF].provider is None)
