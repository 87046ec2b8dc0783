"""Validation: whole photos through the network as they will be at prediction time, judged at the mask's own size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from cutaway.data.grounds import Picture
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair
from cutaway.data.samples import load_pair
from cutaway.evaluation.metrics import Overlap, boundary_iou, dice, iou, mae, overlap
from cutaway.models.base import MatteNet
from cutaway.pixels.prepare import shrink, tensor_size, to_tensor, without_haze
from cutaway.training.compute import Compute
from cutaway.training.loss_text import DEFAULT_LOSS
from cutaway.training.losses import matte_loss
from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec

METRICS = ("iou", "dice", "mae", "boundary_iou")
"""Means of the pictures' own values; the whole set's values stand beside them, see `validate`."""


@dataclass(frozen=True)
class Judged:
    """One validation picture and how it went."""

    pair: Pair
    scores: dict[str, float]


Show = Callable[[Judged], tuple[Picture, Floats, Floats]]
"""Gives a judged picture again: photo uint8 (H, W, 3), truth and matte float32 (H, W) in [0, 1]."""


def predict(
    model: MatteNet, photo: Picture, *, spec: ModelSpec, compute: Compute
) -> tuple[Floats, torch.Tensor]:
    """The matte at the photo's size, float32 (H, W), and the logits at the network's size."""
    small = shrink(photo, tensor_size(photo.shape[:2], spec), how=spec.resample)
    tensor = torch.from_numpy(to_tensor(small, spec)).to(compute.device, memory_format=torch.channels_last)
    with torch.no_grad(), compute.autocast():
        logits = model(tensor)[-1].float()
    alpha = without_haze(model.alpha(logits)[0, 0].cpu().numpy(), spec.haze)
    resized = cv2.resize(alpha, (photo.shape[1], photo.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.clip(resized, 0, 1).astype(np.float32), logits


def validate(
    model: MatteNet,
    pairs: Sequence[Pair],
    *,
    reading: MaskReading,
    spec: ModelSpec,
    compute: Compute,
    loss: str = DEFAULT_LOSS,
) -> tuple[dict[str, float], list[Judged]]:
    """Scores of the validation pairs, and each picture's own.

    Returns:
        Mean loss and `METRICS` over pictures; dataset_iou and dataset_dice of all pictures' pixels counted together,
        where a large subject weighs more; and batch_dice, see `evaluation.metrics.batch_dice`.
    """
    model.eval()
    judged, losses, whole = [], [], Overlap()
    for pair in pairs:
        photo, truth = load_pair(pair, reading=reading, longest=None)
        matte, logits = predict(model, photo, spec=spec, compute=compute)
        target = cv2.resize(truth, (logits.shape[3], logits.shape[2]), interpolation=cv2.INTER_AREA)
        tensor = torch.from_numpy(target.astype(np.float32) / 255)[None, None].to(compute.device)
        losses.append(float(matte_loss([logits], tensor, weights=[1.0], loss=loss)))
        wanted = truth.astype(np.float32) / np.float32(255)
        judged.append(Judged(pair, score(matte, wanted)))
        whole += overlap(matte, wanted)
    means = {m: float(np.mean([j.scores[m] for j in judged])) for m in METRICS}
    together = {"dataset_iou": whole.iou, "dataset_dice": whole.dice, "batch_dice": whole.batch_dice}
    return {"loss": float(np.mean(losses)), **means, **together}, judged


def score(matte: Floats, truth: Floats) -> dict[str, float]:
    """The metrics that are watched during training, for one picture."""
    return {
        "iou": iou(matte, truth),
        "dice": dice(matte, truth),
        "mae": mae(matte, truth),
        "boundary_iou": boundary_iou(matte, truth),
    }
