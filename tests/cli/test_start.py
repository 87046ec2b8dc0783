"""Starting costs little: nothing heavy is imported before a command needs it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from cutaway._version import __version__

HEAVY = {
    "numpy",
    "PIL",
    "cv2",
    "onnxruntime",
    "torch",
    "isal",
    "simplejpeg",
    "importlib.metadata",
    "cutaway.options",
}
NEEDLESS = {
    "asyncio", "concurrent.futures", "hashlib", "http", "importlib.metadata", "multiprocessing", "numpy.ma",
    "numpy.testing", "openvino", "PIL.ImageCms", "PIL.ImageColor", "PIL.PngImagePlugin", "PIL.TiffImagePlugin",
    "shutil", "ssl", "tempfile", "tomllib", "urllib.request", "cutaway.streams.animated", "cutaway.pixels.framing",
}  # fmt: skip
MOST = 8
ROOT = Path(__file__).parent.parent.parent


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


def test_one_photo_imports_only_what_it_needs(tmp_path: Path) -> None:
    """The whole default way of a JPEG: each of these would cost it milliseconds, and it needs none of them."""
    photo, result = ROOT / "examples" / "photos" / "astronaut.jpg", tmp_path / "astronaut.png"
    told = run("-X", "importtime", "-m", "cutaway", "remove", str(photo), "-o", str(result)).stderr
    modules = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert {"cv2", "onnxruntime", "cutaway.pixels.refine", "cutaway.pixels.foreground"} <= modules
    assert not modules & NEEDLESS
    assert not [name for name in modules if name.split(".")[0] in {"torch", "av", "starlette", "matplotlib"}]


def test_python_dash_m_is_the_command() -> None:
    assert run("-m", "cutaway", "--version").stdout == f"cutaway {__version__}\n"


def test_import_is_innocent() -> None:
    script = "import sys, cutaway, cutaway.cli; print([m for m in ('numpy', 'PIL') if m in sys.modules])"
    done = run("-c", script)
    assert (done.stdout, done.stderr) == ("[]\n", "")
