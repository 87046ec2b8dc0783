"""Several processes, one run: torchrun starts them, each takes its share of every batch (DistributedDataParallel).

The first process (rank 0) leads: it alone validates, writes and logs, while the others wait. `config.batch` is the
whole batch, and gradients are averaged over all its samples, so the steps are those of a single process up to
rounding, with two exceptions: batch normalisation takes its statistics from each process's own share, and the loss
"batch-dice" is that of each share.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

import torch
from torch import distributed, nn

from cutaway.errors import OptionError

PATIENCE = timedelta(hours=4)
"""How long processes wait for one another; the others wait while the first one validates."""
SMALLEST_SHARE = 2
"""Samples a process must have in a step, because batch normalisation cannot use a single one."""

_Any = TypeVar("_Any")


@dataclass(frozen=True)
class Team:
    """The processes of a run, seen from one of them; a run in a single process is a team of one.

    Attributes:
        rank: this process's number, from 0.
        world: how many there are.
        device: where this process computes; None leaves the choice to `compute.choose`.
    """

    rank: int = 0
    world: int = 1
    device: torch.device | None = None

    @property
    def leads(self) -> bool:
        """Whether this process is the one that validates, writes and logs."""
        return self.rank == 0

    def share(self, samples: range) -> range:
        """Which samples of a step are this process's."""
        return samples[self.rank :: self.world]

    def weight(self, mine: int, *, whole: int) -> float:
        """What a loss over `mine` of `whole` samples counts, so that the processes' mean is that of all samples."""
        return mine * self.world / whole

    def wrap(self, model: nn.Module) -> nn.Module:
        """The network as steps go through it: gradients are averaged over the team on the way back."""
        if self.world == 1:
            return model
        cuda = self.device is not None and self.device.type == "cuda"
        return nn.parallel.DistributedDataParallel(model, device_ids=[self.device] if cuda else None)

    def total(self, values: Sequence[float]) -> list[float]:
        """Each value summed over all processes; every process must ask, and waits for the others."""
        if self.world == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        distributed.all_reduce(tensor)
        return cast(list[float], tensor.tolist())

    def any(self, heard: bool) -> bool:
        """Whether it is so in any process; every process must ask."""
        return self.total([float(heard)])[0] > 0

    def wait(self) -> None:
        """Go on when all processes have come this far."""
        self.total([0.0])

    def hand_down(self, make: Callable[[], _Any]) -> _Any:
        """What the first process makes, given to all; the others wait for it."""
        if self.world == 1:
            return make()
        box: list[Any] = [make() if self.leads else None]
        distributed.broadcast_object_list(box, src=0, device=self.device)
        return cast(_Any, box[0])


@contextmanager
def together(device: str) -> Iterator[Team]:
    """Join the processes that torchrun has started (RANK, WORLD_SIZE, LOCAL_RANK), and part at the end.

    Args:
        device: "auto", "cpu" or "cuda"; processes on CUDA talk by nccl, others by gloo.

    Raises:
        OptionError: the variables are there and make no sense.
    """
    rank, world, local = (_number(name, default) for name, default in _VARIABLES)
    if world == 1:
        yield Team()
        return
    if not 0 <= rank < world:
        raise OptionError(
            f"RANK={rank} and WORLD_SIZE={world} do not fit together; start the run with torchrun"
        )
    cuda = device != "cpu" and torch.cuda.is_available()
    place = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(place)
    distributed.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    try:
        yield Team(rank, world, place)
    finally:
        distributed.destroy_process_group()


_VARIABLES = (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))


def _number(name: str, default: int) -> int:
    try:
        return int(os.environ.get(name, default))
    except ValueError as error:
        raise OptionError(f"{name}={os.environ[name]!r} is no number; start the run with torchrun") from error
