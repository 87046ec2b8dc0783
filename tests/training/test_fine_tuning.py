"""Starting from a checkpoint, a model file or a model's name: where the run starts is judged, and the gain is told."""

from __future__ import annotations

import csv
import logging
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from training_runs import Finished, rows_of, tiny

from cutaway.errors import CheckpointError, ModelError, ModelNotFoundError, OptionError
from cutaway.models.from_onnx import load_onnx_weights
from cutaway.models.registry import build
from cutaway.training import checkpoint as ckpt
from cutaway.training import network
from cutaway.training import run as run_module
from cutaway.training.config import TrainConfig
from cutaway.training.export import to_onnx
from cutaway.training.network import build_network
from cutaway.training.run import train

pytestmark = pytest.mark.usefixtures("without_the_end")


def test_the_starting_weights_are_epoch_zero(
    unbroken: Finished, leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start = unbroken.folder / "best.ckpt"
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        result = train(tiny(leaves, tmp_path / "run", init=str(start), epochs=2))
    rows = rows_of(tmp_path / "run")
    assert [row["epoch"] for row in rows] == ["0", "1", "2"] and result.epochs == 2
    first = rows[0]
    assert math.isnan(float(first["train_loss"])) and (first["lr"], first["seconds"]) == ("0", "0")
    assert float(first["val_iou"]) == pytest.approx(unbroken.result.scores["iou"], abs=1e-5)
    gain = f"validation IoU {float(first['val_iou']):.3f} -> {result.scores['iou']:.3f}"
    assert gain in caplog.text and "before training: validation loss" in caplog.text


def test_without_init_there_is_no_epoch_zero(unbroken: Finished) -> None:
    assert [row["epoch"] for row in rows_of(unbroken.folder)] == ["1", "2", "3"]


def test_starting_weights_that_are_never_beaten_are_the_result(
    unbroken: Finished, leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = iter([0.9, 0.5, 0.4, 0.9])

    def judge(*_: object, **__: object) -> object:
        value = next(values)
        return {"loss": 1.0, "iou": value, "dice": value, "mae": 0.1, "boundary_iou": 0.1}, []

    monkeypatch.setattr(run_module, "validate", judge)
    start = unbroken.folder / "best.ckpt"
    train(tiny(leaves, tmp_path / "run", init=str(start), epochs=2))
    best, old = ckpt.load(tmp_path / "run" / "best.ckpt"), ckpt.load(start)
    assert (best.state.epoch, best.state.history[-1]["epoch"]) == (0, 0)
    assert all(torch.equal(best.ema[k], old.ema[k]) for k in old.ema)


def test_stopped_while_the_start_is_judged(
    unbroken: Finished, leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny(leaves, tmp_path / "run", init=str(unbroken.folder / "best.ckpt"), epochs=1)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "validate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(config)
    train(config, resume=True)
    assert [row["epoch"] for row in rows_of(tmp_path / "run")] == ["0", "1"]


def test_from_a_model_file(
    unbroken: Finished, leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The file's scores are those of the run that made it, and its folded norms are left alone."""
    start = unbroken.folder / "model.onnx"
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        train(tiny(leaves, tmp_path / "run", init=str(start), epochs=1))
    first = rows_of(tmp_path / "run")[0]
    assert float(first["val_iou"]) == pytest.approx(unbroken.result.scores["iou"], abs=1e-3)
    assert "batch normalisation is folded" in caplog.text
    weights = ckpt.load(tmp_path / "run" / "last.ckpt").model
    means = [v for k, v in weights.items() if k.endswith("running_mean")]
    assert means and all(torch.equal(m, torch.zeros_like(m)) for m in means)


def test_norms_measured_anew_start_the_same_and_learn(
    unbroken: Finished, leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    start = str(unbroken.folder / "model.onnx")
    run = tmp_path / "run"
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        train(tiny(leaves, run, init=start, renew_norms=True, epochs=2))
    rows = rows_of(run)
    assert float(rows[0]["val_iou"]) == pytest.approx(unbroken.result.scores["iou"], abs=1e-3)
    assert "batch normalisation is folded" not in caplog.text
    first, last = (
        {k: v for k, v in ckpt.load(run / f"{name}.ckpt").model.items() if k.endswith("running_mean")}
        for name in ("best", "last")
    )
    assert first and all(v.abs().sum() > 0 for v in last.values())
    resumed = train(tiny(leaves, run, init=start, renew_norms=True, epochs=2), resume=True)
    assert resumed.epochs == 2


def test_norms_can_be_measured_anew_only_after_a_whole_model_file(leaves: Path, tmp_path: Path) -> None:
    for wrong in ({}, {"init": "default", "init_partial": True}, {"init": "run/best.ckpt"}):
        with pytest.raises(OptionError, match="renew_norms"):
            build_network(tiny(leaves, tmp_path, renew_norms=True, **wrong), weights=None)


def test_norms_stay_frozen_on_resume(unbroken: Finished, leaves: Path) -> None:
    config = tiny(leaves, Path("run"), init="gone.onnx")
    model = build_network(config, weights=ckpt.load(unbroken.folder / "last.ckpt")).train()
    assert not any(m.training for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    from_checkpoint = build_network(tiny(leaves, Path("run"), init="gone.ckpt"), weights=ckpt.load(
        unbroken.folder / "last.ckpt"
    )).train()  # fmt: skip
    assert all(m.training for m in from_checkpoint.modules() if isinstance(m, nn.BatchNorm2d))


def test_from_a_models_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded: list[tuple[str, Path]] = []
    monkeypatch.setattr(network, "resolve", lambda name: tmp_path / f"{name}.onnx")
    monkeypatch.setattr(network, "load_onnx_weights", lambda _, path: loaded.append(path))
    build_network(TrainConfig(init="default"), weights=None)
    assert loaded == [tmp_path / "default.onnx"]


def test_a_smaller_network_takes_what_fits(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """All but one layer of the short network has the shape that it has in the long one."""
    long = build("lite0").eval()
    path = tmp_path / "long.onnx"
    path.write_bytes(to_onnx(long, spec=replace(long.describe("long", size=64), arch="lite0")))
    config = TrainConfig(arch="lite0-short", init=str(path), init_partial=True)
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        short = build_network(config, weights=None)
    assert not any(m.training for m in short.train().modules() if isinstance(m, nn.BatchNorm2d))
    folded = build("lite0")
    load_onnx_weights(folded, path)
    theirs, mine = folded.state_dict(), short.state_dict()
    coarse = tuple(f"steps.{n}.head" for n in range(3))  # only training looks at these, so no file has them
    other = [n for n in mine if not torch.equal(mine[n], theirs[n]) and not n.startswith(coarse)]
    assert other == ["context.reduce.0.weight"]
    assert f"{len(mine) - 1} of {len(mine)} tensors of {path} fit" in caplog.text


def test_a_part_of_nothing_is_refused() -> None:
    with pytest.raises(OptionError, match="say which model with --init"):
        TrainConfig(init_partial=True)


def test_what_fits_in_nothing_is_refused(unbroken: Finished, tmp_path: Path) -> None:
    config = TrainConfig(arch="lite0", init=str(unbroken.folder / "best.ckpt"), init_partial=True)
    with pytest.raises(CheckpointError, match=r"best\.ckpt: no layer of it fits into the network lite0"):
        build_network(config, weights=None)


def test_a_model_of_another_network_is_refused(unbroken: Finished, leaves: Path, tmp_path: Path) -> None:
    start = str(unbroken.folder / "model.onnx")
    with pytest.raises(ModelError, match=r"belongs to another network|cannot be loaded") as caught:
        train(tiny(leaves, tmp_path / "run", init=start, network={"blocks": 2, "filters": 4}))
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_a_name_that_is_no_model_lists_those_there_are(leaves: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no model 'defualt'.*'default'"):
        train(tiny(leaves, tmp_path / "run", init="defualt"))


def test_pretrained_weights_are_not_loaded_only_to_be_replaced(
    monkeypatch: pytest.MonkeyPatch, unbroken: Finished
) -> None:
    asked: list[object] = []

    def watching(arch: str, *, pretrained: object, **named: object) -> nn.Module:
        asked.append(pretrained)
        return build(arch, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(network, "build", watching)
    small = {"arch": "unet", "network": {"blocks": 1, "filters": 4}}
    build_network(TrainConfig(**small), weights=None)
    build_network(TrainConfig(**small, pretrained_file="resnet50.pth"), weights=None)
    build_network(TrainConfig(**small, pretrained=False), weights=None)
    build_network(TrainConfig(**small, init=str(unbroken.folder / "best.ckpt")), weights=None)
    build_network(TrainConfig(**small), weights=ckpt.load(unbroken.folder / "last.ckpt"))
    assert asked == [True, "resnet50.pth", False, False, False]


def test_the_log_is_a_table_with_epoch_zero(unbroken: Finished, leaves: Path, tmp_path: Path) -> None:
    train(tiny(leaves, tmp_path / "run", init=str(unbroken.folder / "best.ckpt"), epochs=1))
    with (tmp_path / "run" / "log.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert len({len(line) for line in lines}) == 1 and len(lines) == 3
