"""Photos in wide colour spaces, as other programs write them, laid over pictures in sRGB."""

from __future__ import annotations

import io
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.media.images import read_image
from cutaway.options import Options
from cutaway.result import Result
from cutaway.types import Cutout, Matte

FIXTURES = Path(__file__).parent / "media" / "fixtures"
DRAWN = runpy.run_path(str(FIXTURES / "make.py"))["drawn"]()
ALPHA = np.tile(np.linspace(0, 1, DRAWN.shape[1], dtype=np.float32), (DRAWN.shape[0], 1))
WIDE = [
    "p3-vips.webp",
    "p3-vips-16.png",
    "p3-vips-16.tif",
    "adobe-magick-16.tif",
    "adobe-magick.jpg",
    "camera-adobe.jpg",
]


def cut(name: str, options: Options | None = None) -> Result:
    frame = read_image(FIXTURES / name)
    return Result(
        frame, Matte(ALPHA), Cutout(frame.pixels, ALPHA, frame.metadata), options or Options(foreground=False)
    )


@pytest.mark.parametrize("name", WIDE)
def test_a_wide_photo_over_the_same_picture_in_srgb_is_that_picture(name: str) -> None:
    """Whatever alpha is: the two show the same colours. Codes laid over codes would be up to 50 steps off."""
    result = cut(name).over(DRAWN)
    back = read_image(result.to_bytes("png"))
    shown = back.pixels // (257 if back.pixels.dtype == np.uint16 else 1)
    difference = np.abs(shown.astype(int) - DRAWN)
    assert back.metadata.icc_profile is None
    assert difference.mean() <= 0.8 and difference.max() <= 7
    plain = read_image(FIXTURES / name).pixels
    wrong = np.abs(plain.astype(int) // (257 if plain.dtype == np.uint16 else 1) - DRAWN)
    assert wrong.max() > 30  # what a test that compares nothing would not see


@pytest.mark.parametrize("name", WIDE)
def test_a_photo_in_srgb_over_a_wide_picture(name: str, tmp_path: Path) -> None:
    frame = read_image(DRAWN)
    result = Result(frame, Matte(ALPHA), Cutout(DRAWN, ALPHA), Options(background=str(FIXTURES / name)))
    difference = np.abs(np.asarray(Image.open(io.BytesIO(result.to_bytes("png")))).astype(int) - DRAWN)
    assert difference.mean() <= 0.8 and difference.max() <= 7


@pytest.mark.parametrize("name", WIDE)
def test_a_transparent_result_keeps_the_photos_own_codes_and_profile(name: str) -> None:
    frame = read_image(FIXTURES / name)
    back = read_image(cut(name).to_bytes("png"))
    assert back.metadata.icc_profile == frame.metadata.icc_profile is not None
    assert back.pixels.dtype == frame.pixels.dtype
    assert np.array_equal(back.pixels[:, 1:], frame.pixels[:, 1:])
