"""High dynamic range to what ordinary screens show: reference white becomes white, what is brighter is clipped."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, cast

import cv2
import numpy as np

from cutaway.types import Floats, Pixels

_WHITE_NITS = 203.0
"""Luminance of diffuse white in HDR (ITU-R BT.2408-7, table 1)."""
_HLG_PEAK_NITS, _HLG_GAMMA = 1000.0, 1.2
"""The display for which HLG's system gamma is 1.2 (ITU-R BT.2100-2, table 5)."""
_STEPS = 4096

_TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
"""Linear light from BT.2020 primaries to BT.709's (ITU-R BT.2087-0, the inverse of its M)."""


def to_standard(pixels: Pixels, curve: Literal["PQ", "HLG"], *, depth: Literal[8, 16]) -> Pixels:
    """Convert BT.2020 HDR pixels to BT.709.

    Args:
        pixels: uint16 (H, W, 3), not linear.
        curve: the transfer characteristics that they follow.
        depth: bits of the result.

    Returns:
        uint8 or uint16 (H, W, 3).
    """
    light = _curve(curve)[pixels >> 4]
    scaled: Any = cv2.transform(light, _TO_709)
    codes = np.clip(np.rint(scaled * (_STEPS - 1)), 0, _STEPS - 1).astype(np.uint16)
    return cast(Pixels, _gamma(depth)[codes])


@lru_cache(maxsize=2)
def _curve(name: Literal["PQ", "HLG"]) -> Floats:
    """Light of each of 4096 codes, 1 at diffuse white (ITU-R BT.2100-2, tables 4 and 5)."""
    code = np.linspace(0, 1, _STEPS)
    if name == "PQ":
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        power = code ** (1 / m2)
        nits = 10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
        nits = _HLG_PEAK_NITS * scene**_HLG_GAMMA
    return (nits / _WHITE_NITS).astype(np.float32)


@lru_cache(maxsize=2)
def _gamma(depth: int) -> Pixels:
    """Code of each of 4096 steps of linear light, for a BT.1886 display: light = code^2.4."""
    top = (1 << depth) - 1
    codes = np.rint(np.linspace(0, 1, _STEPS) ** (1 / 2.4) * top)
    return cast(Pixels, codes.astype(np.uint8 if depth == 8 else np.uint16))
