"""What can be said about a video beyond what can be said about a photo."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

from cutaway.errors import OptionError
from cutaway.media.video.codecs import CODECS, DEFAULT_QUALITY, LOSSLESS, PRESETS, parse_quality
from cutaway.media.video.encode import Coding
from cutaway.media.video.read import Part

Steadiness: TypeAlias = Literal["off", "normal", "strong"]
STEADINESS: tuple[str, ...] = get_args(Steadiness)


@dataclass(frozen=True)
class VideoOptions:
    """Settings of a video, next to the `Options` of each of its pictures.

    Attributes:
        codec: "h264", "hevc", "av1", "vp9" or "prores"; None lets the result's suffix choose.
        quality: 0 (small) to 100 (fine), or "lossless".
        preset: "fastest", "fast", "medium" or "slow": more time for a smaller file.
        start, end: seconds after the first frame between which frames are used; None for all.
        every: use only every Nth frame.
        max_size: the longer side becomes at most this many pixels.
        steady: how much the matte's flicker is smoothed over time.
        pair: write two files, the subject's colour and NAME-matte, instead of one.
        drop_subtitles: leave the subtitles out.
        fps: frames in a second of a folder of pictures.

    Raises:
        OptionError: a value is out of range.
    """

    codec: str | None = None
    quality: str | int = DEFAULT_QUALITY
    preset: str = "fast"
    start: Fraction | None = None
    end: Fraction | None = None
    every: int = 1
    max_size: int | None = None
    steady: Steadiness = "normal"
    pair: bool = False
    drop_subtitles: bool = False
    fps: Fraction = Fraction(25)

    def __post_init__(self) -> None:
        for name, value, known in (
            ("codec", self.codec, (None, *CODECS)),
            ("encoder-preset", self.preset, PRESETS),
            ("steady", self.steady, STEADINESS),
        ):
            if value not in known:
                raise OptionError(f"{name} {value!r} is not one of {', '.join(filter(None, known))}")
        if self.quality != LOSSLESS:
            parse_quality(self.quality)
        if not 0 < self.fps <= 1000:
            raise OptionError(f"fps must be above 0 and at most 1000, not {float(self.fps):g}")
        _ = self.part

    @property
    def part(self) -> Part:
        """Which frames are read."""
        return Part(self.start, self.end, self.every, self.max_size)

    @property
    def coding(self) -> Coding:
        """How pictures are encoded."""
        return Coding(self.codec, self.quality, self.preset)
