"""The commands of docs/video.md, run as they stand; only the model is the tiny one."""

from __future__ import annotations

import re
import shlex
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from cutaway.cli import cli
from video_samples import times, write_clip

DOCS = Path(__file__).parents[2] / "docs" / "video.md"


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


def test_every_command_runs(tmp_path: Path, bright_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4", sound="aac")
    write_clip(tmp_path / "beach.mp4", range(4), tick=Fraction(1, 10))
    commands = [line for block in fenced("sh") for line in block.splitlines() if line.startswith("cutaway ")]
    assert len(commands) >= 9
    for command in commands:
        words = [*shlex.split(command)[1:], "--model", str(bright_model), "--encoder-preset", "fastest"]
        ran = CliRunner().invoke(cli, words)
        assert (ran.exit_code == 0 and ran.exception is None) or ran.return_value == 0, (command, ran.output)
    made = {path.name for path in tmp_path.iterdir()}
    assert {"clip-cutout.webm", "colour-matte.mp4", "travel.mp4", "short.gif", "frames", "long.mp4"} <= made


def test_the_python_example_runs(tmp_path: Path, bright_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4")
    (code,) = fenced("python")
    exec(code.replace("Options()", f"Options(model={str(bright_model)!r})", 1), {})
    assert len(times(tmp_path / "clip.webm")) == 12
