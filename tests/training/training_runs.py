"""Settings that train in seconds, and what a finished run is."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from cutaway.training import checkpoint as ckpt
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


def tiny(data: Path, out: Path, **changes: Any) -> TrainConfig:
    """The same with a network of a few hundred weights, for tests that look at the run and not at what it learns."""
    small: dict[str, Any] = {
        "arch": "unet", "pretrained": False, "network": {"blocks": 1, "filters": 4}, "size": 32, "ema": 0.3,
    }  # fmt: skip
    return quick(data, out, **(small | changes))


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


def metrics_of(folder: Path) -> list[dict[str, str]]:
    """The same without what depends on the clock."""
    return [{k: v for k, v in row.items() if k not in ("seconds", "images_per_s")} for row in rows_of(folder)]


def same_checkpoint(one: ckpt.Checkpoint, other: ckpt.Checkpoint) -> None:
    """Assert that two runs stand in the same place, bit by bit."""
    for weights, wanted in ((one.model, other.model), (one.ema, other.ema)):
        assert weights.keys() == wanted.keys()
        assert all(torch.equal(weights[k], wanted[k]) for k in weights)
    for moments, wanted in zip(
        one.optimiser["state"].values(), other.optimiser["state"].values(), strict=True
    ):
        assert all(torch.equal(moments[k], wanted[k]) for k in wanted)
    assert torch.equal(one.random["cpu"], other.random["cpu"])
    assert (one.state.epoch, one.state.done, one.state.best) == (
        other.state.epoch,
        other.state.done,
        other.state.best,
    )
