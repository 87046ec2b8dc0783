import io
import logging
import os
import struct
import subprocess
import sys
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from media_samples import (
    as_file,
    cmyk_profile,
    exif_block,
    gradient,
    grey_profile,
    in_profile,
    lab_to_srgb8,
    png_chunk,
    raw_png,
    raw_tiff,
    rgb_profile,
    saved,
    soft_alpha,
)  # fmt: skip
from PIL import Image, ImageOps, features

from cutaway.errors import ImageError, ImageTooLargeError, MissingExtraError, OptionError
from cutaway.media.colour import to_srgb
from cutaway.media.decode import is_complete_jpeg
from cutaway.media.images import MAX_PIXELS, read_image
from cutaway.types import Frame

FORMATS = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BMP": {},
    "GIF": {},
}
if features.check("avif"):
    FORMATS["AVIF"] = {"quality": 100, "subsampling": "4:4:4"}


def alpha8() -> np.ndarray:
    return np.rint(soft_alpha() * 255).astype(np.uint8)


def worst(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape and a.dtype == b.dtype
    return int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max())


# --- formats and sources ---


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_told_by_its_content(tmp_path: Path, format: str) -> None:
    drawn = gradient()
    path = tmp_path / "a.txt"
    path.write_bytes(as_file(drawn, format, **FORMATS[format]))
    frame = read_image(path)
    lossy = {"JPEG": 3, "GIF": 24, "AVIF": 4}
    assert worst(frame.pixels, drawn) <= lossy.get(format, 0)
    assert frame.pixels.flags.c_contiguous
    assert frame.metadata.source == str(path)
    assert frame.metadata.icc_profile is None


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path) -> None:
    data = as_file(gradient(), "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with path.open("rb") as stream:
        sources = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data), stream,
                   Image.open(path), Image.fromarray(gradient()), gradient()]  # fmt: skip
        for source in sources:
            assert np.array_equal(read_image(source).pixels, gradient()), type(source)
        assert not stream.closed


class Pipe(io.RawIOBase):
    """A stream that cannot seek, as standard input."""

    def __init__(self, data: bytes) -> None:
        self.inner = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self.inner.readinto(buffer)


def test_a_pipe_is_read_to_its_end() -> None:
    assert np.array_equal(read_image(io.BufferedReader(Pipe(as_file(gradient(), "PNG")))).pixels, gradient())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (5, 3)])
def test_arrays_of_every_shape(dtype: type, size: tuple[int, int]) -> None:
    rgb = gradient(*size, dtype)
    grey = rgb[..., 0]
    assert np.array_equal(read_image(rgb).pixels, rgb)
    for array in (grey, grey[..., None]):
        frame = read_image(array)
        assert frame.alpha is None
        assert np.array_equal(frame.pixels, np.stack([grey] * 3, axis=-1))
    frame = read_image(np.dstack([rgb, grey]))
    assert np.array_equal(frame.pixels, rgb) and np.array_equal(frame.alpha, grey)


def test_an_array_in_order_is_not_copied_and_others_are_put_in_order() -> None:
    rgb = gradient()
    assert np.shares_memory(read_image(rgb).pixels, rgb)
    swapped = read_image(rgb[..., ::-1]).pixels
    assert swapped.flags.c_contiguous and np.array_equal(swapped, rgb[..., ::-1])
    deep = np.dstack([gradient(dtype=np.uint16)] * 2)[..., :4].astype(">u2")
    frame = read_image(deep)
    assert frame.pixels.dtype == np.uint16 and np.array_equal(frame.alpha, deep[..., 3])


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), bool), np.zeros((4, 4), np.int64),
     np.zeros((0, 4, 3), np.uint8), np.zeros((4, 0), np.uint8), np.zeros((4, 4, 2), np.uint8),
     np.zeros((4, 4, 5), np.uint8), np.zeros(4, np.uint8),
     np.zeros((2, 4, 4, 3), np.uint8), np.ones((), np.uint8)],
)  # fmt: skip
def test_other_arrays_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ImageError, match="the array must be"):
        read_image(array)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"])
@pytest.mark.parametrize("size", [(1, 1), (1, 17), (3, 2)])
def test_the_smallest_pictures(format: str, size: tuple[int, int]) -> None:
    frame = read_image(as_file(np.full((*size, 3), 255, np.uint8), format))
    assert frame.size == size and frame.pixels.min() >= 254


# --- kinds of pixels ---


def test_grey_one_bit_and_palette() -> None:
    grey = gradient()[..., 0]
    for format in ("PNG", "JPEG", "TIFF", "BMP"):
        frame = read_image(as_file(grey, format, **FORMATS[format]))
        assert worst(frame.pixels, np.stack([grey] * 3, axis=-1)) <= (2 if format == "JPEG" else 0), format
        assert frame.alpha is None
    bits = Image.fromarray(grey).convert("1")
    assert np.array_equal(read_image(saved(bits, "PNG")).pixels, np.asarray(bits.convert("RGB")))
    palette = Image.fromarray(gradient()).quantize(50)
    frame = read_image(saved(palette, "PNG"))
    assert np.array_equal(frame.pixels, np.asarray(palette.convert("RGB"))) and frame.alpha is None


def test_transparent_palettes() -> None:
    palette = Image.fromarray(gradient()).quantize(8)
    index = np.asarray(palette)
    one = read_image(saved(palette, "PNG", transparency=3))
    assert np.array_equal(one.alpha, np.where(index == 3, 0, 255))
    table = bytes(range(0, 240, 30))
    many = read_image(saved(palette, "PNG", transparency=table))
    assert np.array_equal(many.alpha, np.frombuffer(table, np.uint8)[index])
    assert np.array_equal(many.pixels, np.asarray(palette.convert("RGB")))
    gif = read_image(saved(palette, "GIF", transparency=3))
    assert gif.alpha is not None and np.array_equal(gif.alpha == 0, index == 3)


def test_the_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (5, 4), colour) for colour in ("red", "blue")]
    for format in ("GIF", "WEBP", "TIFF"):
        options = {"lossless": True} if format == "WEBP" else {}
        data = saved(frames[0], format, save_all=True, append_images=frames[1:], **options)
        assert (read_image(data).pixels == (255, 0, 0)).all(), format


def test_a_phones_mpo_is_its_first_picture() -> None:
    first, second = Image.fromarray(gradient()), Image.new("RGB", (8, 8), "blue")
    data = saved(first, "MPO", save_all=True, append_images=[second], quality=95, subsampling=0)
    assert worst(read_image(data).pixels, gradient()) <= 3


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_an_existing_alpha_is_kept_and_stays_straight(format: str) -> None:
    rgba = np.dstack([gradient(), alpha8()])
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    frame = read_image(as_file(rgba, format, **options))
    assert np.array_equal(frame.alpha, alpha8())
    assert np.array_equal(frame.pixels, gradient())
    assert frame.alpha.flags.c_contiguous and frame.pixels.flags.c_contiguous


def test_grey_with_alpha() -> None:
    grey = gradient()[..., 0]
    image = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha8())])
    for source in (saved(image, "PNG"), image):
        frame = read_image(source)
        assert np.array_equal(frame.pixels, np.stack([grey] * 3, axis=-1))
        assert np.array_equal(frame.alpha, alpha8())


@pytest.mark.parametrize("mode", ["RGBX", "YCbCr", "HSV", "RGBa", "PA"])
def test_other_modes_of_pillow(mode: str) -> None:
    image = Image.fromarray(gradient())
    image = (
        image.convert("RGBA").convert(mode)
        if mode == "RGBa"
        else image.convert(mode if mode != "PA" else "P")
    )
    image = image.convert("PA") if mode == "PA" else image
    assert worst(read_image(image).pixels, np.asarray(image.convert("RGB"))) == 0


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bit_pixels_are_refused(mode: str) -> None:
    with pytest.raises(ImageError, match="8 or 16 bits"):
        read_image(Image.new(mode, (3, 3)))
    with pytest.raises(ImageError, match="8 or 16 bits"):
        read_image(saved(Image.new(mode, (3, 3)), "TIFF"))


# --- 16 bits ---


@pytest.mark.parametrize("colour_type", [0, 2, 4, 6])
def test_16_bit_png(colour_type: int) -> None:
    rgba = np.dstack([gradient(dtype=np.uint16), np.rint(soft_alpha() * 65535).astype(np.uint16)])
    channels = {0: [0], 2: [0, 1, 2], 4: [0, 3], 6: [0, 1, 2, 3]}[colour_type]
    frame = read_image(raw_png(rgba[..., channels], colour_type=colour_type))
    assert frame.pixels.dtype == np.uint16
    assert np.array_equal(frame.pixels, rgba[..., [0, 0, 0] if colour_type in (0, 4) else [0, 1, 2]])
    if colour_type in (4, 6):
        assert np.array_equal(frame.alpha, rgba[..., 3])
    else:
        assert frame.alpha is None
    assert frame.pixels.flags.c_contiguous


@pytest.mark.parametrize("colour_type", [0, 2])
def test_16_bit_png_with_a_transparent_colour(colour_type: int) -> None:
    rgb = gradient(dtype=np.uint16)[..., : 1 if colour_type == 0 else 3]
    key = rgb[4, 6]
    frame = read_image(
        raw_png(rgb, colour_type=colour_type, chunks=png_chunk(b"tRNS", key.astype(">u2").tobytes()))
    )
    assert np.array_equal(frame.alpha, np.where((rgb == key).all(axis=-1), 0, 65535))
    assert frame.alpha[4, 6] == 0 and frame.alpha.max() == 65535


def test_16_bit_png_with_everything_it_can_carry() -> None:
    exif = exif_block(orientation=6)
    text = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<x tiff:Orientation='6'/>")
    data = raw_png(gradient(dtype=np.uint16), colour_type=2, late=text + png_chunk(b"eXIf", exif[6:]))
    frame = read_image(data)
    assert np.array_equal(frame.pixels, np.rot90(gradient(dtype=np.uint16), -1))
    assert frame.metadata.exif == exif_block(orientation=1)
    assert frame.metadata.xmp == b"<x tiff:Orientation='1'/>"


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_tiff(order: str) -> None:
    rgb = gradient(dtype=np.uint16)
    alpha = np.rint(soft_alpha() * 65535).astype(np.uint16)
    assert np.array_equal(read_image(raw_tiff(rgb, order=order)).pixels, rgb)
    assert np.array_equal(read_image(raw_tiff(rgb[..., 0], order=order)).pixels[..., 1], rgb[..., 0])
    straight = read_image(raw_tiff(np.dstack([rgb, alpha]), order=order, t338=(2,)))
    assert np.array_equal(straight.pixels, rgb) and np.array_equal(straight.alpha, alpha)
    ignored = read_image(raw_tiff(np.dstack([rgb, alpha]), order=order, t338=(0,)))
    assert np.array_equal(ignored.pixels, rgb) and ignored.alpha is None


def test_16_bit_tiff_with_colour_multiplied_by_alpha() -> None:
    rgb = gradient(dtype=np.uint16)
    alpha = np.rint(soft_alpha() * 65535).astype(np.uint16)
    multiplied = np.rint(rgb * (alpha[..., None] / 65535)).astype(np.uint16)
    frame = read_image(raw_tiff(np.dstack([multiplied, alpha]), t338=(1,)))
    strong = alpha > 6553
    assert worst(frame.pixels[strong], rgb[strong]) <= 6  # half a step of 65535 divided by 0.1


def test_16_bit_tiff_whose_white_is_zero() -> None:
    grey = gradient(dtype=np.uint16)[..., 0]
    assert np.array_equal(read_image(raw_tiff(65535 - grey, t262=0)).pixels[..., 0], grey)


def test_16_bit_tiff_in_planes_is_refused_not_garbled() -> None:
    with pytest.raises(ImageError, match="separate colour planes"):
        read_image(raw_tiff(gradient(dtype=np.uint16), t284=2))


def test_12_bit_grey_tiff_fills_the_16_bits() -> None:
    packed = np.array([[0xFF, 0xF8, 0x00]], np.uint8)  # two pixels: 0xFFF, 0x800
    frame = read_image(raw_tiff(packed, t256=2, t258=(12,)))
    assert frame.pixels[0, :, 0].tolist() == [65535, round(0x800 / 0xFFF * 65535)]


def test_16_bit_grey_pillow_images() -> None:
    grey = gradient(dtype=np.uint16)[..., 0]
    assert np.array_equal(read_image(Image.fromarray(grey)).pixels[..., 2], grey)


# --- orientation ---


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation(format: str, orientation: int) -> None:
    data = as_file(gradient(), format, exif=exif_block(orientation=orientation), **FORMATS[format])
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))))
    frame = read_image(data)
    assert np.array_equal(frame.pixels, expected)
    assert frame.pixels.flags.c_contiguous
    assert Image.open(io.BytesIO(data)).getexif()[0x0112] == orientation
    kept = Image.Exif()
    kept.load(frame.metadata.exif or b"")
    assert kept.get(0x0112, 1) == 1
    assert kept[0x010F] == "Cutaway"


def test_orientation_6_by_hand() -> None:
    """6: the stored first row is the visual right side, the stored first column the visual top."""
    stored = gradient(2, 3)
    frame = read_image(as_file(stored, "PNG", exif=exif_block(orientation=6)))
    assert frame.size == (3, 2)
    assert np.array_equal(frame.pixels[:, 1], stored[0]) and np.array_equal(
        frame.pixels[0, ::-1], stored[:, 0]
    )


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_with_16_bits_and_alpha(orientation: int) -> None:
    rgba = np.dstack([gradient(dtype=np.uint16), np.rint(soft_alpha() * 65535).astype(np.uint16)])
    png = raw_png(rgba, colour_type=6, chunks=png_chunk(b"eXIf", exif_block(orientation=orientation)[6:]))
    tiff = raw_tiff(rgba, t338=(2,), t274=orientation)
    exif = exif_block(orientation=orientation)
    eight = as_file((rgba >> 8).astype(np.uint8), "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(eight))))
    for data in (png, tiff):
        frame = read_image(data)
        assert np.array_equal(frame.pixels >> 8, expected[..., :3])
        assert np.array_equal(frame.alpha >> 8, expected[..., 3])


def test_orientation_said_only_by_xmp() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    frame = read_image(as_file(gradient(), "WEBP", lossless=True, xmp=xmp))
    assert np.array_equal(frame.pixels, gradient()[::-1, ::-1])
    assert frame.metadata.xmp == xmp.replace(b'"3"', b'"1"')


def test_a_tiff_is_turned_once_though_it_says_so_twice() -> None:
    xmp = b'<rdf:Description tiff:Orientation="6"/>'
    for drawn in (gradient(), gradient(dtype=np.uint16)):
        frame = read_image(raw_tiff(drawn, t274=6, t700=xmp))
        assert np.array_equal(frame.pixels, np.rot90(drawn, -1))
        assert frame.metadata.xmp is not None and b'"6"' not in frame.metadata.xmp


def test_an_impossible_orientation_is_none() -> None:
    assert np.array_equal(
        read_image(as_file(gradient(), "PNG", exif=exif_block(orientation=9))).pixels, gradient()
    )


# --- metadata ---


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_all_exif_but_the_orientation_is_kept_to_the_byte(format: str, order: str) -> None:
    data = as_file(gradient(), format, exif=exif_block(orientation=8, order=order))
    assert read_image(data).metadata.exif == exif_block(orientation=1, order=order)


@pytest.mark.parametrize("tail", [b"", b"what lies behind the thumbnail"])
def test_the_thumbnail_of_the_old_picture_does_not_survive(tail: bytes) -> None:
    exif = exif_block(orientation=3, thumbnail=b"\xff\xd8 the old background \xff\xd9") + tail
    kept = read_image(as_file(gradient(), "PNG", exif=exif)).metadata.exif
    assert b"old background" in exif
    assert kept is not None and b"old background" not in kept and kept.endswith(tail)
    parsed = Image.Exif()
    parsed.load(kept)
    assert parsed[0x010F] == "Cutaway" and not parsed.get_ifd(1)
    assert parsed.get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0a comment"


def test_profile_xmp_and_resolution_are_kept() -> None:
    profile, xmp = rgb_profile(), b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    for format in ("JPEG", "PNG", "TIFF"):
        data = as_file(gradient(), format, icc_profile=profile, dpi=(300, 150))
        metadata = read_image(data).metadata
        assert metadata.icc_profile == profile
        assert metadata.dpi == pytest.approx((300, 150), abs=0.02), format
    for format in ("JPEG", "WEBP"):
        assert read_image(as_file(gradient(), format, xmp=xmp)).metadata.xmp == xmp
    text = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    assert read_image(raw_png(gradient(), colour_type=2, chunks=text)).metadata.xmp == xmp


def test_damaged_exif_is_left_out() -> None:
    for exif in (b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", exif_block()[:16]):
        frame = read_image(raw_png(gradient(), colour_type=2, chunks=png_chunk(b"eXIf", exif[6:])))
        assert np.array_equal(frame.pixels, gradient()) and frame.metadata.exif is None


# --- colour ---


def test_a_profile_rides_along_and_means_the_same_colours() -> None:
    tagged = in_profile(gradient())
    assert worst(tagged, gradient()) > 5
    for format in ("PNG", "TIFF", "WEBP"):
        frame = read_image(as_file(tagged, format, icc_profile=rgb_profile(), **FORMATS[format]))
        assert np.array_equal(frame.pixels, tagged) and frame.metadata.icc_profile == rgb_profile()
        assert worst(to_srgb(frame).pixels, gradient()) <= 1


def test_16_bit_with_a_profile() -> None:
    drawn = gradient(dtype=np.uint16)
    icc = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(rgb_profile()))
    frame = read_image(raw_png(in_profile(drawn), colour_type=2, chunks=icc))
    assert frame.metadata.icc_profile == rgb_profile()
    assert worst(to_srgb(frame).pixels, drawn) <= 24


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF"])
def test_grey_under_a_grey_profile_becomes_srgb(format: str) -> None:
    twin = gradient()[..., 0]
    linear = np.where(twin <= 10, twin / 255 / 12.92, ((twin / 255 + 0.055) / 1.055) ** 2.4)
    grey = np.rint(255 * linear ** (1 / 1.5)).astype(np.uint8)
    frame = read_image(
        as_file(grey, format, icc_profile=grey_profile(1.5), **({"quality": 100} if format == "JPEG" else {}))
    )
    assert frame.metadata.icc_profile is None
    assert worst(frame.pixels, np.stack([twin] * 3, axis=-1)) <= (2 if format == "JPEG" else 1)


def test_16_bit_grey_under_a_grey_profile_becomes_srgb() -> None:
    twin = gradient(dtype=np.uint16)[..., :1]
    grey = np.rint(65535 * (((twin / 65535 + 0.055) / 1.055) ** 2.4) ** (1 / 1.5)).astype(np.uint16)
    icc = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(grey_profile(1.5)))
    frame = read_image(raw_png(grey, colour_type=0, chunks=icc))
    assert frame.metadata.icc_profile is None
    assert worst(frame.pixels, np.repeat(twin, 3, axis=2)) <= 8


def test_16_bit_grey_with_alpha_under_a_grey_profile_becomes_srgb() -> None:
    grey = np.full((2, 2, 2), 30000, np.uint16)
    icc = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(grey_profile(1.0)))
    frame = read_image(raw_png(grey, colour_type=4, chunks=icc))
    assert frame.metadata.icc_profile is None and frame.alpha is not None
    assert abs(int(frame.pixels[0, 0, 0]) - 65535 * (1.055 * (30000 / 65535) ** (1 / 2.4) - 0.055)) < 2


def test_grey_under_an_rgb_profile_keeps_it() -> None:
    frame = read_image(as_file(gradient()[..., 0], "TIFF", icc_profile=rgb_profile()))
    assert frame.metadata.icc_profile == rgb_profile()
    assert np.array_equal(frame.pixels[..., 0], gradient()[..., 0])


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile(format: str) -> None:
    inks = Image.fromarray(gradient()).convert("CMYK")
    frame = read_image(saved(inks, format, **FORMATS[format]))
    assert worst(frame.pixels, gradient()) <= (4 if format == "JPEG" else 0)
    assert frame.metadata.icc_profile is None


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_goes_through_its_own_profile(format: str) -> None:
    ink = (60.0, 30.0, -20.0)
    data = saved(Image.new("CMYK", (16, 16), (255, 0, 0, 0)), format, icc_profile=cmyk_profile(ink))
    frame = read_image(data)
    assert frame.metadata.icc_profile is None
    assert int(np.abs(frame.pixels.astype(int) - lab_to_srgb8(ink)).max()) <= 2
    assert np.abs(frame.pixels[0, 0].astype(int) - (0, 255, 255)).max() > 50  # what plain cyan would be


def test_lab_becomes_srgb() -> None:
    from PIL import ImageCms

    lab = ImageCms.profileToProfile(
        Image.fromarray(gradient()),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    frame = read_image(saved(lab, "TIFF"))
    difference = np.abs(frame.pixels.astype(int) - gradient())
    assert difference.mean() < 1.5  # 8-bit Lab is coarse
    assert frame.metadata.icc_profile is None


@pytest.mark.parametrize(
    ("profile", "reason"),
    [(b"no profile at all", "damaged"), (rgb_profile()[:200], "damaged"),
     (grey_profile(2.2), "describes L pixels"), (cmyk_profile((50.0, 0.0, 0.0)), "describes CMYK pixels")],
)  # fmt: skip
def test_a_profile_that_cannot_be_meant_is_ignored_with_a_warning(
    profile: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    data = as_file(gradient(), "PNG", icc_profile=profile)
    for _ in range(2):
        with caplog.at_level(logging.WARNING, "cutaway"):
            frame = read_image(data)
        assert reason in caplog.text and len(caplog.records) == 1
        assert frame.metadata.icc_profile is None and np.array_equal(frame.pixels, gradient())
        caplog.clear()


# --- input that is no picture ---


def test_missing_file_and_folder_and_empty_and_text(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("this is no picture\n" * 100)
    cases = {
        tmp_path / "none.jpg": "there is no such file",
        tmp_path: "this is a folder",
        tmp_path / "text.jpg" / "x.jpg": "there is no such file",
        tmp_path / "empty.jpg": r"the file is empty \(0 bytes\)",
        tmp_path / "text.jpg": "no picture that Cutaway can read",
    }
    for path, reason in cases.items():
        with pytest.raises(ImageError, match=reason) as caught:
            read_image(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.png").touch()
    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(ImageError, match=r"a\.png: cannot be read \(Permission denied\)"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    "source", ["a\0b.png", b"", io.BytesIO(), io.StringIO("text"), 3, None, ["a.png"], ""]
)
def test_odd_sources(source: object) -> None:
    with pytest.raises(ImageError) as caught:
        read_image(source)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_closed_sources() -> None:
    closed = io.BytesIO(b"x")
    closed.close()
    image = Image.open(io.BytesIO(as_file(gradient(), "PNG")))
    image.fp.close()
    for source in (closed, image):
        with pytest.raises(ImageError):
            read_image(source)


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_a_name_that_is_no_text_can_be_read_and_printed(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")  # noqa: PTH118 - bytes
    with open(path, "wb") as stream:  # noqa: PTH123 - bytes
        stream.write(as_file(gradient(), "PNG"))
    frame = read_image(os.fsdecode(path))
    assert frame.metadata.source == os.fsdecode(path)
    with pytest.raises(ImageError) as caught:
        read_image(os.fsdecode(path) + ".none")
    assert str(caught.value).encode("utf-8").count(b"caf\\udce9.png.none") == 1


def damaged() -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    deep = noise.astype(np.uint16) * 257
    return {f: as_file(noise, f) for f in FORMATS} | {
        "progressive": as_file(noise, "JPEG", progressive=True),
        "grey JPEG": as_file(noise[..., 0], "JPEG"),
        "CMYK JPEG": saved(Image.fromarray(noise).convert("CMYK"), "JPEG"),
        "16-bit PNG": raw_png(deep, colour_type=2),
        "16-bit TIFF": raw_tiff(deep),
        "deflated TIFF": as_file(noise, "TIFF", compression="tiff_adobe_deflate"),
    }


@pytest.mark.parametrize("name", damaged())
def test_truncated_pictures_are_errors(name: str, tmp_path: Path) -> None:
    data = damaged()[name]
    read_image(data)
    for share in (0.003, 0.05, 0.5, 0.95):
        path = tmp_path / "cut.jpg"
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageError, match=r"cut\.jpg: ") as caught:
            read_image(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", damaged())
def test_flipped_bytes_give_a_picture_or_an_image_error(name: str) -> None:
    data, rng = damaged()[name], np.random.default_rng(1)
    for _ in range(20):
        broken = bytearray(data)
        for place in rng.integers(0, min(len(data), 600), 4):
            broken[place] = rng.integers(0, 256)
        try:
            assert isinstance(read_image(bytes(broken), max_pixels=10**6), Frame)
        except ImageError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}])
def test_whether_a_jpeg_is_complete(options: dict[str, object]) -> None:
    data = as_file(
        gradient(), "JPEG", exif=b"Exif\0\0 a thumbnail may be in here: \xff\xd8\xff\xd9", **options
    )
    assert is_complete_jpeg(data)
    assert is_complete_jpeg(data + b"trailer")
    for cut in range(len(data)):
        assert not is_complete_jpeg(data[:cut]), cut


def test_a_whole_jpeg_with_damage_inside_is_read_as_pillow_reads_it() -> None:
    """The quick decoder refuses it; there is a picture all the same."""
    import simplejpeg

    noise = np.random.default_rng(0).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    data, refused = as_file(noise, "JPEG"), 0
    for place in range(len(data) // 2, len(data) - 40, 7):
        broken = data[:place] + bytes([data[place] ^ 0x5A]) + data[place + 1 :]
        if not is_complete_jpeg(broken):
            continue
        try:
            simplejpeg.decode_jpeg(broken)
        except ValueError:
            refused += 1
            assert np.array_equal(read_image(broken).pixels, np.asarray(Image.open(io.BytesIO(broken))))
    assert refused > 3


def test_a_jpeg_with_a_trailer_is_whole() -> None:
    plain = as_file(gradient(), "JPEG")
    assert np.array_equal(
        read_image(plain + b"\xff\xd8 something a phone adds").pixels, read_image(plain).pixels
    )


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"restart_marker_blocks": 1}, {"subsampling": 2}]
)
def test_jpeg_has_the_same_pixels_as_pillows(options: dict[str, object]) -> None:
    data = as_file(gradient(61, 67), "JPEG", **options)
    expected = np.asarray(Image.open(io.BytesIO(data)))
    assert worst(read_image(data).pixels, expected) <= 1


def test_heic_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(MissingExtraError, match=r"\.\[heic\]"):
        read_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64))


# --- the guard against decompression bombs ---


def claimed_png(width: int, height: int) -> bytes:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", b"x") + png_chunk(b"IEND", b"")


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(claimed_png(60000, 60000))
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageTooLargeError) as caught:
            read_image(tmp_path / "bomb.png")
    assert time.perf_counter() - started < 1
    message = str(caught.value)
    assert "bomb.png" in message and "60000 x 60000" in message and "200 megapixels" in message
    assert "CUTAWAY_MAX_PIXELS=3600000000" in message


@pytest.mark.parametrize("format", FORMATS)
def test_the_limit_holds_for_every_format_and_source(format: str) -> None:
    data = as_file(np.zeros((10, 11, 3), np.uint8), format)
    for source in (data, Image.open(io.BytesIO(data)), np.zeros((10, 11), np.uint8)):
        assert read_image(source, max_pixels=110).size == (10, 11)
        with pytest.raises(ImageTooLargeError, match="11 x 10"):
            read_image(source, max_pixels=109)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_text_that_unpacks_to_a_bomb_is_refused(dtype: type) -> None:
    """Before the pixels Pillow refuses it; behind them, with 16 bits, we read it ourselves."""
    packed = zlib.compress(bytes(100_000_000), 9)
    bomb = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + packed)
    for place in ("chunks", "late"):
        with pytest.raises(ImageError, match="too large"):
            read_image(raw_png(gradient(dtype=dtype), colour_type=2, **{place: bomb}))
    small = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b"<x/>"))
    assert read_image(raw_png(gradient(dtype=dtype), colour_type=2, late=small)).metadata.xmp == b"<x/>"


def test_the_environment_sets_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = as_file(np.zeros((10, 11, 3), np.uint8), "PNG")
    monkeypatch.setenv("CUTAWAY_MAX_PIXELS", "109")
    with pytest.raises(ImageTooLargeError):
        read_image(data)
    monkeypatch.setenv("CUTAWAY_MAX_PIXELS", "110")
    read_image(data)
    for wrong in ("many", "-1", "1e6", "²"):
        monkeypatch.setenv("CUTAWAY_MAX_PIXELS", wrong)
        with pytest.raises(OptionError, match="CUTAWAY_MAX_PIXELS must be"):
            read_image(data)


@pytest.mark.parametrize(
    "format", ["JPEG", "PNG", "TIFF", "BMP", "deep TIFF", "turned TIFF", "deflated TIFF"]
)
def test_pillows_own_limit_neither_stops_nor_warns_nor_changes(
    format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Image.MAX_IMAGE_PIXELS
    drawn = gradient(10, 11)
    data = {
        "deep TIFF": lambda: raw_tiff(drawn.astype(np.uint16) * 257),
        "turned TIFF": lambda: raw_tiff(np.ascontiguousarray(np.rot90(drawn)), t274=6),
        "deflated TIFF": lambda: as_file(drawn, "TIFF", compression="tiff_adobe_deflate"),
    }.get(format, lambda: as_file(drawn, format))()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = read_image(data).pixels
    assert pixels.shape == drawn.shape
    if format != "JPEG":
        assert np.array_equal(pixels // (257 if format == "deep TIFF" else 1), drawn)
    monkeypatch.undo()
    assert before == Image.MAX_IMAGE_PIXELS
    assert MAX_PIXELS == 200_000_000


def test_the_limit_holds_for_heic() -> None:
    pytest.importorskip("pi_heif", reason="the extra heic is not installed")
    photo = Path(__file__).parent / "fixtures" / "plain-heif-enc.heic"
    assert read_image(photo, max_pixels=4096).size == (64, 64)
    with pytest.raises(ImageTooLargeError, match="64 x 64"):
        read_image(photo, max_pixels=4095)


# --- being light ---


def test_reading_a_png_imports_no_opencv(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(as_file(gradient(), "PNG"))
    code = (
        "import sys; from cutaway.media.images import read_image; "
        "read_image(sys.argv[1]); print('cv2' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a.png")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert result.stdout.strip() == "False"
