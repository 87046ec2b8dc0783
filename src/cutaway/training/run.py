"""The training story, from a folder of pairs to a model file that every other command can use.

Read `train` from top to bottom: set the run up (`setup.py`), teach epoch by epoch, keep the best, and at the end write
what was learnt. A plain loop rather than a framework: docs/decisions/0003-plain-training-loop.md says why.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cutaway.data.samples import Loaded, ahead
from cutaway.errors import DataError
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig
from cutaway.training.finish import finish
from cutaway.training.interrupt import interrupt_held_back
from cutaway.training.losses import matte_loss
from cutaway.training.optimise import rate, set_rate
from cutaway.training.runlog import write_log
from cutaway.training.setup import Run, set_up
from cutaway.training.validate import validate

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
    run = set_up(config, resume=resume)
    try:
        while run.state.epoch < config.epochs and run.state.since_best < config.patience:
            _teach(run, progress)
            _judge(run)
    except KeyboardInterrupt:
        run.save("last")
        log.info("stopped and saved; the same command with --resume goes on from here")
        raise
    if run.state.epoch < config.epochs:
        log.info("no better validation IoU for %d epochs: stopped early", config.patience)
    return _finish(run)


def _teach(run: Run, progress: Callable[[Tick], None] | None) -> None:
    """One epoch, or what is left of it."""
    run.model.train()
    config, state = run.config, run.state
    began = saved = time.monotonic()
    first = state.step
    for image, truth in _batches(run):
        set_rate(run.optimiser, rate(state.done, total=run.steps * config.epochs, config=config))
        with interrupt_held_back():
            state.loss_sum += _step(run, image, truth)
            state.step += 1
            state.done += 1
            run.ema.update(run.model, done=state.done)
        now = time.monotonic()
        if progress:
            speed = (state.step - first) * config.batch / max(now - began, 1e-9)
            progress(
                Tick(
                    state.epoch + 1, config.epochs, state.step, run.steps, state.loss_sum / state.step, speed
                )
            )
        if now - saved > config.save_minutes * 60:
            state.seconds += now - saved
            run.save("last")
            saved = now
    state.seconds += time.monotonic() - saved


def _batches(run: Run) -> Any:
    """(image, truth) tensors from the first step that has not been done yet."""
    config, state, sampler = run.config, run.state, run.sampler
    order = sampler.order(state.epoch, run.samples)
    numbers = range(state.step * config.batch, min(run.samples, run.steps * config.batch))
    jobs = [partial(sampler.sample, int(order[n]), epoch=state.epoch, number=n) for n in numbers]
    collected: list[Loaded] = []
    for sample in ahead(jobs, workers=config.workers, depth=4 * config.batch):
        collected.append(sample)
        if len(collected) == config.batch:
            yield _stack(collected, run)
            collected = []
    if len(collected) > 1:
        yield _stack(collected, run)


def _stack(samples: Sequence[Loaded], run: Run) -> tuple[torch.Tensor, torch.Tensor]:
    """uint8 samples to normalised float32 (N, 3, S, S) and (N, 1, S, S) on the device."""
    device = run.compute.device
    image = (
        torch.from_numpy(np.stack([s[0] for s in samples]))
        .to(device, non_blocking=True)
        .permute(0, 3, 1, 2)
        .float()
        / 255
    )
    mean = torch.tensor(run.spec.mean, device=device).view(1, 3, 1, 1)
    std = torch.tensor(run.spec.std, device=device).view(1, 3, 1, 1)
    truth = torch.from_numpy(np.stack([s[1] for s in samples])).to(device)[:, None].float() / 255
    return ((image - mean) / std).contiguous(memory_format=torch.channels_last), truth


def _step(run: Run, image: torch.Tensor, truth: torch.Tensor) -> float:
    """Forward, loss, backward, one step of the optimiser; returns the loss."""
    with run.compute.autocast():
        outputs = run.model(image)
    loss = matte_loss([o.float() for o in outputs], truth, weights=run.model.output_weights)
    value = float(loss.detach())
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


def _judge(run: Run) -> None:
    """Validate the averaged weights, keep them if they are the best, write the log, and begin the next epoch.

    The run's state changes in one assignment, so that an interrupted judgement is repeated whole when the run goes on.
    """
    state = run.state
    scores, _ = validate(run.ema.model, run.held_out, reading=run.reading, spec=run.spec, compute=run.compute)
    row = {
        "epoch": state.epoch + 1,
        "lr": run.optimiser.param_groups[-1]["lr"],
        "train_loss": state.loss_sum / max(1, state.step),
    }
    row |= {f"val_{k}": v for k, v in scores.items()}
    row |= {
        "seconds": state.seconds,
        "images_per_s": state.step * run.config.batch / max(state.seconds, 1e-9),
    }
    better = scores["iou"] > state.best
    after = ckpt.RunState(
        epoch=state.epoch + 1,
        done=state.done,
        best=max(state.best, scores["iou"]),
        since_best=0 if better else state.since_best + 1,
        history=[*state.history, row],
    )
    log.info(
        "epoch %d/%d: loss %.4f, validation loss %.4f, IoU %.4f, boundary IoU %.4f, MAE %.4f%s",
        after.epoch, run.config.epochs, row["train_loss"],
        scores["loss"], scores["iou"], scores["boundary_iou"], scores["mae"],
        " (best)" if better else "",
    )  # fmt: skip
    if better:
        run.save("best", state=after)
    write_log(after.history, run.folder / "log.csv")
    run.state = after
    run.save("last")


def _finish(run: Run) -> TrainResult:
    """Report and export the best checkpoint."""
    best = run.folder / "best.ckpt"
    run.ema.model.load_state_dict(ckpt.load(best).ema)
    scores, judged = validate(
        run.ema.model, run.held_out, reading=run.reading, spec=run.spec, compute=run.compute
    )
    model = finish(
        run.ema.model,
        run.folder,
        history=run.state.history,
        judged=judged,
        reading=run.reading,
        spec=run.spec,
        compute=run.compute,
    )
    return TrainResult(model=model, best=best, scores=scores, epochs=len(run.state.history))
