"""Steadiness: flicker goes, moving edges stay where they are, scene cuts start anew."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cutaway.evaluation.video_metrics import dtssd
from cutaway.pixels.steady import Steadier
from cutaway.types import Floats

SIZE = (96, 128)
Clip = tuple[list[np.ndarray], list[Floats]]


def texture(seed: int) -> np.ndarray:
    """Smooth noise (H, W, 3) with contrast, as a thing to be tracked."""
    rng = np.random.default_rng(seed)
    small = rng.integers(30, 226, (SIZE[0] // 6, SIZE[1] // 6, 3), np.uint8)
    return small.repeat(6, 0).repeat(6, 1)[: SIZE[0], : SIZE[1]]


def clip(step_px: float, frames: int = 12) -> Clip:
    """A textured disc moving to the right over another texture, and its true mattes."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    ground, subject = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)
    ground[: SIZE[0] // 6 * 6, : SIZE[1] // 6 * 6] = texture(1)
    subject[: SIZE[0] // 6 * 6, : SIZE[1] // 6 * 6] = texture(2)
    pictures, truths = [], []
    for index in range(frames):
        middle = 40 + step_px * index
        alpha = np.clip(24 - np.hypot(y - 48, x - middle), 0, 1).astype(np.float32)
        moved = np.roll(subject, round(step_px * index), axis=1)
        pictures.append((ground + alpha[..., None] * (moved.astype(np.float32) - ground)).astype(np.uint8))
        truths.append(alpha)
    return pictures, truths


def flickering(truths: list[Floats], amount: float = 0.25) -> list[Floats]:
    rng = np.random.default_rng(3)
    noise = [rng.normal(0, amount, (8, 8)).repeat(12, 0).repeat(16, 1) for _ in truths]
    return [np.clip(t + n, 0, 1).astype(np.float32) for t, n in zip(truths, noise, strict=True)]


def change(mattes: list[Floats], truths: list[Floats]) -> float:
    errors = [m - t for m, t in zip(mattes, truths, strict=True)]
    return float(np.mean([np.sqrt(np.mean((b - a) ** 2)) for a, b in pairwise(errors)]))


def smoothed(
    pictures: list[np.ndarray], mattes: list[Floats], strength: str = "normal", ahead: int = 3
) -> list[Floats]:
    steadier = Steadier(strength, ahead=ahead)  # type: ignore[arg-type]
    got = [m for p, a in zip(pictures, mattes, strict=True) for m in steadier.push(a, p)]
    got += steadier.flush()
    assert len(got) == len(mattes)
    return got


@pytest.mark.parametrize("ahead", [0, 3])
@pytest.mark.parametrize("step_px", [0, 2])
def test_flicker_falls_and_strong_is_stronger(step_px: float, ahead: int) -> None:
    pictures, truths = clip(step_px)
    raw = flickering(truths)
    before = change(raw, truths)
    normal, strong = (change(smoothed(pictures, raw, s, ahead), truths) for s in ("normal", "strong"))
    assert normal < 0.6 * before and strong < 0.6 * before
    assert step_px or strong < normal


@pytest.mark.parametrize("ahead", [0, 3])
@pytest.mark.parametrize("step_px", [1, 3, 6, 12, 20])
def test_a_perfect_matte_neither_lags_nor_ghosts(step_px: float, ahead: int) -> None:
    pictures, truths = clip(step_px, frames=5)
    for got, truth in zip(smoothed(pictures, truths, ahead=ahead), truths, strict=True):
        assert np.abs(got - truth).mean() < 0.005
        union = ((got > 0.5) | (truth > 0.5)).sum()
        assert ((got > 0.5) & (truth > 0.5)).sum() / union > 0.97


def iou(mattes: list[Floats], truths: list[Floats]) -> float:
    both = [
        ((m > 0.5) & (t > 0.5)).sum() / ((m > 0.5) | (t > 0.5)).sum()
        for m, t in zip(mattes, truths, strict=True)
    ]
    return float(np.mean(both))


@pytest.mark.parametrize("ahead", [0, 5])
@pytest.mark.parametrize("step_px", [1, 4, 8])
def test_flicker_falls_by_a_fifth_and_accuracy_does_not(step_px: float, ahead: int) -> None:
    """dtSSD and IoU of a doubtful network on a moving subject, as the report of docs/video.md measures them."""
    pictures, truths = clip(step_px, frames=10)
    raw = flickering(truths, 0.35)
    got = smoothed(pictures, raw, ahead=ahead)
    assert dtssd(got, truths) <= 0.8 * dtssd(raw, truths)
    assert iou(got, truths) >= iou(raw, truths)


def hand(frames: int, step_px: float) -> Clip:
    """Four textured fingers, each five pixels wide with gaps of six, that wave before a texture."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    ground, skin = np.zeros((*SIZE, 3), np.uint8), np.zeros((*SIZE, 3), np.uint8)
    ground[: SIZE[0] // 6 * 6, : SIZE[1] // 6 * 6] = texture(1)
    skin[: SIZE[0] // 6 * 6, : SIZE[1] // 6 * 6] = texture(2)
    pictures, truths = [], []
    for index in range(frames):
        left = 30 + step_px * index
        fingers = [np.clip(3 - np.abs(x - left - 11 * f), 0, 1) * np.clip(y - 20, 0, 1) for f in range(4)]
        alpha = np.max([*fingers, np.clip(y - 70, 0, 1) * (np.abs(x - left - 16) < 20)], axis=0)
        moved = np.roll(skin, round(step_px * index), axis=1)
        pictures.append((ground + alpha[..., None] * (moved.astype(np.float32) - ground)).astype(np.uint8))
        truths.append(alpha.astype(np.float32))
    return pictures, truths


@pytest.mark.parametrize("ahead", [0, 5])
@pytest.mark.parametrize("step_px", [1, 3, 7])
def test_a_moving_hand_stays_sharp(step_px: float, ahead: int) -> None:
    """Fingers neither melt into the gaps between them nor lose their edges."""
    pictures, truths = hand(8, step_px)
    for got, truth in list(zip(smoothed(pictures, truths, ahead=ahead), truths, strict=True))[1:]:
        row, true_row = got[30:60].mean(axis=0), truth[30:60].mean(axis=0)
        assert (
            np.abs(np.diff(row)).sum() > 0.9 * np.abs(np.diff(true_row)).sum()
        )  # as many and as steep edges
        assert got[truth == 0].mean() < 0.02 and got[truth == 1].mean() > 0.95


@pytest.mark.parametrize("ahead", [0, 2, 5])
def test_a_scene_cut_starts_anew(ahead: int) -> None:
    pictures, truths = clip(0, frames=3)
    other, empty = 255 - pictures[0][::-1], np.zeros(SIZE, np.float32)
    got = smoothed([*pictures, other, other], [*truths, empty, empty], ahead=ahead)
    assert np.abs(got[2] - truths[2]).max() < 0.3 and got[3].max() < 1e-3


@pytest.mark.parametrize("ahead", [0, 3])
def test_a_mistake_that_is_corrected_does_not_linger(ahead: int) -> None:
    pictures, truths = clip(0, frames=8)
    wrong = np.ones(SIZE, np.float32)
    got = smoothed(pictures, [wrong, wrong, *truths[2:]], ahead=ahead)
    assert np.abs(got[7] - truths[7]).mean() < 0.06


def test_a_flash_in_one_frame_is_put_right_by_the_frames_around_it() -> None:
    pictures, truths = clip(1, frames=9)
    mattes = [*truths[:4], np.ones(SIZE, np.float32), *truths[5:]]
    assert np.abs(smoothed(pictures, mattes)[4] - truths[4]).mean() < 0.4


def test_another_size_starts_anew() -> None:
    steadier = Steadier(ahead=0)
    for height, width in ((20, 30), (30, 20)):
        alpha = np.random.default_rng(0).random((height, width), np.float32)
        (got,) = steadier.push(alpha, np.zeros((height, width, 3), np.uint8))
        assert np.allclose(got, alpha, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (1000, 7), (17, 1100)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_any_size_and_depth(size: tuple[int, int], kind: type) -> None:
    alpha = np.random.default_rng(0).random(size, np.float32)
    for got in smoothed([np.full((*size, 3), 100, kind)] * 5, [alpha] * 5, "strong"):
        assert got.shape == size and got.dtype == np.float32 and 0 <= got.min() <= got.max() <= 1


def test_no_frames() -> None:
    assert smoothed([], []) == []
