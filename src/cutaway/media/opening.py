"""From whatever the caller has to an opened picture whose header has been read, its pixels not yet."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, TypeAlias, cast

from PIL import ExifTags, Image

from cutaway.errors import CutawayError, ImageError, ImageTooLargeError, MissingExtraError, OptionError
from cutaway.media.files import printable

MAX_PIXELS = 200_000_000
"""Pixels that a picture may have unless the caller or the environment says otherwise."""
MAX_PIXELS_VARIABLE = "CUTAWAY_MAX_PIXELS"

Source: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview[Any] | IO[bytes] | Image.Image"
"""Where an encoded picture can come from; `read_image` also takes arrays."""

_MEMORY = "the picture"
_KNOWN = "JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC"
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1")
_PLUGINS: tuple[tuple[Callable[[bytes], bool], str, str], ...] = (
    (lambda head: head.startswith(b"\xff\xd8\xff"), "PIL.JpegImagePlugin", "JpegImageFile"),
    (lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), "PIL.PngImagePlugin", "PngImageFile"),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "PIL.WebPImagePlugin", "WebPImageFile"),
    (lambda head: head[:4] in _TIFF_SIGNATURES, "PIL.TiffImagePlugin", "TiffImageFile"),
    (lambda head: head.startswith(b"BM"), "PIL.BmpImagePlugin", "BmpImageFile"),
    (lambda head: head[:6] in (b"GIF87a", b"GIF89a"), "PIL.GifImagePlugin", "GifImageFile"),
    (lambda head: _has_brand(head, _AVIF_BRANDS), "PIL.AvifImagePlugin", "AvifImageFile"),
    (lambda head: _has_brand(head, _HEIC_BRANDS), "pi_heif", "HeifImageFile"),
)
"""How each format begins, and the class that reads it; all take an open file and read no pixels yet."""


class Opened(NamedTuple):
    """A picture whose header has been read.

    Attributes:
        name: what to call it in messages.
        path: where it came from, if it came from a file.
        image: Pillow's lazy image.
        stream: the encoded bytes; None if the caller gave a Pillow image.
    """

    name: str
    path: str | None
    image: Image.Image
    stream: BinaryIO | None


@contextlib.contextmanager
def open_picture(source: Source, *, max_pixels: int | None = None) -> Iterator[Opened]:
    """Open a picture by its content and read its header.

    Pillow's plugins are called directly, not by `Image.open`: no other formats than these can be reached, a
    phone's MPO is simply its first JPEG, and Pillow's own size guard, a global setting, is not asked.

    Raises:
        ImageError: there is no such file, it cannot be read, or it is no picture.
        ImageTooLargeError: it claims more pixels than allowed.
        MissingExtraError: it is a HEIC picture, and the package for these is not installed.
    """
    limit = pixel_limit(max_pixels)
    if isinstance(source, Image.Image):
        check_size(source.size, _MEMORY, limit)
        yield Opened(_MEMORY, None, source, None)
        return
    name, path = _names(source)
    with _stream(source, name) as stream:
        image = _identify(stream, name)
        check_size(image.size, name, limit)
        yield Opened(name, path, image, stream)


def pixels_claimed(path: Path) -> int:
    """The number of pixels that a picture file's header claims; 0 if it cannot be read, or only once (a pipe)."""
    with contextlib.suppress(Exception):
        if path.is_file():
            with open_picture(path) as opened:
                return opened.image.width * opened.image.height
    return 0


def pixel_limit(max_pixels: int | None) -> int:
    """The caller's limit, else that of the environment variable `CUTAWAY_MAX_PIXELS`, else `MAX_PIXELS`."""
    if max_pixels is not None:
        return max_pixels
    text = os.environ.get(MAX_PIXELS_VARIABLE, "")
    if not text:
        return MAX_PIXELS
    if not text.isascii() or not text.isdigit():
        raise OptionError(f"{MAX_PIXELS_VARIABLE} must be a whole number of pixels, not {text!r}")
    return int(text)


def check_size(size: tuple[int, int], name: str, limit: int) -> None:
    """Refuse a picture of more pixels than the limit, before anything is decoded; `size` is (width, height).

    Raises:
        ImageTooLargeError: it has more.
    """
    width, height = size
    if width * height > limit:
        raise ImageTooLargeError(
            f"{name}: {width} x {height} pixels ({width * height / 1e6:.4g} megapixels) are more than the "
            f"limit of {limit / 1e6:.4g} megapixels; set {MAX_PIXELS_VARIABLE}={width * height} to allow it"
        )


@contextlib.contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises into an ImageError of one line.

    Pillow's plugins raise almost anything on damaged files (OSError, SyntaxError, KeyError, ...).
    """
    try:
        yield
    except CutawayError:
        raise
    except MemoryError as error:
        raise ImageError(f"{name}: there is not enough memory to decode it") from error
    except Image.DecompressionBombError as error:
        raise ImageTooLargeError(f"{name}: {_one_line(error)}") from error
    except Exception as error:
        raise ImageError(f"{name}: damaged or not supported ({_one_line(error)})") from error


def load_pixels(image: Image.Image) -> None:
    """Decode a picture that `open_picture` opened by itself, without asking Pillow's own size guard again.

    Its TIFF plugin asks that guard, a global setting, before it makes room for the pixels: so we make it.
    """
    guard = Image.MAX_IMAGE_PIXELS
    if image.format == "TIFF" and guard is not None and image.width * image.height > guard:
        tags = image.tag_v2  # type: ignore[attr-defined]
        stored_size = tags[ExifTags.Base.ImageWidth], tags[ExifTags.Base.ImageLength]
        image.im = Image.new(image.mode, stored_size).im
    image.load()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _names(source: object) -> tuple[str, str | None]:
    """(name for messages, path or None)."""
    if isinstance(source, str | os.PathLike):
        path = os.fsdecode(source)
        return printable(path) or "''", path
    name = getattr(source, "name", None)
    return (printable(name), None) if isinstance(name, str) and name else (_MEMORY, None)


@contextlib.contextmanager
def _stream(source: object, name: str) -> Iterator[BinaryIO]:
    if isinstance(source, str | os.PathLike):
        with _open_file(Path(source), name) as stream:
            yield stream if stream.seekable() else _in_memory(stream, name)
    else:
        yield _in_memory(source, name)


def _open_file(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except (
        FileNotFoundError,
        NotADirectoryError,
        ValueError,
    ) as error:  # ValueError: a null character in the name
        raise ImageError(f"{name}: there is no such file") from error
    except OSError as error:
        if path.is_dir():
            raise ImageError(f"{name}: this is a folder, not a picture") from error
        raise ImageError(f"{name}: cannot be read ({error.strerror or error})") from error


def _in_memory(source: object, name: str) -> BinaryIO:
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    if not hasattr(source, "read"):
        raise ImageError(
            f"cannot read a picture from {type(source).__name__}: "
            "give a path, bytes, a binary file, a Pillow image or an array"
        )
    try:
        data = source.read()
    except (OSError, ValueError) as error:  # ValueError: the file is closed, or text that is no UTF-8
        raise ImageError(f"{name}: cannot be read ({_one_line(error)})") from error
    if not isinstance(data, bytes | bytearray | memoryview):
        raise ImageError(
            f"{name}: the file gives {type(data).__name__}, not bytes: open it in binary mode ('rb')"
        )
    return io.BytesIO(data)


def _identify(stream: BinaryIO, name: str) -> Image.Image:
    with decoding(name):
        head = stream.read(64)
        stream.seek(0)
        if not head:
            raise ImageError(f"{name}: the file is empty (0 bytes)")
        for accepts, module, plugin in _PLUGINS:
            if accepts(head):
                return _plugin(module, plugin, name)(stream)
    raise ImageError(f"{name}: this is no picture that Cutaway can read ({_KNOWN})")


def _has_brand(head: bytes, brands: tuple[bytes, ...]) -> bool:
    """Whether an ISO media file's `ftyp` box names one of the brands, as its main one or a compatible one."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return head[4:8] == b"ftyp" and any(head[at : at + 4] in brands for at in range(8, size, 4))


def _plugin(module: str, plugin: str, name: str) -> Callable[[BinaryIO], Image.Image]:
    try:
        return cast("Callable[[BinaryIO], Image.Image]", getattr(import_module(module), plugin))
    except ImportError as error:
        if module == "pi_heif":
            raise MissingExtraError(f"{name}: reading HEIC", "heic", "pi-heif") from error
        kind = plugin.removesuffix("ImageFile").upper()
        raise ImageError(f"{name}: the installed Pillow cannot read {kind}: pip install -U pillow") from error
