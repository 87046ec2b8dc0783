"""From samples as the data room makes them to what a network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import torch

from cutaway.data.samples import Loaded
from cutaway.pixels.prepare import LUMA
from cutaway.weights.spec import ModelSpec

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]


def stack(samples: Sequence[Loaded], *, spec: ModelSpec, device: torch.device) -> Batch:
    """uint8 samples to normalised float32 (N, C, S, S), C by the network's spec, and (N, 1, S, S) on the device."""
    image = (
        torch.from_numpy(np.stack([s[0] for s in samples]))
        .to(device, non_blocking=True)
        .permute(0, 3, 1, 2)
        .float()
        / 255
    )
    if spec.channels == 1:
        image = (image * torch.from_numpy(LUMA).to(device).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    mean = torch.tensor(spec.mean, device=device).view(1, -1, 1, 1)
    std = torch.tensor(spec.std, device=device).view(1, -1, 1, 1)
    truth = torch.from_numpy(np.stack([s[1] for s in samples])).to(device)[:, None].float() / 255
    return ((image - mean) / std).contiguous(memory_format=torch.channels_last), truth
