"""The edge at the photo's own resolution: finer than plain enlargement, never elsewhere, never worse where blind."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.evaluation.matting_metrics import grad, sad
from cutaway.pixels.refine import refine
from cutaway.pixels.resize import resize
from cutaway.pixels.tiles import TILE, Enlargement, side_by_side

SIZE, SEEN = (240, 320), (30, 40)


def disc(size: tuple[int, int] = SIZE, *, share: float = 0.3) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    inside = share * min(size) - np.hypot(y - 0.48 * size[0], x - 0.55 * size[1])
    return np.clip(inside + 0.5, 0, 1).astype(np.float32)


def composed(truth: np.ndarray, *, top: int = 255) -> np.ndarray:
    rng = np.random.default_rng(0)
    subject, ground = np.array([0.8, 0.5, 0.3]), np.array([0.2, 0.35, 0.6])
    mixed = truth[..., None] * subject + (1 - truth[..., None]) * ground
    mixed += rng.normal(0, 0.01, truth.shape)[..., None]
    return np.rint(np.clip(mixed, 0, 1) * top).astype(np.uint8 if top == 255 else np.uint16)


def plain(truth: np.ndarray, seen: tuple[int, int] = SEEN) -> np.ndarray:
    return np.clip(resize(resize(truth, seen), truth.shape), 0, 1)


@pytest.mark.parametrize("top", [255, 65535])
def test_the_edge_follows_the_photo(top: int) -> None:
    truth = disc()
    before = plain(truth)
    after = refine(composed(truth, top=top), before, seen=SEEN)
    assert sad(after, truth) <= 0.3 * sad(before, truth)
    assert grad(after, truth) <= 0.2 * grad(before, truth)
    assert after.dtype == np.float32
    assert after.min() >= 0
    assert after.max() <= 1


def test_strands_thinner_than_the_networks_pixels_come_back() -> None:
    truth = np.zeros(SIZE, np.float32)
    truth[120:, 60:260] = 1
    truth[40:120, 64:256:12] = 1  # one pixel in twelve; the network's are eight wide
    before = plain(truth)
    after = refine(composed(truth), before, seen=SEEN)
    assert sad(after, truth) <= 0.5 * sad(before, truth)


def test_nothing_moves() -> None:
    """Refining the mirrored photo is mirroring the refined one, and the centre of mass stays where it is."""
    truth = disc()
    photo, before = composed(truth), plain(truth)
    after = refine(photo, before, seen=SEEN)
    turned = refine(photo[::-1, ::-1].copy(), before[::-1, ::-1].copy(), seen=SEEN)
    np.testing.assert_allclose(turned[::-1, ::-1], after, atol=2e-3)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    for axis in y, x:
        assert abs((axis * after).sum() / after.sum() - (axis * truth).sum() / truth.sum()) < 0.1


def test_only_the_edge_is_touched() -> None:
    truth = disc()
    before = plain(truth)
    after = refine(composed(truth), before, seen=SEEN)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    far = np.abs(np.hypot(y - 0.48 * SIZE[0], x - 0.55 * SIZE[1]) - 72) > 6 * 8
    np.testing.assert_array_equal(after[far], before[far])
    assert (after != before).any()


def test_the_background_does_not_grow_into_a_subject_that_has_its_colour() -> None:
    """A patch of the ground's colour well inside the subject stays subject."""
    truth = disc()
    photo = composed(truth)
    photo[105:125, 165:185] = photo[0, 0]
    after = refine(photo, plain(truth), seen=SEEN)
    assert (after[105:125, 165:185] == 1).all()


def test_a_flat_photo_says_nothing_so_the_matte_stays() -> None:
    before = plain(disc())
    after = refine(np.full((*SIZE, 3), 90, np.uint8), before, seen=SEEN)
    np.testing.assert_allclose(after, before, atol=1e-3)


def test_noise_says_next_to_nothing() -> None:
    truth = disc()
    before = plain(truth)
    noise = np.random.default_rng(3).integers(0, 256, (*SIZE, 3), np.uint8)
    assert sad(refine(noise, before, seen=SEEN), truth) <= 1.25 * sad(before, truth)


def test_even_transparency_stays_as_it_is() -> None:
    half = np.full(SIZE, 0.5, np.float32)
    np.testing.assert_allclose(refine(composed(disc()), half, seen=SEEN), half, atol=1e-4)


def test_doubt_that_varies_little_is_no_edge_even_if_the_photo_varies_with_it() -> None:
    """A slope of two hundredths in five pixels of the network's, along which the photo's colour changes, too."""
    slope = np.linspace(0.4, 0.56, SEEN[1], dtype=np.float32)[None].repeat(SEEN[0], axis=0)
    matte = resize(slope, SIZE)
    photo = composed(np.clip(matte * 4 - 1.4, 0, 1))
    np.testing.assert_array_equal(refine(photo, matte, seen=SEEN), matte)
    steep = resize(np.clip(slope * 8 - 3.34, 0, 1), SIZE)
    assert not np.array_equal(refine(photo, steep, seen=SEEN), steep)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_without_an_edge_nothing_happens(value: float) -> None:
    alpha = np.full(SIZE, value, np.float32)
    np.testing.assert_array_equal(refine(composed(disc()), alpha, seen=SEEN), alpha)


def test_a_photo_no_larger_than_what_the_network_saw_keeps_its_matte() -> None:
    before = plain(disc())
    np.testing.assert_array_equal(refine(composed(disc()), before, seen=SIZE), before)
    np.testing.assert_array_equal(refine(composed(disc()), before, seen=(480, 640)), before)


def test_writing_in_place_is_the_same() -> None:
    before = plain(disc())
    wanted = refine(composed(disc()), before, seen=SEEN)
    kept = before.copy()
    assert refine(composed(disc()), kept, seen=SEEN, out=kept) is kept
    np.testing.assert_array_equal(kept, wanted)


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (200, 1), (33, 47)])
def test_any_size(size: tuple[int, int]) -> None:
    alpha = np.linspace(0, 1, size[0] * size[1], dtype=np.float32).reshape(size)
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    after = refine(photo, alpha, seen=(16, 16))
    assert after.shape == size
    assert np.isfinite(after).all()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 1.0])
@pytest.mark.parametrize("few", [(17, 23), (90, 130), (1, 1), (261, 265)], ids=str)
def test_tiles_enlarge_as_resize_does(few: tuple[int, int], share: float) -> None:
    """All pixels that a wanted cell has a share in, each once; of the others only those of the same tiles."""
    rng = np.random.default_rng(0)
    planes = rng.uniform(0, 1, (2, *few)).astype(np.float32)
    size = TILE[0] * 2 + 5, TILE[1] + 9
    made, times = np.zeros((2, *size), np.float32), np.zeros(size, int)
    wanted = (rng.random(few) < share).astype(np.float32)

    def work(tile: tuple[slice, slice], part: np.ndarray) -> None:
        made[:, *tile] = part
        times[tile] += 1

    Enlargement(planes, size).each(work, wanted=wanted)
    resized = np.stack([resize(plane, size) for plane in planes])
    np.testing.assert_allclose(made, np.where(times > 0, resized, 0), atol=1e-5)
    assert times.max() <= 1
    assert times[resize(wanted, size) > 1e-6].all()
    assert times.any() == wanted.any()


def test_work_side_by_side_is_done_once_each_and_an_error_is_raised() -> None:
    done: list[int] = []
    side_by_side(done.append, 5)
    assert sorted(done) == [0, 1, 2, 3, 4]

    def fail(number: int) -> None:
        done.append(number)
        if number == 3:
            raise MemoryError("three")

    with pytest.raises(MemoryError, match="three"):
        side_by_side(fail, 4)
    assert len(done) == 9  # the others were let finish


def test_tiles_are_no_larger_than_what_is_wanted_of_them() -> None:
    wanted, seen = np.zeros((30, 40), np.float32), []
    wanted[10:12, 20:23] = 1
    Enlargement(np.zeros((1, 30, 40), np.float32), (300, 400)).each(
        lambda tile, _: seen.append(tile), wanted=wanted
    )
    first, last = min(t[0].start for t in seen), max(t[0].stop for t in seen)
    left, right = min(t[1].start for t in seen), max(t[1].stop for t in seen)
    assert (first, last, left, right) == (95, 125, 195, 235)  # from the centres before to those behind
