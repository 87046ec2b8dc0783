"""Matrix and tone-curve profiles computed by hand, for 16-bit pixels, which Pillow's littleCMS cannot take.

Source: ICC.1:2022 (https://www.color.org/specification/ICC.1-2022-05.pdf): tag table 7.3, curveType 10.6,
parametricCurveType 10.18, s15Fixed16 4.3. The transfer function of sRGB: IEC 61966-2-1.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.types import Floats

Curve: TypeAlias = npt.NDArray[np.float32]
"""Linear light, 0..1, of each of the 65536 codes."""

_CODES = 65536
_D50_XYZ_TO_LINEAR_SRGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
"""sRGB's primaries adapted to D50 by Bradford's matrix, inverted (brucelindbloom.com, "RGB/XYZ Matrices")."""


class ToneMatrix(NamedTuple):
    """An RGB profile as three tone curves and the matrix from its linear light to that of sRGB."""

    curves: tuple[Curve, Curve, Curve]
    to_linear_srgb: npt.NDArray[np.float64]


def parse_rgb(icc: bytes) -> ToneMatrix | None:
    """Read an RGB profile that is made of a matrix and curves; None for one of tables or a damaged one."""
    tags = _tags(icc)
    if icc[20:24] != b"XYZ " or tags.keys() & {b"A2B0", b"A2B1", b"A2B2"}:
        return None
    try:
        red, green, blue = (_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
        columns = [_fixed(tags[name][8:20]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
        to_xyz = np.array(columns).T.reshape(3, 3)
    except (KeyError, ValueError, struct.error):
        return None
    return ToneMatrix((red, green, blue), _D50_XYZ_TO_LINEAR_SRGB @ to_xyz)


def parse_grey(icc: bytes) -> Curve | None:
    """The tone curve of a grey profile; None if it has none that counts linear light, or is damaged."""
    tags = _tags(icc)
    if icc[20:24] != b"XYZ " or b"kTRC" not in tags or b"A2B0" in tags:
        return None
    try:
        return _curve(tags[b"kTRC"])
    except (ValueError, struct.error):
        return None


def encode_srgb(linear: Floats) -> npt.NDArray[np.uint16]:
    """Linear light to 16-bit sRGB codes; values outside 0..1 are clipped."""
    clipped = np.clip(linear, 0.0, 1.0)
    curved = np.float32(1.055) * clipped ** np.float32(1 / 2.4) - np.float32(0.055)
    encoded = np.where(clipped <= 0.0031308, np.float32(12.92) * clipped, curved)
    codes: npt.NDArray[np.uint16] = np.rint(encoded * (_CODES - 1)).astype(np.uint16)
    return codes


def _tags(icc: bytes) -> dict[bytes, bytes]:
    tags: dict[bytes, bytes] = {}
    try:
        (count,) = struct.unpack_from(">I", icc, 128)
        for index in range(min(count, 100)):
            name, at, size = struct.unpack_from(">4sII", icc, 132 + 12 * index)
            tags[name] = icc[at : at + size]
    except struct.error:
        return {}
    return tags


def _fixed(data: bytes) -> list[float]:
    """s15Fixed16 numbers."""
    return [value / 65536 for value in struct.unpack(f">{len(data) // 4}i", data)]


def _curve(tag: bytes) -> Curve:
    codes = np.linspace(0.0, 1.0, _CODES)
    if tag[:4] == b"curv":
        return _sampled_curve(tag, codes)
    if tag[:4] == b"para":
        return _parametric_curve(tag, codes)
    raise ValueError(f"{tag[:4]!r} is not a curve")


def _sampled_curve(tag: bytes, codes: npt.NDArray[np.float64]) -> Curve:
    (count,) = struct.unpack_from(">I", tag, 8)
    samples = np.frombuffer(tag, ">u2", count, 12)
    if count == 0:
        return codes.astype(np.float32)
    if count == 1:
        return (codes ** (float(samples[0]) / 256)).astype(np.float32)
    return np.interp(codes, np.linspace(0.0, 1.0, count), samples / 65535.0).astype(np.float32)


def _parametric_curve(tag: bytes, x: npt.NDArray[np.float64]) -> Curve:
    """Y = (aX + b)^g + e from X = d on, cX + f below (table 68 of the specification)."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind > 4:
        raise ValueError(f"there is no parametric curve of type {kind}")
    p = _fixed(tag[12 : 12 + 4 * (1, 3, 4, 5, 7)[kind]])
    g, a, b, c, d, e, f = [*p, *(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(p) :]]
    if kind in (1, 2):
        e = f = c if kind == 2 else 0.0
        c, d = 0.0, -b / a
    above = np.maximum(a * x + b, 0.0) ** g + e
    return np.where(x >= d, above, c * x + f).astype(np.float32)
