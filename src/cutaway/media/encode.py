"""Writing pictures: a frame, a cut-out or a matte to the bytes of a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np

from cutaway.errors import CutawayError, OptionError, OutputError
from cutaway.formats import LOSSLESS, TABLE, check_coding
from cutaway.media.png import LazyRows, write_png
from cutaway.media.png_filters import QUICK
from cutaway.types import Cutout, Floats, Frame, Matte, Metadata, Pixels

Picture: TypeAlias = Frame | Cutout | Matte
"""All that can be written."""

_BAND_ROWS = 64


def encode(
    picture: Picture, *, format: str, quality: int | None = None, png_level: int | None = None
) -> bytes:
    """Make the bytes of a picture file.

    A cut-out becomes RGB with straight alpha, black where it is fully transparent, which keeps files small; as jpg it
    is laid over white, as gif alpha is cut at one half. A frame becomes RGB, without the alpha its source may have
    had. A matte becomes 8-bit grey (webp: lossless). uint16 stays 16-bit in png and tiff and is rounded to 8 bits in
    the others. Profile, EXIF, XMP and resolution are written where the format has a place for them; jpg leaves out
    EXIF and XMP above 64 KB, webp and avif the resolution, tiff maker notes and other vendors' EXIF directories, gif
    everything, whose pixels become sRGB.

    Args:
        picture: what to write.
        format: a single picture's format in `cutaway.formats.TABLE`; png and tiff are lossless.
        quality: 1 to 100, of webp (default 90; 100 is lossless, and so is its alpha at any quality), jpg (default 92,
            without colour subsampling) and avif (default 80, also of its alpha).
        png_level: of png, 0 (not compressed) to 9 (smallest); default 1.

    Raises:
        OptionError: the format is unknown, or quality or level are out of range or not for this format.
        OutputError: the picture is too large for the format, or cannot be encoded.
    """
    check_coding(format, quality=quality, png_level=png_level)
    _check_size(picture, format)
    form = TABLE[format]
    if format == "zip":
        from cutaway.media.bundle import write_zip

        return write_zip(picture, quality=quality, png_level=png_level)
    if form.layered:
        raise OptionError(
            f"{format} is made of layers, not of one picture: use `Result.save` or `media.bundle`"
        )
    if not form.profiled and not isinstance(picture, Matte):
        picture = _in_srgb(picture)
    try:
        return _encoded(picture, format, quality=quality or form.quality, png_level=png_level)
    except CutawayError:
        raise
    except (OSError, ValueError, MemoryError, RuntimeError) as error:  # RuntimeError: AVIF's encoder
        raise OutputError(f"the picture cannot be written as {format}: {error}") from error


def _encoded(picture: Picture, format: str, *, quality: int | None, png_level: int | None) -> bytes:
    """Each encoder is imported when it is wanted: Pillow's plug-ins take some milliseconds each."""
    metadata = Metadata() if isinstance(picture, Matte) else picture.metadata
    if format == "webp" and isinstance(picture, Cutout) and quality != LOSSLESS:
        from cutaway.media.colour import to_8_bits
        from cutaway.media.webp import write_transparent

        alpha = _quantised(picture.alpha, np.uint8).astype(np.uint8, copy=False)
        return write_transparent(to_8_bits(picture.pixels), alpha, metadata, quality=quality or 1)
    if format == "png":
        shown = _rgba_rows(picture) if isinstance(picture, Cutout) else _array(picture, over_white=False)
        return write_png(shown, metadata=metadata, level=QUICK if png_level is None else png_level)
    pixels = _array(picture, over_white=not TABLE[format].transparent)
    if format == "tiff":
        from cutaway.media.tiff import write_tiff

        return write_tiff(pixels, metadata=metadata)
    from cutaway.media.lossy import LOSSY

    return LOSSY[format](pixels, metadata, quality=quality)


def _in_srgb(picture: Frame | Cutout) -> Frame | Cutout:
    from cutaway.media.colour import to_srgb

    return replace(picture, pixels=to_srgb(Frame(picture.pixels, metadata=picture.metadata)).pixels)


def _check_size(picture: Picture, format: str) -> None:
    height, width = picture.size
    limit = TABLE[format].max_side_px
    if max(height, width) > limit:
        raise OutputError(
            f"{format} holds at most {limit} pixels a side, "
            f"the picture has {width} x {height}: write it as png"
        )


def _array(picture: Picture, *, over_white: bool) -> Pixels:
    """(H, W), (H, W, 3) or (H, W, 4) as it goes into the file."""
    if isinstance(picture, Matte):
        return _quantised(picture.alpha, np.uint8)
    if isinstance(picture, Frame):
        return picture.pixels
    return _over_white(picture) if over_white else _with_alpha(picture)


def _quantised(alpha: Floats, dtype: Any) -> Pixels:
    """0..1 as whole steps, rounded to the nearest even one."""
    if dtype == np.uint8:
        import cv2

        return cast(Pixels, np.asarray(cv2.convertScaleAbs(alpha, alpha=255)).reshape(alpha.shape))
    scaled = alpha * np.float32(np.iinfo(dtype).max)
    return cast(Pixels, np.rint(scaled, out=scaled).astype(dtype))


def _rgba_rows(cutout: Cutout) -> LazyRows:
    """RGBA, all zero where alpha rounds to zero, made some rows at a time."""
    shape = (*cutout.size, 4)

    def rows(which: slice) -> Pixels:
        return _rgba(cutout.pixels[which], cutout.alpha[which])

    return LazyRows(shape, cutout.pixels.dtype, rows)


def _with_alpha(cutout: Cutout) -> Pixels:
    """RGBA, all zero where alpha rounds to zero."""
    out = np.empty((*cutout.size, 4), cutout.pixels.dtype)
    for top in range(0, len(out), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        out[rows] = _rgba(cutout.pixels[rows], cutout.alpha[rows])
    return out


def _rgba(pixels: Pixels, alpha: Floats) -> Pixels:
    import cv2

    opacity = _quantised(alpha, pixels.dtype)
    rgba = cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA)
    cv2.insertChannel(opacity, rgba, 3)
    whole = rgba.view(np.uint32 if rgba.itemsize == 1 else np.uint64)[..., 0]  # one number per pixel
    np.multiply(whole, opacity != 0, out=whole)
    return cast(Pixels, rgba)


def _over_white(cutout: Cutout) -> Pixels:
    """alpha * colour + (1 - alpha) * white, rounded once; some rows at a time."""
    out = np.empty_like(cutout.pixels)
    white = np.float32(np.iinfo(out.dtype).max)
    for top in range(0, len(out), _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        below_white = white - cutout.pixels[rows]
        np.multiply(below_white, cutout.alpha[rows, :, None], out=below_white)
        out[rows] = np.rint(np.subtract(white, below_white, out=below_white))
    return out
