"""The README: .ci/run runs its shell blocks as they stand; here is what can be checked without installing anything."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def _blocks(language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def _commands() -> list[list[str]]:
    lines = [line for block in _blocks("sh") for line in block.splitlines() if line.startswith("cutaway ")]
    return [shlex.split(line.split(" < ")[0].split(" > ")[0])[1:] for line in lines]


def test_first_block_installs_and_runs_second_installs_and_tests() -> None:
    first, second, *_ = _blocks("sh")
    assert "pip install" in first
    assert "cutaway remove examples/photos" in first
    assert "pip install" in second
    assert second.rstrip().endswith("pytest")


def test_ci_runs_the_same_blocks() -> None:
    spec = importlib.util.spec_from_file_location("readme_runner", ROOT / ".ci" / "readme.py")
    assert spec and spec.loader
    runner = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(runner)
    assert runner.blocks(README) == _blocks("sh")


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_every_flag_in_the_readme_exists(words: list[str]) -> None:
    from cutaway.cli import cli

    context = click.Context(cli)
    command: click.Command = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and command.get_command(context, rest[0]):
        command = command.get_command(context, rest.pop(0)) or command
    if command is cli:  # `cutaway PHOTO`
        command = cli.get_command(context, "remove") or cli
    known = {
        flag for p in command.params if isinstance(p, click.Option) for flag in (*p.opts, *p.secondary_opts)
    }
    used = {w for w in rest if w.startswith("-") and w != "-"}
    assert used <= known, f"{words[0]}: unknown {used - known}"


def test_python_blocks_are_python() -> None:
    for block in _blocks("python"):
        compile(block, "README.md", "exec")


def test_local_links_lead_somewhere() -> None:
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)]+)\)", text)
    assert links
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing
