"""Whether a picture moves: how many pictures there are in it, and how often they are shown."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from cutaway.errors import CutawayError
from cutaway.media.files import AnyPath
from cutaway.media.opening import decoding, open_picture

MOVING = ("GIF", "WEBP", "PNG", "AVIF")
"""Pillow's names of the formats that can; the pages of a TIFF are no animation."""


def count_pictures(source: AnyPath | bytes) -> int:
    """How many pictures an animation has, told by content; 1 for every other picture, and for what cannot be read."""
    try:
        if not _may_move(source):  # spares most photos the opening
            return 1
        with open_picture(source) as opened, decoding(opened.name):
            return pictures_of(opened.image)
    except (CutawayError, OSError, ValueError):  # reading it tells better what is wrong
        return 1


def _may_move(source: AnyPath | bytes) -> bool:
    head = source[:12] if isinstance(source, bytes) else _head(Path(source))
    return head[:4] in (b"GIF8", b"\x89PNG", b"RIFF") or head[4:] == b"ftypavis"


def _head(path: Path) -> bytes:
    if not path.is_file():  # a pipe can be read only once
        return b""
    with path.open("rb") as stream:
        return stream.read(12)


def pictures_of(image: Image.Image) -> int:
    """How many pictures belong to an animation that Pillow has opened; 1 for a still one."""
    if image.format not in MOVING:
        return 1
    return int(getattr(image, "n_frames", 1)) - begins_with_another(image)


def begins_with_another(image: Image.Image) -> bool:
    """Whether an APNG's first picture is not part of it, but for programs that know no APNG."""
    return bool(getattr(image, "default_image", False))


def plays_of(image: Image.Image) -> int:
    """How often an animation is shown, 0 for ever.

    GIF counts how often it is shown again, and says nothing where it is shown once; the others count all.
    """
    loop = image.info.get("loop")
    if image.format == "GIF":
        return 1 if loop is None else 0 if loop == 0 else int(loop) + 1
    return int(loop or 0)
