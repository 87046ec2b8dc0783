"""An animation as a result: every picture of it cut out, shown as long and as often as before."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cutaway.errors import OptionError, OutputError
from cutaway.formats import LOSSLESS as LOSSLESS_FROM
from cutaway.formats import TABLE, check_coding, names
from cutaway.looks import refuse_moving
from cutaway.media.animation import FORMATS, AnimationPictures, AnimationReader
from cutaway.media.video.codecs import LOSSLESS
from cutaway.options import Options
from cutaway.types import Size

if TYPE_CHECKING:
    from cutaway.remover import Remover


@dataclass(frozen=True)
class Animation:
    """A finished animation.

    Attributes:
        data: the file.
        size: (height, width).
        pictures: how many there were; equal ones that follow each other are one in the file.
    """

    data: bytes
    size: Size
    pictures: int


def cut_animation(
    source: str | os.PathLike[str] | bytes, remover: Remover, *, format: str, options: Options | None = None
) -> Animation:
    """Take the background of every picture of an animation away.

    Durations, the number of times it is shown and the colour profile are kept (gif has no profile and becomes sRGB);
    EXIF and XMP are not. Each picture is looked at for itself: `cutaway video` also steadies edges.

    Args:
        source: a GIF, WebP, APNG or AVIF file, or its bytes.
        remover: the opened model.
        format: "png" (APNG), "webp", "gif" or "avif".
        options: the picture to be made of each frame; None for those of the remover.

    Raises:
        OptionError: the format cannot move, a quality or PNG level was asked for that it does not know, or framing
            by the subject.
        ImageError: a picture cannot be read.
        OutputError: the animation is too large for memory, or cannot be encoded.
    """
    wanted = options or remover.options
    check_coding(format, quality=wanted.quality, png_level=wanted.png_level)
    refuse_moving(wanted.framing)
    if not TABLE[format].animated:
        raise OptionError(f"{format} cannot move: choose one of {names(having='animated')}")
    reader = AnimationReader(source)
    try:
        pictures = _pictures(format, wanted, plays=reader.plays)
        count, size = 0, reader.info.size
        for frame in reader:
            picture = remover.remove(frame, options=wanted).picture
            pictures.add(picture, frame.time or 0 * reader.length)
            count, size = count + 1, picture.size
        return Animation(_written(pictures, format, reader), size, count)
    finally:
        reader.close()


def _pictures(format: str, options: Options, *, plays: int) -> AnimationPictures:
    quality: int | str = options.quality or TABLE[format].quality or LOSSLESS
    if format == "webp" and quality == LOSSLESS_FROM:
        quality = LOSSLESS
    level = {} if options.png_level is None else {"png_level": options.png_level}
    return AnimationPictures(FORMATS[TABLE[format].suffixes[-1]], quality=quality, plays=plays, **level)


def _written(pictures: AnimationPictures, format: str, reader: AnimationReader) -> bytes:
    out = io.BytesIO()
    try:
        pictures.write(out, end=reader.length)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: AVIF's encoder
        raise OutputError(f"the animation cannot be written as {format}: {error}") from error
    return out.getvalue()
