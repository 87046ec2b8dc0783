"""What is told of a run while it goes: report.html and TensorBoard after every epoch, and how to go on with it."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import torch

import cutaway
from cutaway._version import __version__
from cutaway.data.grounds import Picture
from cutaway.data.samples import load_pair
from cutaway.training.finish import draw_sheet
from cutaway.training.html_report import State, quoted, write_report
from cutaway.training.setup import Run
from cutaway.training.tensorboard import write_board
from cutaway.training.validate import Judged, Show, predict
from cutaway.types import Floats

SHOWN_PX = 1024
"""Pictures are shown no larger than this, so that a dozen photos of many megapixels need not be kept at once."""


def report(run: Run, state: State) -> None:
    """Write the run's report.html as it stands, and the last epoch for TensorBoard if that is wanted."""
    if not run.team.leads:
        return
    show = kept(shows(run))
    write_report(
        run.folder / "report.html",
        config=run.config,
        history=run.state.history,
        data_text=run.data_text,
        judged=run.judged,
        picture=show,
        state=state,
        facts=facts(run),
    )
    if run.config.tensorboard and state == "running" and run.judged:
        sheet = draw_sheet(run.judged, show=show)
        write_board(run.folder / "tensorboard", row=run.state.history[-1], sheet=sheet)


def shows(run: Run) -> Show:
    """Gives a judged picture again, with the matte of the run's averaged weights."""

    def show(item: Judged) -> tuple[Picture, Floats, Floats]:
        photo, truth = load_pair(item.pair, reading=run.reading, longest=SHOWN_PX)
        matte, _ = predict(run.ema.model, photo, spec=run.spec, compute=run.compute)
        return photo, truth.astype(np.float32) / np.float32(255), matte

    return show


def kept(show: Show) -> Show:
    """The same, each picture made only once; for the few that are shown in more than one place."""
    made: dict[str, tuple[Picture, Floats, Floats]] = {}

    def again(item: Judged) -> tuple[Picture, Floats, Floats]:
        if item.pair.id not in made:
            made[item.pair.id] = show(item)
        return made[item.pair.id]

    return again


def facts(run: Run) -> dict[str, str]:
    """Where, when and with what a run was made, for its report."""
    return {
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "command": started_by(),
        "version": commit() or f"cutaway {__version__}",
        "packages": f"Python {platform.python_version()}, torch {torch.__version__}, numpy {np.__version__}",
        "device": device_name(run.compute.device),
        "precision": str(run.compute.precision).removeprefix("torch."),
        "threads": str(torch.get_num_threads()),
        "processes": str(run.team.world),
        "pairs": f"{len(run.kept)} to learn from, {len(run.held_out)} held out",
        "to go on with it": resume_command(run.folder, world=run.team.world),
    }


def started_by() -> str:
    """The command that started this process, as it would be typed."""
    name = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return shlex.join(["cutaway" if name == "__main__.py" else name, *sys.argv[1:]])


def commit() -> str:
    """The commit of the checkout that the package lies in; "" if it lies in none, or git is not to be had."""
    package = Path(cutaway.__file__).resolve().parent
    root = package.parent.parent
    if not (root / ".git").exists() or package != root / "src" / "cutaway":
        return ""  # installed, perhaps inside somebody else's checkout
    try:
        asked = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"cutaway {__version__}, commit {asked.stdout.strip()}"


def device_name(device: torch.device) -> str:
    """What computes: "cuda:0, NVIDIA H200" or "cpu, x86_64"."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return f"{device}, {name}"


def resume_command(folder: Path, *, world: int = 1) -> str:
    """The exact command that goes on with a run."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", world))
    if world == 1:
        start = "cutaway"
    elif world == here:
        start = f"torchrun --nproc-per-node {world} -m cutaway"
    else:
        start = f"torchrun --nnodes {world // here} --nproc-per-node {here} ... -m cutaway"
    return f"{start} train -o {quoted(folder)} --resume"
