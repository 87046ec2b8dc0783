import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from media_samples import (
    P3_TO_XYZ,
    SRGB_TO_XYZ,
    cmyk_profile,
    gradient,
    grey_profile,
    in_profile,
    rgb_profile,
)
from PIL import ImageCms

from cutaway.media.colour import is_srgb, pixels_to_srgb, profile_mode, to_8_bits, to_srgb
from cutaway.media.icc import parse_grey, parse_rgb
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
