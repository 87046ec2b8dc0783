"""The door to all engines: from a model's name or path to something that runs it."""

from __future__ import annotations

import logging
import os

from cutaway.engines.base import Engine
from cutaway.engines.choose import choose
from cutaway.errors import OptionError
from cutaway.options import CHROMA, ENGINES, DeviceName, EngineName, Options, Precision

log = logging.getLogger(__name__)


def open_as(options: Options) -> Engine:
    """`open_engine` with what a user's options say."""
    return open_engine(
        options.model, engine=options.engine, device=options.device, threads=options.threads,
        precision=options.precision,
    )  # fmt: skip


def open_engine(
    model: str | os.PathLike[str],
    *,
    engine: EngineName = "auto",
    device: DeviceName = "auto",
    threads: int = 0,
    precision: Precision = "f32",
) -> Engine:
    """Open a model, with the description from its file or, for a known model made elsewhere, from the catalogue.

    Args:
        model: a name from `cutaway models`, the path of a .onnx file, or "chroma" or "chroma:COLOUR".
        engine: what runs it; "auto" is ONNX Runtime, or OpenVINO where only that has the precision.
        device: where; all but the CPU are ONNX Runtime's alone.
        threads: processor threads; 0 lets the engine choose.
        precision: what it calculates in; "bf16" is OpenVINO's alone.

    Raises:
        OptionError: there is no such engine, or it has no such precision.
        MissingExtraError: the engine is not installed.
        ModelNotFoundError: no model by that name or path; for one that can be fetched the message says how.
        ModelError: the model file is damaged or does not say how to feed it.
        DeviceError: the device that was asked for does not work.
    """
    if engine not in ENGINES:
        raise OptionError(f"engine {engine!r} is not one of {', '.join(ENGINES)}")
    if os.fspath(model).partition(":")[0] == CHROMA:
        from cutaway.engines.chroma import ChromaEngine, read_screen

        return ChromaEngine(read_screen(os.fspath(model)))
    from cutaway.weights.store import built_in, resolve

    path, spec = resolve(model), None
    if built_in(os.fspath(model)) is None:  # the catalogue would take longer to read than the photo
        from cutaway.weights.published import published_spec

        spec = published_spec(model)
    chosen = choose(engine, device=device, precision=precision)
    log.info("engine %s: %s", chosen.name, chosen.why)
    if chosen.name == "openvino":
        from cutaway.engines.openvino import OpenVinoEngine

        return OpenVinoEngine(path, device=device, threads=threads, precision=precision, spec=spec)
    from cutaway.engines.onnx import OnnxEngine

    return OnnxEngine(path, device=device, threads=threads, spec=spec)


def import_for(options: Options) -> None:
    """Import what `open_as` will need, so that a thread which opens the model does not wait for others that import.

    Raises:
        OptionError: as `open_engine`.
    """
    chosen = choose(options.engine, device=options.device, precision=options.precision)
    if chosen.name == "onnxruntime" and not options.is_keyed:
        import cutaway.engines.onnx  # noqa: F401
