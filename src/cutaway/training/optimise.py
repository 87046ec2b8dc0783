"""Optimiser, learning-rate schedule and averaged weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from cutaway.models.base import MatteNet
from cutaway.training.config import TrainConfig

MOMENTUM = 0.9
"""Of sgd, with Nesterov's look ahead (Sutskever et al. 2013)."""


def build_optimiser(model: MatteNet, config: TrainConfig) -> torch.optim.Optimizer:
    """The configured optimiser in four groups: encoder or not, decayed or not (norms and biases are not).

    With "adam" and "sgd" the decay is part of the gradient (L2), with "adamw" it is apart from it (Loshchilov & Hutter
    2019, arXiv:1711.05101).
    """
    encoder = {id(p) for p in model.encoder_parameters()} if _starts_from_something(config) else set()
    groups = []
    for pretrained in (True, False):
        for decayed in (True, False):
            params = [
                p for p in model.parameters() if (id(p) in encoder) == pretrained and (p.ndim > 1) == decayed
            ]
            factor = config.encoder_lr if pretrained else 1.0
            decay = config.weight_decay if decayed else 0.0
            groups.append(
                {"params": params, "lr": config.lr * factor, "weight_decay": decay, "factor": factor}
            )
    return _OPTIMISERS[config.optimiser]([g for g in groups if g["params"]])


def _starts_from_something(config: TrainConfig) -> bool:
    return bool(config.pretrained or config.pretrained_file or config.init)


_OPTIMISERS: dict[str, Callable[[list[dict[str, Any]]], torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": partial(torch.optim.SGD, momentum=MOMENTUM, nesterov=True),
}


def rate(done: int, *, total: int, config: TrainConfig, scale: float = 1.0) -> float:
    """Learning rate after `done` of `total` steps: a linear rise, then what the schedule says.

    "cosine" falls in half a cosine to a hundredth (Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts);
    "constant" stays; "plateau" is `scale` times the configured rate, but not less than `min_lr`: see
    `verdict.after_epoch`.
    """
    rise = max(1, round(config.warmup * total))
    if done < rise:
        return config.lr * (done + 1) / rise
    if config.schedule == "constant":
        return config.lr
    if config.schedule == "plateau":
        return max(config.lr * scale, min(config.min_lr, config.lr))
    progress = min(1.0, (done - rise) / max(1, total - rise))
    return config.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * progress)))


def set_rate(optimiser: torch.optim.Optimizer, value: float) -> None:
    """Give every group its share of the rate."""
    for group in optimiser.param_groups:
        group["lr"] = value * group["factor"]


class Ema:
    """Exponential moving average of a network's weights (Polyak & Juditsky 1992): steadier than the last step's.

    The average starts short and grows to `decay`, so that early epochs are not judged by the random start.
    """

    def __init__(self, model: MatteNet, *, decay: float) -> None:
        self.model: MatteNet = copy.deepcopy(model)
        self.model.eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, *, done: int) -> None:
        """Move the average towards the model's present weights after step `done`."""
        decay = min(self.decay, (1 + done) / (10 + done))
        for mine, theirs in zip(self.model.parameters(), model.parameters(), strict=True):
            mine.lerp_(theirs.detach(), 1 - decay)
        for kept, new in zip(self.model.buffers(), model.buffers(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - decay)
            else:
                kept.copy_(new)
