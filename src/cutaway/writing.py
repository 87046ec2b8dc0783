"""From a result to the bytes of its file: its layers, what rides along, and how it is encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from cutaway.errors import OptionError
from cutaway.formats import TABLE, check_format
from cutaway.types import Cutout, Frame, Matte, Metadata

if TYPE_CHECKING:
    from cutaway.media.bundle import Layer
    from cutaway.result import Result

_Picture = TypeVar("_Picture", Frame, Cutout, Frame | Cutout, Frame | Cutout | Matte)


def file_of(result: Result, format: str) -> bytes:
    """The bytes of a file of this format, encoded as the options say.

    Raises:
        OptionError: the format is unknown, or contradicts what else was asked for.
        OutputError: the format cannot hold the picture.
    """
    options = result.options
    check_format(format)
    if format != options.format:
        options.with_changes({"format": format})  # says what the format does not go with
    if TABLE[format].layered:
        return _layered(result)
    from cutaway.media.encode import encode

    picture = stripped(result.picture) if options.strip else result.picture
    return encode(picture, format=format, quality=options.quality, png_level=options.png_level)


def stripped(picture: _Picture) -> _Picture:
    """The same picture without EXIF and XMP; its profile stays, because it says what the colours are."""
    if isinstance(picture, Matte):
        return picture
    kept = Metadata(icc_profile=picture.metadata.icc_profile, dpi=picture.metadata.dpi)
    return replace(picture, metadata=kept)


def _layered(result: Result) -> bytes:
    from cutaway.media.bundle import write_ora

    merged = result.picture
    if isinstance(merged, Matte):
        raise OptionError("a matte has no layers: choose another format")
    if result.options.strip:
        merged = stripped(merged)
    return write_ora(layers_of(result), merged, png_level=result.options.png_level)


def layers_of(result: Result) -> list[Layer]:
    """From top to bottom: logo, subject, what lies behind it, if there are any, and, switched off, the photo.

    The subject has its outline and shadow. The photo is left out where the result has another size.
    """
    from cutaway.making import layers
    from cutaway.media.bundle import Layer

    logo, subject, ground = layers(result)
    found = [Layer("Logo", logo)] if logo is not None else []
    found.append(Layer("Subject", subject))
    if ground is not None:
        found.append(Layer("Background", ground))
    photo = replace(result.frame, alpha=None)
    return [*found, Layer("Photo", photo, visible=False)] if photo.size == subject.size else found
