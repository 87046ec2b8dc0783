"""From a checkpoint to the file every other command uses: ONNX with its `ModelSpec` inside, checked against torch."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import MissingExtraError, ModelError
from cutaway.media.files import write_atomic
from cutaway.models.base import AlphaOnly, MatteNet
from cutaway.models.registry import build
from cutaway.training import checkpoint as ckpt
from cutaway.weights.spec import METADATA_KEY, ModelSpec

log = logging.getLogger(__name__)

OPSET = 18
PARITY = 2e-4
"""Largest difference in alpha allowed between torch and the exported file, float32 on the CPU."""


def export_checkpoint(
    checkpoint: Path, out: Path, *, size: int | None = None, overwrite: bool = False
) -> ModelSpec:
    """Write a checkpoint's averaged weights as an ONNX file.

    Args:
        checkpoint: best.ckpt or last.ckpt of a run.
        out: the .onnx file to write.
        size: the network's working size in pixels, if not the one it was trained at.
        overwrite: replace an existing file.

    Returns:
        The spec that was stored in the file.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        OutputExistsError: `out` is there and `overwrite` is false.
        ModelError: the exported file does not agree with torch.
    """
    frozen = ckpt.load(checkpoint)
    model = build(frozen.config.arch)
    model.load_state_dict(frozen.ema)
    spec = model.describe(
        frozen.config.name or checkpoint.resolve().parent.name, size=size or frozen.config.size
    )
    spec = describe(spec, frozen)
    export(model, out, spec=spec, overwrite=overwrite)
    return spec


def describe(spec: ModelSpec, frozen: ckpt.Checkpoint) -> ModelSpec:
    """Add to a spec what the checkpoint knows about where the model comes from."""
    latest = frozen.state.history[-1] if frozen.state.history else {}  # of best.ckpt this is the best epoch
    scores = {k: round(v, 4) for k, v in latest.items() if k.startswith("val_")}
    config = frozen.config
    return replace(
        spec, arch=config.arch, licence=config.licence, training_data=config.training_data, scores=scores
    )


def export(model: MatteNet, out: Path, *, spec: ModelSpec, overwrite: bool = False) -> None:
    """Write a network as ONNX with dynamic batch, height and width, and prove that it answers as torch does.

    Raises:
        MissingExtraError: the train extra is not installed.
        OutputExistsError: `out` is there and `overwrite` is false.
        ModelError: the answers differ by more than `PARITY`.
    """
    data = to_onnx(model, spec=spec)
    with _temporary(data) as path:
        worst = parity(model, path, spec=spec)
    if worst > PARITY:
        raise ModelError(
            f"the exported file differs from torch by {worst:.2g} in alpha, more than {PARITY:g}; please report this"
        )
    write_atomic(out, data, overwrite=overwrite)
    log.info("%s: %.1f MB, agrees with torch within %.1g", out, len(data) / 1e6, worst)


def to_onnx(model: MatteNet, *, spec: ModelSpec) -> bytes:
    """The network as ONNX bytes, the spec in its metadata."""
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it
    except ImportError as error:
        raise MissingExtraError("exporting a model", "train", str(error.name)) from error
    network = AlphaOnly(model).cpu().eval().float()
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload] # torch's stubs lack it
    side = spec.stride * 4
    example = torch.zeros(2, spec.channels, side, side + spec.stride)
    names = {"image": {0: "batch", 2: "height", 3: "width"}, "alpha": {0: "batch", 2: "height", 3: "width"}}
    buffer: Any = io.BytesIO()  # a file-like is accepted, though the signature says path
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            network, (example,), buffer, input_names=["image"], output_names=["alpha"],
            dynamic_axes=names, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    proto = onnx.load_from_string(buffer.getvalue())
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, spec.to_json()
    proto.producer_name = "cutaway"
    return bytes(proto.SerializeToString())


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter talks about its own deprecations; that is ours to read, not the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _temporary(data: bytes) -> Iterator[Path]:
    handle, name = tempfile.mkstemp(suffix=".onnx")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        yield Path(name)
    finally:
        Path(name).unlink()


def parity(model: MatteNet, path: Path, *, spec: ModelSpec) -> float:
    """Largest difference in alpha between torch and the file, over three shapes of random input."""
    engine = OnnxEngine(path, device="cpu", threads=1)
    network = AlphaOnly(model).cpu().eval().float()
    rng = np.random.default_rng(0)
    worst = 0.0
    for rows, columns in ((4, 4), (2, 7), (9, 3)):
        tensor = rng.normal(0, 1, (1, spec.channels, rows * spec.stride, columns * spec.stride)).astype(
            np.float32
        )
        with torch.no_grad():
            wanted = network(torch.from_numpy(tensor)).numpy()
        worst = max(worst, float(np.abs(engine.run(tensor) - wanted).max()))
    return worst
