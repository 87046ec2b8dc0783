"""How a training run comes to be: look at the data, build the network, or put back what a checkpoint kept."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from cutaway.data.augment import Augmentation
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair, split_pairs
from cutaway.data.samples import PairCache, Sampler, load_backgrounds
from cutaway.errors import CheckpointError, DataError, OptionError, OutputError
from cutaway.models.base import MatteNet
from cutaway.models.registry import build
from cutaway.training import checkpoint as ckpt
from cutaway.training.compute import Compute, choose
from cutaway.training.config import MAY_CHANGE_ON_RESUME, TrainConfig
from cutaway.training.optimise import Ema, build_optimiser
from cutaway.training.prepare import check_packages, usable_pairs
from cutaway.weights.spec import ModelSpec

log = logging.getLogger(__name__)


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


def set_up(config: TrainConfig, *, resume: bool) -> Run:
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
    model = _network(config, weights=old).to(compute.device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs lack it
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
                f"this run was started with {name} = {vars(old)[name]!r}, not {value!r}; "
                "resume it unchanged, or start a new run with --init"
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
