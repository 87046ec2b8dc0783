"""Between a video's YUV and RGB: which matrix and range a frame has, and the conversion both ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from cutaway.media.video.hdr import to_standard
from cutaway.media.video.library import pyav
from cutaway.types import Pixels

HdrCurve = Literal["PQ", "HLG"]
Matrix = Literal["601", "709", "2020", "240", "rgb"]

_MATRICES: dict[int, Matrix] = {
    0: "rgb",
    1: "709",
    4: "601",
    5: "601",
    6: "601",
    7: "240",
    9: "2020",
    10: "2020",
}
"""Matrix coefficients of ITU-T H.273, table 4; FCC's differ from 601's in the third decimal."""
_TAGS: dict[Matrix, int] = {"601": 6, "709": 1, "2020": 9, "240": 7, "rgb": 1}
_SWS: dict[Matrix, int] = {"601": 5, "709": 1, "2020": 9, "240": 7, "rgb": 1}
"""The same in swscale's numbering (libswscale/swscale.h, SWS_CS_*)."""

_HD_LINES = 720
"""An untagged picture of this many lines or more is BT.709, a smaller one BT.601: what all players assume."""

HDR_CURVES: dict[int, HdrCurve] = {16: "PQ", 18: "HLG"}
"""Transfer characteristics of H.273, table 3, that mean high dynamic range."""
_LIMITED, _FULL = 1, 2
_BT709 = 1
_UNKNOWN = 2


@dataclass(frozen=True)
class Colour:
    """What a video's numbers mean.

    Attributes:
        matrix: of the luma-chroma conversion, or "rgb".
        full: whether luma uses 0..255 and not 16..235 (at 8 bits).
        primaries, curve: numbers of ITU-T H.273, tables 2 and 3; 2 is "unknown".
    """

    matrix: Matrix = "709"
    full: bool = False
    primaries: int = _UNKNOWN
    curve: int = _UNKNOWN

    @property
    def hdr(self) -> HdrCurve | None:
        """ "PQ" or "HLG" if the video is high dynamic range."""
        return HDR_CURVES.get(self.curve)

    @property
    def matrix_tag(self) -> int:
        """The matrix in the numbering of H.273."""
        return _TAGS[self.matrix]

    def written(self) -> Colour:
        """What a video made from this one is tagged: the same, but in limited range and never HDR."""
        if self.hdr:
            return Colour("709", False, _BT709, _BT709)
        return Colour("709" if self.matrix == "rgb" else self.matrix, False, self.primaries, self.curve)


def colour_of(frame: Any) -> Colour:
    """Read the tags of a decoded frame (`av.VideoFrame`); what is missing is what players assume."""
    name = frame.format.name
    if name.startswith(("rgb", "bgr", "gbr", "argb", "abgr", "pal8", "0rgb", "bgra", "x2")):
        return Colour("rgb", True, frame.color_primaries, frame.color_trc)
    matrix = _MATRICES.get(frame.colorspace, "709" if frame.height >= _HD_LINES else "601")
    unsaid = frame.color_range not in (_LIMITED, _FULL)
    full = name.startswith(("yuvj", "gray", "ya")) if unsaid else frame.color_range == _FULL
    return Colour(matrix, full, frame.color_primaries, frame.color_trc)


def to_pixels(frame: Any, colour: Colour, *, depth: Literal[8, 16] = 8) -> Pixels:
    """Convert a decoded frame to RGB.

    High dynamic range is brought to BT.709.

    Args:
        frame: an `av.VideoFrame`.
        colour: what its numbers mean.
        depth: bits of the result.

    Returns:
        uint8 or uint16 (H, W, 3), not yet upright.
    """
    array = frame.to_ndarray(
        format="rgb24" if depth == 8 and not colour.hdr else "rgb48le",
        src_colorspace=_SWS[colour.matrix],
        src_color_range=_FULL if colour.full else _LIMITED,
        dst_color_range=_FULL,
        interpolation=_careful("BILINEAR"),
    )
    if colour.hdr:
        return to_standard(array, colour.hdr, depth=depth)
    return cast(Pixels, np.ascontiguousarray(array))


def alpha_of(frame: Any, *, depth: Literal[8, 16] = 8) -> Pixels | None:
    """A decoded frame's own alpha, uint8 or uint16 (H, W), or None; always full range."""
    components = [part for part in frame.format.components if part.is_alpha]
    if not components:
        return None
    kind, top = (np.uint8, 255) if depth == 8 else (np.uint16, 65535)
    if len(frame.planes) != 4:  # packed: rgba, argb, ya8
        packed = frame.to_ndarray(format="rgba" if depth == 8 else "rgba64le")
        return cast(Pixels, np.ascontiguousarray(packed[..., 3]))
    bits = components[0].bits
    plane = frame.planes[3]
    stored = np.frombuffer(plane, np.uint8 if bits <= 8 else np.uint16).reshape(plane.height, -1)
    alpha = stored[:, : plane.width].astype(np.uint32)
    white = (1 << bits) - 1
    return cast(Pixels, ((alpha * top + white // 2) // white).astype(kind))


def to_video_frame(
    pixels: Pixels, alpha: Pixels | None, *, pix_fmt: str, colour: Colour, full: bool = False
) -> Any:
    """Convert RGB, or grey, to the format that an encoder wants.

    Args:
        pixels: uint8 or uint16, (H, W, 3), or (H, W) for grey.
        alpha: same type, (H, W), where `pix_fmt` has an alpha; stored exactly as it is at 8 bits.
        pix_fmt: FFmpeg's name of the wanted format.
        colour: the matrix to use.
        full: write 0..255 and not 16..235.
    """
    av = pyav()
    shape = "gray" if pixels.ndim == 2 else "rgb"
    deep = pixels.dtype == np.uint16
    array: Any = pixels
    if alpha is not None:
        array, shape = np.dstack([pixels, alpha]), "rgba"
    name = {"gray": ("gray", "gray16le"), "rgb": ("rgb24", "rgb48le"), "rgba": ("rgba", "rgba64le")}[shape][
        deep
    ]
    source = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format=name)
    frame = source.reformat(
        format=pix_fmt,
        src_color_range=_FULL,
        dst_colorspace=_SWS[colour.matrix],
        dst_color_range=_FULL if full else _LIMITED,
        interpolation=_careful("BICUBIC"),
    )
    if alpha is not None and frame.format.name == "yuva420p" and not deep:
        _put_plane(frame.planes[3], cast(Any, alpha))  # swscale's own copy is off by one here and there
    return frame


def _put_plane(plane: Any, values: Any) -> None:
    rows = np.zeros((plane.height, plane.line_size), np.uint8)
    rows[:, : plane.width] = values
    plane.update(rows.tobytes())


def _careful(chroma: Literal["BILINEAR", "BICUBIC"]) -> int:
    """Chroma at full resolution, and rounded: swscale's quick way is darker by a whole step on average.

    Bilinear is within 0.1 of bicubic when chroma is enlarged, in a bit more than half the time.
    """
    kinds = pyav().video.reformatter.Interpolation
    chosen = kinds[chroma] | kinds.FULL_CHR_H_INT | kinds.FULL_CHR_H_INP | kinds.ACCURATE_RND
    return cast(int, chosen)
