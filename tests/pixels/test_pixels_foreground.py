"""The subject's own colour along the edge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cutaway.pixels.foreground import foreground

SIZE = (160, 200)
SUBJECT, WALL = np.array([200, 120, 70]), np.array([30, 160, 220])


def soft_disc(soft_px: float = 8.0) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.clip((50 - np.hypot(y - 80, x - 100)) / soft_px + 0.5, 0, 1).astype(np.float32)


def composed(alpha: np.ndarray, *, scale: int = 1) -> np.ndarray:
    mixed = alpha[..., None] * SUBJECT + (1 - alpha[..., None]) * WALL
    return np.rint(mixed * scale).astype(np.uint8 if scale == 1 else np.uint16)


@pytest.mark.parametrize("scale", [1, 257])
def test_the_halos_colour_error_falls_five_times_at_least(scale: int) -> None:
    alpha = soft_disc()
    photo = composed(alpha, scale=scale)
    halo = (alpha > 0.02) & (alpha < 0.98)
    before = np.abs(photo[halo] - SUBJECT * scale).mean()
    after = np.abs(foreground(photo, alpha)[halo] - SUBJECT * scale).mean()
    assert before > 50 * scale
    assert after <= before / 5


@pytest.mark.parametrize("top", [255, 65535])
def test_white_over_white_stays_white(top: int) -> None:
    white = np.full((*SIZE, 3), top, np.uint8 if top == 255 else np.uint16)
    for alpha in soft_disc(), np.random.default_rng(0).uniform(0, 1, SIZE).astype(np.float32):
        np.testing.assert_array_equal(foreground(white, alpha), white)


def test_where_all_is_subject_or_nothing_the_photo_stays() -> None:
    alpha = soft_disc()
    photo = composed(alpha)
    found = foreground(photo, alpha)
    certain = (alpha == 0) | (alpha == 1)
    np.testing.assert_array_equal(found[certain], photo[certain])
    for same in np.zeros(SIZE, np.float32), np.ones(SIZE, np.float32), np.full(SIZE, 0.5, np.float32):
        assert foreground(photo, same) is photo


def test_what_a_wider_edge_shows_has_the_subjects_colour() -> None:
    alpha = soft_disc(1.0)
    wider = soft_disc(24.0)
    photo = composed(alpha)
    found = foreground(photo, alpha, shown=wider)
    beyond = (alpha == 0) & (wider > 0.02)
    assert np.abs(photo[beyond] - SUBJECT).mean() > 100
    assert np.abs(found[beyond] - SUBJECT).mean() < 20
    inside = alpha == 1
    np.testing.assert_array_equal(found[inside], photo[inside])


def test_the_photo_given_is_not_written_to() -> None:
    photo = composed(soft_disc())
    kept = photo.copy()
    foreground(photo, soft_disc())
    np.testing.assert_array_equal(photo, kept)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5)])
def test_any_size(size: tuple[int, int]) -> None:
    alpha = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    assert foreground(photo, alpha).shape == photo.shape


def test_large_photos_are_worked_on_at_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    import cutaway.pixels.foreground as room

    monkeypatch.setattr(room, "SAMPLED_PX", 50)
    alpha = soft_disc()
    photo = composed(alpha)
    halo = (alpha > 0.02) & (alpha < 0.98)
    before, after = (np.abs(p[halo] - SUBJECT).mean() for p in (photo, foreground(photo, alpha)))
    assert after <= before / 4


@pytest.mark.parametrize("size", [(700, 900), (901, 640)])
def test_tiles_leave_no_seams(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    import cutaway.pixels.foreground as room

    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (*size, 3), np.uint8)
    alpha = np.clip(rng.uniform(-0.5, 1.5, size), 0, 1).astype(np.float32)
    tiled = foreground(photo, alpha)
    monkeypatch.setattr(room, "_TILE_PX", (10_000, 10_000))
    np.testing.assert_array_equal(tiled, foreground(photo, alpha))
    assert (tiled != photo).any()


@pytest.mark.parametrize("threads", [2, 3, 99])
@pytest.mark.parametrize("size", [(701, 90), (2, 900)])
def test_threads_change_nothing(size: tuple[int, int], threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import cutaway.pixels.foreground as room

    monkeypatch.setattr(room, "_LARGE_PX", 1)
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (*size, 3), np.uint8)
    alpha = np.clip(rng.uniform(-0.5, 1.5, size), 0, 1).astype(np.float32)
    for shown in (None, alpha, np.clip(alpha * 1.2, 0, 1).astype(np.float32)):
        alone = foreground(photo, alpha, shown=shown)
        np.testing.assert_array_equal(foreground(photo, alpha, shown=shown, threads=threads), alone)
    assert foreground(photo, np.ones_like(alpha), threads=threads) is photo


def test_strands_thinner_than_the_samples_are_apart_keep_their_colour() -> None:
    hard = np.zeros((300, 2400), np.float32)
    hard[:, 500:900] = 1
    hard[:, 905:980:5] = 1  # one pixel in five; a sample is taken of one in seven
    alpha = np.clip(cv2.GaussianBlur(hard, (0, 0), 0.6), 0, 1)
    photo = composed(alpha)
    halo = (alpha > 0.02) & (alpha < 0.98)
    before, after = (np.abs(p[halo] - SUBJECT).mean() for p in (photo, foreground(photo, alpha)))
    assert after <= before / 12
