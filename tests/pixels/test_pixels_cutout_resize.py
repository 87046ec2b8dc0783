"""Cut-outs resized: the plain result where all is opaque, colours weighted by alpha along the edge."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.cutout_resize import resize_cutout
from cutaway.pixels.resize import resize


def slowly(pixels: np.ndarray, alpha: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The definition, on the whole picture at once."""
    total = resize(alpha, size)
    weighted = resize(pixels.astype(np.float32) * alpha[..., None], size)
    return weighted / np.maximum(total, 1e-9)[..., None], total


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ((200, 300), (67, 100)),
        ((200, 300), (133, 199)),
        ((200, 300), (311, 500)),
        ((200, 300), (150, 450)),  # one axis shrinks, the other grows
        ((200, 300), (200, 131)),
        ((1, 300), (1, 70)),
        ((300, 1), (130, 3)),
        ((2, 2), (150, 150)),
    ],
)
def test_it_is_what_its_definition_says(dtype: type, old: tuple[int, int], new: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, np.iinfo(dtype).max, (*old, 3)).astype(dtype)
    alpha = resize(random.random((12, 12)).astype(np.float32), old)
    alpha = np.clip(3 * alpha - 1, 0, 1)
    colour, small = resize_cutout(pixels, alpha, new)
    wanted, total = slowly(pixels, alpha, new)
    assert colour.dtype == dtype and colour.shape == (*new, 3) and small.dtype == np.float32
    np.testing.assert_allclose(small, total, atol=1e-5)
    seen = total > 0.01
    assert np.abs(colour.astype(float) - wanted)[seen].max() <= (1.01 if dtype == np.uint8 else 60)


def test_an_opaque_picture_is_resized_as_ever() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 80, 3)).astype(np.uint8)
    opaque = np.ones((90, 80), np.float32)
    for size in [(40, 33), (150, 170), (90, 80)]:
        np.testing.assert_array_equal(resize_cutout(pixels, opaque, size)[0], resize(pixels, size))


def test_hidden_white_does_not_shine_through() -> None:
    pixels, alpha = np.full((200, 200, 3), 255, np.uint8), np.zeros((200, 200), np.float32)
    alpha[41:160, 33:171] = 1
    pixels[alpha > 0] = (10, 20, 30)
    for size in [(61, 61), (333, 333), (77, 410)]:
        colour, small = resize_cutout(pixels, alpha, size)
        assert ((small > 0) & (small < 1)).any()
        assert np.abs(colour[small > 1 / 1024].astype(int) - (10, 20, 30)).max() == 0
