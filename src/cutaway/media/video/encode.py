"""From pictures to encoded packets: what is encoded, in which format, with which settings."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias, cast

import cv2
import numpy as np

from cutaway.media.colour import to_8_bits
from cutaway.media.video.codecs import DEFAULT_QUALITY, TABLE, encoder_options
from cutaway.media.video.colour import to_video_frame
from cutaway.media.video.info import VideoInfo
from cutaway.types import Cutout, Floats, Frame, Matte, Pixels

Picture: TypeAlias = Frame | Cutout | Matte

HIDDEN_PX = 8
"""Colour is kept this far into the transparent surroundings, so that codecs do not smear black into soft edges."""


@dataclass(frozen=True)
class Coding:
    """How pictures are encoded.

    Attributes:
        codec: a name in `codecs.TABLE`, or None to choose by the file's suffix.
        quality: 0..100, or "lossless".
        preset: one of `codecs.PRESETS`.
    """

    codec: str | None = None
    quality: str | int = DEFAULT_QUALITY
    preset: str = "fast"


class PictureEncoder:
    """Turns pictures into packets of one codec.

    Args:
        context: the encoder (`av.VideoCodecContext`, or a stream of an output container), not yet open.
        codec: a name in `codecs.TABLE`.
        info: size, rate, time base and colour of the pictures.
        transparent: whether they have an alpha.
        coding: quality and preset.

    Attributes:
        padded: (rows, columns) that were added because the codec wants even sides.
    """

    def __init__(
        self, context: Any, codec: str, *, info: VideoInfo, transparent: bool, coding: Coding
    ) -> None:
        entry = TABLE[codec]
        self.context = context
        self._pix_fmt = entry.alpha_fmt if transparent else entry.pix_fmt
        self._base, self._colour = info.time_base, info.colour.written()
        height, width = info.size
        self.padded = (height % 2, width % 2) if entry.even else (0, 0)
        self._deep = "10" in self._pix_fmt
        context.height, context.width = height + self.padded[0], width + self.padded[1]
        context.pix_fmt = self._pix_fmt
        context.time_base = self._base
        context.options = encoder_options(codec, coding.quality, coding.preset)
        context.sample_aspect_ratio = info.pixel_aspect
        context.color_range, context.colorspace = 1, self._colour.matrix_tag
        context.color_primaries, context.color_trc = self._colour.primaries, self._colour.curve

    def encode(self, picture: Picture, time: Fraction) -> list[Any]:
        """Packets that are ready after one more picture."""
        pixels, alpha = _arrays(picture, deep=self._deep)
        frame = to_video_frame(
            self._pad(pixels),
            None if alpha is None else self._pad(alpha),
            pix_fmt=self._pix_fmt,
            colour=self._colour,
        )
        frame.pts, frame.time_base = round(time / self._base), self._base
        return list(self.context.encode(frame))

    def flush(self) -> list[Any]:
        """The last packets."""
        return list(self.context.encode(None))

    def _pad(self, array: Pixels) -> Pixels:
        if self.padded == (0, 0):
            return array
        rows, columns = self.padded
        return cast(Pixels, np.pad(array, ((0, rows), (0, columns), (0, 0))[: array.ndim], mode="edge"))


def frame_rate(info: VideoInfo) -> Fraction:
    """The rate that encoders are told; they use it to share out bits, never for the time of a frame."""
    return min(max(info.rate, Fraction(1)), Fraction(240)).limit_denominator(1_001_000)


def _arrays(picture: Picture, *, deep: bool) -> tuple[Pixels, Pixels | None]:
    """What is encoded: RGB (H, W, 3) or grey (H, W), and alpha (H, W); 16 bits only where the codec keeps them."""
    if isinstance(picture, Matte):
        return to_steps(picture.alpha, deep=deep), None
    pixels = picture.pixels if deep else to_8_bits(picture.pixels)
    if isinstance(picture, Frame):
        return pixels, None
    alpha = to_steps(picture.alpha, deep=pixels.dtype == np.uint16)
    return without_hidden(pixels, alpha), alpha


def to_steps(alpha: Floats, *, deep: bool = False) -> Pixels:
    """Alpha in [0, 1] to the nearest of 255 steps, or of 65535."""
    top, kind = (65535, np.uint16) if deep else (255, np.uint8)
    return cast(Pixels, np.rint(alpha * np.float32(top)).astype(kind))


def without_hidden(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Black out what cannot be seen, except close to the subject.

    It makes files small, and keeps what was behind the subject from being uncovered again.

    Args:
        pixels: uint8 or uint16 (H, W, 3).
        alpha: the same type, (H, W).
    """
    side = 2 * HIDDEN_PX + 1
    near = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((side, side), np.uint8))
    return cast(Pixels, pixels * near[..., None].astype(pixels.dtype))
