from __future__ import annotations

import warnings
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from cutaway.evaluation import metrics

Array = npt.NDArray[np.float32]


def blob(height: int = 60, width: int = 80, *, y: float = 30, x: float = 35, radius: float = 18) -> Array:
    rows, columns = np.mgrid[:height, :width]
    return (np.hypot(rows - y, columns - x) <= radius).astype(np.float32)


def noisy(truth: Array, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    soft = cv2.GaussianBlur(truth, (0, 0), 3) + rng.normal(0, 0.15, truth.shape)
    levels = np.clip(soft * 255, 0, 255).round().astype(np.uint8)
    levels[0, 0], levels[-1, -1] = 0, 255  # pysodmetrics stretches to min and max: leave it nothing to do
    return (levels / np.float32(255)).astype(np.float32)


def two_blobs() -> Array:
    return np.maximum(blob(radius=9, x=15), blob(radius=14, x=60, y=10))


TRUTHS: dict[str, Callable[[], Array]] = {
    "disc": blob,
    "two, one cut by the border": two_blobs,
    "empty": lambda: np.zeros((60, 80), np.float32),
    "full": lambda: np.ones((60, 80), np.float32),
    "one pixel": lambda: blob(radius=0.1),
    "one row": lambda: np.eye(1, 60, 20, dtype=np.float32).T.repeat(80, axis=1),
    "all but one": lambda: 1 - blob(radius=0.1),
}


@pytest.mark.parametrize("name", list(TRUTHS))
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_pysodmetrics(name: str, seed: int) -> None:
    sod = pytest.importorskip("py_sod_metrics", reason="the dev extra (pysodmetrics) is not installed")
    truth = TRUTHS[name]()
    matte = noisy(truth if seed < 2 else TRUTHS["disc"](), seed)
    pred, gt = (matte * 255).round().astype(np.uint8), (truth * 255).astype(np.uint8)
    f = sod.FmeasureV2({
        "iou": sod.IOUHandler(with_dynamic=False, with_adaptive=False, with_binary=True),
        "dice": sod.DICEHandler(with_dynamic=False, with_adaptive=False, with_binary=True),
        "f": sod.FmeasureHandler(with_dynamic=True, with_adaptive=False, beta=0.3),
    })  # fmt: skip
    judges = {"mae": sod.MAE(), "sm": sod.Smeasure(), "wfm": sod.WeightedFmeasure()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for judge in (f, *judges.values()):
            judge.step(pred=pred, gt=gt)
    theirs = {k: v for judge in judges.values() for k, v in judge.get_results().items()}
    ours = metrics.scores(matte, truth)
    assert ours["mae"] == pytest.approx(theirs["mae"], abs=1e-6)
    assert ours["s_measure"] == pytest.approx(theirs["sm"], abs=1e-6)
    assert ours["weighted_f"] == pytest.approx(theirs["wfm"], abs=1e-3)
    assert ours["max_f"] == pytest.approx(f.get_results()["f"]["dynamic"].max(), abs=1e-6)
    assert ours["iou"] == pytest.approx(f.get_results()["iou"]["binary"], abs=1e-6)
    assert ours["dice"] == pytest.approx(f.get_results()["dice"]["binary"], abs=1e-6)
    curve = np.asarray(f.get_results()["f"]["dynamic"])[::-1]
    assert np.allclose(metrics.f_measure_curve(matte, truth), curve, atol=1e-3)


@pytest.mark.parametrize(
    "name", ["iou", "dice", "boundary_iou", "weighted_f", "s_measure", "max_f", "mae", "mse", "sad"]
)
def test_truth_beats_blurred_beats_shifted_beats_inverse(name: str) -> None:
    truth = blob()
    tries = [truth, cv2.GaussianBlur(truth, (0, 0), 4), np.roll(truth, 15, axis=1), 1 - truth]
    values = [metrics.scores(m, truth)[name] for m in tries]
    assert values == sorted(values, reverse=metrics.HIGHER_IS_BETTER[name])
    assert len(set(values)) >= 3
    assert values[0] == pytest.approx(1.0 if metrics.HIGHER_IS_BETTER[name] else 0.0, abs=1e-9)


def test_iou_dice_mae_by_hand() -> None:
    truth = np.array([[1, 1, 0, 0]], np.float32)
    matte = np.array([[0.5, 0.4, 0.9, 0.0]], np.float32)  # at 0.5: hit, miss, false alarm, right
    assert metrics.iou(matte, truth) == pytest.approx(1 / 3)
    assert metrics.dice(matte, truth) == pytest.approx(2 / 4)
    assert metrics.mae(matte, truth) == pytest.approx((0.5 + 0.6 + 0.9) / 4)
    assert metrics.mse(matte, truth) == pytest.approx((0.25 + 0.36 + 0.81) / 4)
    assert metrics.sad(matte, truth) == pytest.approx(0.002)
    assert metrics.iou(matte, truth, 0.35) == pytest.approx(2 / 3)


def test_a_boolean_truth_is_as_good_as_a_float_one() -> None:
    truth = blob()
    as_float = metrics.scores(noisy(truth, 1), truth)
    assert metrics.scores(noisy(truth, 1), truth > 0.5) == pytest.approx(as_float, abs=1e-9)


def test_boundary_iou_by_hand() -> None:
    # Diagonal 14.1 px, so a band of 0.1 is 1 px. The 6×6 square has a rim of 20; without its right column the
    # rim has 18, of which 4 (the new right side, less its two ends) are new: 14 shared, 24 in the union.
    truth = np.zeros((10, 10), np.float32)
    truth[2:8, 2:8] = 1
    matte = truth.copy()
    matte[:, 7] = 0
    assert metrics.boundary_iou(matte, truth, 0.1) == pytest.approx(14 / 24)


def test_the_pictures_border_counts_as_edge() -> None:
    full = np.ones((10, 10), np.float32)
    hole = full.copy()
    hole[4:6, 4:6] = 0
    rim, hole_rim = (
        36,
        36 + 8,
    )  # the frame of 1 px; and the ring around the 2×2 hole (its diagonal neighbours are 1.4 px off)
    assert metrics.boundary_iou(hole, full, 0.1) == pytest.approx(rim / hole_rim)
    left = full.copy()
    left[:, 5:] = 0  # touches three sides: rim 10 + 10 + 2·3 = 26 px, of which the frame has 10 + 2·4 = 18
    assert metrics.boundary_iou(left, full, 0.1) == pytest.approx(18 / (36 + 26 - 18))


def test_boundary_band_is_two_percent_of_the_diagonal() -> None:
    truth = np.zeros((300, 400), np.float32)  # diagonal 500: 10 px
    truth[100:200, 100:300] = 1
    core = np.zeros_like(truth)
    core[110:190, 110:290] = 1
    assert metrics.boundary_iou(truth - core, truth) == 1.0
    core[109, 150] = 1  # one pixel nearer to the outline than the band is wide
    assert metrics.boundary_iou(truth - core, truth) < 1.0


def test_the_boundary_band_is_round_not_square() -> None:
    truth = np.ones((101, 101), np.float32)
    truth[50, 50] = 0  # band of 3 px: around the hole all within 3 px of it, 28 pixels, not 7×7 - 1 = 48
    frame = 101**2 - 95**2
    assert metrics.boundary_iou(np.ones_like(truth), truth) == pytest.approx(frame / (frame + 28))


def test_both_empty_is_perfect_and_a_missed_subject_is_not() -> None:
    empty, truth = np.zeros((8, 9), np.float32), blob(8, 9, y=4, x=4, radius=2)
    for score in metrics.iou, metrics.dice, metrics.boundary_iou:
        assert score(empty, empty) == 1.0
        assert score(empty, truth) == score(truth, empty) == 0.0


def test_every_score_is_finite_on_the_smallest_pictures() -> None:
    for matte in 0.0, 0.3, 1.0:
        for truth in 0.0, 1.0:
            values = metrics.scores(np.full((1, 1), matte, np.float32), np.full((1, 1), truth, np.float32))
            assert all(0 <= v <= 1 for v in values.values()), values


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        metrics.iou(np.zeros((4, 5), np.float32), np.zeros((5, 4), np.float32))


def test_summary_distinguishes_picture_means_from_whole_set_values() -> None:
    small, large = np.zeros((10, 10), np.float32), np.ones((10, 10), np.float32)
    small[:1, :2] = 1
    missed = metrics.measure(np.zeros_like(small), small)  # IoU 0, 2 px
    hit = metrics.measure(large, large)  # IoU 1, 100 px
    result = metrics.summarise([missed, hit])
    assert result["iou"] == pytest.approx(0.5)
    assert result["set_iou"] == pytest.approx(100 / 102)
    assert result["set_dice"] == pytest.approx(200 / 202)


def test_a_sets_max_f_is_the_maximum_of_the_mean_curve() -> None:
    truth = blob()
    faint = metrics.measure(truth * 0.2, truth)  # F is 1 for thresholds up to 0.2
    haze = metrics.measure(np.maximum(truth, 0.5).astype(np.float32), truth)  # and here only above 0.5
    assert faint.values["max_f"] == haze.values["max_f"] == pytest.approx(1.0)
    assert metrics.summarise([faint, haze])["max_f"] < 0.9


def test_no_picture_has_no_summary() -> None:
    assert metrics.summarise([]) == {}
