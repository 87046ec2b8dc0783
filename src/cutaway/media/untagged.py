"""Colour spaces that a file names without an ICC profile, as profiles.

A camera set to Adobe RGB says so in EXIF alone; AVIF, HEIC and PNG may name a space by numbers.
Sources: DCF 2.0 (CIPA DC-009), "R03"; ITU-T H.273, tables 2 and 3; ISO/IEC 23008-12, `colr`; PNG third edition, cICP.
"""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

_White = tuple[float, float]
_D65: _White = (0.3127, 0.3290)
_D50_XYZ = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_ADOBE_RGB = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_PRIMARIES = {12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060), 9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046)}
"""H.273: chromaticities of red, green and blue of Display P3 and BT.2020; white is D65."""
_SRGB_CURVE = 13
_NAMES = {12: "Display P3", 9: "BT.2020 primaries, sRGB curve"}
_HEAD_BYTES = 1 << 16


def named_profile(image: Image.Image, stream: BinaryIO | None, exif: bytes | None) -> bytes | None:
    """The profile of the colour space that an RGB picture without a profile names; None if that is sRGB or unknown.

    Args:
        image: opened by Pillow.
        stream: its file, whose place is kept; None if there is none.
        exif: its EXIF block.
    """
    if exif is not None and _is_adobe_rgb(exif):
        return adobe_rgb()
    numbers = None
    if stream is not None and image.format == "PNG":
        numbers = _png_numbers(_head(stream))
    elif stream is not None and image.format in ("AVIF", "HEIF"):
        numbers = _box_numbers(_head(stream))
    return None if numbers is None else numbered_profile(*numbers)


def _is_adobe_rgb(exif: bytes) -> bool:
    """Whether the interoperability directory says "R03", the DCF option file of Adobe RGB."""
    if b"R03" not in exif:  # spares nearly all photos the reading
        return False
    found = Image.Exif()
    try:
        found.load(exif)
        return bool(found.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex) == "R03")
    except Exception:  # Pillow raises what it likes on damaged EXIF
        return False


def _head(stream: BinaryIO) -> bytes:
    place = stream.tell()
    stream.seek(0)
    data = stream.read(_HEAD_BYTES)
    stream.seek(place)
    return data


def _png_numbers(head: bytes) -> tuple[int, int] | None:
    at = head.find(b"\0\0\0\4cICP", 0, head.find(b"IDAT"))
    return (head[at + 8], head[at + 9]) if 0 <= at <= len(head) - 12 else None


def _box_numbers(head: bytes) -> tuple[int, int] | None:
    at = head.find(b"colrnclx")
    if not 0 <= at <= len(head) - 12:
        return None
    primaries, curve = struct.unpack_from(">HH", head, at + 8)
    return primaries, curve


@lru_cache(maxsize=4)
def numbered_profile(primaries: int, curve: int) -> bytes | None:
    """A profile for H.273's numbers; None for sRGB's primaries, and for what is not known here (HDR among it)."""
    if primaries not in _PRIMARIES or curve != _SRGB_CURVE:
        return None
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tone = b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(n * 65536) for n in numbers))
    return _profile(_NAMES[primaries], _PRIMARIES[primaries], tone)


@lru_cache(maxsize=1)
def adobe_rgb() -> bytes:
    """Adobe RGB (1998): its gamma is 2 + 51/256."""
    return _profile(
        "Compatible with Adobe RGB (1998)", _ADOBE_RGB, struct.pack(">4sIIH", b"curv", 0, 1, 2 * 256 + 51)
    )


def _profile(name: str, primaries: tuple[float, ...], tone: bytes) -> bytes:
    """An ICC profile (ICC.1:2022) of three primaries, white D65 and one tone curve."""
    matrix = _to_d50_xyz(primaries)
    tags = {b"desc": _text(name), b"cprt": _text("No copyright, use freely"), b"wtpt": _xyz(_D50_XYZ)}
    tags |= {name: _xyz(column) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), tone)
    table, body = io.BytesIO(), io.BytesIO()
    start, places = 132 + 12 * len(tags), dict[bytes, int]()
    for tag, content in tags.items():
        if content not in places:  # curves are shared
            places[content] = start + body.tell()
            body.write(content + bytes(-len(content) % 4))
        table.write(struct.pack(">4sII", tag, places[content], len(content)))
    header = struct.pack(
        ">I4xI4s4s4s12s4s28x3i48x", start + body.tell(), 0x04400000, b"mntr", b"RGB ", b"XYZ ", _DATE, b"acsp",
        *(round(float(v) * 65536) for v in _D50_XYZ),
    )  # fmt: skip
    return header + struct.pack(">I", len(tags)) + table.getvalue() + body.getvalue()


_DATE = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)


def _to_d50_xyz(primaries: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """RGB to XYZ by the primaries' chromaticities, white brought from D65 to D50 by Bradford's matrix (annex E)."""
    columns = np.array([_xyz_of(*primaries[i : i + 2]) for i in (0, 2, 4)]).T
    white = _xyz_of(*_D65)
    to_xyz = columns * np.linalg.solve(columns, white)
    scale = (_BRADFORD @ _D50_XYZ) / (_BRADFORD @ white)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD @ to_xyz)


def _xyz_of(x: float, y: float) -> npt.NDArray[np.float64]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz(values: npt.NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(v) * 65536) for v in values))


def _text(text: str) -> bytes:
    data = text.encode("utf-16-be")
    return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(data), 28) + data
