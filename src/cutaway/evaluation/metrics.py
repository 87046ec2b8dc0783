"""How good a matte is: the field's measures as pure functions on arrays, and their means over a set.

Everywhere *matte* is float (H, W) in [0, 1] and *truth* is boolean or float (H, W) in [0, 1]; where a measure
needs a two-valued truth it is cut at 0.5. Conventions follow the papers' own code, so numbers can be laid
beside published ones; the tests compare them with pysodmetrics.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.types import Mask

AnyMatte: TypeAlias = npt.NDArray[np.floating]
Truth: TypeAlias = npt.NDArray[np.floating] | npt.NDArray[np.bool_]
Curve: TypeAlias = npt.NDArray[np.float64]
"""float64 (256,): a value for each threshold k/255."""

EPS = float(np.finfo(np.float64).eps)

HIGHER_IS_BETTER: dict[str, bool] = {
    "iou": True, "dice": True, "boundary_iou": True, "mae": False, "mse": False, "sad": False,
    "weighted_f": True, "max_f": True, "s_measure": True, "set_iou": True, "set_dice": True,
}  # fmt: skip
"""Every measure that a summary holds (a picture has all but the set_ ones), and whether more is better."""


def _binary(truth: Truth) -> Mask:
    return truth if truth.dtype == np.bool_ else np.asarray(truth >= 0.5)  # type: ignore[return-value]


def _both(matte: AnyMatte, truth: Truth, threshold: float) -> tuple[Mask, Mask]:
    _same_shape(matte, truth)
    return np.asarray(matte >= threshold), _binary(truth)


def _same_shape(matte: AnyMatte, truth: Truth) -> None:
    if matte.shape != truth.shape or matte.ndim != 2:
        raise ValueError(f"matte and truth must be (H, W) of one shape, not {matte.shape} and {truth.shape}")


def _ratio(part: float, whole: float) -> float:
    """part / whole, and 1 where both are nothing: nothing was asked for and nothing was given."""
    return part / whole if whole else 1.0


def iou(matte: AnyMatte, truth: Truth, threshold: float = 0.5) -> float:
    """Share of the two masks' union that both have (Jaccard 1912): |M ∩ T| / |M ∪ T|, 1 if both are empty."""
    mask, want = _both(matte, truth, threshold)
    return _ratio(int(np.count_nonzero(mask & want)), int(np.count_nonzero(mask | want)))


def dice(matte: AnyMatte, truth: Truth, threshold: float = 0.5) -> float:
    """Overlap as a share of the masks' mean area (Dice 1945): 2|M ∩ T| / (|M| + |T|), 1 if both are empty."""
    mask, want = _both(matte, truth, threshold)
    return _ratio(
        2 * int(np.count_nonzero(mask & want)), int(np.count_nonzero(mask)) + int(np.count_nonzero(want))
    )


def mae(matte: AnyMatte, truth: Truth) -> float:
    """Mean absolute error over all pixels, nothing cut (Perazzi et al. 2012): mean |matte - truth|."""
    _same_shape(matte, truth)
    return float(np.abs(matte - truth.astype(np.float32)).mean(dtype=np.float64))


def mse(matte: AnyMatte, truth: Truth) -> float:
    """Mean squared error over all pixels (Rhemann et al. 2009): mean (matte - truth)²."""
    _same_shape(matte, truth)
    return float(np.square(matte - truth.astype(np.float32)).mean(dtype=np.float64))


def sad(matte: AnyMatte, truth: Truth) -> float:
    """Sum of absolute differences over the whole picture (Rhemann et al. 2009): Σ |matte - truth| / 1000."""
    return mae(matte, truth) * matte.size / 1000


def f_measure_curve(matte: AnyMatte, truth: Truth, *, beta2: float = 0.3) -> Curve:
    """F-measure at each of the 256 thresholds k/255, k = 0..255 (Achanta et al. 2009).

    F = (1 + β²) P R / (β² P + R) with precision P and recall R of {matte ≥ k/255}, the matte rounded to
    1/255; 0 where nothing is hit, so also for an empty truth.

    Returns:
        float64 (256,).
    """
    _same_shape(matte, truth)
    levels = np.rint(np.asarray(matte, np.float64) * 255).astype(np.uint8)
    want = _binary(truth)
    hits = _at_least(levels[want])
    found = hits + _at_least(levels[~want])
    # P = hits/found and R = hits/wanted, so F = (1 + β²) hits / (β² wanted + found)
    return np.asarray(
        (1 + beta2) * hits / np.maximum(beta2 * np.count_nonzero(want) + found, EPS), np.float64
    )


def _at_least(levels: npt.NDArray[np.uint8]) -> Curve:
    """How many of the values are ≥ k, for k = 0..255."""
    return np.cumsum(np.bincount(levels, minlength=256)[::-1])[::-1].astype(np.float64)


def max_f(matte: AnyMatte, truth: Truth, *, beta2: float = 0.3) -> float:
    """One picture's best F-measure over the 256 thresholds; a set's is the maximum of the *mean curve*."""
    return float(f_measure_curve(matte, truth, beta2=beta2).max())


def weighted_f(matte: AnyMatte, truth: Truth, *, beta2: float = 1.0) -> float:
    """F-measure on soft errors, forgiving next to a hit, stern far from the subject (Margolin et al. 2014).

    An error inside the subject is replaced by the mean error around it where that is smaller (7×7 Gaussian,
    σ = 5 px, background errors taken from the nearest subject pixel); one in the background weighs
    2 - 0.5^(d/5) at a distance of d px. 0 for an empty truth, as in the authors' code.
    """
    _same_shape(matte, truth)
    want = _binary(truth)
    if not want.any():
        return 0.0
    error = np.abs(np.asarray(matte, np.float64) - want)
    distance, nearest = _nearest_subject(want)
    around = _gaussian_mean(error.ravel()[nearest])
    inside = np.minimum(error, around)[want]
    outside = (error * (2 - 0.5 ** (distance / 5)))[~want]
    hits = want.sum() - inside.sum()
    precision, recall = hits / (hits + outside.sum() + EPS), 1 - inside.mean()
    return float((1 + beta2) * precision * recall / (recall + beta2 * precision + EPS))


def _nearest_subject(want: Mask) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
    """Distance in pixels to the nearest subject pixel, and that pixel's flat index; both (H, W)."""
    import cv2

    empty = (~want).astype(np.uint8)
    distance = cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    _, labels = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    index = np.zeros(int(labels.max()) + 1, np.intp)
    index[labels[want]] = np.flatnonzero(want)
    return distance.astype(np.float64), index[labels]


def _gaussian_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """7×7 Gaussian, σ = 5 px, nothing beyond the border."""
    import cv2

    kernel = cv2.getGaussianKernel(7, 5.0, cv2.CV_64F)
    return np.asarray(cv2.sepFilter2D(values, cv2.CV_64F, kernel, kernel, borderType=cv2.BORDER_CONSTANT))


def s_measure(matte: AnyMatte, truth: Truth, *, alpha: float = 0.5) -> float:
    """Likeness in structure (Fan et al. 2017): α · object likeness + (1 - α) · region likeness, at least 0.

    An empty truth scores 1 - mean(matte), a full one mean(matte).
    """
    _same_shape(matte, truth)
    soft, want = np.asarray(matte, np.float64), _binary(truth)
    share = float(want.mean())
    if share in (0.0, 1.0):
        return float(soft.mean() if share else 1 - soft.mean())
    objects = share * _object_likeness(soft[want]) + (1 - share) * _object_likeness(1 - soft[~want])
    return max(0.0, alpha * objects + (1 - alpha) * _region_likeness(soft, want))


def _object_likeness(values: npt.NDArray[np.float64]) -> float:
    """2 m / (m² + 1 + s) with mean m and sample standard deviation s: high and even is good."""
    mean, deviation = float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean**2 + 1 + deviation + EPS)


def _region_likeness(soft: npt.NDArray[np.float64], want: Mask) -> float:
    """SSIM of the four quarters around the subject's centre, weighted by their area."""
    rows, columns = np.nonzero(want)
    y, x = int(np.rint(rows.mean())) + 1, int(np.rint(columns.mean())) + 1
    total = 0.0
    for part in np.s_[:y, :x], np.s_[:y, x:], np.s_[y:, :x], np.s_[y:, x:]:
        if want[part].size:
            total += want[part].size / want.size * _ssim(soft[part], want[part].astype(np.float64))
    return total


def _ssim(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Structural similarity of two whole regions, without stabilising constants."""
    mean_a, mean_b, count = float(a.mean()), float(b.mean()), a.size - 1 + EPS
    spread = (float(np.square(a - mean_a).sum()) + float(np.square(b - mean_b).sum())) / count
    shared = float(((a - mean_a) * (b - mean_b)).sum()) / count
    above, below = 4 * mean_a * mean_b * shared, (mean_a**2 + mean_b**2) * spread
    if above:
        return above / (below + EPS)
    return 0.0 if below else 1.0


def boundary_iou(matte: AnyMatte, truth: Truth, band: float = 0.02, *, threshold: float = 0.5) -> float:
    """IoU of the two masks' inner rims only, so that the outline counts and not the bulk (Cheng et al. 2021).

    A rim is a mask's pixels at most d = max(1, round(band · diagonal)) px from the nearest pixel outside it,
    centre to centre, Euclidean as the paper defines it (the authors' code erodes by a square, which gives one
    to three points more). Beyond the picture is outside, so its border counts as edge. 1 if both are empty.
    """
    mask, want = _both(matte, truth, threshold)
    width_px = max(1, round(band * float(np.hypot(*want.shape))))
    mask_rim, want_rim = _rim(mask, width_px), _rim(want, width_px)
    return _ratio(int(np.count_nonzero(mask_rim & want_rim)), int(np.count_nonzero(mask_rim | want_rim)))


def _rim(mask: Mask, width_px: int) -> Mask:
    import cv2

    padded = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return np.asarray(mask & (distance <= width_px))


@dataclass(frozen=True, eq=False)
class PictureScores:
    """What is kept of one picture to make means and whole-set values later.

    Attributes:
        values: each measure by name.
        f_curve: float64 (256,), see `f_measure_curve`.
        intersection, union, areas: pixels in both masks, in either, and in the two summed, at 0.5.
    """

    values: dict[str, float]
    f_curve: Curve
    intersection: int
    union: int
    areas: int


def measure(matte: AnyMatte, truth: Truth) -> PictureScores:
    """All measures of one picture, with what whole-set values need."""
    mask, want = _both(matte, truth, 0.5)
    curve = f_measure_curve(matte, truth)
    values = {
        "iou": iou(matte, truth),
        "dice": dice(matte, truth),
        "mae": mae(matte, truth),
        "mse": mse(matte, truth),
        "sad": sad(matte, truth),
        "boundary_iou": boundary_iou(matte, truth),
        "weighted_f": weighted_f(matte, truth),
        "max_f": float(curve.max()),
        "s_measure": s_measure(matte, truth),
    }
    both, total = (
        int(np.count_nonzero(mask & want)),
        int(np.count_nonzero(mask)) + int(np.count_nonzero(want)),
    )
    return PictureScores(values, curve, both, total - both, total)


def scores(matte: AnyMatte, truth: Truth) -> dict[str, float]:
    """All measures of one picture by name, see `HIGHER_IS_BETTER`."""
    return measure(matte, truth).values


@dataclass(frozen=True)
class Overlap:
    """How much mattes and truths have in common, as counts that can be added over pictures.

    Attributes:
        both, areas: pixels in both masks, and in the two summed, at 0.5.
        soft: Σ p·t over subject and background, p the matte and t the truth cut at 0.5.
        pixels: of the picture.
    """

    both: int = 0
    areas: int = 0
    soft: float = 0.0
    pixels: int = 0

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.both + other.both,
            self.areas + other.areas,
            self.soft + other.soft,
            self.pixels + other.pixels,
        )

    @property
    def iou(self) -> float:
        """IoU of all pixels counted together."""
        return _ratio(self.both, self.areas - self.both)

    @property
    def dice(self) -> float:
        """Dice of all pixels counted together, at 0.5, of the subject alone."""
        return _ratio(2 * self.both, self.areas)

    @property
    def batch_dice(self) -> float:
        """See the function `batch_dice`. Over two classes Σ p is the number of pixels, and so is Σ t."""
        return (2 * self.soft + 1) / (2 * self.pixels + 1)


def overlap(matte: AnyMatte, truth: Truth) -> Overlap:
    """What one picture adds to whole-set values."""
    mask, want = _both(matte, truth, 0.5)
    areas = int(np.count_nonzero(mask)) + int(np.count_nonzero(want))
    soft = matte.sum(where=want, dtype=np.float64) + (1 - matte).sum(where=~want, dtype=np.float64)
    return Overlap(int(np.count_nonzero(mask & want)), areas, float(soft), matte.size)


def batch_dice(mattes: Iterable[AnyMatte], truths: Iterable[Truth]) -> float:
    """The Dice of the platypus U-Net tutorial: soft, both classes, all pixels of all pictures flattened.

    (2 Σ p·t + 1) / (Σ p + Σ t + 1), where each pixel stands in the sums twice: with p = matte, t = truth for the
    subject, and with p = 1 - matte, t = 1 - truth for the background; the truth is cut at 0.5. The background counts as
    much as the subject, so this is higher than `dice`: a picture with a tenth of subject, answered with nothing, has
    a Dice of 0 and a batch Dice of 0.9. To be compared with the tutorial's numbers and with nothing else.

    Args:
        mattes, truths: as many of each, of any sizes; they may be iterators.

    Raises:
        ValueError: not as many truths as mattes, or one of another shape.
    """
    whole = Overlap()
    for matte, truth in zip(mattes, truths, strict=True):
        whole += overlap(matte, truth)
    return whole.batch_dice


def summarise(pictures: Sequence[PictureScores]) -> dict[str, float]:
    """A set's scores from its pictures'; empty for no picture.

    Each measure is the mean over pictures, except max_f (the maximum of the mean F-measure curve, as is
    usual), set_iou and set_dice (from pixel counts summed over the whole set: large subjects weigh more).
    """
    if not pictures:
        return {}
    result = {name: float(np.mean([p.values[name] for p in pictures])) for name in pictures[0].values}
    result["max_f"] = float(np.mean([p.f_curve for p in pictures], axis=0).max())
    both = sum(p.intersection for p in pictures)
    result["set_iou"] = _ratio(both, sum(p.union for p in pictures))
    result["set_dice"] = _ratio(2 * both, sum(p.areas for p in pictures))
    return result
