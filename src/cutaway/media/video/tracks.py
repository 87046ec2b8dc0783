"""The sound and subtitles of the source: copied packet by packet where the container holds them, else made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cutaway.errors import OptionError
from cutaway.media.video.library import open_input, pyav
from cutaway.media.video.sound import ENCODERS, NAMES, SoundEncoder
from cutaway.media.video.subtitles import KINDS, PICTURES, SubtitleEncoder

_LATE_S = 5
"""Tracks are interleaved more closely than this: behind the wanted end by more there is nothing left to copy."""


_ONLY_MP4 = {"opus", "libopus", "flac", "truehd"}
"""Sound that FFmpeg's MP4 writer takes and its MOV writer refuses, though it says otherwise when asked."""


@dataclass(frozen=True)
class _Track:
    target: Any
    encode: Callable[[Any | None], Iterator[Any]] | None
    """None copies."""


class Tracks:
    """Everything of a source but its picture, on its way into a container.

    Args:
        path: the source.
        cut: source time that becomes 0; what comes before it is left out.
        end: source time at which to stop; None for all.

    Attributes:
        notes: what a user should know: sound or subtitles that could not be copied as they are.
    """

    def __init__(self, path: Path, *, cut: Fraction, end: Fraction | None) -> None:
        self._input = open_input(path)
        self._cut, self._end = cut, end
        self._tracks: dict[int, _Track] = {}
        self._packets: Iterator[Any] = iter(())
        self._waiting: Any = None
        self.notes: list[str] = []

    @property
    def rates(self) -> list[int]:
        """Sample rates of the sound tracks."""
        return [s.codec_context.sample_rate for s in self._input.streams.audio if s.codec_context]

    def attach(self, output: Any, suffix: str, *, drop_subtitles: bool) -> None:
        """Give the container a stream for each track.

        Raises:
            OptionError: subtitles that are pictures do not fit into the container.
        """
        for stream in self._input.streams.audio:
            if stream.codec_context is not None:
                self._attach_sound(output, stream, suffix)
        for stream in () if drop_subtitles else self._input.streams.subtitles:
            if stream.codec_context is not None:
                self._attach_subtitles(output, stream, suffix)
        if not self._cut and self._end is None and suffix != ".webm" and self._input.chapters():
            output.set_chapters(self._input.chapters())
        self._packets = self._read()

    def _attach_sound(self, output: Any, stream: Any, suffix: str) -> None:
        held = stream.codec_context.name not in _ONLY_MP4 or suffix != ".mov"
        target = _copied(output, stream) if held else None
        encode = None
        if target is None:
            encoder = SoundEncoder(output, stream, ENCODERS[suffix], cut=self._cut)
            target, encode = encoder.stream, encoder.encode
            old, new = stream.codec_context.name, NAMES[ENCODERS[suffix]]
            self.notes.append(f"{suffix} cannot hold {old} sound: it is encoded anew as {new}")
        self._keep(stream, target, encode)

    def _attach_subtitles(self, output: Any, stream: Any, suffix: str) -> None:
        target = _copied(output, stream)
        encode = None
        if target is None:
            old = stream.codec_context.name
            if old in PICTURES:
                raise OptionError(
                    f"{suffix} cannot hold subtitles that are pictures ({old}): "
                    "write .mkv, or leave them out with --drop-subtitles"
                )
            encoder = SubtitleEncoder(output, stream, KINDS[suffix], cut=self._cut)
            target, encode = encoder.stream, encoder.encode
            self.notes.append(f"{suffix} cannot hold {old} subtitles: they are converted to {KINDS[suffix]}")
        self._keep(stream, target, encode)

    def _keep(self, stream: Any, target: Any, encode: Callable[[Any | None], Iterator[Any]] | None) -> None:
        for key in ("language", "title"):
            if key in stream.metadata:
                target.metadata[key] = stream.metadata[key]
        target.disposition = int(stream.disposition)
        self._tracks[stream.index] = _Track(target, encode)

    def _read(self) -> Iterator[Any]:
        """The wanted packets, in the file's order; a damaged rest is left out."""
        av = pyav()
        streams = [self._input.streams[index] for index in self._tracks]
        if not streams:
            return
        if self._cut:
            self._input.seek(int(self._cut * 1_000_000))
        packets = self._input.demux(*streams)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return
            time = _time(packet)
            if packet.size and time is not None and not (self._cut and time < self._cut):
                if self._end is not None and time >= self._end:
                    if time > self._end + _LATE_S:
                        return
                    continue
                yield packet

    def feed(self, output: Any, until: Fraction | None) -> None:
        """Put all packets up to a time of the result into the container; None: all that are left."""
        while (packet := self._waiting or next(self._packets, None)) is not None:
            self._waiting = None
            time = _time(packet)
            assert time is not None
            if until is not None and time - self._cut > until:
                self._waiting = packet
                return
            self._pass(output, packet)
        if until is None:
            for track in self._tracks.values():
                self._mux(output, track, track.encode(None) if track.encode else ())

    def _pass(self, output: Any, packet: Any) -> None:
        track = self._tracks[packet.stream.index]
        if track.encode is not None:
            try:
                self._mux(output, track, track.encode(packet))
            except pyav().FFmpegError:  # a damaged packet of sound: silence takes its place
                return
            return
        shift = round(self._cut / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        self._mux(output, track, [packet])

    @staticmethod
    def _mux(output: Any, track: _Track, packets: Any) -> None:
        for packet in packets:
            packet.stream = track.target
            output.mux(packet)

    def close(self) -> None:
        """Close the source."""
        self._input.close()


def _copied(output: Any, stream: Any) -> Any | None:
    """A stream that takes the source's packets as they are; None if the container cannot hold them."""
    try:
        return output.add_stream_from_template(stream)
    except ValueError:
        return None


def _time(packet: Any) -> Fraction | None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else stamp * packet.time_base
