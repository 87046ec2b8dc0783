"""Effects: of a hidden subject nothing is left, and what is not touched stays exactly as it was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cutaway.pixels.effects import blur_subject, grey_background, pixelate_subject

HIDING = [blur_subject, pixelate_subject]
SIZE = (240, 320)


def disc(radius: float = 60, *, soft: float = 1.0) -> np.ndarray:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.clip((radius - np.hypot(y - 120, x - 160)) / soft + 0.5, 0, 1).astype(np.float32)


def marked(alpha: np.ndarray, dtype: type = np.uint8) -> np.ndarray:
    """A photo whose subject is fine red and blue stripes on a green ground; the values occur nowhere else."""
    stripes = np.where((np.arange(SIZE[1]) // 2 % 2)[None, :, None] == 0, [250, 0, 0], [0, 0, 250])
    ground = np.full((*SIZE, 3), (0, 100, 0))
    pixels = np.where(alpha[..., None] > 0, np.broadcast_to(stripes, ground.shape), ground)
    return pixels.astype(dtype) * (1 if dtype == np.uint8 else 257)


@pytest.mark.parametrize("hide", HIDING)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("soft", [1, 20])
def test_no_original_subject_pixel_survives(hide, dtype: type, soft: float) -> None:  # type: ignore[no-untyped-def]
    alpha = disc(soft=soft)
    photo = marked(alpha, dtype)
    result = hide(photo, alpha)
    assert result.dtype == dtype
    subject = alpha > 0.05
    assert (result != photo).any(axis=2)[subject].all()
    assert (result[subject] < 200 * (photo.max() // 250)).all()  # neither pure stripe is left


@pytest.mark.parametrize("hide", HIDING)
def test_a_rim_that_the_network_missed_is_hidden_too(hide) -> None:  # type: ignore[no-untyped-def]
    photo = marked(disc(62))
    result = hide(photo, disc(60))
    assert (result != photo).any(axis=2)[disc(62) > 0].all()


@pytest.mark.parametrize("hide", HIDING)
def test_away_from_the_subject_the_photo_is_untouched(hide) -> None:  # type: ignore[no-untyped-def]
    photo = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    before = photo.copy()
    result = hide(photo, disc(60))
    far = disc(60 + 2 * 2 + 4) == 0
    np.testing.assert_array_equal(result[far], photo[far])
    np.testing.assert_array_equal(photo, before)


@pytest.mark.parametrize("hide", HIDING)
@pytest.mark.parametrize("haze", [0.0, 0.05])
def test_without_a_subject_nothing_changes(hide, haze: float) -> None:  # type: ignore[no-untyped-def]
    photo = marked(disc())
    np.testing.assert_array_equal(hide(photo, np.full(SIZE, haze, np.float32)), photo)


@pytest.mark.parametrize(("hide", "left"), [(blur_subject, 0.2), (pixelate_subject, 0.4)])
def test_letters_cannot_be_read(hide, left: float) -> None:  # type: ignore[no-untyped-def]
    """A number plate: once hidden, two numbers of the same digits differ little; blurred, they hardly differ at all."""

    def plate(number: str) -> np.ndarray:
        photo = np.full((*SIZE, 3), 120, np.uint8)
        photo[100:140, 80:240] = 255
        cv2.putText(photo, number, (84, 132), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (0, 0, 0), 2)
        return photo

    alpha = np.zeros(SIZE, np.float32)
    alpha[100:140, 80:240] = 1
    one, other = plate("B 6389 X"), plate("B 8936 X")
    shown = np.abs(one.astype(int) - other)[100:140].mean()
    hidden = np.abs(hide(one, alpha).astype(int) - hide(other, alpha))[100:140]
    assert hidden.mean() < left * shown
    assert hidden.max() < 100


def test_the_mosaic_has_sixteen_blocks_along_the_longer_side() -> None:
    alpha = np.zeros(SIZE, np.float32)
    alpha[40:200, 100:200] = 1
    photo = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    inside = pixelate_subject(photo, alpha)[40:200, 100:200].astype(int)
    changes = (np.abs(np.diff(inside, axis=0)).sum(axis=(1, 2)) > 0).sum()
    assert changes in (15, 16)  # lines between blocks of 10 px


def test_blocks_of_a_tiny_subject_are_not_single_pixels() -> None:
    alpha = np.zeros(SIZE, np.float32)
    alpha[100:110, 100:110] = 1
    photo = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    for hide in HIDING:
        result = hide(photo, alpha)[100:110, 100:110]
        assert result.astype(float).std() < 0.5 * photo[100:110, 100:110].std()


def test_grey_background_keeps_the_subjects_colour() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    alpha = disc(soft=1)
    result = grey_background(photo, alpha)
    np.testing.assert_array_equal(result[alpha == 1], photo[alpha == 1])
    luma = np.rint(photo @ np.array([0.299, 0.587, 0.114]))
    assert np.abs(result - luma[..., None])[alpha == 0].max() <= 1
    assert (np.ptp(result[alpha == 0].astype(int), axis=1) == 0).all()


@pytest.mark.parametrize("effect", [*HIDING, grey_background])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (301, 2)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_photos_of_every_shape(effect, size: tuple[int, int], dtype: type) -> None:  # type: ignore[no-untyped-def]
    result = effect(np.full((*size, 3), 200, dtype), np.ones(size, np.float32))
    assert result.shape == (*size, 3) and result.dtype == dtype
