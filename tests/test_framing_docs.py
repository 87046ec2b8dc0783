"""docs/framing.md says what there is: its commands are understood, its presets are the table's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from cutaway.cli import cli
from cutaway.presets import presets

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "framing.md").read_text("utf-8")


def test_every_flag_exists() -> None:
    command = cli.get_command(click.Context(cli), "remove")
    assert command is not None
    known = {flag for p in command.params if isinstance(p, click.Option) for flag in p.opts}
    lines = re.findall(r"^cutaway remove .*", TEXT, re.MULTILINE)
    used = {word for line in lines for word in shlex.split(line, comments=True) if word.startswith("-")}
    mentioned = set(re.findall(r"`(--[a-z-]+)", TEXT))
    assert len(lines) > 5 and used | mentioned <= known


def test_the_presets_are_those_of_the_table() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*)", TEXT, re.MULTILINE))
    assert list(rows) == list(presets())
    for name, preset in presets().items():
        for value in preset.settings.values():
            shown = {"#ffffff": "white", "5%": "5 %"}.get(str(value), str(value).replace("x", " × "))
            assert shown in rows[name] or name == "passport"


def test_pictures_and_python_are_there() -> None:
    assert all((ROOT / "docs" / link).exists() for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", TEXT))
    for block in re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL):
        compile(block, "framing.md", "exec")
