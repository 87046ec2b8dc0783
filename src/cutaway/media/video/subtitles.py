"""Subtitles made anew as the kind of text that a container holds."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from cutaway.media.video.library import pyav

KINDS = {".webm": "webvtt", ".mkv": "srt", ".mp4": "mov_text", ".mov": "mov_text"}
"""What text subtitles become in a container that cannot hold the source's kind."""
PICTURES = {"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub", "pgssub", "dvdsub", "dvbsub"}
"""Subtitles that are pictures: they can be copied, but never turned into text."""

_TICK = Fraction(1, 1000)
_HEADER = b"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, \
MarginV, Encoding
Style: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""A plain style in SubStation Alpha, FFmpeg's common language between kinds of subtitles."""


class SubtitleEncoder:
    """Decodes packets of one text track and encodes them as another kind of text.

    Args:
        output: the container (`av.container.OutputContainer`); a stream is added to it.
        source: the source's stream.
        kind: "webvtt", "srt" or "mov_text".
        cut: source time that becomes 0.
    """

    def __init__(self, output: Any, source: Any, kind: str, *, cut: Fraction) -> None:
        self.stream = output.add_stream(kind)
        self.stream.codec_context.subtitle_header = _HEADER
        self.stream.codec_context.time_base = _TICK
        self.stream.time_base = _TICK
        self._base, self._cut = source.time_base, cut

    def encode(self, packet: Any | None) -> Iterator[Any]:
        """Packets for the new track; an empty packet (a gap in MP4) makes none."""
        if packet is None or packet.pts is None:
            return
        texts = [part.ass for part in packet.decode() if getattr(part, "ass", b"")]
        if not texts:
            return
        start = round((packet.pts * self._base - self._cut) / _TICK)
        length = round((packet.duration or 0) * self._base / _TICK)
        made = pyav().subtitles.subtitle.SubtitleSet.create(texts[0], 0, length, pts=start * 1000)
        encoded = self.stream.codec_context.encode_subtitle(made)
        encoded.pts = encoded.dts = start
        encoded.duration, encoded.time_base = length, _TICK
        yield encoded
