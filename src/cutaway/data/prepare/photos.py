"""Look at a photo before it is copied: can it be read, what is it really, and which way up was it stored."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from cutaway.errors import ImageError
from cutaway.media.colour import to_srgb
from cutaway.media.files import printable
from cutaway.media.images import read_image
from cutaway.media.metadata import read_metadata
from cutaway.media.opening import check_size, decoding, open_picture, pixel_limit
from cutaway.types import Frame, Size

_SUFFIXES: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg"),
    "PNG": (".png",),
    "GIF": (".gif",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "AVIF": (".avif",),
}
"""The suffixes under which training finds each format; a photo of any other is converted."""
_OTHERS = ("PPM", "JPEG2000", "TGA")
"""Formats that `read_image` does not take and data sets come in."""


@dataclass(frozen=True)
class Photo:
    """A photo that can be read.

    Attributes:
        data: its file as it will be written.
        suffix: the one its content asks for.
        size: (H, W) of the upright picture.
        orientation: 1..8, how its pixels are stored (EXIF).
        note: "renamed" or "converted" if that is what happened to it, else empty.
    """

    data: bytes
    suffix: str
    size: Size
    orientation: int = 1
    note: str = ""

    @property
    def stored_size(self) -> Size:
        """(H, W) of the pixels as they are stored: turned where the orientation is a quarter turn."""
        return self.size if self.orientation < 5 else (self.size[1], self.size[0])


class _Named(io.BytesIO):
    """Bytes that have a name, for messages."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def read_photo(source: Path | Callable[[], bytes], *, name: str) -> Photo:
    """Read a photo whole, so that a damaged one is found now and not while training.

    Args:
        source: its file, or a function that gives its bytes.
        name: what to call it in messages; its suffix is the one it claims to have.

    Raises:
        ImageError: it cannot be read.
    """
    data = _bytes_of(source, name)
    try:
        frame = read_image(_Named(data, name))
    except ImageError:
        other = _read_other(data, name)
        if other is None:
            raise
        return Photo(_png(other), ".png", other.size, note="converted")
    kind, orientation = _kind_and_orientation(data, name)
    if kind not in _SUFFIXES:
        return Photo(_png(frame), ".png", frame.size, orientation, "converted")
    claimed = Path(name).suffix
    if claimed.lower() in _SUFFIXES[kind]:
        return Photo(data, claimed, frame.size, orientation)
    return Photo(data, _SUFFIXES[kind][0], frame.size, orientation, "renamed" if claimed else "")


def _kind_and_orientation(data: bytes, name: str) -> tuple[str, int]:
    with open_picture(_Named(data, name)) as opened, decoding(name):
        if opened.image.format == "PNG":
            opened.image.load()  # it may be said behind the pixels
        return opened.image.format or "", read_metadata(opened.image)[0]


def _bytes_of(source: Path | Callable[[], bytes], name: str) -> bytes:
    try:
        return source.read_bytes() if isinstance(source, Path) else source()
    except OSError as error:
        raise ImageError(f"{printable(name)}: cannot be read ({error.strerror or error})") from error


def _read_other(data: bytes, name: str) -> Frame | None:
    """A picture of one of the rarer formats; None if it is none of them.

    Raises:
        ImageError: it is one, and damaged or too large.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=_OTHERS)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    check_size(image.size, name, pixel_limit(None))
    with decoding(name):
        image.load()
        return read_image(image)


def _png(frame: Frame) -> bytes:
    """The picture as an 8-bit sRGB PNG."""
    pixels = to_srgb(frame).pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels / 257 + 0.5).astype(np.uint8)
    return png_bytes(np.asarray(pixels, np.uint8))


def png_bytes(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    """A uint8 picture (H, W) or (H, W, 3) as a PNG file."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()
