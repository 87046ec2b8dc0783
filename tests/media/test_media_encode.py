import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from media_samples import exif_block, gradient, rgb_profile, soft_alpha
from PIL import Image, features

from cutaway.errors import OptionError, OutputError
from cutaway.media import encode as encode_module
from cutaway.media.encode import encode
from cutaway.media.exif import without_orientation
from cutaway.media.images import read_image
from cutaway.media.png import read_chunks, write_png
from cutaway.media.tiff import write_tiff
from cutaway.types import Cutout, Frame, Matte, Metadata

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
FORMATS = ("png", "webp", "jpg", "tiff", *(["avif"] if features.check("avif") else []))


def full_metadata() -> Metadata:
    return Metadata(icc_profile=rgb_profile(), exif=exif_block(), xmp=XMP, dpi=(300.0, 150.0))


def worst(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape and a.dtype == b.dtype
    return int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max())


def decoded(data: bytes) -> np.ndarray:
    """OpenCV's opinion, in RGB(A) order."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels if pixels.ndim == 2 else pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


# --- the PNG writer ---


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (33, 47), (400, 501)])
def test_png_is_lossless_for_both_readers(size: tuple[int, int], channels: int, dtype: type) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, np.iinfo(dtype).max + 1, (*size, channels)).astype(dtype)
    pixels = pixels[..., 0] if channels == 1 else pixels
    data = write_png(pixels)
    assert np.array_equal(decoded(data), pixels)
    by_pillow = np.asarray(Image.open(io.BytesIO(data)))
    if dtype == np.uint8 or channels == 1:
        assert np.array_equal(by_pillow, pixels)
    else:
        assert np.array_equal(by_pillow, pixels >> 8)


def test_png_filters_pay() -> None:
    smooth = gradient(300, 300)
    assert len(write_png(smooth)) < smooth.size / 8


def test_png_of_several_bands_and_chunks() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1300, 3)).astype(np.uint8)
    data = write_png(noise)
    assert data.count(b"IDAT") > 2
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), noise)


def test_png_of_arrays_in_any_memory_order() -> None:
    drawn = gradient(dtype=np.uint16)
    for view in (drawn[::-1, ::2], drawn[..., ::-1], np.asfortranarray(drawn), drawn.astype(">u2")):
        assert np.array_equal(decoded(write_png(view)), view)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((3, 3), np.float32),
        np.zeros((3, 3, 2), np.uint8),
        np.zeros((0, 3), np.uint8),
        np.zeros(3, np.uint8),
    ],
)
def test_png_refuses_other_arrays(array: np.ndarray) -> None:
    with pytest.raises(OutputError, match="cannot write a PNG"):
        write_png(array)


def test_png_chunks_are_in_order_and_whole() -> None:
    data = write_png(gradient(), metadata=full_metadata())
    assert [kind for kind, _ in read_chunks(data)] == [b"IHDR", b"iCCP", b"pHYs", b"eXIf", b"iTXt", b"IEND"]
    image = Image.open(io.BytesIO(data))
    image.verify()
    assert image.info["icc_profile"] == rgb_profile()
    assert image.info["dpi"] == pytest.approx((300, 150), abs=0.02)
    assert image.getexif()[0x010F] == "Cutaway"


def test_read_chunks_finds_damage() -> None:
    data = write_png(gradient())
    for cut in (9, 30, len(data) // 2, len(data) - 1):
        with pytest.raises(ValueError, match="truncated"):
            list(read_chunks(data[:cut]))
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    with pytest.raises(ValueError, match="checksum"):
        list(read_chunks(bytes(flipped)))


# --- the TIFF writer ---


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (33, 47), (700, 501)])
def test_tiff_is_lossless_for_both_readers(size: tuple[int, int], channels: int, dtype: type) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, np.iinfo(dtype).max + 1, (*size, channels)).astype(dtype)
    pixels = pixels[..., 0] if channels == 1 else pixels
    data = write_tiff(pixels)
    if dtype == np.uint16 or channels != 4:  # there OpenCV multiplies colour by alpha
        assert np.array_equal(decoded(data), pixels)
    image = Image.open(io.BytesIO(data))
    if dtype == np.uint8 or channels == 1:
        assert np.array_equal(np.asarray(image), pixels)
    assert image.tag_v2.get(338) == ((2,) if channels == 4 else None)  # unassociated: straight alpha


# --- round trips ---


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("format", FORMATS)
def test_a_frame_there_and_back(format: str, dtype: type) -> None:
    drawn = gradient(dtype=dtype)
    back = read_image(encode(Frame(drawn, metadata=full_metadata()), format=format))
    assert back.alpha is None
    if format in ("png", "tiff"):
        assert np.array_equal(back.pixels, drawn) and back.pixels.dtype == dtype
    else:
        assert back.pixels.dtype == np.uint8
        assert worst(back.pixels, gradient()) <= 12


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("format", FORMATS)
def test_a_cutout_there_and_back(format: str, dtype: type) -> None:
    drawn, alpha = gradient(dtype=dtype), soft_alpha()
    back = read_image(encode(Cutout(drawn, alpha), format=format))
    top = np.iinfo(dtype).max
    if format == "jpg":
        assert back.alpha is None
        over_white = np.rint(255 * (1 - alpha[..., None] * (1 - drawn / top))).astype(np.uint8)
        assert worst(back.pixels, over_white) <= 12
    elif format == "avif":
        assert worst(back.alpha, np.rint(alpha * 255).astype(np.uint8)) <= 8
        solid = alpha > 0.99
        assert worst(back.pixels[solid], gradient()[solid]) <= 24
    elif format == "webp":
        assert np.array_equal(back.alpha, np.rint(alpha * 255).astype(np.uint8))  # lossless
        solid = alpha > 0.99
        assert worst(back.pixels[solid], gradient()[solid]) <= 24
    else:
        assert back.pixels.dtype == dtype
        assert np.array_equal(back.alpha, np.rint(alpha * np.float32(top)).astype(dtype))
        assert np.array_equal(back.pixels, drawn * (back.alpha != 0)[..., None])


@pytest.mark.parametrize("format", FORMATS)
def test_a_matte_there_and_back(format: str) -> None:
    alpha = soft_alpha()
    data = encode(Matte(alpha), format=format)
    back = read_image(data)
    grey = np.rint(alpha * 255).astype(np.uint8)
    assert worst(back.pixels, np.stack([grey] * 3, axis=-1)) <= (8 if format in ("jpg", "avif") else 0)
    if format not in ("webp", "avif"):
        assert Image.open(io.BytesIO(data)).mode == "L"


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (3, 1)])
@pytest.mark.parametrize("format", FORMATS)
def test_the_smallest_pictures(format: str, size: tuple[int, int]) -> None:
    pixels, alpha = np.full((*size, 3), 200, np.uint8), np.ones(size, np.float32)
    for picture in (Frame(pixels), Cutout(pixels, alpha), Matte(alpha)):
        assert read_image(encode(picture, format=format)).size == size


def test_colour_is_kept_to_the_faintest_alpha_and_black_behind_it() -> None:
    alpha = np.array([[0.0, 0.0019, 0.0021, 1.0]], np.float32)
    back = read_image(encode(Cutout(np.full((1, 4, 3), 77, np.uint8), alpha), format="png"))
    assert back.alpha.tolist() == [[0, 0, 1, 255]]
    assert back.pixels[0, :, 0].tolist() == [0, 0, 77, 77]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_over_white_is_white_exactly(dtype: type) -> None:
    white = np.full((300, 256, 3), np.iinfo(dtype).max, dtype)
    alpha = np.tile(np.linspace(0, 1, 256, dtype=np.float32), (300, 1))
    assert (encode_module._over_white(Cutout(white, alpha)) == np.iinfo(dtype).max).all()


def test_over_white_by_hand() -> None:
    cutout = Cutout(np.array([[[100, 0, 255]] * 3], np.uint8), np.array([[0.0, 0.5, 1.0]], np.float32))
    assert encode_module._over_white(cutout).tolist() == [[[255, 255, 255], [178, 128, 255], [100, 0, 255]]]


def test_the_picture_given_stays_as_it_was() -> None:
    pixels, alpha = gradient(), soft_alpha()
    pixels.flags.writeable = alpha.flags.writeable = False
    for format in FORMATS:
        for picture in (Frame(pixels), Cutout(pixels, alpha), Matte(alpha)):
            encode(picture, format=format)
    assert np.array_equal(pixels, gradient()) and np.array_equal(alpha, soft_alpha())


# --- metadata ---


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", [Frame, Cutout])
@pytest.mark.parametrize("format", FORMATS)
def test_profile_exif_xmp_and_resolution_survive(format: str, kind: type, dtype: type) -> None:
    pixels = gradient(dtype=dtype)
    picture = (
        Frame(pixels, metadata=full_metadata())
        if kind is Frame
        else Cutout(pixels, soft_alpha(), full_metadata())
    )
    back = read_image(encode(picture, format=format)).metadata
    assert back.icc_profile == rgb_profile()
    assert back.xmp == XMP
    assert back.dpi == (None if format in ("webp", "avif") else pytest.approx((300, 150), abs=0.02))
    exif = Image.Exif()
    exif.load(back.exif or b"")
    assert exif[0x010F] == "Cutaway"
    assert exif.get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0a comment"
    if format == "avif":  # which says by a property of its own how it is turned
        assert back.exif == without_orientation(exif_block()) != exif_block()
    elif format != "tiff":
        assert back.exif == exif_block()


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_invented(format: str) -> None:
    back = read_image(encode(Frame(gradient()), format=format)).metadata
    assert (back.icc_profile, back.exif, back.xmp, back.dpi) == (None, None, None, None)


@pytest.mark.parametrize("format", FORMATS)
def test_damaged_exif_does_not_stop_the_picture(format: str) -> None:
    for exif in (b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0", b"Exif\0\0nonsense"):
        data = encode(Frame(gradient(), metadata=Metadata(exif=exif)), format=format)
        assert read_image(data).size == (33, 47)


def test_what_a_jpeg_cannot_hold_is_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    large = Metadata(exif=exif_block() + bytes(70000), xmp=b"<x/>" + b" " * 70000, dpi=(1e5, 0.2))
    back = read_image(encode(Frame(gradient(), metadata=large), format="jpg")).metadata
    assert back.exif is None and back.xmp is None
    assert "EXIF" in caplog.text and "XMP" in caplog.text


# --- refusals ---


def test_quality_matters_and_is_checked() -> None:
    noise = Frame(np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8))
    for format in FORMATS[1:3] + FORMATS[4:]:
        sizes = [len(encode(noise, format=format, quality=q)) for q in (1, 50, 100)]
        assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    for quality in (0, 101, -5):
        with pytest.raises(OptionError, match="quality must be"):
            encode(noise, format="jpg", quality=quality)


@pytest.mark.parametrize("format", ["jxl", "jpeg", "", "PNG"])
def test_unknown_formats_are_refused(format: str) -> None:
    with pytest.raises(OptionError, match="is not one of png, webp, jpg, tiff"):
        encode(Frame(gradient()), format=format)


@pytest.mark.parametrize(("format", "limit"), [("webp", 16383), ("jpg", 65500), ("gif", 65535)])
def test_the_limits_of_formats(format: str, limit: int) -> None:
    assert read_image(encode(Frame(np.zeros((1, limit, 3), np.uint8)), format=format)).size == (1, limit)
    for size in ((1, limit + 1), (limit + 1, 1)):
        with pytest.raises(OutputError, match=f"{format} holds at most {limit} pixels a side.*png"):
            encode(Frame(np.zeros((*size, 3), np.uint8)), format=format)


def test_an_encoder_that_fails_is_an_output_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("encoder error -2")

    monkeypatch.setattr(Image.Image, "save", fails)
    for format in ("jpg", "webp"):
        with pytest.raises(OutputError, match=f"cannot be written as {format}: encoder error -2"):
            encode(Frame(gradient()), format=format)


def test_jpeg_keeps_the_full_resolution_of_colour() -> None:
    data = encode(Frame(gradient()), format="jpg")
    at = data.index(b"\xff\xc0")
    assert struct.unpack_from(">B", data, at + 11) == (0x11,)  # first component sampled 1 x 1


@pytest.mark.parametrize("rows", [1, 2, 700, 1024, 2048])
def test_a_png_in_parts_is_one_stream(rows: int) -> None:
    """Large pictures are deflated in parts side by side: one checksum, no seam, the same bytes every time."""
    noise = np.random.default_rng(rows).integers(0, 256, (rows, 1100, 4), np.uint8)
    noise[:, ::3] //= 8
    data = write_png(noise)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), noise)
    assert zlib.decompress(_idat(data))[0] == 3  # the standard library checks the Adler-32 as well
    assert write_png(noise) == data


def _idat(data: bytes) -> bytes:
    at, parts = 8, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            parts.append(data[at + 8 : at + 8 + size])
        at += 12 + size
    return b"".join(parts)
