"""How a training run comes to be: look at the data, build the network, or put back what a checkpoint kept."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from cutaway.data.augment import Augmentation
from cutaway.data.check_text import count
from cutaway.data.grounds import Picture
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair, split_pairs
from cutaway.data.samples import PairCache, Sampler, load_backgrounds
from cutaway.errors import CheckpointError, DataError, OptionError, OutputError
from cutaway.media.files import write_atomic
from cutaway.models.base import MatteNet
from cutaway.models.norms import renew_norms
from cutaway.training import checkpoint as ckpt
from cutaway.training.compute import Compute, choose
from cutaway.training.config import MAY_CHANGE_ON_RESUME, TrainConfig
from cutaway.training.distributed import SMALLEST_SHARE, Team
from cutaway.training.network import build_network
from cutaway.training.optimise import Ema, build_optimiser
from cutaway.training.prepare import check_packages, usable_pairs
from cutaway.training.tensorboard import check_tensorboard
from cutaway.training.tensors import stack
from cutaway.training.validate import Judged
from cutaway.weights.spec import ModelSpec

log = logging.getLogger(__name__)


AS_IT_IS = Augmentation(
    scale=(1.0, 1.0), stretch=1.0, flip=0, colour=0, blur=0, noise=0, jpeg=0, coarse=0, background=0, empty=0
)
"""No augmentation: the whole photo, squeezed to a square."""

MEASURED_ON = 96
"""Samples that `renew_norms` measures normalisation on."""


@dataclass
class Run:
    """All parts of a run in progress.

    Attributes:
        team: the processes that share the work; a team of one without torchrun.
        model: the network itself; `net` is the same as training steps go through it.
        ema: the averaged weights, which are validated and exported.
        kept, held_out: the pairs to learn from and those to be judged by.
        data_text: what `data check` says of the data.
        judged: how the last validation went, picture by picture; empty before the first one of this process.
    """

    config: TrainConfig
    folder: Path
    team: Team
    compute: Compute
    model: MatteNet
    net: nn.Module
    ema: Ema
    optimiser: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    sampler: Sampler
    kept: list[Pair]
    held_out: list[Pair]
    reading: MaskReading
    data_text: str
    spec: ModelSpec
    fingerprint: str
    state: ckpt.RunState
    judged: list[Judged] = field(default_factory=list)

    @property
    def samples(self) -> int:
        """Samples an epoch."""
        return self.config.samples_per_epoch or len(self.sampler.cache)

    @property
    def steps(self) -> int:
        """Steps an epoch; a last batch of one a process is left out, because batch normalisation cannot use it."""
        full, rest = divmod(self.samples, self.config.batch)
        return full + (rest >= SMALLEST_SHARE * self.team.world)

    def numbers(self, step: int) -> range:
        """Which of the epoch's samples a step consists of."""
        return range(step * self.config.batch, min((step + 1) * self.config.batch, self.samples))

    def save(self, name: str, *, state: ckpt.RunState | None = None) -> Path:
        """Write the run as it stands (or in another `state`) to `<folder>/<name>.ckpt`; only the first process does."""
        path = self.folder / f"{name}.ckpt"
        if not self.team.leads:
            return path
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


def set_up(config: TrainConfig, *, resume: bool, team: Team) -> Run:
    """Look at the data first, then build the network, then put back what a checkpoint kept."""
    check_packages()
    if config.tensorboard:
        check_tensorboard()
    _large_enough(config.batch, team)
    folder = _run_folder(config, resume=resume)
    old = ckpt.load(folder / "last.ckpt") if resume else None
    config = replace(config, name=config.name or (old.config.name if old else folder.resolve().name))
    _same_settings(old, config)
    compute = _compute(config, team)
    torch.manual_seed(config.seed)
    pairs, reading, data_text = usable_pairs(config)
    kept, held_out = split_pairs(pairs, validation=config.validation, seed=config.seed)
    fingerprint = _same_data(old, kept, held_out)
    model = build_network(config, weights=old).to(compute.device)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # torch's stubs lack it
    spec = model.describe(config.name, size=config.size)
    sampler = _sampler(config, kept, reading)
    if config.renew_norms and not old:
        renew_norms(model, _some_pictures(sampler, spec=spec, device=compute.device))
    run = Run(
        config=config,
        folder=folder,
        team=team,
        compute=compute,
        model=model,
        net=model,
        ema=Ema(model, decay=config.ema),
        optimiser=build_optimiser(model, config),
        scaler=compute.scaler(),
        sampler=sampler,
        kept=kept,
        held_out=held_out,
        reading=reading,
        data_text=data_text,
        spec=spec,
        fingerprint=fingerprint,
        state=ckpt.RunState(),
    )
    _begin(run, old)
    return run


def _begin(run: Run, old: ckpt.Checkpoint | None) -> None:
    """The first thing a run writes is a checkpoint, so that it can be resumed whenever it is killed."""
    if run.steps == 0:
        raise DataError(
            f"an epoch of {count(run.samples, 'sample')} is too short to learn from; "
            "add pairs, or set samples_per_epoch to 2 or more"
        )
    if old:
        _restore(run, old)
    if run.team.rank:  # or dropout would be the same in all processes
        torch.manual_seed(run.config.seed + run.state.done + run.team.rank)
    run.net = run.team.wrap(run.model)
    run.team.wait()  # until all have seen what the folder held
    if run.team.leads:
        run.folder.mkdir(parents=True, exist_ok=True)
        _sweep(run.folder)
        settings = run.config.to_json() + "\n"
        write_atomic(run.folder / "config.json", settings.encode(), overwrite=True)
        if not old:
            run.save("last")
    log.info(
        "%s on %s: %d pairs to learn from, %d held out, masks read as %s; %d samples an epoch",
        run.config.arch, run.compute, len(run.kept), len(run.held_out), run.reading, run.samples,
    )  # fmt: skip


def _sweep(folder: Path) -> None:
    """Remove what a write left behind that was killed halfway."""
    for torn in folder.glob(f".{'[0-9a-f]' * 16}.tmp"):  # as `write_atomic` names them
        torn.unlink(missing_ok=True)


def _large_enough(batch: int, team: Team) -> None:
    if batch < SMALLEST_SHARE * team.world:
        raise OptionError(
            f"a batch of {batch} is too small for {team.world} processes: each needs {SMALLEST_SHARE} samples or more"
        )


def _compute(config: TrainConfig, team: Team) -> Compute:
    compute = choose(config.device, precision=config.precision)
    if config.threads:
        torch.set_num_threads(config.threads)
    return replace(compute, device=team.device) if team.device else compute


def _same_data(old: ckpt.Checkpoint | None, kept: Sequence[Pair], held_out: Sequence[Pair]) -> str:
    """A hash of the split, which must be that of the run to go on with."""
    names = [*(p.id for p in kept), "|", *(p.id for p in held_out)]
    fingerprint = hashlib.sha256("\n".join(names).encode()).hexdigest()
    if old and old.fingerprint != fingerprint:
        raise CheckpointError(
            "the data has changed since this run began; start a new run (with --init to build on this one)"
        )
    return fingerprint


def _run_folder(config: TrainConfig, *, resume: bool) -> Path:
    """The run's folder, which holds a run already if and only if that is to go on."""
    if not config.data or not config.out:
        raise OptionError("training needs a data folder and a folder for the run: cutaway train DATA -o RUN")
    folder = Path(config.out)
    last = folder / "last.ckpt"
    if resume and not last.exists():
        raise CheckpointError(f"nothing to resume: there is no {last}")
    if not resume and last.exists() and _has_begun(last):
        raise OutputError(
            f"{folder} already holds a training run; add --resume to go on with it, or choose another -o"
        )
    return folder


def _has_begun(last: Path) -> bool:
    """Whether there is anything in a run to lose: a step, or a checkpoint that cannot be read."""
    try:
        return ckpt.load(last).state.done > 0
    except CheckpointError:
        return True


def _same_settings(old: ckpt.Checkpoint | None, new: TrainConfig) -> None:
    before = vars(old.config) if old else vars(new)
    for name, value in vars(new).items():
        if name not in MAY_CHANGE_ON_RESUME and value != before[name]:
            raise CheckpointError(
                f"this run was started with {name} = {before[name]!r}, not {value!r}; "
                "resume it unchanged, or start a new run with --init"
            )


def _sampler(config: TrainConfig, pairs: Sequence[Pair], reading: MaskReading) -> Sampler:
    longest = round(
        config.size * 1.6
    )  # a crop of half the photo still has most of the resolution it is shown at
    cache = PairCache(pairs, reading=reading, longest=longest, budget_bytes=int(config.cache_gb * 2**30))
    how = Augmentation(
        background=config.background,
        empty=config.empty,
        scale=(config.scale_min, config.scale_max),
        several=config.several,
        upside_down=config.upside_down,
    )
    how = how if config.augment else AS_IT_IS
    backgrounds = _backgrounds(config, longest=longest)
    return Sampler(cache, size=config.size, seed=config.seed, how=how, backgrounds=backgrounds)


def _some_pictures(sampler: Sampler, *, spec: ModelSpec, device: torch.device) -> list[torch.Tensor]:
    """The first samples of training, eight at a time."""
    order = sampler.order(0, MEASURED_ON)
    made = [sampler.sample(int(index), epoch=0, number=n) for n, index in enumerate(order)]
    return [stack(made[n : n + 8], spec=spec, device=device)[0] for n in range(0, len(made), 8)]


def _backgrounds(config: TrainConfig, *, longest: int) -> list[Picture]:
    if not config.background_folder:
        return []
    exclude = Path(config.background_exclude) if config.background_exclude else None
    found = load_backgrounds(Path(config.background_folder), longest=longest, exclude=exclude)
    left_out = f", without those named in {exclude}" if exclude else ""
    log.info("%d backgrounds from %s%s", len(found), config.background_folder, left_out)
    return found


def _restore(run: Run, old: ckpt.Checkpoint) -> None:
    run.model.load_state_dict(old.model)
    run.ema.model.load_state_dict(old.ema)
    run.optimiser.load_state_dict(old.optimiser)
    run.scaler.load_state_dict(old.scaler)
    run.state = old.state
    ckpt.restore_random(old.random)
    log.info("resuming at epoch %d, step %d", run.state.epoch + 1, run.state.step)
