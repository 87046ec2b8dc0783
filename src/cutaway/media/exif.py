"""EXIF and XMP blocks: which way up a picture is, and how to say that it has been turned."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

PREFIX = b"Exif\0\0"

_ORIENTATION = 0x0112
_EXIF_POINTER, _COLOUR_SPACE, _INTEROP_POINTER = 0x8769, 0xA001, 0xA005
_THUMBNAIL_OFFSET, _THUMBNAIL_SIZE = 0x0201, 0x0202
_TYPE_FORMATS = {1: "B", 3: "H", 4: "I"}  # BYTE, SHORT, LONG

_XMP_ORIENTATION = re.compile(rb"""(tiff:Orientation\s*(?:=\s*["']|>)\s*)([1-8])""")
_XMP_THUMBNAILS = re.compile(rb"<(xmp|xap):Thumbnails>.*?</\1:Thumbnails>", re.DOTALL)


class _Entry(NamedTuple):
    """One tag of a TIFF directory: where its value field is, and the value if it is a single number."""

    format: str
    at: int
    value: int


def upright_exif(exif: bytes) -> tuple[int | None, bytes | None]:
    """Read the orientation (1..8, None if not given) and return the block with it reset to 1.

    All other bytes stay as they are, so that maker notes keep working, except the embedded thumbnail: it
    would go on showing the old background, and is blanked. The block that is returned starts with
    ``Exif\\0\\0``, as Pillow has it; it is None where the block is damaged.

    Source: Exif 2.32 (CIPA DC-008), sections 4.5 and 4.6.
    """
    start = exif.find(PREFIX)
    block = bytearray(exif if start < 0 else exif[start + len(PREFIX) :])
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]))
    if order is None:
        return None, None
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        entries, next_at = _directory(block, at, order)
        orientation = _reset_orientation(block, entries.get(_ORIENTATION), order)
        block = _without_thumbnail(block, next_at, order)
    except struct.error:
        return None, None
    return orientation, PREFIX + bytes(block)


def srgb_exif(exif: bytes) -> bytes:
    """The block with its colour space set to sRGB, for pixels that have been brought there; damaged ones as they are.

    Source: Exif 2.32, ColorSpace (0xA001); DCF 2.0, InteroperabilityIndex "R98".
    """
    block = bytearray(exif.removeprefix(PREFIX))
    order = {b"II": "<", b"MM": ">"}.get(bytes(block[:2]))
    if order is None:
        return exif
    try:
        (at,) = struct.unpack_from(order + "I", block, 4)
        main, _ = _directory(block, at, order)
        if _EXIF_POINTER not in main:
            return exif
        details, _ = _directory(block, main[_EXIF_POINTER].value, order)
        if _COLOUR_SPACE in details:
            struct.pack_into(details[_COLOUR_SPACE].format, block, details[_COLOUR_SPACE].at, 1)
        if _INTEROP_POINTER in details:
            _reset_interop(block, details[_INTEROP_POINTER].value, order)
    except struct.error:
        return exif
    return PREFIX + bytes(block)


def _reset_interop(block: bytearray, at: int, order: str) -> None:
    (count,) = struct.unpack_from(order + "H", block, at)
    for entry_at in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from(order + "HHI", block, entry_at) == (
            1,
            2,
            4,
        ):  # the index: ASCII, "R98" or "R03"
            struct.pack_into("4s", block, entry_at + 8, b"R98")


def without_orientation(exif: bytes) -> bytes | None:
    """The block without its orientation tag, nothing else moved; None where the block is damaged.

    AVIF turns pictures by a property of its own, and libavif's callers would write the whole block anew otherwise.
    """
    orientation, block = upright_exif(exif)
    if orientation is None or block is None:
        return block
    out = bytearray(block.removeprefix(PREFIX))
    order = "<" if out[:2] == b"II" else ">"
    (at,) = struct.unpack_from(order + "I", out, 4)
    (count,) = struct.unpack_from(order + "H", out, at)
    entries, end = _directory(out, at, order)
    found = entries[_ORIENTATION].at - 8
    out[found : end - 8] = out[
        found + 12 : end + 4
    ]  # the tags behind it and the pointer to the next directory
    struct.pack_into(order + "H", out, at, count - 1)
    return PREFIX + bytes(out)


def upright_xmp(xmp: bytes) -> tuple[int | None, bytes]:
    """Read `tiff:Orientation` from an XMP packet (or None), reset it to 1 and drop embedded thumbnails."""
    found = _XMP_ORIENTATION.search(xmp)
    xmp = _XMP_THUMBNAILS.sub(b"", _XMP_ORIENTATION.sub(rb"\g<1>1", xmp))
    return (int(found[2]) if found else None), xmp


def _directory(block: bytearray, at: int, order: str) -> tuple[dict[int, _Entry], int]:
    """The single-number tags of the directory at an offset, and where its pointer to the next one is."""
    (count,) = struct.unpack_from(order + "H", block, at)
    entries = {}
    for entry_at in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", block, entry_at)
        if length == 1 and kind in _TYPE_FORMATS:
            (value,) = struct.unpack_from(order + _TYPE_FORMATS[kind], block, entry_at + 8)
            entries[tag] = _Entry(order + _TYPE_FORMATS[kind], entry_at + 8, value)
    return entries, at + 2 + 12 * count


def _reset_orientation(block: bytearray, entry: _Entry | None, order: str) -> int | None:
    if entry is None or not 1 <= entry.value <= 8:
        return None
    struct.pack_into(entry.format, block, entry.at, 1)
    return entry.value


def _without_thumbnail(block: bytearray, pointer_at: int, order: str) -> bytearray:
    """Unlink the second directory, which describes the thumbnail, and blank the thumbnail's bytes."""
    if pointer_at + 4 > len(block):
        return block
    (at,) = struct.unpack_from(order + "I", block, pointer_at)
    if at == 0:
        return block
    struct.pack_into(order + "I", block, pointer_at, 0)
    try:
        entries, _ = _directory(block, at, order)
    except struct.error:
        return block
    if _THUMBNAIL_OFFSET in entries and _THUMBNAIL_SIZE in entries:
        start = entries[_THUMBNAIL_OFFSET].value
        end = min(start + entries[_THUMBNAIL_SIZE].value, len(block))
        if end == len(block):
            return block[:start]
        block[start:end] = bytes(max(0, end - start))
    return block
