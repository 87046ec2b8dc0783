"""What each output format is called and what it can do: the one table that flags, forms and writers are made from."""

from __future__ import annotations

from typing import NamedTuple

from cutaway.errors import OptionError

LOSSLESS = 100
"""The quality from which a WebP loses nothing, as ImageMagick has it."""


class Format(NamedTuple):
    """One kind of file that a result can be written as.

    Attributes:
        suffixes: file names that mean it; the first one is given to results.
        media_type: its name in HTTP.
        transparent: whether it keeps what is see-through; else the result lies on white.
        quality: what `quality` means to it unless it is told: 1 to 100; None where nothing is lost.
        has_png: whether it is or contains PNGs, so that `png_level` means something.
        animated: whether an animation can be written as one.
        layered: whether subject and background stay apart in it.
        profiled: whether a colour profile, EXIF and XMP have a place in it; else the result becomes sRGB.
        max_side_px: greatest width and height.
    """

    suffixes: tuple[str, ...]
    media_type: str
    transparent: bool = True
    quality: int | None = None
    has_png: bool = False
    animated: bool = False
    layered: bool = False
    profiled: bool = True
    max_side_px: int = 2**31 - 1


TABLE: dict[str, Format] = {
    "png": Format((".png", ".apng"), "image/png", has_png=True, animated=True),
    "webp": Format((".webp",), "image/webp", quality=90, animated=True, max_side_px=16383),
    "jpg": Format((".jpg", ".jpeg"), "image/jpeg", transparent=False, quality=92, max_side_px=65500),
    "tiff": Format((".tiff", ".tif"), "image/tiff"),
    "avif": Format((".avif",), "image/avif", quality=80, animated=True, max_side_px=32768),
    "gif": Format((".gif",), "image/gif", animated=True, profiled=False, max_side_px=65535),
    "zip": Format((".zip",), "application/zip", quality=95, has_png=True, max_side_px=65500),
    "ora": Format((".ora",), "image/openraster", has_png=True, layered=True),
}
"""By the name that `--format` takes."""


def names(*, having: str | None = None) -> str:
    """The formats in a sentence: all, or those that have a property, such as "quality"."""
    return ", ".join(name for name, form in TABLE.items() if having is None or getattr(form, having))


def check_format(name: str) -> None:
    """Refuse a format that there is not.

    Raises:
        OptionError: with the ones that there are.
    """
    if name not in TABLE:
        raise OptionError(f"format {name!r} is not one of {names()}")


def check_coding(format: str | None, *, quality: int | None = None, png_level: int | None = None) -> None:
    """Refuse a quality or PNG level that is out of range, or that a format knows nothing of.

    Args:
        format: a name in `TABLE`, or None where it is not known yet.
        quality: 1 to 100, or None.
        png_level: 0 to 9, or None.

    Raises:
        OptionError: the message says which formats know it.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise OptionError(f"quality must be between 1 and 100, not {quality}")
    if png_level is not None and not 0 <= png_level <= 9:
        raise OptionError(f"png_level must be between 0 (not compressed) and 9 (smallest), not {png_level}")
    if format is None:
        return
    check_format(format)
    if quality is not None and TABLE[format].quality is None:
        raise OptionError(
            f"quality is for {names(having='quality')}, and the format is {format}, which loses nothing: "
            "leave out quality, or choose another format"
        )
    if png_level is not None and not TABLE[format].has_png:
        raise OptionError(
            f"png_level is for {names(having='has_png')}, and the format is {format}: "
            "leave out png_level, or choose another format"
        )
