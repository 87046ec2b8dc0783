"""The training story, from a folder of pairs to a model file that every other command can use.

Read `train` from top to bottom: set the run up (`setup.py`), teach epoch by epoch, keep the best, and at the end write
what was learnt. A plain loop rather than a framework: docs/decisions/0003-plain-training-loop.md says why.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from cutaway.data.samples import ahead
from cutaway.errors import DataError
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig
from cutaway.training.distributed import together
from cutaway.training.finish import finish
from cutaway.training.interrupt import StopAsked, interrupt_held_back, interrupt_remembered
from cutaway.training.losses import matte_loss
from cutaway.training.optimise import rate, set_rate
from cutaway.training.pace import Pace
from cutaway.training.reporting import report, resume_command, shows
from cutaway.training.runlog import write_log
from cutaway.training.setup import Run, set_up
from cutaway.training.tensors import Batch, stack
from cutaway.training.validate import Judged, validate
from cutaway.training.verdict import MONITORED, after_epoch, after_start, is_better

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tick:
    """Progress within an epoch, for a progress bar: counts from 1, `rate` in pictures a second."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    rate: float


@dataclass(frozen=True)
class TrainResult:
    """What a run left behind: the exported model, the best checkpoint, and the validation scores of that."""

    model: Path
    best: Path
    scores: dict[str, float]
    epochs: int


def train(
    config: TrainConfig, *, resume: bool = False, progress: Callable[[Tick], None] | None = None
) -> TrainResult:
    """Train a model on image+mask pairs; everything lands in `config.out`.

    Args:
        config: the settings; `data` and `out` are required.
        resume: go on from `<out>/last.ckpt` exactly where it stopped.
        progress: called after every step.

    Raises:
        OptionError: `data` or `out` is missing.
        DataError: the data cannot be used as it is; the message says why.
        MissingExtraError: a package that the run needs, now or at its end, is not installed.
        CheckpointError: nothing to resume, or it belongs to other data or settings.
        OutputError: `out` already holds a run and `resume` was not asked for.
        KeyboardInterrupt: passed on after the run's state has been saved.
    """
    with together(config.device) as team:
        run = set_up(config, resume=resume, team=team)
        try:
            _learn(run, progress)
        except KeyboardInterrupt:
            run.save("last")
            report(run, "stopped")
            log.info("stopped and saved; go on with: %s", resume_command(run.folder, world=team.world))
            raise
        return team.hand_down(partial(_finish, run))


def _learn(run: Run, progress: Callable[[Tick], None] | None) -> None:
    """Epoch by epoch, to the last one or until nothing gets better."""
    config = run.config
    pace = Pace(steps=run.steps, epochs=config.epochs - run.state.epoch)
    with interrupt_remembered(enabled=run.team.world > 1) as asked:
        if config.init and not run.state.history:
            _judge(run, before=True)
        while run.state.epoch < config.epochs and run.state.since_best < config.patience:
            _teach(run, progress, pace=pace, asked=asked)
            _judge(run)
    if run.state.epoch < config.epochs:
        log.info(
            "no better validation %s for %d epochs: stopped early", MONITORED[config.monitor], config.patience
        )


def _teach(run: Run, progress: Callable[[Tick], None] | None, *, pace: Pace, asked: StopAsked) -> None:
    """One epoch, or what is left of it."""
    run.model.train()
    config, state = run.config, run.state
    began = saved = time.monotonic()
    first = state.step
    for image, truth in _batches(run):
        _advance(run, image, truth)
        now = time.monotonic()
        if said := pace.step(last=state.step == run.steps):
            log.info("%s", said)
        if progress and run.team.leads:
            progress(_tick(run, speed=(state.step - first) * config.batch / max(now - began, 1e-9)))
        if now - saved > config.save_minutes * 60:
            state.seconds += now - saved
            run.save("last")
            saved = now
        if run.team.any(asked.heard):
            raise KeyboardInterrupt
    state.seconds += time.monotonic() - saved


def _advance(run: Run, image: torch.Tensor, truth: torch.Tensor) -> None:
    """One step at the rate that is due, counted; Ctrl-C waits until it is whole."""
    state = run.state
    total = run.steps * run.config.epochs
    set_rate(run.optimiser, rate(state.done, total=total, config=run.config, scale=state.rate_scale))
    with interrupt_held_back():
        state.loss_sum += _step(run, image, truth)
        state.step += 1
        state.done += 1
        run.ema.update(run.model, done=state.done)


def _tick(run: Run, *, speed: float) -> Tick:
    state = run.state
    return Tick(state.epoch + 1, run.config.epochs, state.step, run.steps, state.loss_sum / state.step, speed)


def _batches(run: Run) -> Iterator[Batch]:
    """(image, truth) tensors of this process's share, from the first step that has not been done yet."""
    state, sampler, team = run.state, run.sampler, run.team
    order = sampler.order(state.epoch, run.samples)
    shares = [team.share(run.numbers(step)) for step in range(state.step, run.steps)]
    jobs = [
        partial(sampler.sample, int(order[n]), epoch=state.epoch, number=n) for share in shares for n in share
    ]
    samples = ahead(jobs, workers=run.config.workers, depth=4 * run.config.batch)
    for share in shares:
        yield stack([next(samples) for _ in share], spec=run.spec, device=run.compute.device)


def _step(run: Run, image: torch.Tensor, truth: torch.Tensor) -> float:
    """Forward, loss, backward, one step of the optimiser; returns the loss of the whole batch."""
    with run.compute.autocast():
        outputs = run.net(image)
    weights = run.model.output_weights
    loss = matte_loss([o.float() for o in outputs], truth, weights=weights, loss=run.config.loss)
    if run.team.world > 1:
        loss = loss * run.team.weight(len(image), whole=len(run.numbers(run.state.step)))
    value = run.team.total([float(loss.detach())])[0] / run.team.world
    if not np.isfinite(value):
        raise DataError(
            f"the loss became {value} at epoch {run.state.epoch + 1}, step {run.state.step + 1}; try a smaller --lr"
        )
    run.optimiser.zero_grad(set_to_none=True)
    run.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
    run.scaler.unscale_(run.optimiser)
    if run.config.clip:
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), run.config.clip)
    run.scaler.step(run.optimiser)
    run.scaler.update()
    return value


def _judge(run: Run, *, before: bool = False) -> None:
    """Validate the averaged weights, keep them if they are the best, write the log, and begin the next epoch.

    The run's state changes in one assignment, so that an interrupted judgement is repeated whole when the run goes
    on. With several processes the first one judges, and the others take over its verdict.

    Args:
        run: the run.
        before: these are the weights that training starts from; they stand in the log as epoch 0.
    """
    run.state = run.team.hand_down(partial(_verdict, run, before=before))
    run.save("last")
    report(run, "running")


def _verdict(run: Run, *, before: bool) -> ckpt.RunState:
    """The state after this epoch; writes what is written of it."""
    config, state = run.config, run.state
    scores, run.judged = _validate(run)
    row = _row(run, scores, epoch=state.epoch + (not before))
    better = is_better(state, scores, config=config)
    after = (after_start if before else after_epoch)(state, scores, row=row, config=config)
    log.info(
        "%s: %svalidation loss %.4f, IoU %.4f, boundary IoU %.4f, MAE %.4f%s",
        "before training" if before else f"epoch {after.epoch}/{config.epochs}",
        "" if before else f"loss {row['train_loss']:.4f}, ",
        scores["loss"], scores["iou"], scores["boundary_iou"], scores["mae"],
        " (best)" if better and not before else "",
    )  # fmt: skip
    if better:
        run.save("best", state=after)
    write_log(after.history, run.folder / "log.csv")
    return after


def _validate(run: Run) -> tuple[dict[str, float], list[Judged]]:
    return validate(
        run.ema.model,
        run.held_out,
        reading=run.reading,
        spec=run.spec,
        compute=run.compute,
        loss=run.config.loss,
    )


def _row(run: Run, scores: dict[str, float], *, epoch: int) -> dict[str, float]:
    """What the log says of an epoch; of the starting weights there is no training loss."""
    state = run.state
    return {
        "epoch": epoch,
        "lr": run.optimiser.param_groups[-1]["lr"] if state.step else 0.0,
        "train_loss": state.loss_sum / state.step if state.step else float("nan"),
        **{f"val_{k}": v for k, v in scores.items()},
        "seconds": state.seconds,
        "images_per_s": state.step * run.config.batch / max(state.seconds, 1e-9),
    }


def _finish(run: Run) -> TrainResult:
    """Report and export the best checkpoint."""
    best = run.folder / "best.ckpt"
    run.ema.model.load_state_dict(ckpt.load(best).ema)
    scores, run.judged = _validate(run)
    history = run.state.history
    model = finish(
        run.ema.model, run.folder, history=history, judged=run.judged, show=shows(run), spec=run.spec
    )
    run.ema.model.to(run.compute.device)  # exporting took it to the CPU
    report(run, "finished")
    if history[0]["epoch"] == 0:
        log.info("validation IoU %.3f -> %.3f", history[0]["val_iou"], scores["iou"])
    return TrainResult(model=model, best=best, scores=scores, epochs=run.state.epoch)
