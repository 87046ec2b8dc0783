"""What rides along with the pixels: profile, EXIF, XMP, resolution, and which way up the picture is."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image

from cutaway.media.exif import upright_exif, upright_xmp
from cutaway.types import Metadata

logger = logging.getLogger(__name__)

DESCRIPTIVE_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.HostComputer,
    ExifTags.Base.Copyright,
)
"""Tags of the main directory that describe the picture, not how a file stores it."""
SUB_DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
_TAGS_WITH_OFFSETS = frozenset({ExifTags.Base.MakerNote, ExifTags.IFD.Interop})
_MAX_DPI = 1e6


def read_metadata(image: Image.Image, path: str | None = None) -> tuple[int, Metadata]:
    """(orientation 1..8 that has still to be applied, metadata in which it has been reset).

    The image must have been loaded, unless its pixels came from another decoder: PNG may have text behind the
    pixels, and Pillow turns a TIFF when it loads it.
    """
    exif, xmp = _exif(image), _as_bytes(image.info.get("xmp", image.info.get("XML:com.adobe.xmp")))
    by_exif, exif = upright_exif(exif) if exif else (None, None)
    by_xmp, xmp = upright_xmp(xmp) if xmp else (None, None)
    profile = image.info.get("icc_profile")
    return 1 if image.format == "TIFF" else by_exif or by_xmp or 1, Metadata(
        icc_profile=profile if isinstance(profile, bytes) and profile else None,
        exif=exif,
        xmp=xmp,
        source=path,
        dpi=_dpi(image),
    )


def _exif(image: Image.Image) -> bytes | None:
    if image.format == "TIFF":
        return _tiff_exif(image)
    if "exif" in image.info:
        return _as_bytes(image.info["exif"])
    return _raw_profile(image.info.get("Raw profile type exif"))


def portable_tags(directory: Mapping[int, Any]) -> dict[int, Any]:
    """The tags of an EXIF directory that keep their meaning when it is moved: those that hold no offsets."""
    return {tag: value for tag, value in directory.items() if tag not in _TAGS_WITH_OFFSETS}


def _tiff_exif(image: Image.Image) -> bytes | None:
    """A block of its own from the tags that a TIFF keeps among those of its pixels."""
    try:
        return _descriptive_exif(image.getexif())
    except Exception as error:  # Pillow raises what it likes on damaged EXIF: the picture matters more
        logger.warning("the TIFF's EXIF data are damaged and are left out (%s)", error)
        return None


def _descriptive_exif(found: Image.Exif) -> bytes | None:
    kept = Image.Exif()
    for tag in DESCRIPTIVE_TAGS:
        if tag in found:
            kept[tag] = found[tag]
    for directory in SUB_DIRECTORIES:
        kept.get_ifd(directory).update(portable_tags(found.get_ifd(directory)))
    empty = not kept and not any(kept.get_ifd(directory) for directory in SUB_DIRECTORIES)
    return None if empty else kept.tobytes()


def _raw_profile(text: Any) -> bytes | None:
    """EXIF as ImageMagick writes it into PNG text: lines with its name and length, then hexadecimal."""
    if not isinstance(text, str):
        return None
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return None


def _as_bytes(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else None


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    if image.format == "TIFF" and ExifTags.Base.XResolution not in getattr(image, "tag_v2", {}):
        return None  # Pillow says (1, 1) for a TIFF that says nothing
    try:
        across, down = (float(number) for number in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    usable = all(math.isfinite(number) and 0 < number <= _MAX_DPI for number in (across, down))
    return (across, down) if usable else None
