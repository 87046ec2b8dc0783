"""What a run says of itself: the report after every epoch, its facts, and the command that goes on with it."""

from __future__ import annotations

import logging
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from training_runs import Finished, tiny

import cutaway
from cutaway.cli import main
from cutaway.training import reporting
from cutaway.training import run as run_module
from cutaway.training.reporting import commit, kept, resume_command, started_by
from cutaway.training.run import Tick, train
from cutaway.training.validate import Judged

pytestmark = pytest.mark.usefixtures("without_the_end")


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What each report was written with."""
    written: list[dict[str, Any]] = []
    monkeypatch.setattr(
        reporting, "write_report", lambda path, **said: written.append({"path": path, **said})
    )
    return written


def test_after_every_epoch_and_at_the_end(
    reports: list[dict[str, Any]], leaves: Path, tmp_path: Path
) -> None:
    train(tiny(leaves, tmp_path / "run", epochs=2))
    assert [(len(r["history"]), r["state"]) for r in reports] == [
        (1, "running"),
        (2, "running"),
        (2, "finished"),
    ]
    assert {r["path"] for r in reports} == {tmp_path / "run" / "report.html"}
    last = reports[-1]
    assert "12 pairs can be used" in last["data_text"]
    photo, truth, matte = last["picture"](last["judged"][0])
    assert photo.shape == (*truth.shape, 3) == (*matte.shape, 3) and 0 <= matte.min() <= matte.max() <= 1
    facts = last["facts"]
    held_out = len(last["judged"])
    assert facts["pairs"] == f"{12 - held_out} to learn from, {held_out} held out"
    assert torch.__version__ in facts["packages"] and facts["precision"] == "float32"
    assert facts["device"].startswith("cpu") and facts["threads"] == "1"


def test_a_stopped_run_says_so(reports: list[dict[str, Any]], leaves: Path, tmp_path: Path) -> None:
    def stop(tick: Tick) -> None:
        if tick.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(tiny(leaves, tmp_path / "run"), progress=stop)
    assert [(len(r["history"]), r["state"]) for r in reports] == [(1, "running"), (1, "stopped")]
    assert len(reports[-1]["judged"]) > 0


def test_the_command_to_go_on_is_exact(
    leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Ctrl-C tells is taken literally, and it finishes the run."""
    folder = tmp_path / "my run"

    def stop(tick: Tick) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), caplog.at_level(logging.INFO, logger="cutaway.training"):
        train(tiny(leaves, folder, epochs=1), progress=stop)
    told = re.search(r"stopped and saved; go on with: cutaway (.*)", caplog.text)
    assert told is not None
    with pytest.raises(SystemExit) as end:
        main(shlex.split(told[1]))
    assert not end.value.code, capsys.readouterr().err
    assert (folder / "log.csv").is_file()


def test_how_to_resume_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    run = Path("run")
    assert resume_command(run) == "cutaway train -o run --resume"
    assert resume_command(run, world=4) == "torchrun --nproc-per-node 4 -m cutaway train -o run --resume"
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert resume_command(run, world=4).startswith("torchrun --nnodes 2 --nproc-per-node 2 ...")


def test_the_command_as_it_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/usr/bin/cutaway", "train", "my pets", "-o", "run"])
    assert started_by() == "cutaway train 'my pets' -o run"
    monkeypatch.setattr("sys.argv", ["/somewhere/cutaway/__main__.py", "train"])
    assert started_by() == "cutaway train"
    monkeypatch.setattr("sys.argv", [""])
    assert started_by() == "python"


def test_the_commit_is_that_of_the_packages_own_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, stdout="abc123\n")

    monkeypatch.setattr(reporting.subprocess, "run", answers)
    package = tmp_path / "src" / "cutaway"
    monkeypatch.setattr(cutaway, "__file__", str(package / "__init__.py"))
    assert commit() == ""  # no checkout
    (tmp_path / ".git").mkdir()
    assert commit().endswith("commit abc123")
    other = tmp_path / "venv" / "site-packages" / "cutaway" / "__init__.py"
    monkeypatch.setattr(cutaway, "__file__", str(other))
    assert commit() == ""  # inside somebody else's


def test_no_git_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(reporting.subprocess, "run", missing)
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(cutaway, "__file__", str(tmp_path / "src" / "cutaway" / "__init__.py"))
    assert commit() == ""


def test_a_picture_is_made_once() -> None:
    asked: list[str] = []

    def show(item: Judged) -> Any:
        asked.append(item.pair.id)
        return ()

    from cutaway.data.pairs import Pair

    again = kept(show)
    items = [Judged(Pair(name, Path("i"), (Path("m"),)), {}) for name in ("a", "b", "a")]
    for item in items:
        again(item)
    assert asked == ["a", "b"]


def test_the_pace_is_told_once(leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        train(tiny(leaves, tmp_path / "run", epochs=2))
    assert caplog.text.count("an epoch takes about") == 1
    assert "2 epochs about" in caplog.text


def test_the_real_report_tells_the_settings_and_the_way_on(unbroken: Finished) -> None:
    page = (unbroken.folder / "report.html").read_text(encoding="utf-8")
    assert "unet" in page and "bce + iou + 2*edge" in page and "--resume" in page
    assert run_module.MONITORED["iou"] in page
