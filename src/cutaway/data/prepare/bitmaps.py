"""Pictures that lie in an annotation as text: base64, sometimes deflated; never larger than they may be."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import numpy as np
from PIL import Image

from cutaway.errors import DataError
from cutaway.media.opening import decoding, open_picture
from cutaway.types import Mask

MAX_BYTES = 256 << 20
"""An embedded picture of more bytes than this is refused."""


def from_base64(text: Any) -> bytes:
    """The bytes that a base64 text stands for.

    Raises:
        DataError: it is no such text.
    """
    try:
        return base64.b64decode(text)
    except (TypeError, ValueError, binascii.Error) as error:
        raise DataError("an embedded picture is no base64") from error


def inflate(data: bytes) -> bytes:
    """Deflated bytes (zlib), unpacked up to `MAX_BYTES`.

    Raises:
        DataError: they are damaged, cut off or too many.
    """
    stream = zlib.decompressobj()
    try:
        unpacked = stream.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise DataError(f"an embedded bitmap is damaged ({error})") from error
    if not stream.eof:
        raise DataError("an embedded bitmap is cut off or too large")
    return unpacked


def bitmap(data: bytes) -> Mask:
    """An embedded picture as a mask: its alpha channel where it has one that says something, else what is not 0.

    Raises:
        ImageError: it is no picture.
    """
    with open_picture(data) as opened, decoding(opened.name):
        opened.image.load()
        return _inside(opened.image)


def _inside(image: Image.Image) -> Mask:
    if image.mode in ("RGBA", "LA") or "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
        if alpha.min() < 255:
            return np.asarray(alpha > 0, dtype=bool)
    return np.asarray(np.asarray(image.convert("L")) > 0, dtype=bool)
