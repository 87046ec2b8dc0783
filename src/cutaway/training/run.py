"""The training story, from a folder of pairs to a model file that every other command can use.

Read `train` from top to bottom: look at the data, build (or restore) the run, teach epoch by epoch, keep the best, and at the end write what was
learnt. A plain loop rather than a framework: docs/decisions/0003-plain-training-loop.md says why.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cutaway.data.augment import Augmentation
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair, split_pairs
from cutaway.data.samples import Loaded, PairCache, Sampler, ahead, load_backgrounds
from cutaway.errors import CheckpointError, DataError, OptionError, OutputError
from cutaway.models.base import MatteNet
from cutaway.models.registry import build
from cutaway.training import checkpoint as ckpt
from cutaway.training.compute import Compute, choose
from cutaway.training.config import MAY_CHANGE_ON_RESUME, TrainConfig
from cutaway.training.finish import finish
from cutaway.training.interrupt import interrupt_held_back
from cutaway.training.losses import matte_loss
from cutaway.training.optimise import Ema, build_optimiser, rate, set_rate
from cutaway.training.prepare import check_packages, usable_pairs
from cutaway.training.runlog import write_log
from cutaway.training.validate import validate
from cutaway.weights.spec import ModelSpec

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


@dataclass
class Run:
    """All parts of a run in progress."""

    config: TrainConfig
    folder: Path
    compute: Compute
    model: MatteNet
    ema: Ema
    optimiser: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    sampler: Sampler
    held_out: list[Pair]
    reading: MaskReading
    spec: ModelSpec
    fingerprint: str
    state: ckpt.RunState

    @property
    def samples(self) -> int:
        """Samples an epoch."""
        return self.config.samples_per_epoch or len(self.sampler.cache)

    @property
    def steps(self) -> int:
        """Steps an epoch; a last batch of one is left out, because batch normalisation cannot use it."""
        full, rest = divmod(self.samples, self.config.batch)
        return full + (rest > 1)

    def save(self, name: str, *, state: ckpt.RunState | None = None) -> Path:
        """Write the run as it stands (or in another `state`) to `<folder>/<name>.ckpt`."""
        path = self.folder / f"{name}.ckpt"
        frozen = ckpt.Checkpoint(
            config=self.config,
            state=state or self.state,
            model=self.model.state_dict(),
            ema=self.ema.model.state_dict(),
            optimiser=self.optimiser.state_dict(),
            scaler=self.scaler.state_dict(),
            fingerprint=self.fingerprint,
            random=ckpt.random_state(),
        )
        ckpt.save(frozen, path)
        return path


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
    run = _set_up(config, resume=resume)
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


def _set_up(config: TrainConfig, *, resume: bool) -> Run:
    """Look at the data first, then build the network, then put back what a checkpoint kept."""
    check_packages()
    folder = _run_folder(config, resume=resume)
    old = ckpt.load(folder / "last.ckpt") if resume else None
    config = replace(config, name=config.name or (old.config.name if old else folder.resolve().name))
    if old:
        _same_settings(old.config, config)
    compute = choose(config.device, precision=config.precision)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    pairs, reading = usable_pairs(config)
    kept, held_out = split_pairs(pairs, validation=config.validation, seed=config.seed)
    fingerprint = hashlib.sha256(
        "\n".join([*(p.id for p in kept), "|", *(p.id for p in held_out)]).encode()
    ).hexdigest()
    if old and old.fingerprint != fingerprint:
        raise CheckpointError(
            "the data has changed since this run began; start a new run (with --init to build on this one)"
        )
    model = _network(config, weights=old).to(compute.device, memory_format=torch.channels_last)
    run = Run(
        config=config,
        folder=folder,
        compute=compute,
        model=model,
        ema=Ema(model, decay=config.ema),
        optimiser=build_optimiser(model, config),
        scaler=compute.scaler(),
        sampler=_sampler(config, kept, reading),
        held_out=held_out,
        reading=reading,
        spec=model.describe(config.name, size=config.size),
        fingerprint=fingerprint,
        state=ckpt.RunState(),
    )
    if run.steps == 0:
        raise DataError(
            "an epoch of 1 sample is too short to learn from; add pairs, or set samples_per_epoch to 2 or more"
        )
    if old:
        _restore(run, old)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(config.to_json() + "\n", encoding="utf-8")
    log.info(
        "%s on %s: %d pairs to learn from, %d held out, masks read as %s; %d samples an epoch",
        config.arch, compute, len(kept), len(held_out), reading, run.samples,
    )  # fmt: skip
    return run


def _run_folder(config: TrainConfig, *, resume: bool) -> Path:
    """The run's folder, which holds a run already if and only if that is to go on."""
    if not config.data or not config.out:
        raise OptionError("training needs a data folder and a folder for the run: cutaway train DATA -o RUN")
    folder = Path(config.out)
    there = (folder / "last.ckpt").exists()
    if resume and not there:
        raise CheckpointError(f"nothing to resume: there is no {folder / 'last.ckpt'}")
    if there and not resume:
        raise OutputError(
            f"{folder} already holds a training run; add --resume to go on with it, or choose another -o"
        )
    return folder


def _same_settings(old: TrainConfig, new: TrainConfig) -> None:
    for name, value in vars(new).items():
        if name not in MAY_CHANGE_ON_RESUME and value != vars(old)[name]:
            raise CheckpointError(
                f"this run was started with {name} = {vars(old)[name]!r}, not {value!r}; resume it unchanged, or start a new run with --init"
            )


def _network(config: TrainConfig, *, weights: ckpt.Checkpoint | None) -> MatteNet:
    """A new network, pretrained unless its weights are about to be replaced."""
    start = load_init(config.init) if config.init and not weights else None
    model = build(config.arch, pretrained=config.pretrained and not (start or weights))
    if start:
        try:
            model.load_state_dict(start)
        except RuntimeError as error:
            raise CheckpointError(
                f"--init {config.init} is not a {config.arch} network: {str(error).splitlines()[-1].strip()}"
            ) from error
    return model


def load_init(path: str) -> dict[str, Any]:
    """The averaged weights of a checkpoint, to start another run from."""
    return ckpt.load(Path(path)).ema


def _sampler(config: TrainConfig, pairs: Sequence[Pair], reading: MaskReading) -> Sampler:
    longest = round(
        config.size * 1.6
    )  # a crop of half the photo still has most of the resolution it is shown at
    cache = PairCache(pairs, reading=reading, longest=longest, budget_bytes=int(config.cache_gb * 2**30))
    how = Augmentation(background=config.background, scale=(config.scale_min, config.scale_max))
    backgrounds = (
        load_backgrounds(Path(config.background_folder), longest=longest) if config.background_folder else []
    )
    return Sampler(cache, size=config.size, seed=config.seed, how=how, backgrounds=backgrounds)


def _restore(run: Run, old: ckpt.Checkpoint) -> None:
    run.model.load_state_dict(old.model)
    run.ema.model.load_state_dict(old.ema)
    run.optimiser.load_state_dict(old.optimiser)
    run.scaler.load_state_dict(old.scaler)
    run.state = old.state
    ckpt.restore_random(old.random)
    log.info("resuming at epoch %d, step %d", run.state.epoch + 1, run.state.step)


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
        after.epoch, run.config.epochs, row["train_loss"], scores["loss"], scores["iou"], scores["boundary_iou"], scores["mae"],
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
