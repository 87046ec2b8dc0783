"""Reading pictures: from files, bytes, Pillow images and arrays to one upright `Frame`."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from cutaway.errors import ImageError
from cutaway.media.colour import grey16_to_srgb, image_to_srgb, profile_mode
from cutaway.media.decode import decode_deep, decode_whole_jpeg
from cutaway.media.metadata import read_metadata
from cutaway.media.opening import (
    MAX_PIXELS,
    Opened,
    Source,
    check_size,
    decoding,
    load_pixels,
    open_picture,
    pixel_limit,
)
from cutaway.media.untagged import named_profile
from cutaway.types import Frame, Pixels

__all__ = ["MAX_PIXELS", "AnyPicture", "read_image"]

AnyPicture: TypeAlias = "Source | npt.NDArray[Any]"
"""All that `read_image` takes."""

logger = logging.getLogger(__name__)

_GREY_MODES = {"1", "L", "LA", "La"}
_ALPHA_MODES = {"LA", "La", "PA", "RGBA", "RGBa"}
_OTHER_MODES = {"P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"}


def read_image(source: AnyPicture, *, max_pixels: int | None = None) -> Frame:
    """Read one picture: upright, RGB, with what it knew about itself.

    JPEG (of a phone's MPO its first picture), PNG, WebP, TIFF (its first page), BMP, GIF (its first frame),
    AVIF and, with the extra `heic`, HEIC, told by content, not by suffix. EXIF orientation is applied, and
    reset in the EXIF that is kept. An alpha channel or a transparent colour goes to `Frame.alpha`. CMYK, LAB
    and grey under a grey profile become sRGB; all others keep their profile, so that it always describes the
    pixels. 16 bits per sample stay 16. A damaged profile is ignored with a warning.

    Args:
        source: a path, bytes, a binary file, a Pillow image, or a uint8 or uint16 array (H, W), (H, W, 1),
            (H, W, 3) or (H, W, 4) in RGB order, which is shared, not copied, where its memory is in order.
        max_pixels: refuse larger pictures before they are decoded; None asks the environment variable
            `CUTAWAY_MAX_PIXELS`, else it is `MAX_PIXELS`.

    Raises:
        ImageError: there is no such file, it is no picture, damaged, or of a kind that is not supported.
        ImageTooLargeError: it has more than `max_pixels`.
        MissingExtraError: it needs a package that is not installed.
    """
    if isinstance(source, np.ndarray):
        return _frame_of_array(source, pixel_limit(max_pixels))
    with open_picture(source, max_pixels=max_pixels) as opened, decoding(opened.name):
        return _frame_of_picture(opened)


def _frame_of_array(array: npt.NDArray[Any], limit: int) -> Frame:
    if array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise ImageError(
            f"the array must be uint8 or uint16, not {array.dtype}: "
            "scale it, for instance (x * 255).round().astype('uint8')"
        )
    shape = array.shape
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)) or 0 in shape:
        raise ImageError(
            f"the array must be (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) and not empty, not {shape}"
        )
    check_size((shape[1], shape[0]), "the array", limit)
    if array.ndim == 2 or shape[2] == 1:
        return Frame(_as_rgb(array.reshape(shape[:2])))
    return Frame(_in_order(array[..., :3]), _in_order(array[..., 3]) if shape[2] == 4 else None)


def _frame_of_picture(opened: Opened) -> Frame:
    image, decoded = opened.image, _fast_or_deep(opened)
    orientation, metadata = read_metadata(image, opened.path)
    base = _base_mode(image.mode) if decoded is None else "L" if decoded[0].ndim == 2 else "RGB"
    profile = _usable_profile(metadata.icc_profile, base, opened.name)
    if profile is None and base == "RGB":
        profile = named_profile(image, opened.stream, metadata.exif)
    if decoded is None:
        pixels, alpha, profile = _image_to_rgb(image, profile)
    else:
        pixels, profile = _array_to_rgb(decoded[0], profile)
        alpha = decoded[1]
    return Frame(
        turned(pixels, orientation),
        None if alpha is None else turned(alpha, orientation),
        replace(metadata, icc_profile=profile),
    )


def _fast_or_deep(opened: Opened) -> tuple[Pixels, Pixels | None] | None:
    """(colour, alpha) by another decoder than Pillow's; else None, and then the Pillow image is loaded."""
    if opened.stream is None:
        opened.image.load()
        return None
    fast = decode_whole_jpeg(opened.image, opened.stream)
    if fast is not None:
        return fast, None
    deep = decode_deep(opened.image, opened.stream)
    if deep is None:
        load_pixels(opened.image)
    return deep


def _usable_profile(profile: bytes | None, base: str, name: str) -> bytes | None:
    """The profile if it can be read and fits pixels of that mode; grey pixels may also have an RGB one."""
    if profile is None:
        return None
    mode = profile_mode(profile)
    if mode == base or (mode, base) == ("RGB", "L"):
        return profile
    what = "is damaged" if mode is None else f"describes {mode} pixels, not {base}"
    logger.warning("%s: the colour profile %s and is ignored", name, what)
    return None


def _base_mode(mode: str) -> str:
    """The mode without alpha and palette: "L", "CMYK", "LAB" or "RGB"."""
    if mode in _GREY_MODES or mode.startswith("I;16"):
        return "L"
    return mode if mode in ("CMYK", "LAB") else "RGB"


def _image_to_rgb(image: Image.Image, profile: bytes | None) -> tuple[Pixels, Pixels | None, bytes | None]:
    """(pixels, alpha, the profile that describes them) of a loaded Pillow image."""
    if image.mode.startswith("I;16"):
        grey, profile = _array_to_rgb(_deep_grey(image), profile)
        return grey, None, profile
    if image.mode not in _GREY_MODES | _ALPHA_MODES | _OTHER_MODES:
        raise ImageError(
            f"pixels of Pillow's mode {image.mode!r} are not supported: save it with 8 or 16 bits per sample"
        )
    base, alpha = _base_mode(image.mode), None
    if image.mode in _ALPHA_MODES or image.has_transparency_data:
        image = image.convert("LA" if base == "L" else "RGBA")
        alpha = np.asarray(image.getchannel("A"))
    image = image if image.mode == base else image.convert(base)
    if profile is not None and profile_mode(profile) != "RGB":
        return np.asarray(image_to_srgb(image, profile)), alpha, None
    return np.asarray(image_to_srgb(image, None)), alpha, profile


def _deep_grey(image: Image.Image) -> npt.NDArray[np.uint16]:
    grey: npt.NDArray[np.uint16] = np.asarray(image).astype(np.uint16, copy=False)
    if getattr(image, "tag_v2", {}).get(ExifTags.Base.BitsPerSample) == (12,):
        grey = np.rint(grey * (65535 / 4095)).astype(np.uint16)
    return grey


def _array_to_rgb(pixels: Pixels, profile: bytes | None) -> tuple[Pixels, bytes | None]:
    if pixels.ndim == 2 and profile is not None and profile_mode(profile) == "L":
        return _as_rgb(grey16_to_srgb(pixels.astype(np.uint16, copy=False), profile)), None
    return _as_rgb(pixels), profile


def _as_rgb(pixels: npt.NDArray[Any]) -> Pixels:
    """Grey or RGB as (H, W, 3)."""
    return _in_order(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2))


def _in_order(pixels: npt.NDArray[Any]) -> Pixels:
    """Contiguous, in the machine's byte order; not copied if it is that already."""
    return cast(Pixels, np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("=")))


def turned(pixels: Pixels, orientation: int) -> Pixels:
    """Pixels as they were stored, made upright by the EXIF orientation 1..8 (Exif 2.32, tag 0x0112)."""
    if orientation == 1:
        return _in_order(pixels)
    import cv2

    if orientation in (2, 4):  # mirrored across the vertical or the horizontal axis
        return cast(Pixels, cv2.flip(pixels, 1 if orientation == 2 else 0))
    turn = {3: cv2.ROTATE_180, 6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}
    if orientation in turn:
        return cast(Pixels, cv2.rotate(pixels, turn[orientation]))
    mirrored = cv2.transpose(pixels)  # 5; 7 is mirrored across the other diagonal
    return cast(Pixels, mirrored if orientation == 5 else cv2.rotate(mirrored, cv2.ROTATE_180))
