"""A TIFF writer for 8 and 16 bits with straight alpha, which Pillow does for 8 bits only.

Format: TIFF 6.0 (Adobe, 1992), sections 2, 14 (differencing predictor), 18 (ExtraSamples); deflate: Adobe's
TIFF technical notes for Photoshop (2002).
"""

from __future__ import annotations

import io
import logging
from typing import Any

import numpy as np
from isal import isal_zlib
from PIL import Image, TiffImagePlugin

from cutaway.errors import OutputError
from cutaway.media.metadata import DESCRIPTIVE_TAGS, SUB_DIRECTORIES, portable_tags
from cutaway.types import Metadata, Pixels

logger = logging.getLogger(__name__)

_STRIP_BYTES = 1 << 19
_MAX_FILE_BYTES = 2**32 - 2**20
_ADOBE_DEFLATE, _HORIZONTAL_DIFFERENCES, _UNASSOCIATED_ALPHA, _INCHES = 8, 2, 2, 2
_MIN_IS_BLACK, _RGB = 1, 2


def write_tiff(pixels: Pixels, *, metadata: Metadata | None = None) -> bytes:
    """Make a TIFF file of an array: little-endian, deflated, with horizontal differences.

    Args:
        pixels: uint8 or uint16, (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB with straight alpha.
        metadata: profile, EXIF, XMP and resolution to write along.

    Raises:
        OutputError: the file would be larger than TIFF allows (4 GB).
    """
    image = pixels[..., None] if pixels.ndim == 2 else pixels
    row_bytes = image.shape[1] * image.shape[2] * image.itemsize
    rows = max(1, _STRIP_BYTES // row_bytes)
    strips = [_strip(image[top : top + rows]) for top in range(0, len(image), rows)]
    if sum(map(len, strips)) > _MAX_FILE_BYTES:
        raise OutputError("a TIFF file holds at most 4 GB: write this picture as png")
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    _describe_metadata(directory, metadata or Metadata())
    _describe_pixels(directory, image)
    _describe_strips(directory, strips, rows)
    out = io.BytesIO()
    directory.save(out)
    out.writelines(strips)
    return out.getvalue()


def _strip(band: Pixels) -> bytes:
    differences = band.astype(band.dtype.newbyteorder("<"))
    np.subtract(band[:, 1:], band[:, :-1], out=differences[:, 1:])
    return bytes(isal_zlib.compress(differences, 1))


def _describe_pixels(directory: Any, image: Pixels) -> None:
    height, width, channels = image.shape
    directory[TiffImagePlugin.IMAGEWIDTH] = width
    directory[TiffImagePlugin.IMAGELENGTH] = height
    directory[TiffImagePlugin.BITSPERSAMPLE] = (8 * image.itemsize,) * channels
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = _MIN_IS_BLACK if channels == 1 else _RGB
    directory[TiffImagePlugin.PLANAR_CONFIGURATION] = 1
    if channels == 4:
        directory[TiffImagePlugin.EXTRASAMPLES] = (_UNASSOCIATED_ALPHA,)


def _describe_strips(directory: Any, strips: list[bytes], rows: int) -> None:
    """Where the strips are, counted from the end of the directory; Pillow adds that when it saves it."""
    sizes = [len(strip) for strip in strips]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    directory[TiffImagePlugin.COMPRESSION] = _ADOBE_DEFLATE
    directory[TiffImagePlugin.PREDICTOR] = _HORIZONTAL_DIFFERENCES
    directory[TiffImagePlugin.ROWSPERSTRIP] = rows
    for tag, values in ((TiffImagePlugin.STRIPOFFSETS, starts), (TiffImagePlugin.STRIPBYTECOUNTS, sizes)):
        directory.tagtype[tag] = 4  # LONG, also where the first offsets would fit a SHORT
        directory[tag] = tuple(values)


def _describe_metadata(directory: Any, metadata: Metadata) -> None:
    if metadata.exif:
        _describe_exif(directory, metadata.exif)
    if metadata.icc_profile:
        directory[TiffImagePlugin.ICCPROFILE] = metadata.icc_profile
    if metadata.xmp:
        directory[TiffImagePlugin.XMP] = metadata.xmp
    if metadata.dpi:
        directory[TiffImagePlugin.RESOLUTION_UNIT] = _INCHES
        directory[TiffImagePlugin.X_RESOLUTION], directory[TiffImagePlugin.Y_RESOLUTION] = metadata.dpi


def _describe_exif(directory: Any, block: bytes) -> None:
    exif = Image.Exif()
    try:
        exif.load(block)
        tags: dict[int, Any] = {tag: value for tag, value in exif.items() if tag in DESCRIPTIVE_TAGS}
        tags |= {tag: portable_tags(found) for tag in SUB_DIRECTORIES if (found := exif.get_ifd(tag))}
        for tag, value in tags.items():
            directory[tag] = value
        directory.tobytes()  # values that cannot be written show here
    except Exception as error:  # Pillow raises what it likes on damaged EXIF: the picture matters more
        for tag in (*DESCRIPTIVE_TAGS, *SUB_DIRECTORIES):
            directory.pop(tag, None)
        logger.warning("the EXIF data cannot be written into a TIFF and are left out (%s)", error)
