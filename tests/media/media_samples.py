"""Pictures, colour profiles and files that the tests of this room draw by hand."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, TiffImagePlugin

SRGB_TO_XYZ = np.array(
    [[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]]
)
P3_TO_XYZ = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])


def gradient(height: int = 33, width: int = 47, dtype: type = np.uint8) -> np.ndarray:
    """A smooth, not very saturated RGB picture in which every pixel and every corner differs."""
    y, x = np.mgrid[:height, :width]
    red, green = 60 + 130 * x / max(width - 1, 1), 70 + 110 * y / max(height - 1, 1)
    rgb = np.stack([red, green, 200 - red / 2], axis=-1) / 255
    return np.rint(rgb * np.iinfo(dtype).max).astype(dtype)


def soft_alpha(height: int = 33, width: int = 47) -> np.ndarray:
    """float32 alpha with 0, 1 and everything between."""
    return np.clip(np.mgrid[:height, :width][1] / max(width - 1, 1) * 1.4 - 0.2, 0, 1).astype(np.float32)


def as_file(pixels: np.ndarray, format: str, **options: object) -> bytes:
    """What Pillow writes."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format=format, **options)
    return out.getvalue()


def saved(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format=format, **options)
    return out.getvalue()


def exif_block(*, orientation: int = 1, thumbnail: bytes = b"", order: str = "<") -> bytes:
    """A little EXIF: maker, orientation, a directory with a comment; a second one with a thumbnail."""
    comment = b"ASCII\0\0\0a comment"
    entries = [(0x010F, 2, 8, None), (0x0112, 3, 1, orientation), (0x8769, 4, 1, None)]
    values_at = 8 + 2 + 12 * len(entries) + 4
    exif_at = values_at + 8
    comment_at = exif_at + 2 + 12 + 4
    second_at = comment_at + len(comment) + 1
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    out += struct.pack(order + "H", len(entries))
    out += struct.pack(order + "HHII", 0x010F, 2, 8, values_at)
    out += struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    out += struct.pack(order + "HHII", 0x8769, 4, 1, exif_at)
    out += struct.pack(order + "I", second_at if thumbnail else 0) + b"Cutaway\0"
    out += struct.pack(order + "HHHII", 1, 0x9286, 7, len(comment), comment_at) + bytes(4) + comment + b"\0"
    if thumbnail:
        thumbnail_at = second_at + 2 + 24 + 4
        out += struct.pack(order + "H", 2)
        out += struct.pack(order + "HHII", 0x0201, 4, 1, thumbnail_at)
        out += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4) + thumbnail
    return b"Exif\0\0" + out


def raw_png(rows: np.ndarray, *, colour_type: int, chunks: bytes = b"", late: bytes = b"") -> bytes:
    """A PNG of an integer array (H, W, C), unfiltered, with further chunks before and behind the pixels."""
    height, width = rows.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, 8 * rows.itemsize, colour_type, 0, 0, 0)
    lines = b"".join(b"\0" + row.astype(rows.dtype.newbyteorder(">")).tobytes() for row in rows)
    return b"".join((
        b"\x89PNG\r\n\x1a\n", png_chunk(b"IHDR", header), chunks,
        png_chunk(b"IDAT", zlib.compress(lines)), late, png_chunk(b"IEND", b""),
    ))  # fmt: skip


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def raw_tiff(pixels: np.ndarray, *, order: str = "<", **tags: object) -> bytes:
    """An uncompressed TIFF of one strip; further tags by their number, as t274=6."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    ifd = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\0\0\0\0" if order == "<" else b"MM\0*\0\0\0\0")
    ifd[256], ifd[257], ifd[258], ifd[259] = width, height, (8 * pixels.itemsize,) * channels, 1
    ifd[262], ifd[273], ifd[277] = (1 if channels == 1 else 2), (0,), channels
    ifd[278], ifd[279], ifd[284] = height, (len(data),), 1
    for name, value in tags.items():
        ifd[int(name[1:])] = value
    out = io.BytesIO()
    ifd.save(out)
    return out.getvalue() + data


def rgb_profile(to_xyz: np.ndarray = P3_TO_XYZ, *, gamma: float | None = 2.2) -> bytes:
    """An ICC matrix profile; gamma None stands for the curve of sRGB."""
    curve = srgb_curve() if gamma is None else struct.pack(">4sIIH2x", b"curv", 0, 1, round(gamma * 256))
    tags = {f"{c}TRC".encode(): curve for c in "rgb"}
    tags |= {f"{c}XYZ".encode(): _xyz(to_xyz[:, i]) for i, c in enumerate("rgb")}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return _profile(
        b"mntr", b"GRAY", b"XYZ ", {b"kTRC": struct.pack(">4sIIH2x", b"curv", 0, 1, round(gamma * 256))}
    )


def cmyk_profile(
    ink: tuple[float, float, float], paper: tuple[float, float, float] = (100.0, 0.0, 0.0)
) -> bytes:
    """An ICC table profile in which any full ink has one Lab colour and bare paper another."""
    lab = np.array([paper] + [ink] * 15)
    codes = np.rint(np.stack([lab[:, 0] * 2.55, lab[:, 1] + 128, lab[:, 2] + 128], axis=-1)).astype(np.uint8)
    identity = np.arange(256, dtype=np.uint8).tobytes()
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + identity * 4 + codes.tobytes() + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table, b"A2B1": table})


def srgb_curve() -> bytes:
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(n * 65536) for n in numbers))


def _xyz(column: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(v) * 65536) for v in column))


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = "drawn by a test".encode("utf-16-be")
    tags = {b"desc": struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(text), 28) + text, **tags}
    tags[b"wtpt"] = _xyz(np.array([0.9642, 1.0, 0.8249]))
    tags[b"cprt"] = tags[b"desc"]
    at, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        content += bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(content))
        body += content
    header = struct.pack(
        ">I4sI4s4s4s12s4s28x3i48x", at + len(body), b"", 0x04200000, kind, space, pcs, bytes(12), b"acsp",
        63190, 65536, 54061,
    )  # fmt: skip
    assert len(header) == 128
    return header + struct.pack(">I", len(tags)) + table + body


def srgb_to_linear(codes: np.ndarray) -> np.ndarray:
    x = codes / np.iinfo(codes.dtype).max
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)


def linear_to_srgb8(linear: np.ndarray) -> np.ndarray:
    x = np.clip(linear, 0, 1)
    return np.rint(255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)).astype(np.uint8)


def in_profile(srgb: np.ndarray, to_xyz: np.ndarray = P3_TO_XYZ, *, gamma: float = 2.2) -> np.ndarray:
    """sRGB pixels as the codes that show the same colours under `rgb_profile`."""
    linear = srgb_to_linear(srgb) @ (np.linalg.inv(to_xyz) @ SRGB_TO_XYZ).T
    top = np.iinfo(srgb.dtype).max
    return np.rint(np.clip(linear, 0, 1) ** (1 / (round(gamma * 256) / 256)) * top).astype(srgb.dtype)


def lab_to_srgb8(lab: tuple[float, float, float]) -> np.ndarray:
    """A CIE Lab (D50) colour as sRGB codes, by the formulas of CIE 15."""
    fy = (lab[0] + 16) / 116
    f = np.array([fy + lab[1] / 500, fy, fy - lab[2] / 200])
    xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * (0.9642, 1.0, 0.8249)
    return linear_to_srgb8(np.linalg.inv(SRGB_TO_XYZ) @ xyz)
