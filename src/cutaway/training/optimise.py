"""Optimiser, learning-rate schedule and averaged weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import nn

from cutaway.models.base import MatteNet
from cutaway.training.config import TrainConfig


def build_optimiser(model: MatteNet, config: TrainConfig) -> torch.optim.Optimizer:
    """AdamW in four groups: encoder or not, decayed or not (norms and biases are not)."""
    encoder = {id(p) for p in model.encoder_parameters()} if config.pretrained or config.init else set()
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
    return torch.optim.AdamW([g for g in groups if g["params"]])


def rate(done: int, *, total: int, config: TrainConfig) -> float:
    """Learning rate after `done` of `total` steps: a linear rise, then half a cosine down to a hundredth.

    Cosine decay: Loshchilov & Hutter 2017 (arXiv:1608.03983), without restarts.
    """
    rise = max(1, round(config.warmup * total))
    if done < rise:
        return config.lr * (done + 1) / rise
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
