"""Pictures that look the same are found, and others are not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo
from PIL import Image

from cutaway.data.hashing import NEAR_BITS, Looks, bit_counts, dhash, lookalikes, thumbnail


def looks(*pictures: np.ndarray) -> Looks:
    return Looks.of([dhash(p) for p in pictures], [thumbnail(p) for p in pictures])


def as_jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=quality)
    return np.asarray(Image.open(data))


def resized(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))


def grey(values: np.ndarray) -> np.ndarray:
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def test_a_hash_by_hand() -> None:
    """9 × 8 pixels need no shrinking: rising rows are all ones, falling and level ones all zeros."""
    rows = np.tile(np.arange(9) * 20, (8, 1))
    assert dhash(grey(rows)) == 2**64 - 1
    assert dhash(grey(rows[:, ::-1])) == 0
    assert dhash(grey(np.full((8, 9), 7))) == 0
    first_pixel_only = np.full((8, 9), 100)
    first_pixel_only[0, 0] = 50
    assert dhash(grey(first_pixel_only)) == 1 << 63


def test_deep_pictures_look_like_their_8_bit_twins() -> None:
    photo = draw_photo(1)
    assert dhash(photo.astype(np.uint16) * 257) == dhash(photo)
    assert np.abs(thumbnail(photo.astype(np.uint16) * 257).astype(int) - thumbnail(photo)).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (5, 5)])
def test_tiny_pictures_have_a_hash(size: tuple[int, int]) -> None:
    photo = draw_photo(1, height=size[0], width=size[1])
    assert 0 <= dhash(photo) < 2**64
    assert thumbnail(photo).shape == (16, 16)


def test_bits_are_counted() -> None:
    words = np.random.default_rng(0).integers(0, 2**64, 1000, dtype=np.uint64)
    words[:3] = [0, 1, 2**64 - 1]
    assert bit_counts(words).tolist() == [int(word).bit_count() for word in words]


def test_copies_are_found_among_others() -> None:
    photo = draw_photo(0, height=120, width=160)
    brighter = np.clip(photo * 0.8 + 40, 0, 255).astype(np.uint8)
    copies = [photo, as_jpeg(photo, 40), resized(photo, 71, 53), brighter]
    others = [draw_photo(n, height=120, width=160) for n in range(1, 40)]
    assert lookalikes(looks(*copies), looks(*others[:20], photo, *others[20:])) == dict.fromkeys(range(4), 20)


def test_different_photos_are_not_alike() -> None:
    photos = [draw_photo(n) for n in range(200)]
    assert lookalikes(looks(*photos[:100]), looks(*photos[100:])) == {}


def test_a_mirrored_photo_is_another_one() -> None:
    photo = draw_photo(0)
    assert lookalikes(looks(photo), looks(photo[:, ::-1])) == {}


def test_the_most_alike_is_named() -> None:
    photo = draw_photo(0, height=120, width=160)
    marked = photo.copy()
    marked[50:60, 70:80] = 255
    assert lookalikes(looks(photo), looks(marked, photo)) == {0: 1}


def test_plain_pictures_are_not_alike_for_being_plain() -> None:
    """All have the hash 0, and nothing else in common."""
    plain = [np.full((40, 60, 3), value, np.uint8) for value in (0, 90, 250)]
    assert lookalikes(looks(*plain), looks(*plain)) == {}


def test_the_noise_of_plain_pictures_is_no_likeness() -> None:
    """One grey step from left to right, at two levels."""
    steps = [np.full((40, 60, 3), value, np.uint8) for value in (20, 220)]
    for step in steps:
        step[:, 30:] += 1
    assert dhash(steps[0]) == dhash(steps[1])
    assert lookalikes(looks(steps[0]), looks(steps[1])) == {}


def test_different_things_on_one_wall_are_not_alike() -> None:
    """Their outlines agree, and with them the hashes; the thumbnails tell them apart."""
    light, dotted = (grey(draw_mask(80, 80, subject=255, ground=200)) for _ in range(2))
    dotted[36:44, 36:44] = 60
    assert (dhash(light) ^ dhash(dotted)).bit_count() <= NEAR_BITS
    assert lookalikes(looks(light), looks(dotted)) == {}


def test_blocks_find_what_one_sweep_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = looks(*(draw_photo(n) for n in range(30)))
    whole = lookalikes(photos, photos)
    monkeypatch.setattr("cutaway.data.hashing._BLOCK", 64)
    assert lookalikes(photos, photos) == whole == {n: n for n in range(30)}


def test_nothing_is_like_nothing() -> None:
    nothing = Looks.of([], [])
    assert lookalikes(nothing, looks(draw_photo(0))) == {}
    assert lookalikes(looks(draw_photo(0)), nothing) == {}
