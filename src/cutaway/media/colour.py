"""Colour management: what a profile means, and pixels brought to sRGB."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from cutaway.media import icc as icc_profiles
from cutaway.media.exif import srgb_exif
from cutaway.types import Frame, Pixels

_SPACES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK", b"Lab ": "LAB"}
_BAND_PX = 1 << 19
_SAME_WITHIN = 1  # steps of 255


def profile_mode(profile: bytes) -> str | None:
    """The Pillow mode ("RGB", "L", "CMYK", "LAB") that an ICC profile describes; None if it is unusable."""
    mode = _SPACES.get(profile[16:20])
    return mode if mode and _transform(profile) else None


def is_srgb(profile: bytes) -> bool:
    """Whether a profile changes no RGB colour by more than one step of 255 on the way to sRGB."""
    return profile_mode(profile) == "RGB" and _leaves_colours(profile)


def to_srgb(frame: Frame) -> Frame:
    """The same picture in sRGB, without a profile, and with EXIF that says so.

    The pixels are shared, not copied, if they are sRGB already or their profile cannot be used. uint8 goes
    through littleCMS (relative colorimetric, black point compensation). uint16 stays exact where the profile
    is a matrix with tone curves, as cameras and editors make them; under a profile made of tables it keeps
    only 8 bits of precision.
    """
    profile = frame.metadata.icc_profile
    if profile is None:
        return frame
    exif = frame.metadata.exif
    metadata = replace(frame.metadata, icc_profile=None, exif=None if exif is None else srgb_exif(exif))
    if profile_mode(profile) != "RGB" or is_srgb(profile):
        return replace(frame, metadata=metadata)
    convert = _convert_16 if frame.pixels.dtype == np.uint16 else _convert_8
    return replace(frame, pixels=_in_bands(frame.pixels, convert, profile), metadata=metadata)


def pixels_to_srgb(pixels: npt.NDArray[np.uint8], icc_profile: bytes | None) -> npt.NDArray[np.uint8]:
    """Bring a small uint8 (H, W, 3) array to sRGB, as the network wants it; itself if it is sRGB already."""
    if icc_profile is None or profile_mode(icc_profile) != "RGB" or is_srgb(icc_profile):
        return pixels
    return _in_bands(pixels, _convert_8, icc_profile).astype(np.uint8, copy=False)


def image_to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Bring an 8-bit Pillow image without alpha to RGB, by its profile to sRGB if that fits the mode."""
    if image.mode == "LAB":
        return _applied(image, _lab_transform())
    if profile is not None and profile_mode(profile) == image.mode:
        return _applied(image, _transform(profile))
    return image.convert("RGB")


def grey16_to_srgb(grey: npt.NDArray[np.uint16], profile: bytes) -> npt.NDArray[np.uint16]:
    """Bring 16-bit grey (H, W) under a grey profile to the tone curve of sRGB."""
    curve = icc_profiles.parse_grey(profile)
    if curve is not None:
        return icc_profiles.encode_srgb(curve)[grey]
    ramp = _applied(Image.fromarray(np.arange(256, dtype=np.uint8)[None]), _transform(profile))
    codes = np.interp(np.arange(65536) / 257, np.arange(256), np.asarray(ramp)[0, :, 1] * 257.0)
    return np.rint(codes).astype(np.uint16)[grey]


@lru_cache(maxsize=32)
def _transform(profile: bytes) -> Any:
    """littleCMS's way from a profile to sRGB; None if the profile is damaged or not one of pictures."""
    from PIL import ImageCms  # most photos have no profile, and each millisecond of a single photo counts

    mode = _SPACES.get(profile[16:20])
    if mode is None:
        return None
    try:
        return _build(ImageCms.ImageCmsProfile(io.BytesIO(profile)), mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


@lru_cache(maxsize=1)
def _lab_transform() -> Any:
    from PIL import ImageCms

    return _build(ImageCms.createProfile("LAB"), "LAB")


def _build(profile: Any, mode: str) -> Any:
    from PIL import ImageCms

    return ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _applied(image: Image.Image, transform: Any) -> Image.Image:
    from PIL import ImageCms

    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # None only with inPlace=True
    return converted


@lru_cache(maxsize=32)
def _leaves_colours(profile: bytes) -> bool:
    steps = np.linspace(0, 255, 17).round().astype(np.uint8)
    lattice = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(17, -1, 3)
    moved = _convert_8(lattice, profile).astype(np.int16) - lattice
    return bool(np.abs(moved).max() <= _SAME_WITHIN)


def _in_bands(pixels: Pixels, convert: Any, profile: bytes) -> Pixels:
    """Convert some rows at a time, so that a large photo needs no second copy in a wider type."""
    out = np.empty_like(pixels)
    rows = max(1, _BAND_PX // pixels.shape[1])
    for top in range(0, len(pixels), rows):
        out[top : top + rows] = convert(pixels[top : top + rows], profile)
    return out


def _convert_8(pixels: Pixels, profile: bytes) -> Pixels:
    return np.asarray(_applied(Image.fromarray(np.ascontiguousarray(pixels)), _transform(profile)))


def _convert_16(pixels: Pixels, profile: bytes) -> Pixels:
    parsed = _tone_matrix(profile)
    if parsed is None:
        return _convert_8(to_8_bits(pixels), profile).astype(np.uint16) * np.uint16(257)
    linear = np.stack([curve[pixels[..., i]] for i, curve in enumerate(parsed.curves)], axis=-1)
    return icc_profiles.encode_srgb(linear @ parsed.to_linear_srgb.T.astype(np.float32))


@lru_cache(maxsize=8)
def _tone_matrix(profile: bytes) -> icc_profiles.ToneMatrix | None:
    return icc_profiles.parse_rgb(profile)


def to_8_bits(pixels: Pixels) -> npt.NDArray[np.uint8]:
    """uint16 to uint8, rounded to the nearest step; uint8 as it is."""
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return _nearest_8_bits()[pixels]


@lru_cache(maxsize=1)
def _nearest_8_bits() -> npt.NDArray[np.uint8]:
    return ((np.arange(65536, dtype=np.uint32) + 128) // 257).astype(np.uint8)
