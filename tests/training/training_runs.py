"""Settings that train in seconds, and what a finished run is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.training.config import TrainConfig, load_config
from cutaway.training.run import TrainResult

PAIRS = 12
"""How many pairs the shared data set has."""
EPOCHS, STEPS = 3, 3
"""Of a run with `quick` settings: 10 samples in batches of 4, the last one of 2."""


def quick(data: Path, out: Path, **changes: Any) -> TrainConfig:
    """Three epochs of three steps at 64 px, the same on every machine."""
    values: dict[str, Any] = {
        "data": [str(data)], "out": str(out), "size": 64, "epochs": EPOCHS, "samples_per_epoch": 10, "batch": 4,
        "lr": 4e-3, "ema": 0.5, "validation": 0.2, "device": "cpu", "precision": "float32", "threads": 1, "workers": 2,
    }  # fmt: skip
    return load_config(None, values | changes)


@dataclass(frozen=True)
class Finished:
    """A run that was left alone."""

    config: TrainConfig
    result: TrainResult
    folder: Path


def rows_of(folder: Path) -> list[dict[str, str]]:
    """The run's log.csv, one dictionary an epoch."""
    with (folder / "log.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
