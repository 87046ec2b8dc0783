"""What a finished run leaves behind, and that every other room can use it."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from training_runs import PAIRS, Finished, quick, rows_of, tiny

from cutaway.data.pairs import Pair
from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import CheckpointError, OutputExistsError
from cutaway.models.registry import build
from cutaway.pixels.prepare import to_tensor
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import load_config
from cutaway.training.export import export_checkpoint
from cutaway.training.finish import pick
from cutaway.training.run import Tick, train
from cutaway.training.tensors import stack
from cutaway.training.validate import Judged


def test_everything_is_there(finished: Finished) -> None:
    assert {p.name for p in finished.folder.iterdir()} == {
        "best.ckpt", "config.json", "curves.png", "last.ckpt", "log.csv", "model.onnx", "report.html",
        "validation.png",
    }  # fmt: skip
    assert finished.result.model == finished.folder / "model.onnx"
    assert finished.result.best == finished.folder / "best.ckpt"
    assert finished.result.epochs == 3
    for name in ("curves.png", "validation.png"):
        with Image.open(finished.folder / name) as picture:
            picture.load()
            assert min(picture.size) > 100


def test_the_log_has_a_row_an_epoch(finished: Finished) -> None:
    rows = rows_of(finished.folder)
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert list(rows[0]) == [
        "epoch", "lr", "train_loss", "val_loss", "val_iou", "val_dice", "val_mae", "val_boundary_iou",
        "val_dataset_iou", "val_dataset_dice", "val_batch_dice", "seconds", "images_per_s",
    ]  # fmt: skip
    assert all(0 < float(row["train_loss"]) < 20 and 0 <= float(row["val_iou"]) <= 1 for row in rows)
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])


def test_the_settings_can_be_read_back(finished: Finished) -> None:
    text = (finished.folder / "config.json").read_text(encoding="utf-8")
    config = load_config(None, json.loads(text))
    assert config.name == "unbroken"  # the folder's, because none was given
    assert load_config(None, json.loads(text) | {"name": ""}) == finished.config


def test_the_result_is_the_best_epoch(finished: Finished) -> None:
    best = max(rows_of(finished.folder), key=lambda row: float(row["val_iou"]))
    assert finished.result.scores["iou"] == pytest.approx(float(best["val_iou"]), abs=1e-5)
    assert ckpt.load(finished.folder / "best.ckpt").state.epoch == int(best["epoch"])
    assert ckpt.load(finished.folder / "last.ckpt").state.epoch == 3


def test_the_model_says_what_it_is(finished: Finished) -> None:
    spec = OnnxEngine(finished.result.model, device="cpu", threads=1).spec
    assert (spec.name, spec.size, spec.arch, spec.stride, spec.output) == (
        "unbroken",
        64,
        "lite0",
        32,
        "alpha",
    )
    assert (spec.licence, spec.training_data) == ("CC0-1.0", "twelve drawn leaves")
    assert spec.scores == {f"val_{k}": pytest.approx(v, abs=6e-5) for k, v in finished.result.scores.items()}
    assert spec.mean == pytest.approx([127 / 255] * 3) and spec.std == pytest.approx([128 / 255] * 3)


def test_exporting_the_checkpoint_gives_the_same_model(finished: Finished, tmp_path: Path) -> None:
    out = tmp_path / "again.onnx"
    spec = export_checkpoint(finished.folder / "best.ckpt", out)
    tensor = np.random.default_rng(0).normal(0, 1, (1, 3, 64, 96)).astype(np.float32)
    one, other = (OnnxEngine(p, device="cpu", threads=1) for p in (out, finished.result.model))
    assert one.spec == other.spec == spec
    assert np.array_equal(one.run(tensor), other.run(tensor))
    with pytest.raises(OutputExistsError):
        export_checkpoint(finished.folder / "best.ckpt", out)
    export_checkpoint(finished.folder / "last.ckpt", out, overwrite=True)
    last = OnnxEngine(out, device="cpu", threads=1)
    assert last.spec.scores["val_iou"] == pytest.approx(
        float(rows_of(finished.folder)[-1]["val_iou"]), abs=6e-5
    )


def test_how_the_second_look_is_taken_is_said_at_export(finished: Finished, tmp_path: Path) -> None:
    """Networks are taught with mirrored pictures, so that they may be shown one; how large is one's own choice."""
    own = OnnxEngine(finished.result.model, device="cpu", threads=1).spec
    assert own.zoomed == own and own.zoom_mirrored
    spec = export_checkpoint(finished.folder / "best.ckpt", tmp_path / "m.onnx", zoom_size=96)
    assert spec == replace(own, zoom_size=96) == OnnxEngine(tmp_path / "m.onnx", device="cpu").spec
    assert spec.zoomed.size == 96 != own.size


def test_exporting_what_is_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        export_checkpoint(tmp_path / "best.ckpt", tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("grey", [False, True])
def test_training_feeds_what_predicting_feeds(grey: bool) -> None:
    photo = np.random.default_rng(5).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    spec = build("lite0", grey=grey).describe("x", size=64)
    samples = [(photo, np.full((64, 64), 51, np.uint8))] * 2
    image, truth = stack(samples, spec=spec, device=torch.device("cpu"))
    assert image.shape == (2, 1 if grey else 3, 64, 64)
    assert np.allclose(image[0].numpy(), to_tensor(photo, spec)[0], atol=1e-6)
    assert truth.shape == (2, 1, 64, 64) and torch.all(truth == torch.tensor(0.2))


@pytest.mark.usefixtures("without_the_end")
def test_progress_tells_every_step(leaves: Path, tmp_path: Path) -> None:
    ticks: list[Tick] = []
    train(tiny(leaves, tmp_path / "run", epochs=2, samples_per_epoch=7, batch=2), progress=ticks.append)
    assert [(t.epoch, t.step) for t in ticks] == [
        (e, s) for e in (1, 2) for s in (1, 2, 3)
    ]  # the seventh is left out
    assert {(t.epochs, t.steps) for t in ticks} == {(2, 3)}
    assert all(t.rate > 0 and np.isfinite(t.loss) for t in ticks)


@pytest.mark.usefixtures("without_the_end")
def test_a_batch_larger_than_the_set(leaves: Path, tmp_path: Path) -> None:
    ticks: list[Tick] = []
    train(tiny(leaves, tmp_path / "run", epochs=2, batch=64, samples_per_epoch=0), progress=ticks.append)
    assert [t.steps for t in ticks] == [1, 1]


@pytest.mark.usefixtures("without_the_end")
def test_the_log_says_how_masks_were_read(
    leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        train(tiny(leaves, tmp_path / "run", epochs=1, samples_per_epoch=0))
    said = re.search(
        r"(\d+) pairs to learn from, (\d+) held out, masks read as grey; (\d+) samples an epoch", caplog.text
    )
    assert said is not None
    kept, held_out, samples = map(int, said.groups())
    assert kept + held_out == PAIRS and samples == kept


def test_the_sheet_shows_best_middle_and_worst_once() -> None:
    judged = [Judged(Pair(str(n), Path("i"), Path("m")), {"iou": n / 10}) for n in range(10)]
    shown = [(word, item.pair.id) for word, item in pick(judged, shown=2)]
    assert shown == [
        ("best", "9"), ("best", "8"), ("median", "5"), ("median", "4"), ("worst", "1"), ("worst", "0"),
    ]  # fmt: skip
    assert [word for word, _ in pick(judged[:1])] == ["best"]
    assert [item.pair.id for _, item in pick(judged[:2])] == ["1", "0"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
@pytest.mark.parametrize("precision", ["auto", "float16", "float32"])
def test_cuda_by_the_same_command(leaves: Path, tmp_path: Path, precision: str) -> None:
    result = train(quick(leaves, tmp_path / "run", epochs=2, device="cuda", precision=precision))
    assert OnnxEngine(result.model, device="cpu", threads=1).spec.arch == "lite0"
