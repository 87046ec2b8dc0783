"""Training samples: whatever is done to the picture, the matte still says where its subject is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo

from cutaway.data import augment as augmentations
from cutaway.data.augment import (
    Augmentation,
    Picture,
    Rng,
    Source,
    augment,
    crop_resize,
    degrade,
    lay_over,
    random_background,
    random_window,
    subject_box,
)
from cutaway.data.grounds import drawn_background

SIZE = 64
GEOMETRY = Augmentation(colour=0, blur=0, noise=0, jpeg=0, coarse=0, background=0, empty=0)
"""Crops, scale, stretch and flips, and nothing else."""


def everything(*, chance: float) -> Augmentation:
    return Augmentation(
        flip=chance, colour=chance, blur=chance, noise=chance, jpeg=chance, coarse=chance, background=chance
    )


def bright_disc(height: int = 90, width: int = 130) -> tuple[Picture, Picture]:
    """A white disc, off the middle, on black, and its matte."""
    matte = np.roll(draw_mask(height, width), (7, -20), axis=(0, 1))
    return np.repeat(matte[..., None], 3, axis=2), matte


def other(rng: Rng) -> tuple[Picture, Picture | None]:
    """Another picture, without any subject."""
    return draw_photo(int(rng.integers(1000)), height=80, width=100), None


def never(rng: Rng) -> tuple[Picture, Picture | None]:
    raise AssertionError("no other picture was needed")


def make(seed: int, how: Augmentation, *, source: Source = other) -> tuple[Picture, Picture]:
    photo, matte = draw_photo(1, height=90, width=130), bright_disc()[1]
    return augment(photo, matte, size=SIZE, rng=np.random.default_rng(seed), how=how, other=source)


@pytest.mark.parametrize("how", [Augmentation(), everything(chance=1), everything(chance=0), GEOMETRY])
def test_samples_have_the_asked_size_and_kind(how: Augmentation) -> None:
    for seed in range(10):
        image, truth = make(seed, how)
        assert (image.shape, image.dtype) == ((SIZE, SIZE, 3), np.uint8)
        assert (truth.shape, truth.dtype) == ((SIZE, SIZE), np.uint8)


@pytest.mark.parametrize("how", [Augmentation(), everything(chance=1)])
def test_a_seed_makes_the_same_sample_again(how: Augmentation) -> None:
    first, again, different = make(3, how), make(3, how), make(4, how)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], different[0])


def test_the_sources_are_left_as_they_are() -> None:
    photo, matte = bright_disc()
    copies = photo.copy(), matte.copy()
    for seed in range(5):
        augment(
            photo, matte, size=SIZE, rng=np.random.default_rng(seed), how=everything(chance=1), other=other
        )
    assert np.array_equal(photo, copies[0])
    assert np.array_equal(matte, copies[1])


@pytest.mark.parametrize("flip", [0.0, 1.0])
def test_a_cropped_stretched_and_flipped_matte_matches_its_picture(flip: float) -> None:
    """The picture is its own matte here, so both must come out equal."""
    photo, matte = bright_disc()
    how = Augmentation(flip=flip, colour=0, blur=0, noise=0, jpeg=0, coarse=0, background=0, empty=0)
    crops = set()
    for seed in range(30):
        image, truth = augment(photo, matte, size=SIZE, rng=np.random.default_rng(seed), how=how, other=never)
        assert np.array_equal(image[..., 0], truth)
        crops.add(truth.tobytes())
    assert len(crops) > 20


def test_a_flip_is_a_mirror() -> None:
    keep, mirror = (Augmentation(**(vars(GEOMETRY) | {"flip": chance})) for chance in (0.0, 1.0))
    kept, mirrored = make(5, keep, source=never), make(5, mirror, source=never)
    assert np.array_equal(mirrored[0], kept[0][:, ::-1])
    assert np.array_equal(mirrored[1], kept[1][:, ::-1])


def test_crops_lie_inside_the_photo_and_touch_the_subject() -> None:
    matte = bright_disc()[1]
    top, left, bottom, right = subject_box(matte) or pytest.fail("the disc has a box")
    for seed in range(200):
        box = random_window(matte, np.random.default_rng(seed), how=Augmentation())
        assert 0 <= box[0] < box[2] <= matte.shape[0]
        assert 0 <= box[1] < box[3] <= matte.shape[1]
        assert box[0] < bottom
        assert box[2] > top
        assert box[1] < right
        assert box[3] > left


def test_the_box_of_a_subject() -> None:
    matte = np.zeros((20, 30), np.uint8)
    assert subject_box(matte) is None
    matte[4:9, 11:25] = 200
    matte[0, 0] = 127
    assert subject_box(matte) == (4, 11, 9, 25)


def test_on_another_background_the_subject_stays_and_the_ground_goes() -> None:
    photo, matte = draw_photo(1, height=SIZE, width=SIZE), draw_mask(SIZE, SIZE)
    ground = draw_photo(2, height=SIZE, width=SIZE)
    inner, outer = draw_mask(SIZE, SIZE) > 0, draw_mask(SIZE, SIZE) == 0
    for _ in range(4):  # keep a distance of 4 pixels from the edge
        for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
            inner, outer = inner & np.roll(inner, shift, axis), outer & np.roll(outer, shift, axis)
    for seed in range(10):
        mixed = lay_over(photo, matte, background=ground, rng=np.random.default_rng(seed)).astype(int)
        light = 0.25 * np.abs(ground.mean(axis=(0, 1)) - photo.mean(axis=(0, 1))).max() + 1
        assert np.abs(mixed - photo)[inner].max() <= light
        assert np.abs(mixed - ground)[outer].max() <= 1


def test_a_sample_on_another_background_keeps_its_truth() -> None:
    """The same crop with and without: the matte does not know about the background."""
    without = make(8, GEOMETRY, source=never)
    moved = make(8, Augmentation(**(vars(GEOMETRY) | {"background": 1.0})))
    assert np.array_equal(without[1], moved[1]) or np.array_equal(without[1], moved[1][:, ::-1])
    assert not np.array_equal(without[0], moved[0])


def test_an_empty_sample_has_an_empty_matte() -> None:
    how = Augmentation(**(vars(GEOMETRY) | {"empty": 1.0}))
    sources: tuple[Source, ...] = (other, lambda rng: bright_disc())
    for source in sources:
        image, truth = make(1, how, source=source)
        assert not truth.any()
        assert image.shape == (SIZE, SIZE, 3)


def test_no_background_is_taken_where_the_other_picture_has_its_subject() -> None:
    photo, matte = bright_disc()
    found = [random_background((photo, matte), np.random.default_rng(s), size=SIZE) for s in range(60)]
    pieces = [f for f in found if f is not None]
    assert pieces
    assert all((piece > 128).mean() < 0.03 for piece in pieces)
    full = np.full_like(matte, 255)
    assert random_background((photo, full), np.random.default_rng(0), size=SIZE) is None


@pytest.mark.parametrize("value", [0, 255])
def test_empty_and_full_masks_work(value: int) -> None:
    photo, matte = draw_photo(1), np.full((40, 60), value, np.uint8)
    for seed in range(10):
        _, truth = augment(
            photo, matte, size=SIZE, rng=np.random.default_rng(seed), how=everything(chance=1), other=other
        )
        assert set(np.unique(truth)) <= {0, value}


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (50, 1), (3, 400), (7, 7)])
def test_narrow_pictures_become_samples(height: int, width: int) -> None:
    photo, matte = draw_photo(1, height=height, width=width), np.full((height, width), 255, np.uint8)
    for seed in range(10):
        image, _ = augment(
            photo, matte, size=SIZE, rng=np.random.default_rng(seed), how=everything(chance=1), other=other
        )
        assert image.shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (50, 1), (7, 7)])
def test_narrow_pictures_become_backgrounds(height: int, width: int) -> None:
    narrow = draw_photo(1, height=height, width=width)
    ground = random_background((narrow, None), np.random.default_rng(0), size=SIZE)
    assert ground is not None
    assert ground.shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("name", ["vary_colour", "coarse", "blur", "noise", "jpeg"])
@pytest.mark.parametrize("ground", ["photo", "black", "white"])
def test_each_way_to_degrade_keeps_shape_and_kind(name: str, ground: str) -> None:
    step: Callable[[Picture, Rng], Picture] = getattr(augmentations, name)
    photo = draw_photo(1, height=SIZE, width=SIZE)
    picture = {"photo": photo, "black": np.zeros_like(photo), "white": np.full_like(photo, 255)}[ground]
    for seed in range(5):
        result = step(picture, np.random.default_rng(seed))
        assert (result.shape, result.dtype) == (picture.shape, np.uint8)
        assert np.abs(result.astype(int).mean() - picture.mean()) < 90
    if ground == "photo":
        assert not np.array_equal(result, picture)


def test_colours_are_not_swapped() -> None:
    """OpenCV thinks in BGR: a red picture must stay red, except for the few that lose all colour."""
    red = np.zeros((SIZE, SIZE, 3), np.uint8)
    red[..., 0] = 220
    for seed in range(20):
        image = (
            degrade(red, np.random.default_rng(seed), how=everything(chance=1)).astype(int).mean(axis=(0, 1))
        )
        assert image[0] >= max(image[1], image[2]) - 3


def test_degrading_never_moves_the_picture() -> None:
    """Left and right halves stay where they are."""
    halves = np.zeros((SIZE, SIZE, 3), np.uint8)
    halves[:, SIZE // 2 :] = 255
    for seed in range(20):
        result = degrade(halves, np.random.default_rng(seed), how=everything(chance=1)).mean(axis=(0, 2))
        assert abs(int((result < result.mean()).sum()) - SIZE // 2) <= 1


def test_nothing_is_degraded_without_a_chance() -> None:
    photo = draw_photo(1, height=SIZE, width=SIZE)
    assert degrade(photo, np.random.default_rng(0), how=everything(chance=0)) is photo


def test_a_crop_is_the_part_of_the_picture() -> None:
    photo = draw_photo(1, height=SIZE * 2, width=SIZE * 2)
    box = (10, 20, 10 + SIZE, 20 + SIZE)
    assert np.array_equal(crop_resize(photo, box, SIZE), photo[10 : 10 + SIZE, 20 : 20 + SIZE])


@pytest.mark.parametrize("size", [(90, 130), (130, 90), (7, 300)])
def test_no_augmentation_is_the_whole_photo_squeezed(size: tuple[int, int]) -> None:
    photo, matte = draw_photo(1, height=size[0], width=size[1]), draw_mask(*size)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        image, truth = augment(photo, matte, size=SIZE, rng=rng, how=Augmentation.none(), other=never)
        assert np.array_equal(image, crop_resize(photo, (0, 0, *size), SIZE))
        assert np.array_equal(truth, crop_resize(matte, (0, 0, *size), SIZE))


def test_drawn_grounds_are_of_every_kind() -> None:
    """Smooth, noisy, striped and checked: told by how much neighbours differ, and whether of two colours alone."""
    kinds = {"smooth": 0, "two colours": 0, "noise": 0}
    for seed in range(200):
        ground = drawn_background(np.random.default_rng(seed), size=64)
        assert ground.shape == (64, 64, 3) and ground.dtype == np.uint8
        colours = len(np.unique(ground.reshape(-1, 3), axis=0))
        bend = np.abs(np.diff(ground.astype(int), axis=1)).mean()
        kinds["two colours" if colours <= 2 else "noise" if bend > 8 else "smooth"] += 1
    assert kinds["smooth"] > 100 and kinds["two colours"] > 20 and kinds["noise"] > 3, kinds
