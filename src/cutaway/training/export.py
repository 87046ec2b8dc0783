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

import torch

from cutaway.errors import MissingExtraError, ModelError
from cutaway.media.files import write_atomic
from cutaway.models.base import Exported, MatteNet
from cutaway.models.parity import PARITY, worst_difference
from cutaway.models.registry import build
from cutaway.training import checkpoint as ckpt
from cutaway.weights.spec import METADATA_KEY, ModelSpec

log = logging.getLogger(__name__)

OPSET = 18


def export_checkpoint(
    checkpoint: Path,
    out: Path,
    *,
    size: int | None = None,
    zoom_size: int | None = None,
    overwrite: bool = False,
) -> ModelSpec:
    """Write a checkpoint's averaged weights as an ONNX file.

    Args:
        checkpoint: best.ckpt or last.ckpt of a run.
        out: the .onnx file to write.
        size: the network's working size in pixels, if not the one it was trained at.
        zoom_size: its working size when it looks at the subject alone, if not that one.
        overwrite: replace an existing file.

    Returns:
        The spec that was stored in the file.

    Raises:
        CheckpointError: the checkpoint cannot be read.
        OutputExistsError: `out` is there and `overwrite` is false.
        ModelError: the exported file does not agree with torch.
    """
    frozen = ckpt.load(checkpoint)
    config = frozen.config
    model = build(config.arch, classes=config.classes, grey=config.grey, network=config.network)
    model.load_state_dict(frozen.ema)
    name = config.name or checkpoint.resolve().parent.name
    spec = describe(model.describe(name, size=size or config.size), frozen)
    spec = replace(spec, zoom_size=zoom_size or 0)
    export(model, out, spec=spec, overwrite=overwrite)
    return spec


def describe(spec: ModelSpec, frozen: ckpt.Checkpoint) -> ModelSpec:
    """Add to a spec what the checkpoint knows about where the model comes from."""
    latest = frozen.state.history[-1] if frozen.state.history else {}  # of best.ckpt this is the best epoch
    scores = {k: round(v, 4) for k, v in latest.items() if k.startswith("val_")}
    config = frozen.config
    return replace(
        spec,
        zoom_mirrored=config.augment,
        arch=config.arch,
        licence=config.licence,
        training_data=config.training_data,
        scores=scores,
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
        worst = worst_difference(model, path)
    if not worst <= PARITY:  # so that NaN is refused, too
        raise ModelError(
            f"the exported file's answers differ from torch's by {worst:.2g}, more than {PARITY:g}; please report this"
        )
    write_atomic(out, data, overwrite=overwrite)
    log.info("%s: %.1f MB, agrees with torch within %.1g", out, len(data) / 1e6, worst)


def to_onnx(model: MatteNet, *, spec: ModelSpec) -> bytes:
    """The network as ONNX bytes, the spec in its metadata.

    One output: "alpha" (N, 1, h, w), or of three classes "trimap" (N, 3, h, w), their shares.

    Raises:
        MissingExtraError: the train extra is not installed.
    """
    try:
        import onnx
        import onnxscript  # noqa: F401 - torch's exporter needs it
    except ImportError as error:
        raise MissingExtraError("exporting a model", "train", str(error.name)) from error
    network = Exported(model).cpu().eval().float()
    network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload] # torch's stubs lack it
    side = spec.stride * 4
    example = torch.zeros(2, spec.channels, side, side + spec.stride)
    answer = "trimap" if model.classes == 3 else "alpha"
    axes = {0: "batch", 2: "height", 3: "width"}
    buffer: Any = io.BytesIO()  # a file-like is accepted, though the signature says path
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            network, (example,), buffer, input_names=["image"], output_names=[answer],
            dynamic_axes={"image": axes, answer: axes}, opset_version=OPSET, dynamo=False,
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
