"""Files that other programs wrote (`fixtures/made.txt` says which and how) against what was drawn in them."""

from __future__ import annotations

import importlib.util
import json
import runpy
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media_samples import lab_to_srgb8
from PIL import Image, features

from cutaway.errors import ImageError
from cutaway.media.colour import profile_mode, to_8_bits, to_srgb
from cutaway.media.encode import encode
from cutaway.media.images import read_image
from cutaway.media.untagged import adobe_rgb
from cutaway.types import Frame

HERE = Path(__file__).parent / "fixtures"
DRAWING = runpy.run_path(str(HERE / "make.py"))
DRAWN, DEEP, SOFT = DRAWING["drawn"](), DRAWING["drawn_deep"](), DRAWING["soft"]()
FILES = sorted(line.split("\t")[0] for line in (HERE / "made.txt").read_text().splitlines())


def readable(name: str) -> bool:
    if name.endswith(".heic"):
        return importlib.util.find_spec("pi_heif") is not None
    return not name.endswith(".avif") or features.check("avif")


READABLE = [name for name in FILES if readable(name)]
needs_heic = pytest.mark.skipif(not readable(".heic"), reason="the extra heic (pi-heif) is not installed")
needs_avif = pytest.mark.skipif(not readable(".avif"), reason="this Pillow has no AVIF")


def read(name: str) -> Frame:
    return read_image(HERE / name)


def far(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape, (a.shape, b.shape)
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def shows_what_was_drawn(frame: Frame, *, within: int, mean: float) -> bool:
    """Whether a frame's codes are not the drawn ones, and its colours are; by the largest and the mean difference."""
    assert far(to_8_bits(frame.pixels), DRAWN) > 30
    shown = to_8_bits(to_srgb(frame).pixels)
    return far(shown, DRAWN) <= within and bool(np.abs(shown.astype(int) - DRAWN).mean() <= mean)


def test_the_folder_holds_what_its_list_says() -> None:
    assert {p.name for p in HERE.iterdir()} - {"make.py", "made.txt", "__pycache__"} == set(FILES)
    assert all((HERE / name).stat().st_size < 5000 for name in FILES)


# --- colours ---


@pytest.mark.parametrize(
    ("name", "within", "mean"),
    [("p3-vips.jpg", 7, 0.8), ("p3-vips.webp", 1, 0.2), ("p3-vips-16.png", 1, 0.1), ("p3-vips-16.tif", 1, 0.1),
     ("adobe-magick.jpg", 7, 0.8), ("adobe-magick-16.tif", 1, 0.1)],
)  # fmt: skip
def test_a_wide_profile_rides_along_and_shows_the_drawn_colours(name: str, within: int, mean: float) -> None:
    frame = read(name)
    assert frame.metadata.icc_profile is not None and profile_mode(frame.metadata.icc_profile) == "RGB"
    assert shows_what_was_drawn(frame, within=within, mean=mean)
    assert frame.pixels.dtype == (np.uint16 if "16" in name else np.uint8)


@pytest.mark.parametrize("format", ["png", "tiff", "webp", "jpg", "avif"])
@pytest.mark.parametrize("name", ["p3-vips-16.png", "adobe-magick.jpg"])
def test_a_wide_profile_is_written_along(name: str, format: str) -> None:
    if not readable(f".{format}"):
        pytest.skip("this Pillow has no AVIF")
    frame = read(name)
    back = read_image(encode(frame, format=format))
    assert back.metadata.icc_profile == frame.metadata.icc_profile
    assert shows_what_was_drawn(back, within=20 if format in ("jpg", "webp", "avif") else 7, mean=4.0)


def test_a_camera_that_says_adobe_rgb_in_exif_alone_is_believed() -> None:
    frame = read("camera-adobe.jpg")
    assert frame.metadata.icc_profile is not None
    assert shows_what_was_drawn(frame, within=7, mean=0.8)


@needs_avif
def test_display_p3_named_by_numbers_is_believed() -> None:
    frame = read("p3-numbers.avif")
    assert frame.metadata.icc_profile is not None
    assert shows_what_was_drawn(frame, within=5, mean=0.8)


@pytest.mark.parametrize("name", ["cmyk-magick.jpg", "cmyk-magick.tif"])
def test_ink_goes_by_its_profile(name: str) -> None:
    frame = read(name)
    assert frame.metadata.icc_profile is None
    assert far(frame.pixels, np.broadcast_to(lab_to_srgb8((60.0, 30.0, -20.0)), frame.pixels.shape)) <= 3


def test_lab() -> None:
    assert np.abs(read("lab-vips.tif").pixels.astype(int) - DRAWN).mean() <= 1.5  # 8-bit Lab is coarse


# --- depth, alpha, layout ---


def test_16_bits_of_png_and_tiff_with_every_alpha() -> None:
    interlaced = read("interlaced-16-magick.png")
    assert np.array_equal(interlaced.pixels, DEEP) and interlaced.pixels.dtype == np.uint16
    straight, associated = read("alpha-16-vips.tif"), read("associated-16-magick.tif")
    for frame in (straight, associated):
        assert frame.pixels.dtype == np.uint16 and frame.alpha is not None
        assert far(to_8_bits(frame.alpha), SOFT) == 0
    assert np.array_equal(straight.pixels, DEEP)
    assert far(associated.pixels[SOFT > 8], DEEP[SOFT > 8]) <= 20
    grey = read("grey-alpha-16-magick.png")
    assert grey.pixels.dtype == np.uint16 and grey.alpha is not None
    assert far(to_8_bits(grey.alpha), SOFT) == 0
    luma = DRAWN @ np.array([0.2126, 0.7152, 0.0722])
    assert far(to_8_bits(grey.pixels[..., 0]), np.rint(luma)) <= 1


def test_other_layouts() -> None:
    palette = read("palette-magick.png")
    assert palette.alpha is not None and np.array_equal(palette.alpha > 0, SOFT > 127)
    visible = SOFT > 127
    assert np.abs(palette.pixels[visible].astype(int) - DRAWN[visible]).mean() < 12
    assert far(read("progressive-cjpeg.jpg").pixels, DRAWN) <= 4
    assert far(read("planes-tiffcp.tif").pixels, DRAWN) == 0


@needs_avif
def test_avif() -> None:
    frame = read("alpha-avifenc.avif")
    assert frame.alpha is not None and far(frame.alpha, SOFT) <= 1
    assert far(frame.pixels, DRAWN) <= 2
    turned = read("turned-avifenc.avif")
    assert far(turned.pixels, np.rot90(DRAWN)) <= 2  # irot counts quarter turns anti-clockwise
    assert far(read("ten-bits-avifenc.avif").pixels, DRAWN) <= 2


@needs_heic
def test_heic() -> None:
    drawn, soft = DRAWING["drawn"](64, 64), DRAWING["soft"](64, 64)
    assert far(read("plain-heif-enc.heic").pixels, drawn) <= 6
    frame = read("alpha-heif-enc.heic")
    assert frame.alpha is not None and far(frame.alpha, soft) <= 8
    assert far(frame.pixels[soft > 200], drawn[soft > 200]) <= 8


# --- what is told about a picture ---


@pytest.mark.parametrize("name", [name for name in READABLE if name.startswith("told-")])
def test_camera_place_and_xmp_survive_and_the_orientation_is_reset(name: str) -> None:
    frame = read(name)
    turned = name.rsplit(".", 1)[1] in ("jpg", "png", "webp", "tif")
    wanted = DRAWING["drawn"](64, 64) if name.endswith("heic") else np.rot90(DRAWN, -1) if turned else DRAWN
    assert far(frame.pixels, wanted) <= 6
    for format in ("png", "jpg", "webp", "tiff", "avif"):
        if not readable(f".{format}"):
            continue
        back = read_image(encode(frame, format=format))
        exif = Image.Exif()
        exif.load(back.metadata.exif or b"")
        assert (exif[0x010F], exif[0x0110]) == ("Cutaway", "Drawn"), format
        assert float(exif.get_ifd(0x8825)[2][0]) == 48, format
        assert exif.get(0x0112, 1) == 1, format
        assert b"A Painter" in (back.metadata.xmp or b""), format
        assert back.size == frame.size


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tiff", "avif"])
def test_another_program_finds_what_we_wrote(format: str, tmp_path: Path) -> None:
    if not readable(f".{format}"):
        pytest.skip("this Pillow has no AVIF")
    told = read("told-exiftool.jpg").metadata
    frame = Frame(read("p3-vips.webp").pixels, metadata=replace(told, icc_profile=adobe_rgb()))
    path = tmp_path / f"ours.{format}"
    path.write_bytes(encode(frame, format=format))
    words = ["exiftool", "-j", "-n", "-validate", "-all", str(path)]
    ran = subprocess.run(words, capture_output=True, timeout=60, check=True)
    found = json.loads(ran.stdout)[0]
    assert (found["Make"], found["Creator"], found["GPSLatitude"]) == ("Cutaway", "A Painter", 48.2)
    assert found["ProfileDescription"] == "Compatible with Adobe RGB (1998)"
    assert found.get("Orientation", 1) == 1
    assert "Error" not in found


# --- damage ---


@pytest.mark.parametrize("name", READABLE)
def test_a_truncated_file_is_one_line_or_a_picture(name: str, tmp_path: Path) -> None:
    data = (HERE / name).read_bytes()
    size = read_image(data).size
    refused = 0
    for share in (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
        path = tmp_path / "cut.bin"
        path.write_bytes(data[: int(len(data) * share)])
        try:
            assert read_image(path).size == size
        except ImageError as error:
            refused += 1
            assert "cut.bin: " in str(error) and "\n" not in str(error)
    assert refused >= 1
