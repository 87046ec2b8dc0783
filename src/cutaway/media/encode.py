"""Writing pictures: a frame, a cut-out or a matte to the bytes of a file."""

from __future__ import annotations

import io
import logging
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from cutaway.errors import CutawayError, OptionError, OutputError
from cutaway.media.colour import to_8_bits
from cutaway.media.png import write_png
from cutaway.options import FORMATS
from cutaway.types import Cutout, Floats, Frame, Matte, Metadata, Pixels

Picture: TypeAlias = Frame | Cutout | Matte
"""All that can be written."""

logger = logging.getLogger(__name__)

JPEG_QUALITY = 92
WEBP_QUALITY = 90
MAX_SIDE_PX = {"webp": 16383, "jpg": 65500, "png": 2**31 - 1, "tiff": 2**31 - 1}
"""Greatest width and height: of WebP by its format, of JPEG by libjpeg."""

_MAX_JPEG_SEGMENT_BYTES = 65533
_XMP_OVERHEAD_BYTES = 29
_BAND_ROWS = 256


def encode(picture: Picture, *, format: str, quality: int | None = None) -> bytes:
    """Make the bytes of a picture file.

    A cut-out becomes RGB with straight alpha, black where it is fully transparent, which keeps files small;
    as jpg it is laid over white. A frame becomes RGB, without the alpha its source may have had. A matte
    becomes 8-bit grey (webp: lossless). uint16 stays 16-bit in png and tiff and is rounded to 8 bits in webp
    and jpg. Profile, EXIF, XMP and resolution are written where the format has a place for them; jpg leaves
    out EXIF and XMP above 64 KB, webp the resolution, tiff maker notes and other vendors' EXIF directories.

    Args:
        picture: what to write.
        format: "png", "webp", "jpg" or "tiff". png and tiff are lossless.
        quality: 1 to 100, of the colours in webp (default 90; its alpha is lossless) and jpg (default 92,
            without colour subsampling). png and tiff do not ask for it.

    Raises:
        OptionError: the format is unknown or the quality out of range.
        OutputError: the picture is too large for the format, or cannot be encoded.
    """
    _check(picture, format, quality)
    metadata = Metadata() if isinstance(picture, Matte) else picture.metadata
    pixels = _array(picture, over_white=format == "jpg")
    if format == "png":
        return write_png(pixels, metadata=metadata)
    try:
        if format == "tiff":
            from cutaway.media.tiff import (
                write_tiff,
            )  # with Pillow's TIFF plug-in, 5 ms that only TIFF should cost

            return write_tiff(pixels, metadata=metadata)
        if format == "webp":
            return _webp(
                pixels, metadata, quality=quality or WEBP_QUALITY, lossless=isinstance(picture, Matte)
            )
        return _jpeg(pixels, metadata, quality=quality or JPEG_QUALITY)
    except CutawayError:
        raise
    except (OSError, ValueError, MemoryError) as error:
        raise OutputError(f"the picture cannot be written as {format}: {error}") from error


def _check(picture: Picture, format: str, quality: int | None) -> None:
    if format not in FORMATS:
        raise OptionError(f"format {format!r} is not one of {', '.join(FORMATS)}")
    if quality is not None and not 1 <= quality <= 100:
        raise OptionError(f"quality must be between 1 and 100, not {quality}")
    height, width = picture.size
    if max(height, width) > MAX_SIDE_PX[format]:
        raise OutputError(
            f"{format} holds at most {MAX_SIDE_PX[format]} pixels a side, "
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
    scaled = alpha * np.float32(np.iinfo(dtype).max)
    return cast(Pixels, np.rint(scaled, out=scaled).astype(dtype))


def _with_alpha(cutout: Cutout) -> Pixels:
    """RGBA, all zero where alpha rounds to zero."""
    import cv2

    alpha = _quantised(cutout.alpha, cutout.pixels.dtype)
    rgba = cv2.cvtColor(cutout.pixels, cv2.COLOR_RGB2RGBA)
    cv2.insertChannel(alpha, rgba, 3)
    whole = rgba.view(np.uint32 if rgba.itemsize == 1 else np.uint64)[..., 0]  # one number per pixel
    np.multiply(whole, alpha != 0, out=whole)
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


def _webp(pixels: Pixels, metadata: Metadata, *, quality: int, lossless: bool) -> bytes:
    out = io.BytesIO()
    _image(pixels).save(
        out,
        format="WEBP",
        quality=quality,
        lossless=lossless,
        icc_profile=metadata.icc_profile or b"",
        exif=metadata.exif or b"",
        xmp=metadata.xmp or b"",
    )
    return out.getvalue()


def _jpeg(pixels: Pixels, metadata: Metadata, *, quality: int) -> bytes:
    exif, xmp = metadata.exif or b"", metadata.xmp or b""
    if len(exif) > _MAX_JPEG_SEGMENT_BYTES:
        logger.warning("the EXIF data are too large for a JPEG (%d bytes) and are left out", len(exif))
        exif = b""
    if len(xmp) > _MAX_JPEG_SEGMENT_BYTES - _XMP_OVERHEAD_BYTES:
        logger.warning("the XMP data are too large for a JPEG (%d bytes) and are left out", len(xmp))
        xmp = b""
    out = io.BytesIO()
    _image(pixels).save(
        out,
        format="JPEG",
        quality=quality,
        subsampling="4:4:4",
        icc_profile=metadata.icc_profile,
        exif=exif,
        xmp=xmp,
        dpi=_whole_dpi(metadata.dpi),
    )
    return out.getvalue()


def _whole_dpi(dpi: tuple[float, float] | None) -> tuple[int, int]:
    """JFIF counts whole dots, at most 65535; (0, 0) says nothing."""
    return (0, 0) if dpi is None else (min(round(dpi[0]), 65535), min(round(dpi[1]), 65535))


def _image(pixels: Pixels) -> Image.Image:
    eight: npt.NDArray[np.uint8] = np.ascontiguousarray(to_8_bits(pixels))
    return Image.fromarray(eight)
