"""What an epoch's validation means for the run: is it the best so far, and has the rate to fall?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from cutaway.training.checkpoint import RunState
from cutaway.training.config import TrainConfig

MONITORED = {"iou": "IoU", "loss": "loss"}
"""What `monitor` may name, and how to say it."""


def goodness(scores: Mapping[str, float], *, monitor: str) -> float:
    """The validation score that is watched, turned so that more is better."""
    return -scores["loss"] if monitor == "loss" else scores["iou"]


def is_better(state: RunState, scores: Mapping[str, float], *, config: TrainConfig) -> bool:
    """Whether this is the best so far; the first always is, even if it is no number."""
    return state.best == -math.inf or goodness(scores, monitor=config.monitor) > state.best


def after_start(
    state: RunState, scores: Mapping[str, float], *, row: dict[str, float], config: TrainConfig
) -> RunState:
    """The state once the starting weights have been judged, before the first step."""
    return replace(state, best=goodness(scores, monitor=config.monitor), history=[row])


def after_epoch(
    state: RunState, scores: Mapping[str, float], *, row: dict[str, float], config: TrainConfig
) -> RunState:
    """The state at the beginning of the next epoch, with this one's `row` in its history.

    After `plateau_patience` epochs without a better score, `rate_scale` is multiplied by `plateau_factor` and the
    patience begins anew; schedules other than "plateau" take no notice of it.
    """
    better = is_better(state, scores, config=config)
    since_cut = 0 if better else state.since_cut + 1
    cut = since_cut >= config.plateau_patience
    return RunState(
        epoch=state.epoch + 1,
        done=state.done,
        best=goodness(scores, monitor=config.monitor) if better else state.best,
        since_best=0 if better else state.since_best + 1,
        since_cut=0 if cut else since_cut,
        rate_scale=state.rate_scale * (config.plateau_factor if cut else 1.0),
        history=[*state.history, row],
    )
