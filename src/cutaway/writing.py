"""From a result to the bytes of its file: what rides along, and how it is encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cutaway.types import Matte, Metadata

if TYPE_CHECKING:
    from cutaway.result import Picture, Result


def file_of(result: Result, format: str) -> bytes:
    """The bytes of a file of this format, encoded as the options say.

    Raises:
        OptionError: the format is unknown, or a quality or PNG level was asked for that it does not know.
        OutputError: the format cannot hold the picture.
    """
    from cutaway.media.encode import encode

    options = result.options
    picture = stripped(result.picture) if options.strip else result.picture
    return encode(picture, format=format, quality=options.quality, png_level=options.png_level)


def stripped(picture: Picture) -> Picture:
    """The same picture without EXIF and XMP; its profile stays, because it says what the colours are."""
    if isinstance(picture, Matte):
        return picture
    kept = Metadata(icc_profile=picture.metadata.icc_profile, dpi=picture.metadata.dpi)
    return replace(picture, metadata=kept)
