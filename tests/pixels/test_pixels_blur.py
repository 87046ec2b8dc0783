"""The blurred background holds nothing of the subject."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from cutaway.pixels.blur import blur_background

GREY = 120


def red_disc(height: int = 240, width: int = 320, radius: float = 60) -> tuple[np.ndarray, np.ndarray]:
    """A red disc on grey with a smooth edge, and its true alpha."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2)
    alpha = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    pixels = alpha[..., None] * np.array([255, 0, 0]) + (1 - alpha[..., None]) * GREY
    return np.rint(pixels).astype(np.uint8), alpha


@pytest.mark.parametrize("sigma_px", [1, 2, 6, 15, 60])
@pytest.mark.parametrize("scale", [1, 257])
def test_no_subject_colour_bleeds_into_the_background(sigma_px: float, scale: int) -> None:
    pixels, alpha = red_disc()
    if scale != 1:
        pixels = pixels.astype(np.uint16) * 257
    blurred = blur_background(pixels, alpha, sigma_px=sigma_px)
    assert blurred.dtype == pixels.dtype
    outside = np.abs(blurred.astype(float) / scale - GREY)[alpha < 0.5]
    assert outside.max() <= 2


def test_a_plain_blur_would_bleed() -> None:
    """The test above can fail: this is what it guards against."""
    pixels, alpha = red_disc()
    plain = cv2.GaussianBlur(pixels, (0, 0), sigmaX=15)
    assert np.abs(plain.astype(int) - GREY)[alpha < 0.5].max() > 30


@pytest.mark.parametrize("sigma_px", [2.0, 15.0])
def test_without_a_subject_it_is_a_gaussian(sigma_px: float) -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[:, 150:, 0] = 200
    pixels[100:, :, 1] = 200
    blurred = blur_background(pixels, np.zeros((200, 300), np.float32), sigma_px=sigma_px)
    plain = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigmaX=sigma_px)
    assert np.abs(blurred - plain).max() <= 200 * 0.025


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 5), (37, 41)])
def test_all_subject_or_tiny_pictures_still_give_a_picture(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 77, np.uint8)
    for value in (0.0, 0.5, 1.0):
        blurred = blur_background(pixels, np.full(size, value, np.float32), sigma_px=50)
        assert (blurred == 77).all()


def test_deep_inside_a_large_subject_the_mean_background_colour_stands_in() -> None:
    pixels, alpha = red_disc(400, 400, radius=180)
    blurred = blur_background(pixels, alpha, sigma_px=3)
    assert np.abs(blurred[200, 200].astype(int) - GREY).max() <= 2
