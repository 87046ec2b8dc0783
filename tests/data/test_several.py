"""Several subjects in one picture: whole ones of other photos, and the matte knows of each."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.data import several
from cutaway.data.augment import Augmentation, augment
from cutaway.data.grounds import Picture, Rng
from cutaway.data.several import TALL, add_subjects, whole_subject

SIZE = 96
QUIET = Augmentation(flip=0, colour=0, blur=0, noise=0, jpeg=0, coarse=0, background=0, empty=0)


def disc(*, row: int = 40, column: int = 50, radius: int = 20) -> tuple[Picture, Picture]:
    """A white disc on black, 80 x 100, and its matte."""
    y, x = np.mgrid[:80, :100]
    matte = np.where((y - row) ** 2 + (x - column) ** 2 <= radius**2, 255, 0).astype(np.uint8)
    return np.repeat(matte[..., None], 3, axis=2), matte


def whole(_: Rng) -> tuple[Picture, Picture | None]:
    return disc()


def black() -> tuple[Picture, Picture]:
    return np.zeros((SIZE, SIZE, 3), np.uint8), np.zeros((SIZE, SIZE), np.uint8)


def test_the_matte_is_where_the_subjects_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """White subjects on black, their light left alone: picture and matte are then the same."""
    monkeypatch.setattr(several, "LIGHT", 0.0)
    white, mask = np.full((80, 100, 3), 255, np.uint8), disc()[1]
    counts = set()
    for seed in range(30):
        rng = np.random.default_rng(seed)
        picture, matte = add_subjects(*black(), rng, other=lambda _: (white, mask))
        assert np.abs(picture[..., 0].astype(int) - matte).max() <= 2
        covered = np.flatnonzero((matte > 127).any(axis=1))
        assert covered.size >= TALL[0] * SIZE * 0.8
        counts.add(int((matte > 127).sum()))
    assert len(counts) > 20


def test_the_pictures_own_subject_stays_one() -> None:
    picture, matte = black()
    picture[:, :30], matte[:, :30] = 255, 255
    for seed in range(10):
        _, found = add_subjects(picture, matte, np.random.default_rng(seed), other=whole)
        assert (found >= matte).all() and (found > matte).any()
    assert matte.sum() == 255 * 30 * SIZE  # the one that was given is left as it was


@pytest.mark.parametrize("at", [{"row": 5}, {"column": 10}, {"column": 95}, {"radius": 9}])
def test_cut_off_and_tiny_subjects_are_left_out(at: dict[str, int]) -> None:
    assert whole_subject(np.random.default_rng(0), other=lambda _: disc(**at)) is None
    picture, matte = add_subjects(*black(), np.random.default_rng(0), other=lambda _: disc(**at))
    assert not picture.any() and not matte.any()


def test_pictures_without_a_subject_are_left_out() -> None:
    assert whole_subject(np.random.default_rng(0), other=lambda _: (disc()[0], None)) is None
    empty = np.zeros((80, 100), np.uint8)
    assert whole_subject(np.random.default_rng(0), other=lambda _: (disc()[0], empty)) is None


def test_what_the_photo_cuts_off_below_stands_at_the_bottom() -> None:
    for seed in range(10):
        _, matte = add_subjects(*black(), np.random.default_rng(seed), other=lambda _: disc(row=70))
        assert matte[-1].any()


@pytest.mark.parametrize("own", [True, False])
def test_samples_with_several_subjects(own: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the photo's own subject, or on a ground without one."""
    monkeypatch.setattr("cutaway.data.augment.ELSEWHERE", 0.0 if own else 1.0)
    how = Augmentation(**(vars(QUIET) | {"several": 1.0, "scale": (1.0, 1.0)}))
    alone = augment(*disc(), size=SIZE, rng=np.random.default_rng(1), how=QUIET, other=whole)[1]
    assert alone.any()
    for seed in range(10):
        image, truth = augment(*disc(), size=SIZE, rng=np.random.default_rng(seed), how=how, other=whole)
        again = augment(*disc(), size=SIZE, rng=np.random.default_rng(seed), how=how, other=whole)
        assert image.shape == (SIZE, SIZE, 3) and truth.shape == (SIZE, SIZE) and truth.any()
        assert np.array_equal(image, again[0]) and np.array_equal(truth, again[1])


def test_upside_down() -> None:
    how = Augmentation(**(vars(QUIET) | {"upside_down": 1.0}))
    for seed in range(5):
        plain = augment(*disc(row=30), size=SIZE, rng=np.random.default_rng(seed), how=QUIET, other=whole)
        turned = augment(*disc(row=30), size=SIZE, rng=np.random.default_rng(seed), how=how, other=whole)
        assert np.array_equal(turned[0], plain[0][::-1]) and np.array_equal(turned[1], plain[1][::-1])
