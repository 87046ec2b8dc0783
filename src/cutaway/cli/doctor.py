"""`cutaway doctor`: what this installation can do, and what to install for more."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Any

import click

from cutaway._version import __version__
from cutaway.cli.console import one_line, open_console, volume_flags
from cutaway.cli.engine_flags import engine_flags
from cutaway.cli.models import megabytes
from cutaway.errors import CutawayError, install_line
from cutaway.options import DeviceName, EngineName, Options, Precision

if TYPE_CHECKING:
    from cutaway.types import Pixels

BASE = ("numpy", "pillow", "opencv-python-headless", "onnxruntime", "isal", "simplejpeg", "click")
HIDDEN_EXTRAS = {"all", "dev"}
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+).*?extra\s*==\s*['\"]([^'\"]+)['\"]")


@click.command()
@click.option("--model", default="default", show_default=True, metavar="NAME|PATH", help="Model to try out.")
@engine_flags
@volume_flags
def doctor(
    model: str,
    engine: EngineName,
    precision: Precision,
    device: DeviceName,
    threads: int,
    verbose: int,
    quiet: bool,
) -> int:
    """Check this installation and say what to install for more.

    Shows versions, engines, devices and model files, and tries a model on a drawn picture.

    Exit code 0 if photos can be worked on, 1 if the model cannot run.
    """
    open_console(verbose, quiet)
    _show("Versions", _versions())
    _show("Engines", _engines())
    _show("Settings", _settings())
    _show("Models", _models())
    _show("Extras", _extras())
    given = {"engine": engine, "precision": precision, "device": device, "threads": threads}
    works, line = self_test({"model": model, **given})
    _show("Self-test", [line])
    return 0 if works else 1


def _show(title: str, lines: Iterator[str] | list[str]) -> None:
    click.echo(title)
    for line in lines:
        click.echo("  " + one_line(line))


def _versions() -> Iterator[str]:
    yield f"cutaway {__version__}"
    yield f"python {platform.python_version()} ({sys.executable})"
    yield f"platform {platform.platform()}"
    for package in BASE:
        yield f"{package} {installed(package) or 'is not installed'}"


def installed(package: str) -> str | None:
    """The version of an installed package; None if it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _engines() -> Iterator[str]:
    yield f"processor: {os.cpu_count() or 1} logical cores, {_usable_cores()} of them for us"
    try:
        import onnxruntime

        from cutaway.engines.choose import choose
        from cutaway.engines.providers import DEVICES

        providers = onnxruntime.get_available_providers()
    except Exception as error:  # a broken installation is what a doctor is asked about
        yield f"onnxruntime cannot be used: {type(error).__name__}: {error}"
        return
    yield f"onnxruntime: {', '.join(providers)}"
    yield "devices: cpu yes" + "".join(f", {name} yes" for name, one in DEVICES.items() if one.provider)
    for name, one in DEVICES.items():
        if not one.provider:
            yield f"device {name}: not built into this onnxruntime; {one.install}"
    yield _openvino()
    taken = choose()
    yield f"engine auto: {taken.name}, because {taken.why}"


def _openvino() -> str:
    if (version := installed("openvino")) is None:
        return f"openvino is not installed; {install_line('openvino')}"
    try:
        import openvino

        from cutaway.engines.openvino import has_bf16

        precisions = "f32, bf16" if has_bf16(openvino.Core()) else "f32 (bf16: not this processor)"
    except Exception as error:  # a broken installation is what a doctor is asked about
        return f"openvino cannot be used: {type(error).__name__}: {error}"
    return f"openvino {version}: precisions {precisions}"


def _usable_cores() -> int:
    """Cores this process may run on; containers often allow fewer than there are."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _settings() -> Iterator[str]:
    from cutaway.weights.store import home, offline

    yield f"CUTAWAY_HOME: {home()}" + ("" if os.environ.get("CUTAWAY_HOME") else " (the default)")
    yield f"CUTAWAY_OFFLINE: {'set, nothing is downloaded' if offline() else 'not set'}"


def _models() -> Iterator[str]:
    from cutaway.weights.store import catalogue, resolve

    for entry in catalogue():
        if not entry.is_here:
            yield f"{entry.name}: not here ({megabytes(entry.size_bytes)})"
            continue
        try:
            yield f"{entry.name}: verified, {resolve(entry.name)}"
        except CutawayError as error:
            yield f"{entry.name}: {error}"


def _extras() -> Iterator[str]:
    for extra, packages in extras().items():
        missing = [package for package in packages if installed(package) is None]
        if not missing:
            yield f"{extra}: installed"
        else:
            yield f"{extra}: not installed; {install_line(extra)}"


def extras() -> dict[str, list[str]]:
    """Each extra and the packages it brings, as the installed package's metadata tells."""
    found: dict[str, list[str]] = {}
    for requirement in metadata.requires("cutaway") or []:
        match = _REQUIREMENT.match(requirement)
        if match and match[2] not in HIDDEN_EXTRAS:
            found.setdefault(match[2], []).append(match[1])
    return found


def self_test(given: dict[str, Any]) -> tuple[bool, str]:
    """Take the background from a drawn picture: whether that works, and a line that says how it went."""
    from cutaway.remover import Remover

    try:
        options = Options.from_mapping(given)
        start = time.perf_counter()
        remover = Remover(options=options)
        opened = time.perf_counter()
        size = remover.remove(drawn_disc()).matte.alpha.shape
        done = time.perf_counter()
    except Exception as error:  # whatever it is, the doctor's answer is that it does not work
        return False, f"failed: {error}"
    opening = f"opened in {(opened - start) * 1000:.0f} ms"
    working = f"{size[1]}×{size[0]} pixels in {(done - opened) * 1000:.0f} ms"
    return (
        True,
        f"passed: model {remover.spec.name!r} by {remover.engine} on {remover.device}, {opening}, {working}",
    )


def drawn_disc() -> Pixels:
    """A light disc on a dark ground, uint8 (240, 320, 3)."""
    import numpy as np

    y, x = np.mgrid[:240, :320]
    inside = np.hypot(y - 120, x - 160) < 80
    return np.where(inside[..., None], np.uint8(230), np.uint8(30)).astype(np.uint8).repeat(3, axis=2)
