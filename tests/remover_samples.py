"""What the tests of the remover and of its results share."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from cutaway.engines.fake import FakeEngine
from cutaway.remover import Remover

INSIDE, OUTSIDE = (48, 64), (4, 4)
"""A pixel of the drawn disc and one of its ground."""


@lru_cache(maxsize=1)  # littleCMS writes the time into a profile: two made apart differ
def swapped_profile() -> bytes:
    """A valid RGB profile in which the same numbers mean other colours: sRGB with red and blue swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def half() -> Remover:
    return Remover(engine=FakeEngine(0.5))


def png(pixels: np.ndarray, **save: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "png", **save)
    return data.getvalue()


def opened(data: bytes | Path) -> Image.Image:
    image = Image.open(io.BytesIO(data) if isinstance(data, bytes) else data)
    image.load()
    return image


def red_blue(height: int = 20, width: int = 30) -> np.ndarray:
    return np.tile(np.array([250, 60, 10], np.uint8), (height, width, 1))
