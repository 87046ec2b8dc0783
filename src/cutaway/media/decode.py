"""Decoders that are faster or deeper than Pillow's: whole JPEGs, and PNG and TIFF with 16 bits per sample."""

from __future__ import annotations

import re
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from cutaway.media.opening import load_pixels
from cutaway.media.png import read_chunks, xmp_of_itxt
from cutaway.types import Pixels

_SCAN_END = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # a marker, not a stuffed zero, a restart or a fill byte
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_UNSPECIFIED, _ASSOCIATED = 0, 1


def is_complete_jpeg(data: bytes) -> bool:
    """Whether a JPEG's segments can be followed from its first to its end marker.

    A decoder may fill the missing part of a truncated file with grey, so only complete ones go to the quick one.
    Source: ITU-T T.81, annex B.
    """
    at = 2
    while 0 < at <= len(data) - 4:
        if data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xDA:  # start of scan: entropy-coded data follow
            at = _end_of_scan(data, at)
            if data[at : at + 2] == b"\xff\xd9":
                return True
    return False


def _end_of_scan(data: bytes, at: int) -> int:
    """Where the next marker is that is not part of the entropy-coded data; -1 if there is none."""
    found = _SCAN_END.search(data, at)
    return found.end() - 2 if found else -1


def decode_whole_jpeg(image: Image.Image, stream: BinaryIO) -> Pixels | None:
    """RGB (H, W, 3) of a complete three-colour JPEG, with the values that Pillow gives; None for others.

    simplejpeg brings the same libjpeg-turbo as Pillow, but writes the array that is wanted, not one to be copied, and
    needs less than half of its time and two thirds of OpenCV's. What it calls damaged is left to Pillow, too.
    """
    if image.format != "JPEG" or image.mode != "RGB":
        return None
    data = _all_bytes(stream)
    if not is_complete_jpeg(data):
        return None
    import simplejpeg

    try:
        return cast(Pixels, simplejpeg.decode_jpeg(data))
    except ValueError:
        return None


def decode_deep(image: Image.Image, stream: BinaryIO) -> tuple[Pixels, Pixels | None] | None:
    """(colour, alpha) of a PNG or TIFF with 16 bits per sample, which Pillow cuts to 8; None for others.

    The colour is (H, W) if it is grey, else RGB (H, W, 3).

    Raises:
        ValueError: the file is damaged, or a TIFF of separate planes.
    """
    if _is_deep_png(image, stream):
        return _decode_deep_png(image, _all_bytes(stream))
    if _is_deep_tiff(image):
        return _decode_deep_tiff(image, stream)
    return None


def _is_deep_png(image: Image.Image, stream: BinaryIO) -> bool:
    return image.format == "PNG" and _peek(stream, 26)[24:25] == b"\x10"


def _decode_deep_png(image: Image.Image, data: bytes) -> tuple[Pixels, Pixels | None]:
    _read_all_chunks(image, data)
    pixels = _required(_opencv(data))
    if data[25] in (0, 4):  # grey, grey with alpha: OpenCV repeats the grey
        alpha = pixels[..., 3] if pixels.ndim == 3 else None
        grey = pixels[..., 0] if pixels.ndim == 3 else pixels
        key = image.info.get("transparency")
        return grey, _keyed_alpha(grey, key) if isinstance(key, int) else alpha
    return _split_alpha(pixels)


def _read_all_chunks(image: Image.Image, data: bytes) -> None:
    """Find damage, which OpenCV would report on stderr, and the metadata behind the pixels."""
    for kind, content in read_chunks(data):
        if kind == b"eXIf":
            image.info["exif"] = content
        elif kind == b"iTXt" and (xmp := xmp_of_itxt(content)):
            image.info["xmp"] = xmp


def _keyed_alpha(grey: Pixels, key: int) -> Pixels:
    return np.where(grey == key, 0, 65535).astype(np.uint16)


def _is_deep_tiff(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", {}) if image.format == "TIFF" else {}
    return (
        bool(tags)
        and set(tags.get(ExifTags.Base.BitsPerSample, ())) == {16}
        and set(tags.get(ExifTags.Base.SampleFormat, (1,))) == {1}
        and tags.get(ExifTags.Base.PhotometricInterpretation) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
    )


def _decode_deep_tiff(image: Image.Image, stream: BinaryIO) -> tuple[Pixels, Pixels | None]:
    tags = image.tag_v2  # type: ignore[attr-defined]
    photometric, extra = (
        tags.get(ExifTags.Base.PhotometricInterpretation),
        tags.get(ExifTags.Base.ExtraSamples, ()),
    )
    if tags.get(ExifTags.Base.PlanarConfiguration, 1) != 1 and photometric == _RGB:
        raise ValueError("16-bit TIFF with separate colour planes is not supported")
    load_pixels(image)  # finds damage and reports it in an orderly way; OpenCV speaks up on stderr
    pixels = _required(_opencv(_all_bytes(stream)))
    if pixels.ndim == 2:
        return (65535 - pixels if photometric == _WHITE_IS_ZERO else pixels), None
    colour, alpha = _split_alpha(pixels)
    if alpha is None or extra == (_UNSPECIFIED,):
        return colour, None
    return (_unmultiplied(colour, alpha) if extra == (_ASSOCIATED,) else colour), alpha


def _unmultiplied(colour: Pixels, alpha: Pixels) -> Pixels:
    """Colour that was stored multiplied by alpha, divided by it again (TIFF 6.0, section 18)."""
    scale = 65535.0 / np.maximum(alpha, 1).astype(np.float32)[..., None]
    straight: npt.NDArray[np.uint16] = np.minimum(np.rint(colour * scale), 65535.0).astype(np.uint16)
    return straight


def _opencv(data: bytes) -> Pixels | None:
    """OpenCV's decoding with all bits and channels, grey or with colours in the order RGB(A)."""
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.ndim == 2:
        return cast("Pixels | None", pixels)
    code = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    return cast(Pixels, cv2.cvtColor(pixels, code, dst=pixels))


def _required(pixels: Pixels | None) -> Pixels:
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError("its pixels cannot be decoded")
    return pixels


def _split_alpha(pixels: Pixels) -> tuple[Pixels, Pixels | None]:
    return pixels[..., :3], pixels[..., 3] if pixels.shape[2] == 4 else None


def _peek(stream: BinaryIO, size: int) -> bytes:
    """The first bytes of the file; Pillow's place in it is kept."""
    place = stream.tell()
    stream.seek(0)
    data = stream.read(size)
    stream.seek(place)
    return data


def _all_bytes(stream: BinaryIO) -> bytes:
    return _peek(stream, -1)
