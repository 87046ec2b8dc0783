"""From a result to its file: stripping, zips, layers."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from cutaway.errors import OptionError
from cutaway.media.bundle import write_zip
from cutaway.media.images import read_image
from cutaway.options import Options
from cutaway.result import Result
from cutaway.types import Cutout, Frame, Matte, Metadata
from cutaway.writing import layers_of
from remover_samples import half, opened, red_blue, swapped_profile

LEFT = np.tile(np.clip((18 - np.arange(30)) / 6, 0, 1).astype(np.float32), (20, 1))
EXIF = Image.Exif()
EXIF[0x010F] = "Cutaway"
EXIF.get_ifd(0x8825)[1] = "N"


def photo(pixels: np.ndarray | None = None) -> Frame:
    metadata = Metadata(exif=EXIF.tobytes(), xmp=b"<x:xmpmeta/>", dpi=(300.0, 300.0))
    return Frame(red_blue() if pixels is None else pixels, metadata=metadata)


def left_half(options: Options | None = None) -> Result:
    """The photo's left half cut out, with a soft edge."""
    frame = photo()
    return Result(frame, Matte(LEFT), Cutout(frame.pixels, LEFT, frame.metadata), options or Options())


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def rendered(data: bytes) -> np.ndarray:
    """Our own second reader: the visible layers of an OpenRaster file laid over each other, RGBA."""
    files = parts(data)
    image = ElementTree.fromstring(files["stack.xml"])
    size = int(image.get("w", "")), int(image.get("h", ""))
    canvas = Image.new("RGBA", size)
    for layer in reversed(image.findall("stack/layer")):
        if layer.get("visibility") != "hidden":
            place = int(layer.get("x", "0")), int(layer.get("y", "0"))
            canvas.alpha_composite(opened(files[layer.get("src", "")]).convert("RGBA"), place)
    return np.asarray(canvas)


# --- strip ---


@pytest.mark.parametrize("format", ["png", "webp", "jpg", "tiff", "avif", "zip", "ora"])
def test_strip_leaves_out_camera_and_place(format: str) -> None:
    told, silent = (half().remove(photo(), options=Options(strip=s)).to_bytes(format) for s in (False, True))  # type: ignore[arg-type]
    if format != "avif":  # which compresses nothing but may hold the name in another order
        assert b"Cutaway\0" in told or format == "tiff"
    assert b"Cutaway\0" not in silent and b"xmpmeta" not in silent and b"Exif" not in silent
    for name, data in ({"": silent} if format not in ("zip", "ora") else parts(silent)).items():
        if not name.endswith((".xml", "mimetype")):
            found = read_image(data).metadata
            assert (found.exif, found.xmp) == (None, None)


def test_strip_keeps_the_profile_which_says_what_the_colours_are() -> None:
    profile = swapped_profile()
    frame = replace(photo(), metadata=Metadata(icc_profile=profile, exif=EXIF.tobytes()))
    back = read_image(half().remove(frame, options=Options(strip=True)).to_bytes("png")).metadata
    assert (back.icc_profile, back.exif) == (profile, None)


# --- zip ---


def test_a_zip_is_colour_and_matte() -> None:
    data = left_half().to_bytes("zip")
    files = parts(data)
    assert list(files) == ["color.jpg", "alpha.png"]
    assert np.abs(np.asarray(opened(files["color.jpg"])).astype(int) - red_blue()).max() <= 4
    alpha = np.asarray(opened(files["alpha.png"]))
    assert alpha.ndim == 2 and np.array_equal(alpha, np.rint(LEFT * 255))


def test_the_same_zip_twice_has_the_same_bytes() -> None:
    for format in ("zip", "ora"):
        assert half().remove(photo()).to_bytes(format) == half().remove(photo()).to_bytes(format)  # type: ignore[arg-type]


def test_quality_and_level_reach_into_the_zip() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    low, high = (parts(write_zip(Frame(noise), quality=q, png_level=0)) for q in (20, 90))
    assert len(low["color.jpg"]) < len(high["color.jpg"]) / 2
    assert len(low["alpha.png"]) > 60 * 80


def test_a_matte_as_zip() -> None:
    files = parts(write_zip(Matte(LEFT)))
    assert np.asarray(opened(files["color.jpg"])).max() <= 2
    assert np.array_equal(np.asarray(opened(files["alpha.png"])), np.rint(LEFT * 255))


# --- layers ---


def test_an_openraster_file_is_laid_out_as_specified() -> None:
    data = half().remove(photo()).to_bytes("ora")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")
    assert data[30:54] == b"mimetypeimage/openraster"  # what `file` and desktops look for
    files = parts(data)
    assert set(files) == {
        "mimetype", "stack.xml", "data/layer0.png", "data/layer1.png", "mergedimage.png", "Thumbnails/thumbnail.png",
    }  # fmt: skip
    image = ElementTree.fromstring(files["stack.xml"])
    assert (image.get("w"), image.get("h"), image.get("xres")) == ("30", "20", "300")
    layers = [(e.get("name"), e.get("visibility")) for e in image.iter("layer")]
    assert layers == [("Subject", "visible"), ("Photo", "hidden")]
    assert np.array_equal(np.asarray(opened(files["data/layer1.png"])), red_blue())
    assert read_image(files["mergedimage.png"]).metadata.exif is not None
    assert read_image(files["data/layer0.png"]).metadata.exif is None


@pytest.mark.parametrize(
    "background", ["none", "teal", "#ff000080", "gradient:white,black", "checker", "blur:4"]
)
def test_the_layers_make_the_result(background: str) -> None:
    options = Options(background=background, foreground=True)
    result = left_half(options)
    data = result.to_bytes("ora")
    plain = np.asarray(opened(result.to_bytes("png")).convert("RGBA"))
    shown = rendered(data)
    assert np.abs(shown[..., 3].astype(int) - plain[..., 3]).max() <= 1
    visible = plain[..., 3] > 0
    assert np.abs(shown[visible].astype(int) - plain[visible]).max() <= 2
    merged = np.asarray(opened(parts(data)["mergedimage.png"]).convert("RGBA"))
    assert np.array_equal(merged, plain)


def test_layers_over_a_picture_of_another_size() -> None:
    behind = np.tile(np.array([10, 200, 90], np.uint8), (50, 44, 1))
    result = left_half().over(behind, canvas="background")
    assert [layer.name for layer in layers_of(result)] == ["Subject", "Background"]
    plain = np.asarray(opened(result.to_bytes("png")))
    assert plain.shape == (50, 44, 3)
    assert np.abs(rendered(result.to_bytes("ora"))[..., :3].astype(int) - plain).max() <= 1


def test_layers_are_srgb_and_as_deep_as_the_photo() -> None:
    deep = red_blue().astype(np.uint16) * np.uint16(257)
    frame = Frame(deep, metadata=Metadata(icc_profile=swapped_profile()))
    files = parts(half().remove(frame).to_bytes("ora"))
    layer = read_image(files["data/layer1.png"])
    assert layer.pixels.dtype == np.uint16 and layer.metadata.icc_profile is None
    assert np.abs(layer.pixels[0, 0].astype(int) // 257 - red_blue()[0, 0, ::-1]).max() <= 1
    assert read_image(files["mergedimage.png"]).pixels.dtype == np.uint8


def test_the_thumbnail_is_small_and_never_enlarged() -> None:
    for size, wanted in (
        ((20, 30), (30, 20)),
        ((300, 600), (256, 128)),
        ((1, 1000), (256, 1)),
        ((1, 1), (1, 1)),
    ):
        files = parts(half().remove(Frame(np.full((*size, 3), 99, np.uint8))).to_bytes("ora"))
        assert opened(files["Thumbnails/thumbnail.png"]).size == wanted


@pytest.mark.parametrize("format", ["zip", "ora"])
@pytest.mark.parametrize("extra", [{"mask_only": True}, {"effect": "blur-subject"}, {"show": "strip"}])
def test_what_is_one_picture_has_no_parts(format: str, extra: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=f"format '{format}' keeps subject and background apart"):
        Options.from_mapping({"format": format, **extra})
    result = half().remove(photo(), options=Options.from_mapping(extra))
    with pytest.raises(OptionError, match=f"format '{format}' keeps subject"):
        result.to_bytes(format)  # type: ignore[arg-type]


def test_a_suffix_that_does_not_know_the_quality_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    result = half().remove(photo(), options=Options(quality=50))
    result.save(tmp_path / "a.webp")
    with pytest.raises(OptionError, match="quality is for webp, jpg, avif, zip, and the format is png"):
        result.save(tmp_path / "a.png")
    assert not (tmp_path / "a.png").exists()
