"""How good a soft edge is: the four measures of the matting field, and the mean absolute difference.

Rhemann, Wang, Gelautz, Kohli, Rott and Rother, A Perceptually Motivated Online Benchmark for Image Matting (CVPR 2009).
Everywhere *matte* and *truth* are float (H, W) in [0, 1]. They are taken as they are: the authors' script stretches
each picture to its own range first, which would hide a matte that is too faint. Sums are divided by 1000, as is usual.

`where` limits a measure to a region, such as the unknown band of a trimap; None takes the whole picture. Say which when
you quote a number: they differ by much.
"""

from __future__ import annotations

import itertools
import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.types import Floats, Mask

AnyMatte: TypeAlias = npt.NDArray[np.floating]

GRAD_SIGMA_PX = 1.4
"""Standard deviation of the Gaussian whose derivative `grad` filters with (section 4 of the paper)."""
CONN_STEP = 0.1
"""Distance of the thresholds at which `conn` looks for the connected source region."""
CONN_TOLERANCE = 0.15
"""Distance from the source region that counts as connected (θ of the paper)."""

_FAINT = 0.01
"""The derivative's filter ends where the Gaussian falls below this, as in the authors' script."""


def sad(matte: AnyMatte, truth: AnyMatte, *, where: Mask | None = None) -> float:
    """Sum of absolute differences: Σ |matte - truth| / 1000."""
    return float(np.abs(_difference(matte, truth, where)).sum(dtype=np.float64)) / 1000


def mad(matte: AnyMatte, truth: AnyMatte, *, where: Mask | None = None) -> float:
    """Mean absolute difference over the pixels that count: mean |matte - truth|; 0 for an empty region."""
    difference = _difference(matte, truth, where)
    return float(np.abs(difference).mean(dtype=np.float64)) if difference.size else 0.0


def mse(matte: AnyMatte, truth: AnyMatte, *, where: Mask | None = None) -> float:
    """Mean squared error over the pixels that count: mean (matte - truth)²; 0 for an empty region."""
    difference = _difference(matte, truth, where)
    return float(np.square(difference).mean(dtype=np.float64)) if difference.size else 0.0


def grad(
    matte: AnyMatte, truth: AnyMatte, *, where: Mask | None = None, sigma_px: float = GRAD_SIGMA_PX
) -> float:
    """How far the edges' steepness is off: Σ (|∇matte| - |∇truth|)² / 1000.

    ∇ is the derivative of a Gaussian, its filter scaled to length one: Σ h² = 1. Beyond the border the outermost pixel
    is repeated.
    """
    _same_shape(matte, truth, where)
    difference = _steepness(matte, sigma_px) - _steepness(truth, sigma_px)
    return float(np.square(_within(difference, where)).sum(dtype=np.float64)) / 1000


def conn(matte: AnyMatte, truth: AnyMatte, *, where: Mask | None = None, step: float = CONN_STEP) -> float:
    """How much floats free of the subject in one matte and not in the other: Σ |φ(matte) - φ(truth)| / 1000.

    The source region Ω of a threshold is the largest 4-connected region where both mattes reach it. l is the highest
    threshold up to which a pixel belongs to Ω, d = alpha - l its distance, and φ = 1 - d where d is at least 0.15,
    else 1.
    """
    _same_shape(matte, truth, where)
    level = _connected_level(np.minimum(matte, truth), step)
    difference = _connectedness(matte, level) - _connectedness(truth, level)
    return float(np.abs(_within(difference, where)).sum(dtype=np.float64)) / 1000


def matting_scores(matte: AnyMatte, truth: AnyMatte, *, where: Mask | None = None) -> dict[str, float]:
    """All five by name: sad, mad, mse, grad, conn; less is better for each."""
    measures = {"sad": sad, "mad": mad, "mse": mse, "grad": grad, "conn": conn}
    return {name: measure(matte, truth, where=where) for name, measure in measures.items()}


def _same_shape(matte: AnyMatte, truth: AnyMatte, where: Mask | None) -> None:
    shapes = {a.shape for a in (matte, truth, where) if a is not None}
    if len(shapes) > 1 or matte.ndim != 2:
        listed = " and ".join(str(s) for s in sorted(shapes))
        raise ValueError(f"matte, truth and where must be (H, W) of one shape, not {listed}")


def _difference(matte: AnyMatte, truth: AnyMatte, where: Mask | None) -> Floats:
    _same_shape(matte, truth, where)
    return _within(np.asarray(matte, np.float32) - np.asarray(truth, np.float32), where)


def _within(values: Floats, where: Mask | None) -> Floats:
    return values if where is None else values[where]


def _steepness(alpha: AnyMatte, sigma_px: float) -> Floats:
    """Length of the Gaussian gradient at each pixel."""
    smooth, slope = _filters(sigma_px)
    plane = np.asarray(alpha, np.float32)
    across = cv2.sepFilter2D(plane, cv2.CV_32F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(plane, cv2.CV_32F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    return np.hypot(across, down).reshape(alpha.shape)


def _filters(sigma_px: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Gaussian and its derivative; their outer product has length one because each of them has."""
    height = math.sqrt(2 * math.pi) * sigma_px
    half = math.ceil(sigma_px * math.sqrt(-2 * math.log(height * _FAINT)))
    x = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(x**2) / (2 * sigma_px**2)) / height
    slope = x * smooth / sigma_px**2
    return smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)


def _connected_level(both: AnyMatte, step: float) -> Floats:
    """For each pixel the highest threshold up to which it belongs to the source region."""
    level = np.ones(both.shape, np.float32)
    undecided = np.ones(both.shape, np.bool_)
    for lower, threshold in itertools.pairwise(np.linspace(0, 1, round(1 / step) + 1, dtype=np.float32)):
        lost = undecided & ~_largest(np.asarray(both >= threshold))
        level[lost] = lower
        undecided &= ~lost
    return level


def _largest(mask: Mask) -> Mask:
    """The largest 4-connected region of a mask; nothing if there is none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    if count <= 1:
        return np.zeros_like(mask)
    return np.asarray(labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax()))


def _connectedness(alpha: AnyMatte, level: Floats) -> Floats:
    distance = np.asarray(alpha, np.float32) - level
    return np.where(distance >= CONN_TOLERANCE, 1 - distance, np.float32(1))
