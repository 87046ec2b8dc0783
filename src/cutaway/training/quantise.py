"""An int8 copy of a model: a quarter of the size, quicker where the processor can; how much it differs is measured.

Weights become int8 with a scale for each output channel, activations uint8 with a scale for each tensor, found by
running calibration photos through the float network (static quantisation; Jacob et al. 2018). The file says so in pairs
of QuantizeLinear and DequantizeLinear (QDQ), which ONNX Runtime and OpenVINO both fuse into integer arithmetic.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cutaway.data.photo_folder import find_photos
from cutaway.engines.base import Engine
from cutaway.engines.onnx import OnnxEngine
from cutaway.engines.open import open_engine
from cutaway.errors import DataError, ImageError, MissingExtraError, ModelError, OutputExistsError
from cutaway.media.files import printable, write_atomic
from cutaway.models.onnx_file import read_onnx
from cutaway.remover import Remover
from cutaway.training.quantise_loss import MOST_LOST, Loss, measured_loss
from cutaway.types import Floats
from cutaway.weights.spec import METADATA_KEY, ModelSpec
from cutaway.weights.store import resolve

log = logging.getLogger(__name__)

MOST = 125
"""Photos that are looked at; more do not move the ranges of the activations by much."""
HELD_OUT = 5
"""Every so many-th photo is not calibrated with but compared on."""
TOLERANCE = 0.03
"""Mean absolute difference in alpha above which the copy is refused: one pixel in thirty-three changes sides."""

Progress = Callable[[int, int], None]
"""Told how many photos are done and how many there are, twice: for calibration and for comparison."""


@dataclass(frozen=True)
class Quantised:
    """What came of it.

    Attributes:
        size_bytes, before_bytes: of the int8 file and of the one it was made from.
        calibrated, compared: numbers of photos.
        difference: mean over the compared photos of the mean absolute difference in alpha.
        worst: that of the photo where it is largest.
        failed: photos that could not be read, one line each.
        loss: in IoU, where photos with masks were given.
    """

    size_bytes: int
    before_bytes: int
    calibrated: int
    compared: int
    difference: float
    worst: float
    failed: tuple[str, ...] = ()
    loss: Loss | None = None

    def text(self) -> str:
        """The whole in one line for people."""
        return (
            f"{self.size_bytes / 1e6:.1f} MB instead of {self.before_bytes / 1e6:.1f}; alpha differs by "
            f"{self.difference:.4f} on average over {self.compared} photos, by {self.worst:.4f} on the worst "
            f"({self.calibrated} others calibrated it)" + (f"; {self.loss.text()}" if self.loss else "")
        )


class Recorder:
    """An engine that remembers what it was asked, so that calibration sees exactly what prediction does."""

    name = "recorder"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.device, self.spec = engine.device, engine.spec
        self.asked: list[Floats] = []

    def run(self, tensor: Floats) -> Floats:
        """Run the network and remember the tensor."""
        self.asked.append(tensor)
        return self._engine.run(tensor)


def quantise(
    model: str | os.PathLike[str],
    photos: Path,
    *,
    out: Path,
    measure: Sequence[Path] = (),
    force: bool = False,
    overwrite: bool = False,
    threads: int = 0,
    progress: Progress | None = None,
) -> Quantised:
    """Write an int8 copy of a model, calibrated and compared on a folder of photos.

    Args:
        model: a model's name or .onnx file, in float32.
        photos: such as the model will see; at most `MOST` of them, evenly spaced, are taken.
        out: the .onnx file to write; its description is that of the model.
        measure: folders of photos with masks, to measure what the copy loses in IoU; not those it learnt from.
        force: write it even where it differs or loses too much.
        overwrite: replace an existing file.
        threads: processor threads; 0 lets the engine choose.
        progress: called after each photo.

    Raises:
        MissingExtraError: the train extra is not installed.
        OutputExistsError: `out` is there and `overwrite` is false.
        ModelError: the model cannot be read, is quantised already, differs by more than `TOLERANCE`, or loses more
            than `MOST_LOST`.
        DataError: there are not at least two photos that can be read.
    """
    if out.exists() and not overwrite:
        raise OutputExistsError(f"{printable(out)} already exists: add --overwrite to replace it")
    path = resolve(model)
    _refuse_quantised(path)
    engine = open_engine(model, engine="onnxruntime", device="cpu", threads=threads)
    learn, compare = _split(find_photos(photos))
    failed: list[str] = []
    read = _Reader(failed, progress)
    with tempfile.TemporaryDirectory() as folder:
        made = _int8(path, Path(folder), _asked(engine, learn, read))
        copy = OnnxEngine(made, device="cpu", threads=threads, spec=engine.spec)
        differences = _differences(engine, copy, compare, read)
        loss = measured_loss(engine, copy, measure, progress=progress) if measure else None
        data = _described(made, engine.spec)
    done = Quantised(
        len(data), path.stat().st_size, read.used - len(differences), len(differences),
        float(np.mean(differences)), max(differences), tuple(failed), loss,
    )  # fmt: skip
    if not (done.difference <= TOLERANCE or force):
        raise ModelError(
            f"the int8 copy differs by {done.difference:.3f} in alpha on average, more than {TOLERANCE:g}: "
            "calibrate with more photos like those it will see, or add --force to write it nevertheless"
        )
    if loss and not (loss.points <= MOST_LOST or force):
        raise ModelError(
            f"{loss.text()}, more than {MOST_LOST:g}: calibrate with more photos like those it will see, "
            "or add --force to write it nevertheless"
        )
    write_atomic(out, data, overwrite=overwrite)
    log.info("%s: %s", out, done.text())
    return done


def _refuse_quantised(path: Path) -> None:
    if any(node.op_type in ("QuantizeLinear", "DequantizeLinear") for node in read_onnx(path).graph.node):
        raise ModelError(f"{printable(path)} is quantised already: give the float32 model")


def _split(photos: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Photos to calibrate with and photos to compare on."""
    if len(photos) < 2:
        raise DataError("give at least 2 photos: one to calibrate with and one to compare on; 100 are better")
    chosen = photos if len(photos) <= MOST else [photos[i * len(photos) // MOST] for i in range(MOST)]
    compare = list(chosen[1::HELD_OUT])
    return [photo for photo in chosen if photo not in compare], compare


class _Reader:
    """Goes through photos; what cannot be read is noted and left out."""

    def __init__(self, failed: list[str], progress: Progress | None) -> None:
        self.used = 0
        self._failed, self._progress = failed, progress

    def mattes(self, remover: Remover, photos: Sequence[Path]) -> Iterator[tuple[Path, Floats]]:
        """Each photo that can be read, and its matte."""
        for number, photo in enumerate(photos, 1):
            try:
                alpha = remover.matte(photo).alpha
            except ImageError as error:
                self._failed.append(str(error))
            else:
                self.used += 1
                yield photo, alpha
            if self._progress:
                self._progress(number, len(photos))


def _asked(engine: Engine, photos: Sequence[Path], read: _Reader) -> Iterator[Floats]:
    """Every tensor that predicting these photos asks the network with, the second looks included."""
    recorder = Recorder(engine)
    any_read = False
    for _ in read.mattes(Remover(engine=recorder), photos):
        any_read = True
        yield from recorder.asked
        recorder.asked.clear()
    if not any_read:
        raise DataError("not one of the photos to calibrate with can be read")


def _differences(engine: Engine, copy: Engine, photos: Sequence[Path], read: _Reader) -> list[float]:
    """The mean absolute difference in alpha on each photo, through all that prediction does."""
    quick = Remover(engine=copy)
    pairs = read.mattes(Remover(engine=engine), photos)
    found = [float(np.abs(quick.matte(photo).alpha - alpha).mean()) for photo, alpha in pairs]
    if not found:
        raise DataError("not one of the photos to compare on can be read")
    return found


def _int8(path: Path, folder: Path, tensors: Iterator[Floats]) -> Path:
    """The quantised file, in `folder`."""
    try:
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
    except ImportError as error:
        raise MissingExtraError("quantising a model", "train", str(error.name)) from error
    ready, made = folder / "ready.onnx", folder / "int8.onnx"
    name = next(iter(_inputs(path)))

    class Photos(CalibrationDataReader):  # type: ignore[misc] # it has no types
        """Gives one tensor after another."""

        def get_next(self) -> dict[str, Floats] | None:
            tensor = next(tensors, None)
            return None if tensor is None else {name: tensor}

    with _as_model_error(path):
        quant_pre_process(str(path), str(ready), skip_symbolic_shape=True)  # folds what can be folded
        quantize_static(
            str(ready), str(made), Photos(), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
        )  # fmt: skip
    return made


def _inputs(path: Path) -> list[str]:
    graph = read_onnx(path).graph
    weights = {tensor.name for tensor in graph.initializer}
    return [value.name for value in graph.input if value.name not in weights]


@contextlib.contextmanager
def _as_model_error(path: Path) -> Iterator[None]:
    """ONNX Runtime's tools raise whatever comes along; our own errors pass."""
    try:
        yield
    except (DataError, ModelError):
        raise
    except Exception as error:  # no base class of their own
        first = str(error).strip().split("\n", 1)[0]
        raise ModelError(f"{printable(path)} cannot be quantised: {first}") from error


def _described(path: Path, spec: ModelSpec) -> bytes:
    """The file's bytes, with the description of the model inside, and without the tools' own notes."""
    proto: Any = read_onnx(path)
    del proto.metadata_props[:]
    entry = proto.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, spec.to_json()
    proto.producer_name = "cutaway"
    return bytes(proto.SerializeToString())
