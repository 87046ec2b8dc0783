"""The door to all engines: from a model's name or path to something that runs it."""

from __future__ import annotations

import os
from typing import Literal, TypeAlias, get_args

from cutaway.engines.base import Engine
from cutaway.errors import OptionError
from cutaway.options import DeviceName

EngineName: TypeAlias = Literal["auto", "onnxruntime", "openvino"]
"""What runs the network; "auto" is ONNX Runtime, which everybody has and which answers the same everywhere."""

ENGINES: tuple[str, ...] = get_args(EngineName)


def open_engine(
    model: str | os.PathLike[str],
    *,
    engine: EngineName = "auto",
    device: DeviceName = "auto",
    threads: int = 0,
) -> Engine:
    """Open a model, with the description from its file or, for a known model made elsewhere, from the catalogue.

    Args:
        model: a name from `cutaway models` or the path of a .onnx file.
        engine: what runs it.
        device: where; "cuda" is ONNX Runtime's alone.
        threads: processor threads; 0 lets the engine choose.

    Raises:
        OptionError: there is no such engine.
        MissingExtraError: the engine is not installed.
        ModelNotFoundError: no model by that name or path; for one that can be fetched the message says how.
        ModelError: the model file is damaged or does not say how to feed it.
        DeviceError: the device that was asked for does not work.
    """
    if engine not in ENGINES:
        raise OptionError(f"engine {engine!r} is not one of {', '.join(ENGINES)}")
    from cutaway.weights.store import DEFAULT, resolve

    path, spec = resolve(model), None
    if os.fspath(model) != DEFAULT:  # the catalogue would take longer to read than the photo
        from cutaway.weights.published import published_spec

        spec = published_spec(model)
    if engine == "openvino":
        from cutaway.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(path, device=device, threads=threads, spec=spec)
    from cutaway.engines.onnx import OnnxEngine

    return OnnxEngine(path, device=device, threads=threads, spec=spec)
