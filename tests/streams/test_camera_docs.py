"""The commands and the program of docs/camera.md, run as they stand with the tiny model; each has an end."""

from __future__ import annotations

import re
import shlex
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from cutaway.cli import cli
from cutaway.media import camera as camera_module
from video_samples import write_clip

DOCS = Path(__file__).parents[2] / "docs" / "camera.md"


def fenced(language: str) -> str:
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL))


def test_every_command_runs(tmp_path: Path, bright_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    clip = write_clip(tmp_path / "clip.mp4")
    write_clip(tmp_path / "beach.mp4", range(4), tick=Fraction(1, 10))
    monkeypatch.setattr(camera_module, "address", lambda name: (str(clip), None))  # unplugged at its end
    commands = [line for line in fenced("sh").splitlines() if line.startswith("cutaway ")]
    assert len(commands) >= 3
    for command in commands:
        words = [*shlex.split(command)[1:], "--model", str(bright_model), "--port", "0", "--seconds", "1"]
        ran = CliRunner().invoke(cli, words, standalone_mode=False)
        wanted = 0 if "--source" in command else 1
        assert ran.exception is None and ran.return_value == wanted, (command, ran.output)


def test_the_program_runs(
    tmp_path: Path, bright_model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_clip(tmp_path / "clip.mp4")
    exec(fenced("python").replace("Options(zoom", f"Options(model={str(bright_model)!r}, zoom", 1), {})
    assert len(capsys.readouterr().out.split()) == 12


def test_every_flag_is_explained() -> None:
    from cutaway.cli.camera import _FLAGS

    def command() -> None:
        """Nothing."""

    for flag in _FLAGS:
        flag(command)
    text = DOCS.read_text("utf-8")
    names = [name for param in command.__click_params__ for name in param.opts]  # type: ignore[attr-defined]
    assert len(names) == len(_FLAGS) and [name for name in names if name not in text] == []
