"""Run the command line in this process, and draw small photos."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ran import Ran, Run

from cutaway.cli import main


@pytest.fixture(autouse=True)
def _quiet_log() -> Iterator[None]:
    """The command line sets up the package's log; other tests should not notice."""
    log = logging.getLogger("cutaway")
    before = log.level, log.propagate, log.handlers[:]
    yield
    log.level, log.propagate, log.handlers[:] = before


@pytest.fixture
def cutaway(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run `cutaway ARGS...`: exit code, stdout and stderr."""

    def run(*args: object) -> Ran:
        capsysbinary.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(arg) for arg in args])
        out, err = capsysbinary.readouterr()
        return Ran(int(end.value.code or 0), out, err.decode())

    return run


@pytest.fixture
def remove(cutaway: Run, bright_model: Path) -> Run:
    """Run `cutaway remove ARGS...` with the tiny model."""
    return lambda *args: cutaway("remove", "--model", bright_model, *args)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def draw(disc: np.ndarray) -> Callable[[Path], Path]:
    """Write the disc to a file of any suffix that Pillow knows; folders are made."""

    def write(path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(disc).save(path)
        return path

    return write


@pytest.fixture
def encoded(disc: np.ndarray) -> bytes:
    """The disc as PNG bytes."""
    stream = io.BytesIO()
    Image.fromarray(disc).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Put bytes into stdin."""
    return lambda data: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make "stdin", "stdout" or "stderr" look like a terminal to the command line."""

    def pretend(name: str) -> None:
        import sys

        def is_terminal(stream: object) -> bool:
            return stream is getattr(sys, name)

        for module in ("console", "naming"):
            monkeypatch.setattr(f"cutaway.cli.{module}.is_terminal", is_terminal)

    return pretend


def names_below(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def files() -> Callable[[Path], set[str]]:
    """All files below a folder, as relative names."""
    return names_below


@pytest.fixture
def one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photos are done in order, as on a machine with one processor."""
    monkeypatch.setattr("cutaway.cli.batch.usable_threads", lambda: 1)
