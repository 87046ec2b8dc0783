"""Curves and pictures for TensorBoard, beside the run's own report."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cutaway.errors import OptionError

if TYPE_CHECKING:
    from PIL import Image

_TAGS = {
    "lr": "training/rate",
    "train_loss": "training/loss",
    "seconds": "time/seconds",
    "images_per_s": "time/images_per_s",
}


def check_tensorboard() -> None:
    """Make sure that TensorBoard can be written to, before hours of work.

    Raises:
        OptionError: its package is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise OptionError(
            "tensorboard = true needs the package 'tensorboard', which is not installed: pip install tensorboard, "
            "or leave it out; RUN/report.html shows the same curves"
        )


def write_board(folder: Path, *, row: Mapping[str, float], sheet: Image.Image) -> None:
    """Add one epoch to a TensorBoard folder, in a file of its own, so that nothing is open between epochs.

    Args:
        folder: where to write; `tensorboard --logdir` takes it, or the run's folder.
        row: the epoch's row of the log.
        sheet: photos, truths and mattes.
    """
    from torch.utils.tensorboard import SummaryWriter

    epoch = int(row["epoch"])
    writer = SummaryWriter(str(folder))
    try:
        for name, value in row.items():
            if name != "epoch" and math.isfinite(value):
                writer.add_scalar(_tag(name), value, epoch)
        writer.add_image("validation", np.asarray(sheet), epoch, dataformats="HWC")
    finally:
        writer.close()


def _tag(name: str) -> str:
    return _TAGS.get(name) or f"validation/{name.removeprefix('val_')}"
