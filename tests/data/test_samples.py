"""Pairs in memory, and batches made ahead of time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, draw_set, save
from PIL import Image

from cutaway.data.augment import Augmentation
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair, find_pairs
from cutaway.data.samples import (
    Loaded,
    PairCache,
    Sampler,
    ahead,
    load_backgrounds,
    load_pair,
    load_photo,
    shrink_to,
)
from cutaway.errors import DataError, ImageError

GREY = MaskReading("grey")
PAIR_BYTES = 40 * 60 * 4


def cache_of(folder: Path, *, budget_bytes: int) -> PairCache:
    return PairCache(find_pairs(folder), reading=GREY, longest=1000, budget_bytes=budget_bytes)


def equal(one: Loaded, other: Loaded) -> bool:
    return np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the pairs that were decoded."""
    ids: list[str] = []

    def counting(pair: Pair, *, reading: MaskReading, longest: int | None = None) -> Loaded:
        ids.append(pair.id)
        return load_pair(pair, reading=reading, longest=longest)

    monkeypatch.setattr("cutaway.data.samples.load_pair", counting)
    return ids


# -- reading -----------------------------------------------------------------------------------------------------


def test_a_pair_is_read_as_photo_and_matte(clean_set: Path) -> None:
    photo, matte = load_pair(find_pairs(clean_set)[3], reading=GREY)
    assert np.array_equal(photo, draw_photo(3))
    assert np.array_equal(matte, draw_mask())


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    pair = Pair("cat", save(tmp_path / "i.png", draw_photo(1)), save(tmp_path / "m.png", draw_mask(30, 60)))
    with pytest.raises(DataError, match=r"cat: the mask is 60×30 but the photo is 60×40"):
        load_pair(pair, reading=GREY)


def test_a_photo_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"broken\.png"):
        load_photo(tmp_path / "broken.png")


def test_photo_and_matte_shrink_alike(tmp_path: Path) -> None:
    pair = Pair(
        "p",
        save(tmp_path / "i.png", draw_photo(1, height=91, width=200)),
        save(tmp_path / "m.png", draw_mask(91, 200)),
    )
    photo, matte = load_pair(pair, reading=GREY, longest=50)
    assert (photo.shape, matte.shape) == ((23, 50, 3), (23, 50))


@pytest.mark.parametrize(
    ("size", "longest", "result"),
    [
        ((40, 60), None, (40, 60)),
        ((40, 60), 60, (40, 60)),
        ((40, 60), 30, (20, 30)),
        ((400, 1), 10, (10, 1)),
    ],
)
def test_shrinking_keeps_the_aspect_and_never_enlarges(
    size: tuple[int, int], longest: int | None, result: tuple[int, int]
) -> None:
    assert shrink_to(draw_photo(1, height=size[0], width=size[1]), longest).shape[:2] == result


def test_photos_of_16_bits_keep_their_brightness(tmp_path: Path) -> None:
    deep = np.repeat(np.linspace(0, 65535, 256).astype(np.uint16)[None], 8, axis=0)
    photo = load_photo(save(tmp_path / "deep.png", deep))
    assert photo.dtype == np.uint8
    assert np.abs(photo[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_backgrounds_are_found_at_any_depth(tmp_path: Path) -> None:
    save(tmp_path / "a.png", draw_photo(1))
    save(tmp_path / "deep" / "b.png", draw_photo(2, height=100, width=100))
    (tmp_path / "._a.png").write_bytes(b"of a Mac")
    (tmp_path / "notes.txt").write_text("no picture")
    assert sorted(p.shape for p in load_backgrounds(tmp_path, longest=50)) == [(33, 50, 3), (50, 50, 3)]


def test_a_folder_without_backgrounds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no picture"):
        load_backgrounds(tmp_path, longest=50)


def test_backgrounds_that_a_list_names_are_left_out(tmp_path: Path) -> None:
    for name, side in (("a", 30), ("b", 40), ("c", 50)):
        save(tmp_path / "walls" / "deep" / f"{name}.png", draw_photo(1, height=side, width=side))
    listed = tmp_path / "list.txt"
    listed.write_text("# to measure with\n\n  b.png \nnot-there.png\n", "utf-8")
    kept = load_backgrounds(tmp_path / "walls", longest=99, exclude=listed)
    assert sorted(p.shape[0] for p in kept) == [30, 50]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("z.png\n", "names none of the 1 backgrounds"),
        ("a.png\n", "names every background"),
        ("# a.png\n", "holds no name"),
        (None, "cannot be read"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(tmp_path: Path, text: str | None, told: str) -> None:
    save(tmp_path / "walls" / "a.png", draw_photo(1))
    if text is not None:
        (tmp_path / "list.txt").write_text(text, "utf-8")
    with pytest.raises(DataError, match=told):
        load_backgrounds(tmp_path / "walls", longest=50, exclude=tmp_path / "list.txt")


# -- cache -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("budget", "kept"), [(0, 0), (PAIR_BYTES * 2 + 5, 2), (PAIR_BYTES * 100, 6)])
def test_a_cache_keeps_what_its_budget_allows(
    tmp_path: Path, opened: list[str], budget: int, kept: int
) -> None:
    cache = cache_of(draw_set(tmp_path, 6), budget_bytes=budget)
    for _ in range(3):
        for number in range(len(cache)):
            assert np.array_equal(cache[number][0], draw_photo(number))
    assert len(opened) == 6 + 2 * (6 - kept)


def test_threads_share_a_cache_within_its_budget(tmp_path: Path, opened: list[str]) -> None:
    cache = cache_of(draw_set(tmp_path, 6), budget_bytes=PAIR_BYTES * 3)
    jobs = [lambda n=n: cache[n % 6] for n in range(60)]
    for number, loaded in enumerate(ahead(jobs, workers=8, depth=16)):
        assert np.array_equal(loaded[0], draw_photo(number % 6))
    opened.clear()
    for number in range(6):
        _ = cache[number]
    assert len(opened) == 3


def test_samples_are_the_same_with_and_without_cache_and_in_any_order(tmp_path: Path) -> None:
    folder = draw_set(tmp_path, 4)
    kept, reread = (
        Sampler(cache_of(folder, budget_bytes=b), size=32, seed=7, how=Augmentation()) for b in (10**9, 0)
    )
    numbers = list(range(12))
    first = [kept.sample(n % 4, epoch=1, number=n) for n in numbers]
    jobs = [lambda n=n: reread.sample(n % 4, epoch=1, number=n) for n in numbers[::-1]]
    again = list(ahead(jobs, workers=4, depth=8))[::-1]
    assert all(equal(a, b) for a, b in zip(first, again, strict=True))


def test_samples_differ_by_number_epoch_and_seed(tmp_path: Path) -> None:
    cache = cache_of(draw_set(tmp_path, 3), budget_bytes=10**9)
    one, two = (Sampler(cache, size=32, seed=seed, how=Augmentation()) for seed in (1, 2))
    base = one.sample(0, epoch=0, number=0)
    for different in (
        one.sample(0, epoch=0, number=1),
        one.sample(0, epoch=1, number=0),
        two.sample(0, epoch=0, number=0),
    ):
        assert not equal(base, different)


def test_every_pair_comes_once_before_any_comes_again(tmp_path: Path) -> None:
    sampler = Sampler(cache_of(draw_set(tmp_path, 5), budget_bytes=0), size=32, seed=0, how=Augmentation())
    order = sampler.order(0, 13)
    assert sorted(order[:5]) == sorted(order[5:10]) == [0, 1, 2, 3, 4]
    assert len(set(order[10:])) == 3
    assert np.array_equal(order, sampler.order(0, 13))
    assert not np.array_equal(order, sampler.order(1, 13))


def test_a_background_folder_gives_empty_pictures(tmp_path: Path) -> None:
    """With nothing but empty samples asked for, some show the background that was given."""
    purple = np.full((50, 50, 3), (120, 0, 120), np.uint8)
    how = Augmentation(empty=1, colour=0, blur=0, noise=0, jpeg=0, coarse=0)
    cache = cache_of(draw_set(tmp_path, 2), budget_bytes=10**9)
    sampler = Sampler(cache, size=32, seed=0, how=how, backgrounds=[purple])
    samples = [sampler.sample(0, epoch=0, number=n) for n in range(30)]
    assert not any(truth.any() for _, truth in samples)
    shown = sum(bool((image == (120, 0, 120)).all()) for image, _ in samples)
    assert 4 <= shown <= 22  # 12 expected


# -- ahead of time -----------------------------------------------------------------------------------------------


def job(value: int, *, wait_s: float = 0.0, log: list[int] | None = None) -> Callable[[], Loaded]:
    def run() -> Loaded:
        time.sleep(wait_s)
        if log is not None:
            log.append(value)
        return np.full((1, 1, 3), value, np.uint8), np.full((1, 1), value, np.uint8)

    return run


def failing() -> Loaded:
    raise DataError("the seventh picture is broken")


def value_of(loaded: Loaded) -> int:
    return int(loaded[1][0, 0])


@pytest.mark.parametrize(("workers", "depth"), [(1, 1), (4, 3), (4, 100)])
def test_results_come_in_order_whatever_finishes_first(workers: int, depth: int) -> None:
    jobs = [job(n, wait_s=0.01 if n % 3 == 0 else 0) for n in range(12)]
    assert [value_of(r) for r in ahead(jobs, workers=workers, depth=depth)] == list(range(12))


def test_no_jobs_no_results() -> None:
    assert list(ahead([], workers=2, depth=4)) == []


def test_a_failing_job_raises_its_own_error_in_its_place() -> None:
    done: list[int] = []
    results = ahead(
        [*(job(n) for n in range(7)), failing, *(job(n) for n in range(8, 20))], workers=3, depth=5
    )
    with pytest.raises(DataError, match="seventh"):
        done.extend(value_of(result) for result in results)
    assert done == list(range(7))


def test_no_more_is_made_ahead_than_asked_for() -> None:
    log: list[int] = []
    results = ahead([job(n, log=log) for n in range(30)], workers=2, depth=4)
    next(results)
    time.sleep(0.05)
    assert len(log) <= 4
    results.close()


def test_leaving_early_cancels_the_rest_and_leaves_no_thread() -> None:
    log: list[int] = []
    results = ahead([job(n, wait_s=0.02, log=log) for n in range(100)], workers=2, depth=50)
    next(results)
    results.close()
    assert len(log) < 10
    assert not [t for t in threading.enumerate() if t.name.startswith("samples")]


def test_photos_are_turned_upright_like_their_masks(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = np.rot90(draw_photo(1))
    Image.fromarray(stored).save(tmp_path / "i.png", exif=exif)
    pair = Pair("p", tmp_path / "i.png", save(tmp_path / "m.png", draw_mask()))
    assert np.array_equal(load_pair(pair, reading=GREY)[0], draw_photo(1))
