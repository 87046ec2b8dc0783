"""What a measurement was made of and on: commit, machine, versions, date. Every result file carries it."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def provenance() -> dict[str, Any]:
    """Commit (with "+" if the tree was changed), hardware, versions and date, ready for JSON."""
    from cutaway.evaluation.report import versions

    made = datetime.now(UTC).isoformat(timespec="seconds")
    return {"made": made, "commit": commit(), "hardware": hardware(), "versions": versions()}


def commit() -> str:
    """The checkout's commit, followed by "+" where files differ from it; "unknown" outside a checkout."""
    head = _git("rev-parse", "HEAD")
    return (head or "unknown") + ("+" if head and _git("status", "--porcelain") else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def hardware() -> dict[str, Any]:
    """Processor, cores that this process may use, memory in GB and the operating system."""
    from cutaway.engines.threads import restricted_threads

    cores = restricted_threads() or os.cpu_count()
    return {"cpu": _cpu_name(), "cores": cores, "memory_gb": _memory_gb(), "system": platform.system()}


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def describe(found: dict[str, Any]) -> str:
    """The same in one line for the foot of a Markdown table."""
    machine, packages = found["hardware"], found["versions"]
    named = ", ".join(f"{name} {packages[name]}" for name in ("cutaway", "onnxruntime", "numpy"))
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    return (
        f"Commit {found['commit'][:12]}, {found['made'][:10]}, {where}; Python {packages['python']}, {named}."
    )
