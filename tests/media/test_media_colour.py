import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from media_samples import (
    P3_TO_XYZ,
    SRGB_TO_XYZ,
    cmyk_profile,
    exif_block,
    gradient,
    grey_profile,
    in_profile,
    png_chunk,
    raw_png,
    rgb_profile,
)
from PIL import Image, ImageCms

from cutaway.media.colour import is_srgb, pixels_to_srgb, profile_mode, to_8_bits, to_srgb
from cutaway.media.exif import srgb_exif
from cutaway.media.icc import _D50_XYZ_TO_LINEAR_SRGB as XYZ_TO_SRGB
from cutaway.media.icc import parse_grey, parse_rgb
from cutaway.media.images import read_image
from cutaway.media.untagged import adobe_rgb, numbered_profile
from cutaway.types import Frame, Metadata


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tagged(pixels: np.ndarray, profile: bytes | None) -> Frame:
    return Frame(pixels, metadata=Metadata(icc_profile=profile, exif=b"Exif\0\0kept"))


def worst(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape and a.dtype == b.dtype
    return int(np.abs(a.astype(np.int64) - b.astype(np.int64)).max())


def test_what_profiles_describe() -> None:
    assert profile_mode(srgb_profile()) == "RGB"
    assert profile_mode(grey_profile(2.2)) == "L"
    assert profile_mode(cmyk_profile((50.0, 0.0, 0.0))) == "CMYK"
    for damaged in (b"", b"x" * 200, rgb_profile()[:160], rgb_profile().replace(b"acsp", b"xxxx")):
        assert profile_mode(damaged) is None


def test_which_profiles_are_srgb() -> None:
    assert is_srgb(srgb_profile())
    assert is_srgb(rgb_profile(SRGB_TO_XYZ, gamma=None))
    assert not is_srgb(rgb_profile(SRGB_TO_XYZ, gamma=1.8))
    assert not is_srgb(rgb_profile(P3_TO_XYZ, gamma=None))
    assert not is_srgb(grey_profile(2.2))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("profile", [None, "srgb", b"damaged"])
def test_nothing_to_do_shares_the_pixels(dtype: type, profile: str | bytes | None) -> None:
    pixels = gradient(dtype=dtype)
    frame = to_srgb(tagged(pixels, srgb_profile() if profile == "srgb" else profile))  # type: ignore[arg-type]
    assert frame.pixels is pixels
    assert frame.metadata.icc_profile is None and frame.metadata.exif == b"Exif\0\0kept"


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.uint8, 1), (np.uint16, 24)])
def test_a_profile_is_turned_into_srgb(dtype: type, tolerance: int) -> None:
    drawn = gradient(dtype=dtype)
    alpha = drawn[..., 0].copy()
    frame = Frame(in_profile(drawn), alpha, Metadata(icc_profile=rgb_profile()))
    converted = to_srgb(frame)
    assert worst(converted.pixels, drawn) <= tolerance
    assert converted.alpha is alpha and converted.metadata.icc_profile is None
    assert np.array_equal(frame.pixels, in_profile(drawn))  # the frame given stays as it was


def test_many_bands_are_one_picture() -> None:
    tall = np.tile(in_profile(gradient(1, 1 << 10)), (1100, 1, 1))
    converted = to_srgb(tagged(tall, rgb_profile())).pixels
    assert (converted == converted[0]).all()


@pytest.mark.parametrize("gamma", [1.0, 1.8, None])
def test_our_16_bit_arithmetic_agrees_with_littlecms(gamma: float | None) -> None:
    rng = np.random.default_rng(0)
    eight = rng.integers(0, 256, (40, 40, 3)).astype(np.uint8)
    profile = rgb_profile(P3_TO_XYZ, gamma=gamma)
    deep = to_srgb(tagged(eight.astype(np.uint16) * np.uint16(257), profile)).pixels
    assert worst(to_8_bits(deep), to_srgb(tagged(eight, profile)).pixels) <= 1


@pytest.mark.parametrize("kind", [0, 1, 2, 3, 4])
def test_parametric_curves(kind: int) -> None:
    """Each of the five forms, against its formula in the specification."""
    g, a, b, c, d, e, f = 2.0, 0.8, 0.1, 0.5, 0.25, 0.05, 0.02
    x = np.linspace(0, 1, 65536)
    power = np.maximum(a * x + b, 0) ** g
    expected, numbers = [
        (x**g, (g,)),
        (np.where(x >= -b / a, power, 0), (g, a, b)),
        (np.where(x >= -b / a, power + c, c), (g, a, b, c)),
        (np.where(x >= d, power, c * x), (g, a, b, c, d)),
        (np.where(x >= d, power + e, c * x + f), (g, a, b, c, d, e, f)),
    ][kind]
    curve = (
        b"para" + bytes(4) + struct.pack(f">HH{len(numbers)}i", kind, 0, *(round(n * 65536) for n in numbers))
    )
    parsed = parse_rgb(rgb_profile(gamma=2.2).replace(struct.pack(">4sIIH2x", b"curv", 0, 1, 563), curve, 0))
    assert parsed is not None
    from cutaway.media import icc

    assert np.abs(icc._curve(curve) - expected).max() < 2e-4


def test_sampled_curves_and_damage() -> None:
    from cutaway.media import icc

    table = struct.pack(">4sII3H", b"curv", 0, 3, 0, 10000, 65535)
    assert icc._curve(table)[[0, 32768, 65535]] == pytest.approx([0, 10000 / 65535, 1], abs=1e-4)
    identity = struct.pack(">4sII", b"curv", 0, 0)
    assert icc._curve(identity)[[0, 13107, 65535]] == pytest.approx([0, 0.2, 1])
    for damaged in (b"", rgb_profile()[:140], rgb_profile()[:400]):
        assert parse_rgb(damaged) is None
    for damaged in (b"", grey_profile(2.2)[:140], rgb_profile()):
        assert parse_grey(damaged) is None


def test_small_pixels_for_the_network() -> None:
    drawn = gradient()
    assert pixels_to_srgb(drawn, None) is drawn
    assert pixels_to_srgb(drawn, srgb_profile()) is drawn
    assert pixels_to_srgb(drawn, b"damaged") is drawn
    converted = pixels_to_srgb(in_profile(drawn), rgb_profile())
    assert converted.dtype == np.uint8 and worst(converted, drawn) <= 1


def test_to_8_bits_rounds_to_the_nearest() -> None:
    codes = np.arange(65536, dtype=np.uint16)
    assert np.array_equal(to_8_bits(codes), np.rint(codes / 257).astype(np.uint8))
    same = gradient()
    assert to_8_bits(same) is same


def test_threads_may_share_a_profile() -> None:
    frames = [tagged(np.roll(in_profile(gradient(200, 300)), i, axis=1), rgb_profile()) for i in range(8)]
    alone = [to_srgb(frame).pixels for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda frame: to_srgb(frame).pixels, frames * 4))
    assert all(np.array_equal(pixels, alone[i % 8]) for i, pixels in enumerate(together))


# --- spaces that are named without a profile ---


def test_the_profiles_we_make_are_those_of_the_standards() -> None:
    """Against the published matrices (brucelindbloom.com, and Apple's Display P3 profile), adapted to D50."""
    adobe_xyz = np.array(
        [
            [0.6097559, 0.2052401, 0.1492240],
            [0.3111242, 0.6256560, 0.0632197],
            [0.0194811, 0.0608902, 0.7448387],
        ]
    )
    for profile, to_xyz in ((adobe_rgb(), adobe_xyz), (numbered_profile(12, 13), P3_TO_XYZ)):
        assert profile is not None and profile_mode(profile) == "RGB"
        parsed = parse_rgb(profile)
        assert parsed is not None
        assert np.abs(np.linalg.inv(XYZ_TO_SRGB) @ parsed.to_linear_srgb - to_xyz).max() < 5e-4
    curve = parse_rgb(adobe_rgb()).curves[0]  # type: ignore[union-attr]
    assert curve[32768] == pytest.approx((32768 / 65535) ** 2.19921875, abs=1e-6)


@pytest.mark.parametrize("numbers", [(1, 13), (2, 2), (12, 16), (9, 18), (0, 0), (255, 255)])
def test_other_numbers_mean_no_profile(numbers: tuple[int, int]) -> None:
    assert numbered_profile(*numbers) is None


def test_a_png_may_name_its_space_by_numbers() -> None:
    """cICP (PNG third edition): primaries, curve, matrix, full range."""
    drawn = gradient()
    tagged = in_profile(drawn)
    for numbers, known in ((b"\x0c\x0d\0\x01", True), (b"\x01\x0d\0\x01", False), (b"\x0c\x10\0\x01", False)):
        frame = read_image(raw_png(tagged, colour_type=2, chunks=png_chunk(b"cICP", numbers)))
        assert (frame.metadata.icc_profile == numbered_profile(12, 13)) is known
    late = read_image(raw_png(tagged, colour_type=2, late=png_chunk(b"cICP", b"\x0c\x0d\0\x01")))
    assert late.metadata.icc_profile is None  # behind the pixels it has no meaning
    both = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(rgb_profile())) + png_chunk(b"cICP", b"\x0c\x0d\0\x01")
    assert read_image(raw_png(tagged, colour_type=2, chunks=both)).metadata.icc_profile == rgb_profile()


@pytest.mark.parametrize("name", ["fixtures/camera-adobe.jpg"])
def test_what_becomes_srgb_no_longer_says_adobe_rgb(name: str) -> None:
    frame = read_image(Path(__file__).parent / name)
    for exif in (frame.metadata.exif, to_srgb(frame).metadata.exif):
        assert exif is not None and len(exif) == len(frame.metadata.exif or b"")
    before, after = Image.Exif(), Image.Exif()
    before.load(frame.metadata.exif or b"")
    after.load(to_srgb(frame).metadata.exif or b"")
    assert (before.get_ifd(0x8769)[0xA001], before.get_ifd(0xA005)[1]) == (0xFFFF, "R03")
    assert (after.get_ifd(0x8769)[0xA001], after.get_ifd(0xA005)[1]) == (1, "R98")
    assert after[0x010F] == "Cutaway" and after.get_ifd(0x8825)[1] == "N"


def test_damaged_exif_is_left_as_it_is() -> None:
    for exif in (b"", b"Exif\0\0nonsense", b"Exif\0\0II*\0\xff\xff\xff\xff", exif_block()[:30]):
        assert srgb_exif(exif) == exif
