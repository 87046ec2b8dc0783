"""Checkpoints: everything a run needs to go on as if nothing had happened, written whole or not at all."""

from __future__ import annotations

import io
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from cutaway.errors import CheckpointError, OptionError
from cutaway.media.files import write_atomic
from cutaway.training.config import TrainConfig, load_config

FORMAT = 1


@dataclass
class RunState:
    """Where a run stands.

    Attributes:
        epoch: the epoch in progress, from 0.
        step: steps done in that epoch.
        done: steps done in all.
        loss_sum: training loss summed over the epoch's steps so far.
        best: how good the best epoch so far was (`verdict.goodness`), minus infinity before the first.
        since_best: epochs since then.
        since_cut: epochs since then, or since the plateau schedule last cut the rate.
        rate_scale: what the plateau schedule has made of the rate so far, as a factor.
        history: one row a finished epoch; with `init` also one for epoch 0, before the first step.
    """

    epoch: int = 0
    step: int = 0
    done: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best: float = -math.inf
    since_best: int = 0
    since_cut: int = 0
    rate_scale: float = 1.0
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass
class Checkpoint:
    """A run frozen in time.

    Attributes:
        config: how the run was set up.
        state: where it stands.
        model, ema, optimiser, scaler: state dicts; `ema` holds the averaged weights, which are the ones to use.
        fingerprint: hash of the split, so that a run is not continued on other data by mistake.
        random: torch's random state (all other chance comes from seeds and counters).
    """

    config: TrainConfig
    state: RunState
    model: dict[str, Any]
    ema: dict[str, Any]
    optimiser: dict[str, Any] = field(default_factory=dict)
    scaler: dict[str, Any] = field(default_factory=dict)
    fingerprint: str = ""
    random: dict[str, Any] = field(default_factory=dict)


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint; an older one under that name stays whole until the new one is complete."""
    data = {
        "format": FORMAT,
        **{
            k: getattr(checkpoint, k)
            for k in ("model", "ema", "optimiser", "scaler", "fingerprint", "random")
        },
    }
    data["config"] = asdict(checkpoint.config)
    data["state"] = asdict(checkpoint.state)
    buffer = io.BytesIO()
    torch.save(data, buffer)
    write_atomic(path, buffer.getvalue(), overwrite=True)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in it is executed (weights_only).

    Raises:
        CheckpointError: no such file, damaged, or from a program that is not this one.
    """
    try:
        data = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"there is no checkpoint {path}") from error
    except Exception as error:  # torch raises half a dozen types for damaged files
        raise CheckpointError(f"{path} cannot be read as a checkpoint ({type(error).__name__})") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise CheckpointError(f"{path} is not a Cutaway checkpoint of format {FORMAT}")
    data.pop("format")
    try:
        config = load_config(None, data.pop("config"))
        return Checkpoint(config=config, state=RunState(**data.pop("state")), **data)
    except (KeyError, TypeError, AttributeError, OptionError) as error:
        raise CheckpointError(f"{path} was written by another version of Cutaway: {error}") from error


def random_state() -> dict[str, Any]:
    """torch's random state on all devices in use."""
    state: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_random(state: dict[str, Any]) -> None:
    """Put back what `random_state` took."""
    if "cpu" in state:
        torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.device_count() == len(state["cuda"]):  # else resumed on another machine
        torch.cuda.set_rng_state_all(state["cuda"])
