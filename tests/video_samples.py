"""Small real clips, written through PyAV: a bright disc that moves over a dark ground."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine
from cutaway.remover import Remover

av = pytest.importorskip("av", reason="the video extra (av) is not installed")

TICK = Fraction(1, 25)
NTSC = Fraction(1001, 30000)

ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, "
    b"SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, "
    b"BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\nStyle: Default,Arial,16,&Hffffff,"
    b"&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n\n[Events]\nFormat: Layer, Start, End, Style, Name, "
    b"MarginL, MarginR, MarginV, Effect, Text\n"
)


def disc_frame(index: int, height: int = 48, width: int = 64) -> np.ndarray:
    """uint8 (H, W, 3): the disc's middle moves to the right by a pixel a frame."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height / 2, x - width / 4 - index) <= height / 4
    picture = np.full((height, width, 3), (30, 40, 50), np.uint8)
    picture[inside] = (230, 220, 210)
    return picture


def write_clip(
    path: Path,
    stamps: Sequence[int] = range(12),
    *,
    tick: Fraction = TICK,
    size: tuple[int, int] = (48, 64),
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    turn: int | None = None,
    sound: str | None = None,
    layout: str = "stereo",
    subtitles: str | None = None,
    tags: dict[str, int] | None = None,
    mux: dict[str, str] | None = None,
    seconds: float = 0.5,
) -> Path:
    """Write a clip of the disc, one frame for each time stamp (in ticks), with tracks as wanted."""
    height, width = size
    settings = {"movie_timescale": str(tick.denominator)} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", container_options={**settings, **(mux or {})}) as out:
        stream = out.add_stream(codec, rate=round(1 / tick), options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.codec_context.time_base = stream.time_base = tick
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if turn is not None:
            stream.set_display_rotation(turn)
        audio = out.add_stream(sound, rate=48000, layout=layout) if sound else None
        words = _subtitle_stream(out, subtitles) if subtitles else None
        for index, stamp in enumerate(stamps):
            picture = av.VideoFrame.from_ndarray(disc_frame(index, height, width), "rgb24")
            frame = picture.reformat(format=pix_fmt, dst_color_range=(tags or {}).get("color_range", 1))
            frame.pts, frame.time_base = stamp, tick
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if audio is not None:
            _write_sound(out, audio, layout, seconds)
        if words is not None:
            _write_words(out, words)
    return path


def _subtitle_stream(out: Any, kind: str) -> Any:
    stream = out.add_stream(kind)
    stream.codec_context.subtitle_header = ASS_HEADER
    stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
    stream.metadata["language"] = "ger"
    return stream


def _write_words(out: Any, stream: Any) -> None:
    line = av.subtitles.subtitle.SubtitleSet.create(b"0,0,Default,,0,0,0,,Guten Tag", 0, 200, pts=100_000)
    packet = stream.codec_context.encode_subtitle(line)
    packet.stream, packet.pts, packet.dts, packet.duration = stream, 100, 100, 200
    packet.time_base = Fraction(1, 1000)
    out.mux(packet)


def _write_sound(out: Any, stream: Any, layout: str, seconds: float) -> None:
    channels = len(stream.codec_context.layout.channels)
    wave = 0.3 * np.sin(np.arange(round(48000 * seconds)) * 440 * 2 * np.pi / 48000)
    for start in range(0, len(wave), 960):
        part = np.tile(wave[start : start + 960].astype(np.float32), (channels, 1))
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def times(path: Path) -> list[Fraction]:
    """Exact time stamps of all frames, by PyAV itself."""
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        return [frame.pts * stream.time_base for frame in clip.decode(stream)]


def packets(path: Path, kind: str = "audio") -> list[tuple[Fraction, bytes]]:
    """Time and bytes of each packet of the first track of a kind."""
    with av.open(str(path)) as clip:
        stream = next(s for s in clip.streams if s.type == kind)
        return [(p.pts * stream.time_base, bytes(p)) for p in clip.demux(stream) if p.size]


def bright() -> Remover:
    """A remover to which bright is subject, without weights."""
    return Remover(engine=FakeEngine())
