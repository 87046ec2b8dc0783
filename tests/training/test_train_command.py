"""`cutaway train`: flags become settings, and --resume needs nothing but the run's folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from training_runs import tiny

from cutaway.cli import main
from cutaway.cli.train import train as command
from cutaway.training import run as run_module
from cutaway.training.config import TrainConfig

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def cutaway(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `cutaway train ARGS...`: exit code and stderr."""

    def run(*args: object) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main(["train", *map(str, args)])
        return int(end.value.code or 0), capsys.readouterr().err

    return run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[TrainConfig, bool]]:
    """What the loop was asked to do, (settings, resume); it does nothing."""
    calls: list[tuple[TrainConfig, bool]] = []

    def train(config: TrainConfig, *, resume: bool, progress: Any) -> None:
        calls.append((config, resume))

    monkeypatch.setattr(run_module, "train", train)
    return calls


def test_every_flag_is_a_setting() -> None:
    own = {"data", "output", "resume", "config", "verbose", "quiet", "help"}
    assert {p.name for p in command.params} - own <= {f.name for f in fields(TrainConfig)}


def test_flags_become_settings(cutaway: Run, asked: list[tuple[TrainConfig, bool]]) -> None:
    code, err = cutaway(
        "pets", "-o", "run", "--classes", 3, "--grey", "--loss", "ce + dice", "--optimiser", "sgd", "--schedule",
        "plateau", "--monitor", "loss", "--patience", 4, "--validation", 0.2, "--no-pretrained", "--subdirs", "photos",
        "alpha", "--tensorboard", "--precision", "float32", "--threads", 2, "--no-augment",
    )  # fmt: skip
    assert code == 0, err
    config, resume = asked[0]
    assert config == TrainConfig(
        data=("pets",), out="run", classes=3, grey=True, loss="ce + dice", optimiser="sgd", schedule="plateau",
        monitor="loss", patience=4, validation=0.2, pretrained=False, subdirs=("photos", "alpha"), tensorboard=True,
        precision="float32", threads=2, augment=False,
    )  # fmt: skip
    assert not resume


def test_what_is_not_said_is_the_default(cutaway: Run, asked: list[tuple[TrainConfig, bool]]) -> None:
    assert cutaway("pets", "-o", "run")[0] == 0
    assert asked == [(TrainConfig(data=("pets",), out="run"), False)]


def test_weights_from_a_file(cutaway: Run, asked: list[tuple[TrainConfig, bool]]) -> None:
    assert cutaway("pets", "-o", "run", "--pretrained-file", "resnet50.pth")[0] == 0
    assert (asked[0][0].pretrained, asked[0][0].pretrained_file) == (True, "resnet50.pth")
    code, err = cutaway("pets", "-o", "run", "--pretrained-file", "resnet50.pth", "--no-pretrained")
    assert code == 2 and "contradict" in err


@pytest.mark.parametrize(
    ("flag", "value", "known"),
    [
        ("--loss", "jaccard", "lovasz"),
        ("--optimiser", "lion", "adamw, adam, sgd"),
        ("--schedule", "steps", "cosine, constant, plateau"),
        ("--monitor", "dice", "iou, loss"),
        ("--precision", "int8", "bfloat16"),
        ("--classes", "5", "1, 2, 3"),
    ],
)
def test_unknown_names_are_one_line_with_those_there_are(
    cutaway: Run, flag: str, value: str, known: str
) -> None:
    code, err = cutaway("pets", "-o", "run", flag, value)
    assert code == 2 and known in err and err.count("\n") == 1


def test_resume_needs_nothing_but_the_folder(
    cutaway: Run, asked: list[tuple[TrainConfig, bool]], tmp_path: Path
) -> None:
    config = tiny(tmp_path / "pets", tmp_path / "run", loss="dice", name="run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(config.to_json(), encoding="utf-8")
    assert cutaway("-o", tmp_path / "run", "--resume")[0] == 0
    assert asked == [(config, True)]
    asked.clear()
    (tmp_path / "run").rename(tmp_path / "moved")
    assert cutaway("elsewhere", "-o", tmp_path / "moved", "--resume", "--workers", 7)[0] == 0
    moved = asked[0][0]
    assert (moved.out, moved.data, moved.workers) == (str(tmp_path / "moved"), ("elsewhere",), 7)
    assert moved.network == config.network


def test_a_run_that_goes_on_by_its_folder_alone(cutaway: Run, leaves: Path, tmp_path: Path) -> None:
    first = tiny(leaves, tmp_path / "run", epochs=1)
    run_module.train(first)
    code, err = cutaway("-o", tmp_path / "run", "--resume")
    assert code == 0, err
    code, err = cutaway("-o", tmp_path / "run", "--resume", "--lr", 0.5)
    assert code == 2 and "started with lr = 0.004, not 0.5" in err
    code, err = cutaway("-o", tmp_path / "nowhere", "--resume")
    assert code == 2 and err.count("\n") == 1
    code, err = cutaway("--resume")
    assert code == 2 and "-o RUN" in err


def test_settings_of_a_run_that_cannot_be_read(cutaway: Run, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    code, err = cutaway("-o", tmp_path, "--resume")
    assert code == 2 and "config.json" in err and err.count("\n") == 1
    (tmp_path / "config.json").write_text(json.dumps({"tomorrow": 1}), encoding="utf-8")
    code, err = cutaway("-o", tmp_path, "--resume")
    assert code == 2 and "no training option 'tomorrow'" in err


@pytest.mark.usefixtures("without_the_end")
@pytest.mark.parametrize(("rank", "lines"), [("0", True), ("1", False)])
def test_only_the_first_process_speaks(
    cutaway: Run, leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str, lines: bool
) -> None:
    """RANK without WORLD_SIZE: a run of its own, by a process that takes itself for one of several."""
    monkeypatch.setenv("RANK", rank)
    (tmp_path / "tiny.toml").write_text('arch = "unet"\n[network]\nblocks = 1\nfilters = 4\n')
    small = ("--config", tmp_path / "tiny.toml", "--size", 32, "--epochs", 1, "--device", "cpu")
    code, err = cutaway(leaves, "-o", tmp_path / "run", *small)
    assert code == 0 and bool(err) == lines, err
