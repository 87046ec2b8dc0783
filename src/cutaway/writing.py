"""From a result to the bytes of its file: its layers, what rides along, and how it is encoded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from cutaway.errors import OptionError
from cutaway.formats import TABLE, check_format
from cutaway.types import Cutout, Frame, Matte, Metadata, Size

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
    """From top to bottom: the subject, what lies behind it if anything does, and, switched off, the photo.

    The photo is left out where the result has another size.
    """
    from cutaway.media.bundle import Layer

    size = result.picture.size
    subject = _subject(result, size)
    found = [Layer("Subject", subject)]
    if result.backdrop.kind != "none":
        found.append(Layer("Background", _background(result)))
    photo = replace(result.frame, alpha=None)
    return [*found, Layer("Photo", photo, visible=False)] if photo.size == size else found


def _subject(result: Result, size: Size) -> Cutout:
    """The bare cut-out, where it stands in the result."""
    subject = result.over("none").picture
    assert isinstance(subject, Cutout)
    if subject.size == size:
        return subject
    from cutaway.pixels.layout import placed

    pixels, alpha = placed(subject.pixels, subject.alpha, size)
    return replace(subject, pixels=pixels, alpha=alpha)


def _background(result: Result) -> Frame | Cutout:
    """What lies behind the subject, alone: the same result with a subject that cannot be seen."""
    hidden = replace(result.cutout, alpha=np.zeros_like(result.cutout.alpha))
    options = result.options.with_changes({"foreground": False})
    picture = replace(result, cutout=hidden, options=options).picture
    assert not isinstance(picture, Matte)
    return picture
