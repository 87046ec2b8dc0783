"""What `quality` and `png_level` do, and the table of formats."""

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from media_samples import exif_block, gradient, in_profile, rgb_profile, soft_alpha
from PIL import Image, features

from cutaway.errors import OptionError, OutputError
from cutaway.formats import TABLE, check_coding
from cutaway.media import lossy
from cutaway.media.encode import encode
from cutaway.media.exif import without_orientation
from cutaway.media.files import suffix_format
from cutaway.media.png import write_png
from cutaway.media.png_filters import filtered
from cutaway.media.webp import write_transparent
from cutaway.options import FORMATS
from cutaway.types import Cutout, Frame, Matte, Metadata

LEVELS = range(10)


def grained(height: int = 90, width: int = 120) -> np.ndarray:
    """A drawn picture with a little grain, so that compressors have something to do."""
    grain = np.random.default_rng(3).integers(0, 6, (height, width, 3), np.uint8)
    return gradient(height, width) + grain


def test_the_table_names_what_options_take() -> None:
    assert tuple(TABLE) == FORMATS
    suffixes = [suffix for form in TABLE.values() for suffix in form.suffixes]
    assert len(suffixes) == len(set(suffixes))
    for name, form in TABLE.items():
        assert form.suffixes[0] == f".{name}"
        assert {suffix_format("a" + suffix.upper()) for suffix in form.suffixes} == {name}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_png_level_loses_nothing(level: int, dtype: type, channels: int) -> None:
    drawn = np.dstack([grained(), grained()[..., 0]])[..., :channels].astype(dtype)
    drawn = (drawn * 257 if dtype is np.uint16 else drawn).squeeze()
    data = write_png(drawn, level=level)
    image = Image.open(io.BytesIO(data))
    image.load()
    if dtype is np.uint8 or channels == 1:
        assert np.array_equal(np.asarray(image), drawn)
    else:
        assert np.array_equal(np.asarray(image), drawn >> 8)
    assert write_png(drawn, level=level) == data


def test_png_levels_are_what_they_say() -> None:
    picture = Frame(grained(400, 500))
    sizes = [len(encode(picture, format="png", png_level=level)) for level in LEVELS]
    assert sizes[0] > picture.pixels.size  # not compressed at all
    assert sizes[1] < sizes[0] / 2
    assert sizes[9] < sizes[6] < sizes[3] < sizes[1]
    assert encode(picture, format="png") == encode(picture, format="png", png_level=1)


def test_a_large_png_of_a_high_level_is_one_stream() -> None:
    """Parts are joined across zlib as across isal."""
    noise = np.random.default_rng(5).integers(0, 256, (1100, 1100, 4), np.uint8) // 32
    data = write_png(noise, level=6)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), noise)


def test_higher_levels_choose_the_filter_by_line() -> None:
    """Against the definition of Paeth's predictor, section 9.4, computed pixel by pixel."""
    band = np.random.default_rng(1).integers(0, 256, (6, 12), np.uint8)
    band[3:] = np.arange(12, dtype=np.uint8) * 9  # the same line again: Paeth predicts it whole
    lines = filtered(band, np.zeros(12, np.uint8), pixel_bytes=3, level=6)
    assert lines[4, 0] == 4 and not lines[4, 4:].any()
    for y in range(6):
        for x in range(12):
            a = int(band[y, x - 3]) if x >= 3 else 0
            b = int(band[y - 1, x]) if y else 0
            c = int(band[y - 1, x - 3]) if y and x >= 3 else 0
            p = a + b - c
            paeth = min((a, b, c), key=lambda n: (abs(p - n), [a, b, c].index(n)))
            wanted = paeth if lines[y, 0] == 4 else (a + b) // 2
            assert lines[y, 1 + x] == (int(band[y, x]) - wanted) % 256, (y, x)


def test_quality_100_of_webp_is_lossless() -> None:
    drawn, alpha = grained(), soft_alpha(90, 120)
    back = np.asarray(Image.open(io.BytesIO(encode(Cutout(drawn, alpha), format="webp", quality=100))))
    assert np.array_equal(back[..., 3], np.rint(alpha * 255).astype(np.uint8))
    assert np.array_equal(back[back[..., 3] > 0][:, :3], drawn[back[..., 3] > 0])
    near = np.asarray(Image.open(io.BytesIO(encode(Frame(drawn), format="webp", quality=99))))
    assert not np.array_equal(near, drawn)


def test_what_a_format_does_not_know_is_refused() -> None:
    for name, form in TABLE.items():
        if form.quality is None:
            with pytest.raises(OptionError, match=f"quality is for webp, jpg, avif.*the format is {name}"):
                check_coding(name, quality=50)
        else:
            check_coding(name, quality=50)
        if form.has_png:
            check_coding(name, png_level=3)
        else:
            with pytest.raises(OptionError, match=f"png_level is for png.*the format is {name}"):
                check_coding(name, png_level=3)
    check_coding(None, quality=50, png_level=3)  # not known yet: the suffix decides
    with pytest.raises(OptionError, match="quality is for"):
        encode(Frame(grained()), format="png", quality=50)


def test_a_still_gif() -> None:
    alpha = np.array([[0, 0.49, 0.51, 1.0]], np.float32)
    drawn = np.array([[[200, 0, 0], [0, 200, 0], [0, 0, 200], [200, 200, 0]]], np.uint8)
    meta = Metadata(exif=exif_block())
    back = np.asarray(
        Image.open(io.BytesIO(encode(Cutout(drawn, alpha, meta), format="gif"))).convert("RGBA")
    )
    assert back[0, :, 3].tolist() == [0, 0, 255, 255]
    assert np.abs(back[0, 2:, :3].astype(int) - drawn[0, 2:]).max() <= 4
    opaque = Image.open(io.BytesIO(encode(Frame(grained()), format="gif"))).convert("RGB")
    assert np.abs(np.asarray(opaque).astype(int) - grained()).mean() < 8
    grey = np.asarray(Image.open(io.BytesIO(encode(Matte(soft_alpha()), format="gif"))).convert("L"))
    assert np.array_equal(grey, np.rint(soft_alpha() * 255).astype(np.uint8))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow would take as many threads as there are processors, and one thread writes other bytes than several."""
    seen: list[object] = []
    save = Image.Image.save

    def spy(self: Image.Image, out: io.BytesIO, **options: object) -> None:
        seen.append(options["max_threads"])
        save(self, out, **options)

    monkeypatch.setattr(Image.Image, "save", spy)
    encode(Frame(grained()), format="avif")
    assert seen == [4]


def test_without_avif_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda _: False)
    with pytest.raises(OutputError, match=r"cannot write AVIF: pip install -U pillow"):
        lossy.write_avif(gradient(), Metadata(), quality=80)


def test_png_stored_is_really_stored() -> None:
    data = encode(Frame(gradient(3, 5)), format="png", png_level=0)
    at = data.index(b"IDAT")
    lines = zlib.decompress(data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")])
    assert lines == b"".join(b"\0" + row.tobytes() for row in gradient(3, 5))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("thumbnail", [b"", b"a small picture"])
def test_the_orientation_tag_goes_and_the_rest_stays_where_it_was(order: str, thumbnail: bytes) -> None:
    block = exif_block(orientation=6, order=order, thumbnail=thumbnail)
    less = without_orientation(block)
    assert less is not None and len(less) <= len(block)
    parsed = Image.Exif()
    parsed.load(less)
    assert dict(parsed) == {0x010F: "Cutaway", 0x8769: parsed[0x8769]}
    assert parsed.get_ifd(0x8769)[0x9286] == b"ASCII\0\0\0a comment"
    assert without_orientation(less) == less  # there is none any more
    assert without_orientation(b"Exif\0\0nonsense") is None


def test_a_gif_has_no_place_for_a_profile_and_becomes_srgb() -> None:
    tagged = Frame(in_profile(gradient(4, 5)), metadata=Metadata(icc_profile=rgb_profile()))
    back = np.asarray(Image.open(io.BytesIO(encode(tagged, format="gif"))).convert("RGB"))
    assert np.abs(back.astype(int) - gradient(4, 5)).max() <= 3


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (3, 1), (17, 16), (33, 47)])
@pytest.mark.parametrize("blocks", [False, True])
def test_a_lossy_webp_with_alpha_is_laid_out_as_specified(size: tuple[int, int], blocks: bool) -> None:
    """RFC 9649: the order of the chunks, their flags and padding; libwebp's own reader is the judge."""
    rng = np.random.default_rng(2)
    drawn, alpha = gradient(*size), rng.integers(0, 256, size).astype(np.uint8)
    metadata = Metadata(icc_profile=rgb_profile(), exif=exif_block(), xmp=b"<x/>") if blocks else Metadata()
    data = write_transparent(drawn, alpha, metadata, quality=95)
    kinds, at = [], 12
    while at < len(data):
        kinds.append(data[at : at + 4])
        at += 8 + (length := int.from_bytes(data[at + 4 : at + 8], "little")) + length % 2
    more = [b"ICCP", b"EXIF", b"XMP "] if blocks else []
    assert kinds == [b"VP8X", *more[:1], b"ALPH", b"VP8 ", *more[1:]]
    assert at == len(data) == int.from_bytes(data[4:8], "little") + 8
    assert data[20] == (0x3C if blocks else 0x10)
    image = Image.open(io.BytesIO(data))
    back = np.asarray(image)
    assert image.mode == "RGBA" and np.array_equal(back[..., 3], alpha)
    assert min(size) < 3 or np.abs(back[..., :3][alpha > 0].astype(int) - drawn[alpha > 0]).mean() < 12
    assert (image.info.get("icc_profile"), image.info.get("xmp")) == (
        (rgb_profile(), b"<x/>") if blocks else (None, None)
    )


def test_what_cannot_be_seen_is_black_in_a_webp() -> None:
    secret = np.full((64, 64, 3), 255, np.uint8)
    alpha = np.zeros((64, 64), np.uint8)
    alpha[:, :16] = 255
    back = np.asarray(Image.open(io.BytesIO(write_transparent(secret, alpha, Metadata(), quality=90))))
    assert back[:, 40:, :3].max() <= 2


def test_the_docs_tell_of_every_format() -> None:
    docs = Path(__file__).parents[2] / "docs" / "formats.md"
    written = docs.read_text("utf-8").split("## Written")[1]
    for name, form in TABLE.items():
        row = next(line for line in written.splitlines() if line.startswith(f"| `{name}`"))
        assert (f"default {form.quality}" in row) is (form.quality is not None), name
        assert ("--png-level" in row) is form.has_png, name
