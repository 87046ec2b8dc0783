"""One meaning everywhere: the same settings give the same bytes in Python and on the command line."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cutaway
from cutaway.cli import cli
from cutaway.options import Options

SETTINGS = [
    {},
    {"mask_only": True},
    {"background": "teal"},
    {"background": "#ff000080"},
    {"background": "blur:3"},
    {"format": "jpg"},
    {"format": "webp", "background": "white"},
    {"threads": 1, "format": "tiff"},
]


def flags(settings: dict[str, object]) -> list[str]:
    words: list[str] = []
    for name, value in settings.items():
        flag = "--" + name.replace("_", "-")
        words += [flag] if value is True else [flag, str(value)]
    return words


@pytest.fixture
def photo(tmp_path: Path, disc: np.ndarray) -> Path:
    Image.fromarray(disc).save(tmp_path / "disc.png")
    return tmp_path / "disc.png"


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_python_and_command_line_agree(settings: dict[str, object], photo: Path, bright_model: Path) -> None:
    suffix = settings.get("format", "png")
    by_command = photo.parent / f"command.{suffix}"
    words = ["remove", str(photo), "-o", str(by_command), "--model", str(bright_model), *flags(settings)]
    ran = CliRunner().invoke(cli, words)
    assert by_command.exists(), ran.output

    options = Options.from_mapping({"model": str(bright_model), **settings})
    by_remover = cutaway.Remover(options=options).remove(photo).to_bytes(str(suffix))
    by_function = cutaway.remove(photo, model=str(bright_model), **settings).to_bytes(str(suffix))  # type: ignore[arg-type]
    assert by_command.read_bytes() == by_remover == by_function


def test_every_setting_is_a_parameter_and_a_flag() -> None:
    names = {f.name for f in fields(Options)}
    parameters = set(inspect.signature(cutaway.remove).parameters) - {"photo"}
    assert parameters == names
    assert {f.name for f in fields(Options) if not f.metadata.get("help")} == set()
    shown = CliRunner().invoke(cli, ["remove", "--help"]).output
    assert [n for n in names if "--" + n.replace("_", "-") not in shown] == []


def test_a_typo_names_itself_everywhere(photo: Path) -> None:
    with pytest.raises(cutaway.CutawayError, match=r"bakground.*background"):
        Options.from_mapping({"bakground": "red"})
    with pytest.raises(TypeError, match="bakground"):
        cutaway.remove(photo, bakground="red")  # type: ignore[call-arg]
    ran = CliRunner().invoke(cli, ["remove", str(photo), "--bakground", "red"])
    assert ran.exit_code == 2
    assert "--bakground" in ran.output
