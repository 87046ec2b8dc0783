"""Pictures through Pillow's encoders: WebP, JPEG, AVIF and GIF, 8 bits each."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cutaway.errors import OutputError
from cutaway.formats import LOSSLESS
from cutaway.media.colour import to_8_bits
from cutaway.media.exif import without_orientation
from cutaway.types import Metadata, Pixels

logger = logging.getLogger(__name__)

_GIF_CUT = 128
"""GIF knows transparent and opaque only: alpha from this value on (of 255) is opaque."""
_LOSSLESS_EFFORT = 50
"""What libwebp's quality means where nothing is lost; 100 takes twice the time for a hundredth of the size."""
_MAX_JPEG_SEGMENT_BYTES = 65533
_XMP_OVERHEAD_BYTES = 29
AVIF_OPTIONS: dict[str, Any] = {"subsampling": "4:4:4", "speed": 8, "max_threads": 4}
"""Full colour resolution. The threads are fixed, not the machine's: one writes other bytes than several."""


def write_webp(pixels: Pixels, metadata: Metadata, *, quality: int) -> bytes:
    """WebP; grey is lossless altogether. Lossy colour with alpha: `webp.write_transparent`."""
    lossless = pixels.ndim == 2 or quality >= LOSSLESS
    number = _LOSSLESS_EFFORT if lossless else quality
    return _saved(pixels, "WEBP", quality=number, lossless=lossless, exact=False, **_blocks(metadata))


def write_avif(pixels: Pixels, metadata: Metadata, *, quality: int) -> bytes:
    """AVIF with full colour resolution; the quality is that of colour and alpha.

    Raises:
        OutputError: this Pillow was built without AVIF.
    """
    from PIL import features

    if not features.check("avif"):
        raise OutputError("the installed Pillow cannot write AVIF: pip install -U pillow")
    blocks = _blocks(metadata)
    if metadata.exif:
        blocks["exif"] = without_orientation(metadata.exif) or b""
        if not blocks["exif"]:
            logger.warning("the EXIF data are damaged and are left out")
    return _saved(
        pixels,
        "AVIF",
        quality=quality,
        **AVIF_OPTIONS,
        **blocks,
    )


def write_jpeg(pixels: Pixels, metadata: Metadata, *, quality: int) -> bytes:
    """JPEG without colour subsampling; EXIF and XMP only up to 64 KB each."""
    exif, xmp = metadata.exif or b"", metadata.xmp or b""
    if len(exif) > _MAX_JPEG_SEGMENT_BYTES:
        logger.warning("the EXIF data are too large for a JPEG (%d bytes) and are left out", len(exif))
        exif = b""
    if len(xmp) > _MAX_JPEG_SEGMENT_BYTES - _XMP_OVERHEAD_BYTES:
        logger.warning("the XMP data are too large for a JPEG (%d bytes) and are left out", len(xmp))
        xmp = b""
    return _saved(
        pixels,
        "JPEG",
        quality=quality,
        subsampling="4:4:4",
        icc_profile=metadata.icc_profile,
        exif=exif,
        xmp=xmp,
        dpi=_whole_dpi(metadata.dpi),
    )


def write_gif(pixels: Pixels, metadata: Metadata, *, quality: int) -> bytes:
    """GIF of at most 256 colours; pixels are transparent or opaque, and metadata have no place in it."""
    out = io.BytesIO()
    gif_image(to_8_bits(pixels)).save(out, format="GIF", optimize=False)
    return out.getvalue()


LOSSY: dict[str, Callable[..., bytes]] = {
    "webp": write_webp, "jpg": write_jpeg, "avif": write_avif, "gif": write_gif,
}  # fmt: skip
"""By the format's name; all take pixels, metadata and a quality."""


def gif_image(pixels: npt.NDArray[np.uint8]) -> Image.Image:
    """A picture in a palette of its own; with alpha 255 colours, and the last index means transparent.

    Args:
        pixels: uint8 (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA.
    """
    if pixels.ndim == 2:
        return Image.fromarray(np.ascontiguousarray(pixels))
    colours = np.ascontiguousarray(pixels[..., :3])
    if pixels.shape[2] == 3:
        return _reduced(colours, 256)
    opaque = pixels[..., 3] >= _GIF_CUT
    reduced = _reduced(np.where(opaque[..., None], colours, 0).astype(np.uint8), 255)
    result = Image.fromarray(np.where(opaque, np.asarray(reduced), 255).astype(np.uint8))
    palette = (reduced.getpalette() or [])[: 255 * 3]
    result.putpalette(palette + [0] * (256 * 3 - len(palette)))
    result.info["transparency"] = 255
    return result


def _reduced(colours: npt.NDArray[np.uint8], count: int) -> Image.Image:
    return Image.fromarray(colours).quantize(
        count, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG
    )


def _saved(pixels: Pixels, format: str, **options: Any) -> bytes:
    eight: npt.NDArray[np.uint8] = np.ascontiguousarray(to_8_bits(pixels))
    out = io.BytesIO()
    Image.fromarray(eight).save(out, format=format, **options)
    return out.getvalue()


def _blocks(metadata: Metadata) -> dict[str, bytes]:
    """What WebP and AVIF keep beside the pixels."""
    return {
        "icc_profile": metadata.icc_profile or b"",
        "exif": metadata.exif or b"",
        "xmp": metadata.xmp or b"",
    }


def _whole_dpi(dpi: tuple[float, float] | None) -> tuple[int, int]:
    """JFIF counts whole dots, at most 65535; (0, 0) says nothing."""
    return (0, 0) if dpi is None else (min(round(dpi[0]), 65535), min(round(dpi[1]), 65535))
