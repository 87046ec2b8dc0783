"""Starting costs little: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from cutaway._version import __version__

HEAVY = {"numpy", "PIL", "cv2", "onnxruntime", "torch", "isal", "importlib.metadata", "cutaway.options"}
MOST = 8


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *args], capture_output=True, text=True, check=True, timeout=60)


def seconds(*args: str) -> float:
    start = time.perf_counter()
    run(*args)
    return time.perf_counter() - start


def test_help_takes_at_most_eight_times_bare_python() -> None:
    for _ in range(3):  # other programs on the machine may spoil a round, not all of them
        bare = min(seconds("-c", "pass") for _ in range(5))
        helped = min(seconds("-m", "cutaway", "--help") for _ in range(5))
        if helped <= MOST * bare:
            return
    pytest.fail(f"--help takes {helped / bare:.1f} times as long as bare Python")


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_nothing_heavy_is_imported(flag: str) -> None:
    loaded = run("-X", "importtime", "-m", "cutaway", flag).stderr
    modules = {line.rpartition("|")[2].strip() for line in loaded.splitlines()}
    assert "click" in modules
    assert not modules & HEAVY
    assert not [name for name in modules if name.startswith("cutaway.cli.") and name != "cutaway.cli.console"]


def test_python_dash_m_is_the_command() -> None:
    assert run("-m", "cutaway", "--version").stdout == f"cutaway {__version__}\n"


def test_import_is_innocent() -> None:
    script = "import sys, cutaway, cutaway.cli; print([m for m in ('numpy', 'PIL') if m in sys.modules])"
    done = run("-c", script)
    assert (done.stdout, done.stderr) == ("[]\n", "")
