"""What a validation score does to a run: best, patience, and the plateau schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from cutaway.training.checkpoint import RunState
from cutaway.training.config import TrainConfig
from cutaway.training.optimise import rate
from cutaway.training.verdict import after_epoch, after_start, goodness, is_better


def _course(values: Sequence[float], config: TrainConfig) -> list[RunState]:
    """The states after epochs with these scores: `values` are IoU, and the loss is one minus that."""
    states = [RunState()]
    for number, value in enumerate(values, start=1):
        scores = {"iou": value, "loss": 1 - value}
        states.append(after_epoch(states[-1], scores, row={"epoch": number}, config=config))
    return states[1:]


def test_iou_wants_more_and_loss_wants_less() -> None:
    scores = {"iou": 0.7, "loss": 2.5}
    assert goodness(scores, monitor="iou") == 0.7
    assert goodness(scores, monitor="loss") == -2.5


@pytest.mark.parametrize("monitor", ["iou", "loss"])
def test_best_and_epochs_since(monitor: str) -> None:
    states = _course([0.5, 0.6, 0.6, 0.4, 0.7], TrainConfig(monitor=monitor))
    assert [s.since_best for s in states] == [0, 0, 1, 2, 0]
    assert [s.epoch for s in states] == [1, 2, 3, 4, 5]
    wanted = [0.5, 0.6, 0.6, 0.6, 0.7]
    assert [s.best for s in states] == pytest.approx(wanted if monitor == "iou" else [v - 1 for v in wanted])
    assert [row["epoch"] for row in states[-1].history] == [1, 2, 3, 4, 5]


def test_the_monitors_disagree() -> None:
    state = RunState(best=0.5)
    scores = {"iou": 0.6, "loss": 0.9}
    assert is_better(state, scores, config=TrainConfig(monitor="iou"))
    assert not is_better(RunState(best=-0.8), scores, config=TrainConfig(monitor="loss"))


def test_the_first_epoch_is_the_best_so_far_whatever_it_is() -> None:
    (state,) = _course([math.nan], TrainConfig(monitor="loss"))
    assert state.since_best == 0


def test_starting_weights_are_to_be_beaten() -> None:
    config = TrainConfig()
    start = after_start(RunState(), {"iou": 0.8, "loss": 1.0}, row={"epoch": 0}, config=config)
    assert (start.epoch, start.done, start.best, start.history) == (0, 0, 0.8, [{"epoch": 0}])
    worse = after_epoch(start, {"iou": 0.7, "loss": 1.0}, row={"epoch": 1}, config=config)
    assert (worse.epoch, worse.best, worse.since_best) == (1, 0.8, 1)


def test_a_plateau_cuts_the_rate_down_to_its_floor() -> None:
    config = TrainConfig(
        schedule="plateau", plateau_factor=0.1, plateau_patience=2, min_lr=3e-6, lr=1e-3, warmup=0.0
    )
    states = _course([0.5, 0.4, 0.4, 0.4, 0.6, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5], config)
    rates = [rate(10, total=100, config=config, scale=s.rate_scale) for s in states]
    wanted = [1e-3, 1e-3, 1e-4, 1e-4, 1e-4, 1e-4, 1e-5, 1e-5, 3e-6, 3e-6, 3e-6]
    assert rates == pytest.approx(wanted)
    assert states[-1].since_best == 6  # the early stop counts on


def test_other_schedules_take_no_notice_of_a_plateau() -> None:
    for schedule in ("cosine", "constant"):
        config = TrainConfig(schedule=schedule)
        assert rate(50, total=100, config=config, scale=0.1) == rate(50, total=100, config=config)
