"""Compositing: exact where it can be, checked by hand where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.composite import bands, over_colour, over_picture, over_translucent, to_depth
from cutaway.pixels.resize import fit_cover

DEPTHS = [np.uint8, np.uint16]


def ramp(height: int = 5, width: int = 300) -> np.ndarray:
    return np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))


def noise(dtype: type, shape: tuple[int, ...] = (5, 300, 3), seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_white_over_white_is_white_at_any_alpha(dtype: type) -> None:
    white = np.full((5, 300, 3), np.iinfo(dtype).max, dtype)
    assert (over_colour(white, ramp(), (255, 255, 255)) == white).all()
    assert (over_picture(white, ramp(), white) == white).all()
    pixels, _ = over_translucent(white, ramp(), (255, 255, 255), background_alpha=0.3)
    assert (pixels == white).all()


@pytest.mark.parametrize("dtype", DEPTHS)
def test_alpha_zero_and_one_are_exact(dtype: type) -> None:
    subject, below = noise(dtype), noise(dtype, seed=1)
    alpha = (noise(np.uint8, (5, 300), seed=2) & 1).astype(np.float32)
    wanted = np.where(alpha[..., None] == 1, subject, below)
    np.testing.assert_array_equal(over_picture(subject, alpha, below), wanted)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_every_value_is_the_nearest_integer(dtype: type) -> None:
    subject, alpha = noise(dtype), ramp()
    below = np.array([255, 136, 0]) * (np.iinfo(dtype).max // 255)
    exact = alpha[..., None].astype(np.float64) * subject + (1 - alpha[..., None].astype(np.float64)) * below
    error = np.abs(over_colour(subject, alpha, (255, 136, 0)) - exact)
    assert error.max() <= 0.5 + 0.01


def test_16_bit_picture_over_8_bit_background_and_the_reverse() -> None:
    shallow, deep = np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 30000, np.uint16)
    nothing = np.zeros((2, 2), np.float32)
    assert (over_picture(deep, nothing, shallow) == 25700).all()
    assert (over_picture(shallow, nothing, deep) == round(30000 / 257)).all()


def test_to_depth_there_and_back_is_the_same() -> None:
    every = np.arange(256, dtype=np.uint8)
    up = to_depth(every, np.zeros(1, np.uint16))
    assert (up[0], up[-1]) == (0, 65535)
    np.testing.assert_array_equal(to_depth(up, every), every)


def test_translucent_background_by_hand() -> None:
    """Porter and Duff: half a red subject over half a blue ground."""
    red = np.array([[[255, 0, 0]]], np.uint8)
    pixels, alpha = over_translucent(red, np.array([[0.5]], np.float32), (0, 0, 255), background_alpha=0.5)
    assert alpha[0, 0] == pytest.approx(0.75)
    assert pixels[0, 0].tolist() == [170, 0, 85]  # 2/3 red, 1/3 blue


def test_translucent_over_opaque_is_over() -> None:
    subject, below = noise(np.uint8), noise(np.uint8, seed=1)
    pixels, alpha = over_translucent(subject, ramp(), below, background_alpha=1.0)
    assert (alpha == 1).all()
    np.testing.assert_array_equal(pixels, over_picture(subject, ramp(), below))


def test_nothing_over_nothing_has_no_nan() -> None:
    nothing = np.zeros((5, 300), np.float32)
    with np.errstate(all="raise"):
        pixels, alpha = over_translucent(noise(np.uint8), nothing, (1, 2, 3), background_alpha=0.0)
    assert (alpha == 0).all()
    assert (pixels == (1, 2, 3)).all()


def test_bands_cover_every_row_once() -> None:
    rows = np.zeros(1000, int)
    for band in bands((1000, 3000)):
        rows[band] += 1
        assert len(rows[band]) * 3000 <= 1 << 18
    assert (rows == 1).all()
    assert len(list(bands((3, 10_000_000)))) == 3


def test_large_pictures_agree_with_their_parts() -> None:
    subject, alpha = noise(np.uint8, (700, 900, 3)), np.random.default_rng(3).random((700, 900), np.float32)
    whole = over_colour(subject, alpha, (10, 20, 30))
    np.testing.assert_array_equal(whole[400:450], over_colour(subject[400:450], alpha[400:450], (10, 20, 30)))


def test_a_background_of_another_size_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="shape"):
        over_picture(noise(np.uint8), ramp(), noise(np.uint8, (5, 301, 3)))


def test_cover_keeps_the_middle_and_the_aspect() -> None:
    thirds = np.zeros((90, 270, 3), np.uint8)
    thirds[:, 90:180] = 200
    assert (fit_cover(thirds, (45, 45)) == 200).all()
    assert (fit_cover(thirds.transpose(1, 0, 2), (300, 300)) == 200).all()
    same = noise(np.uint8, (30, 20, 3))
    np.testing.assert_array_equal(fit_cover(same, (30, 20)), same)


@pytest.mark.parametrize("source", [(1, 1), (1, 500), (500, 1), (2, 3)])
@pytest.mark.parametrize("wanted", [(1, 1), (7, 400), (64, 48)])
def test_cover_of_any_shape(source: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert fit_cover(noise(np.uint8, (*source, 3)), wanted).shape == (*wanted, 3)
    assert fit_cover(noise(np.uint8, source), wanted).shape == wanted
