"""A fast PNG writer, and a reader of PNG chunks.

Pillow needs seconds for a photo of 12 megapixels. Here the scanlines are filtered by numpy and deflated by
isal at its first level, which takes about a tenth of a second and costs a tenth more bytes.

Format: PNG specification, third edition, https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from cutaway.errors import OutputError
from cutaway.media.png_filters import QUICK, compressor, filtered
from cutaway.types import Metadata, Pixels

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
MAX_SIDE_PX = 2**31 - 1

_COLOUR_TYPES = {1: 0, 3: 2, 4: 6}  # channels: grey, RGB, RGB with alpha
_BAND_BYTES = 1 << 19  # a band and its filtered copy stay in the processor's cache
_CHUNK_BYTES = 1 << 20
_METRES_PER_INCH = 0.0254
_ZLIB_HEADER = b"\x78\x01"  # deflate with a window of 32 kB, quickest level
_ADLER = 65521
_PART_BYTES = 2 << 20  # a part of fewer bytes is not worth a thread
_MOST_PARTS = 4
_MOST_TEXT_BYTES = 1 << 24


@dataclass(frozen=True, eq=False)
class LazyRows:
    """A picture whose rows are made when they are written, by several threads: it need never be there as a whole.

    Attributes:
        shape: (H, W, C).
        dtype: uint8 or uint16.
        make: the rows of a slice, (rows, W, C) of that type.
    """

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    make: Callable[[slice], Pixels]

    def __getitem__(self, rows: slice) -> Pixels:
        return self.make(rows)


_Rows: TypeAlias = Pixels | LazyRows


def write_png(pixels: Pixels | LazyRows, *, metadata: Metadata | None = None, level: int = QUICK) -> bytes:
    """Make a PNG file of an array.

    Args:
        pixels: uint8 or uint16, (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB with straight alpha.
        metadata: profile (iCCP), EXIF (eXIf), XMP (iTXt) and resolution (pHYs) to write along.
        level: 0 (not compressed) to 9 (smallest).

    Raises:
        OutputError: the array is none of these.
    """
    image = pixels[..., None] if isinstance(pixels, np.ndarray) and pixels.ndim == 2 else pixels
    known = image.dtype.newbyteorder("=") in (np.uint8, np.uint16)
    if not known or len(image.shape) != 3 or image.shape[2] not in _COLOUR_TYPES or 0 in image.shape:
        raise OutputError(f"cannot write a PNG of an array of {pixels.dtype} {pixels.shape}")
    parts = [SIGNATURE, _header(image), *_metadata_chunks(metadata or Metadata())]
    parts.extend(_chunk(b"IDAT", data) for data in _gathered(_deflated(image, level)))
    parts.append(_chunk(b"IEND", b""))
    return b"".join(parts)


def read_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk through the chunks of a PNG file as (type, content), IEND included, pixel data left out.

    Raises:
        ValueError: the file ends before its last chunk, or a chunk's checksum is wrong.
    """
    at = len(SIGNATURE)
    while True:
        if at + 12 > len(data):
            raise ValueError("the file is truncated")
        (size,) = struct.unpack_from(">I", data, at)
        kind, end = data[at + 4 : at + 8], at + 12 + size
        if end > len(data):
            raise ValueError("the file is truncated")
        if isal_zlib.crc32(memoryview(data)[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]:
            raise ValueError(f"the checksum of chunk {kind!r} is wrong")
        if kind != b"IDAT":
            yield kind, data[at + 8 : end - 4]
        if kind == b"IEND":
            return
        at = end


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = isal_zlib.crc32(content, isal_zlib.crc32(kind))
    return b"".join((struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)))


def _header(image: _Rows) -> bytes:
    height, width, channels = image.shape
    bits = 8 * image.dtype.itemsize
    return _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, _COLOUR_TYPES[channels], 0, 0, 0))


def _metadata_chunks(metadata: Metadata) -> Iterator[bytes]:
    if metadata.icc_profile:
        yield _chunk(b"iCCP", b"ICC profile\0\0" + isal_zlib.compress(metadata.icc_profile))
    if metadata.dpi:
        per_metre = (round(dpi / _METRES_PER_INCH) for dpi in metadata.dpi)
        yield _chunk(b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if metadata.exif:
        yield _chunk(b"eXIf", metadata.exif.removeprefix(b"Exif\0\0"))
    if metadata.xmp:
        yield _chunk(b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + metadata.xmp)


def _deflated(image: _Rows, level: int) -> Iterator[bytes]:
    """The zlib stream (RFC 1950) of the filtered scanlines, in pieces; the parts of a large picture side by side."""
    edges = _part_edges(image)
    parts = [_Part(image, top, bottom, level) for top, bottom in pairwise(edges)]
    for part in parts[1:]:
        part.start()
    parts[0].run()
    yield _ZLIB_HEADER
    checksum = 1
    for part in parts:
        part.finish()
        yield from part.pieces
        checksum = _adler32_joined(checksum, part.checksum, part.length)
    yield struct.pack(">I", checksum)


def _part_edges(image: _Rows) -> list[int]:
    """First rows of the parts, and the height; by the picture alone, so that a file is the same on every machine."""
    height, width, channels = image.shape
    parts = min(_MOST_PARTS, height, max(1, width * height * channels * image.dtype.itemsize // _PART_BYTES))
    return [height * i // parts for i in range(parts + 1)]


class _Part(threading.Thread):
    """Some rows of a picture, filtered and deflated so that the parts' streams can be joined end to end."""

    def __init__(self, image: _Rows, top: int, bottom: int, level: int) -> None:
        super().__init__(name="png")
        self._image, self._top, self._bottom, self._level = image, top, bottom, level
        self.pieces: list[bytes] = []
        self.checksum, self.length = 1, 0
        self._problem: BaseException | None = None

    def run(self) -> None:
        """Deflate the rows; all but the last part end on a byte, which a sync flush does."""
        try:
            self._deflate()
        except BaseException as problem:
            self._problem = problem

    def finish(self) -> None:
        """Wait until it is done; an error is raised here."""
        if self.ident is not None:  # the first part runs in the caller's thread
            self.join()
        if self._problem is not None:
            raise self._problem

    def _deflate(self) -> None:
        image, pixel_bytes = self._image, self._image.shape[2] * self._image.dtype.itemsize
        line_bytes = image.shape[1] * pixel_bytes
        deflate = compressor(self._level)
        above = (
            _as_bytes(image[self._top - 1 : self._top])[-1] if self._top else np.zeros(line_bytes, np.uint8)
        )
        step = max(1, _BAND_BYTES // line_bytes)
        for top in range(self._top, self._bottom, step):
            band = _as_bytes(image[top : min(top + step, self._bottom)])
            lines = filtered(band, above, pixel_bytes=pixel_bytes, level=self._level)
            self.checksum = isal_zlib.adler32(lines, self.checksum)
            self.length += lines.size
            self.pieces.append(deflate.compress(lines))
            above = band[-1]
        is_last = self._bottom == image.shape[0]
        self.pieces.append(deflate.flush(isal_zlib.Z_FINISH if is_last else isal_zlib.Z_SYNC_FLUSH))


def _adler32_joined(first: int, second: int, length: int) -> int:
    """The Adler-32 checksum (RFC 1950, section 9) of two stretches of bytes, the second `length` bytes long."""
    low = (first % 65536 + second % 65536 - 1) % _ADLER
    high = (first // 65536 + second // 65536 + length * (first % 65536 - 1)) % _ADLER
    return high << 16 | low


def _as_bytes(band: Pixels) -> npt.NDArray[np.uint8]:
    """Rows of pixels as rows of bytes, most significant byte first (section 7.2)."""
    wanted = np.uint8 if band.itemsize == 1 else np.dtype(">u2")
    return np.ascontiguousarray(band, wanted).view(np.uint8).reshape(len(band), -1)


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Join small pieces to chunks of about a megabyte."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def xmp_of_itxt(content: bytes) -> bytes | None:
    """The XMP packet in an iTXt chunk, or None if it holds another text (section 11.3.3.4).

    Raises:
        ValueError: unpacked it has more than 16 MB, which no description of a picture needs.
    """
    if not content.startswith(XMP_KEYWORD + b"\0"):
        return None
    after_keyword = content[len(XMP_KEYWORD) + 1 :]
    text = after_keyword[2:].split(b"\0", 2)[-1]  # behind two flags, the language and the translated keyword
    if after_keyword[:1] != b"\1":
        return text
    unpacked: bytes = isal_zlib.decompressobj().decompress(text, _MOST_TEXT_BYTES + 1)
    if len(unpacked) > _MOST_TEXT_BYTES:
        raise ValueError("its XMP data are too large when unpacked")
    return unpacked
