"""Results of several pictures in one zip: colour beside matte, and layers (OpenRaster).

Format: OpenRaster 0.0.5, https://www.openraster.org/baseline/file-layout-spec.html and layer-stack-spec.html
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

import numpy as np

from cutaway.formats import TABLE, check_coding
from cutaway.media.colour import to_8_bits, to_srgb
from cutaway.media.encode import Picture, encode
from cutaway.pixels.cutout_resize import resize_cutout
from cutaway.pixels.resize import resize
from cutaway.types import Cutout, Frame, Matte, Metadata

_THUMBNAIL_PX = 256
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The files' time in the zip: the first one there is, so that the same picture makes the same bytes."""


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer.

    Attributes:
        name: as an editor shows it.
        picture: of the same size as the others.
        visible: whether it is switched on.
    """

    name: str
    picture: Frame | Cutout
    visible: bool = True


def write_zip(picture: Picture, *, quality: int | None = None, png_level: int | None = None) -> bytes:
    """A zip of `color.jpg` and `alpha.png`: the one as RGB and the other as alpha are the png.

    Where alpha is zero the colour is the photo's own. A matte has black for its colour, a frame is opaque.

    Args:
        picture: what to write.
        quality: of the jpg, 1 to 100; default 95.
        png_level: of the png, 0 to 9; default 1.

    Raises:
        OptionError: quality or level are out of range.
        OutputError: the picture is too large for a jpg.
    """
    check_coding("zip", quality=quality, png_level=png_level)
    height, width = picture.size
    if isinstance(picture, Matte):
        colour, alpha = Frame(np.zeros((height, width, 3), np.uint8)), picture.alpha
    else:
        alpha = picture.alpha if isinstance(picture, Cutout) else np.ones((height, width), np.float32)
        colour = Frame(picture.pixels, metadata=picture.metadata)
    return _zip((
        ("color.jpg", encode(colour, format="jpg", quality=quality or TABLE["zip"].quality)),
        ("alpha.png", encode(Matte(alpha), format="png", png_level=png_level)),
    ))  # fmt: skip


def write_ora(layers: Sequence[Layer], merged: Frame | Cutout, *, png_level: int | None = None) -> bytes:
    """An OpenRaster file; all in it is sRGB, which is what its readers take pixels for.

    Args:
        layers: from the top to the bottom.
        merged: what they make together; its EXIF and XMP go along, and are the file's only ones.
        png_level: of the PNGs, 0 to 9; default 1.

    Raises:
        OptionError: the level is out of range.
    """
    check_coding("ora", png_level=png_level)
    whole = _in_srgb(merged, keep=True)
    files = [("mimetype", TABLE["ora"].media_type.encode()), ("stack.xml", _stack(layers, whole))]
    for index, layer in enumerate(layers):
        data = encode(_in_srgb(layer.picture), format="png", png_level=png_level)
        files.append((_layer_path(index), data))
    files.append(("mergedimage.png", encode(_in_8_bits(whole), format="png", png_level=png_level)))
    files.append(("Thumbnails/thumbnail.png", encode(_thumbnail(whole), format="png")))
    return _zip(files)


def _zip(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip whose files are stored as they are: pictures are compressed already."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return out.getvalue()


def _layer_path(index: int) -> str:
    return f"data/layer{index}.png"


def _stack(layers: Sequence[Layer], merged: Frame | Cutout) -> bytes:
    height, width = merged.size
    dpi = merged.metadata.dpi
    resolution = f' xres="{round(dpi[0])}" yres="{round(dpi[1])}"' if dpi else ""
    lines = [
        f'  <layer name={quoteattr(layer.name)} src="{_layer_path(index)}" x="0" y="0" opacity="1.0" '
        f'visibility="{"visible" if layer.visible else "hidden"}" composite-op="svg:src-over"/>'
        for index, layer in enumerate(layers)
    ]
    return "\n".join([
        "<?xml version='1.0' encoding='UTF-8'?>",
        f'<image version="0.0.5" w="{width}" h="{height}"{resolution}>',
        " <stack>", *lines, " </stack>", "</image>", "",
    ]).encode()  # fmt: skip


def _in_srgb(picture: Frame | Cutout, *, keep: bool = False) -> Frame | Cutout:
    """The picture in sRGB, without metadata unless they are to be kept."""
    frame = to_srgb(Frame(picture.pixels, metadata=picture.metadata))
    metadata = frame.metadata if keep else Metadata(dpi=frame.metadata.dpi)
    return replace(picture, pixels=frame.pixels, metadata=metadata)


def _in_8_bits(picture: Frame | Cutout) -> Frame | Cutout:
    if isinstance(picture, Cutout):
        return replace(picture, pixels=to_8_bits(picture.pixels))
    return Frame(to_8_bits(picture.pixels), metadata=picture.metadata)


def _thumbnail(picture: Frame | Cutout) -> Frame | Cutout:
    """At most 256 x 256 pixels, never enlarged."""
    height, width = picture.size
    scale = min(1.0, _THUMBNAIL_PX / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    pixels = to_8_bits(picture.pixels)
    if isinstance(picture, Cutout):
        return Cutout(*resize_cutout(pixels, picture.alpha, size))
    return Frame(resize(pixels, size))
