"""Long jobs in pieces: finished segments stay where they are, so that an interrupted job goes on after them.

A segment is a Matroska file with the encoded packets of some frames and a JSON file with their exact time stamps,
because Matroska rounds to milliseconds. At the end the packets of all segments are put into one container; nothing is
encoded twice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cutaway.errors import OutputError
from cutaway.media.files import write_atomic
from cutaway.media.video.codecs import TABLE, choose_codec
from cutaway.media.video.encode import Coding, Picture, PictureEncoder, frame_rate
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import open_input, pyav, reason
from cutaway.media.video.output import OutputFile
from cutaway.media.video.write import padding_note, refusal

SEGMENT_FRAMES = 250
"""Frames of a segment: what is lost at most when a job is interrupted."""


@dataclass(frozen=True)
class Parts:
    """The folder with the finished segments of one result.

    Attributes:
        folder: where they are.
        key: says of which job they are; segments of another one are not used.
    """

    folder: Path
    key: str

    @classmethod
    def of(cls, target: Path, key: str) -> Parts:
        """The hidden folder beside a result; one that another job has left is emptied."""
        parts = cls(target.with_name(f".{target.name}.parts"), key)
        try:
            if (parts.folder / "job.json").read_text("utf-8") == key:
                return parts
        except OSError:
            pass
        parts.drop()
        write_atomic(parts.folder / "job.json", key.encode(), overwrite=True)
        return parts

    def finished(self) -> list[Path]:
        """The segments' JSON files, in order, up to the first one that is missing."""
        found: list[Path] = []
        while (path := self.name(len(found)).with_suffix(".json")).exists():
            found.append(path)
        return found

    def name(self, index: int) -> Path:
        """Where a segment's packets are."""
        return self.folder / f"{index:06d}.mkv"

    def times(self) -> list[Fraction]:
        """Times of all frames that need not be made again."""
        return [
            Fraction(time)
            for path in self.finished()
            for time in json.loads(path.read_text("utf-8"))["times"]
        ]

    def drop(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


class SegmentedWriter:
    """Takes pictures like `VideoWriter`, and keeps what is finished when it is abandoned.

    Args:
        path: the result.
        info: of the video whose frames are worked on.
        parts: where segments are kept.
        transparent: whether the pictures have an alpha.
        coding: codec, quality and speed.
        sound_from: copy sound and subtitles of this video.
        drop_subtitles: leave the subtitles out.
        overwrite: whether a file of that name may be replaced.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        parts: Parts,
        *,
        transparent: bool,
        coding: Coding,
        sound_from: Path | None = None,
        drop_subtitles: bool = False,
        overwrite: bool = False,
    ) -> None:
        self._path, self._info, self._parts = path, info, parts
        self._transparent, self._coding = transparent, coding
        self._sound_from, self._drop, self._overwrite = sound_from, drop_subtitles, overwrite
        self._codec = choose_codec(path, coding.codec, transparent=transparent)
        self._count = len(parts.finished())
        self._segment: _Segment | None = None
        self.notes: list[str] = []

    def write(self, picture: Picture, time: Fraction) -> None:
        """Add a picture.

        Raises:
            OutputError: it cannot be encoded or written.
        """
        try:
            if self._segment is None:
                self._segment = self._begin()
            self._segment.write(picture, time)
        except (pyav().FFmpegError, OSError) as error:
            raise OutputError(f"cannot write {self._path}: {reason(error)}") from error
        if len(self._segment.times) >= SEGMENT_FRAMES:
            self._complete()

    def _begin(self) -> _Segment:
        segment = _Segment(
            self._parts.name(self._count),
            self._codec,
            self._info,
            transparent=self._transparent,
            coding=self._coding,
        )
        if not self.notes:
            self.notes.extend(padding_note(self._codec, segment.encoder, self._info))
        return segment

    def _complete(self) -> None:
        if self._segment is not None:
            self._segment.complete()
            self._segment, self._count = None, self._count + 1

    def finish(self) -> None:
        """Join all segments, and delete them."""
        self._complete()
        out = OutputFile(self._path, self._info, sound_from=self._sound_from, overwrite=self._overwrite)
        with out.explained():
            self._join(out)
            out.finish()
        self.notes.extend(out.notes)
        self._parts.drop()

    def _join(self, out: OutputFile) -> None:
        stream: Any = None
        last: int | None = None
        for index in range(self._count):
            path = self._parts.name(index)
            with open_input(path) as source:
                if stream is None:
                    stream = out.container.add_stream_from_template(source.streams.video[0], opaque=True)
                    stream.time_base = self._info.time_base
                    if (
                        "alpha_mode" in source.streams.video[0].metadata
                    ):  # a tag and no part of the codec's parameters
                        stream.metadata["alpha_mode"] = "1"
                    out.start(drop_subtitles=self._drop)
                for packet in _restamped(source, path, self._info.time_base, last):
                    last = packet.dts
                    out.mux(stream, [packet], until=packet.pts * self._info.time_base)
        out.mux(stream, [], until=None)

    def abandon(self) -> None:
        """Forget the unfinished segment; the finished ones stay."""
        if self._segment is not None:
            self._segment.drop()
            self._segment = None


class _Segment:
    """One piece, encoded by an encoder of its own, so that it begins with a key frame."""

    def __init__(self, path: Path, codec: str, info: VideoInfo, *, transparent: bool, coding: Coding) -> None:
        self._path, self._tick = path, Fraction(1, 1000)
        self._length = max(1, round(1 / (info.rate * info.time_base)))  # MP4 drops a last frame of no length
        self._stamps: list[tuple[int, int, int]] = []
        self.times: list[Fraction] = []
        self._out = pyav().open(f"file:{path}", "w", format="matroska")
        self._stream = self._out.add_stream(TABLE[codec].encoder, rate=frame_rate(info))
        context = self._stream.codec_context
        self.encoder = PictureEncoder(context, codec, info=info, transparent=transparent, coding=coding)
        try:
            self._out.start_encoding()
        except pyav().FFmpegError as error:
            self.drop()
            raise refusal(codec, info, error) from error

    def write(self, picture: Picture, time: Fraction) -> None:
        """Encode a picture."""
        self._mux(self.encoder.encode(picture, time))
        self.times.append(time)

    def _mux(self, packets: list[Any]) -> None:
        """Write packets under their number; their own stamps are kept beside."""
        for packet in packets:
            self._stamps.append((packet.pts, packet.dts, packet.duration or self._length))
            packet.stream = self._stream
            packet.pts = packet.dts = len(self._stamps) - 1
            packet.time_base = self._tick
            self._out.mux(packet)

    def complete(self) -> None:
        """Close the file, and say last that it is there."""
        self._mux(self.encoder.flush())
        self._out.close()
        kept = {"times": [str(time) for time in self.times], "stamps": self._stamps}
        write_atomic(self._path.with_suffix(".json"), json.dumps(kept).encode(), overwrite=True)

    def drop(self) -> None:
        """Delete it."""
        self._out.close()
        self._path.unlink(missing_ok=True)


def _restamped(source: Any, path: Path, base: Fraction, last: int | None) -> Iterator[Any]:
    """A segment's packets with the stamps that they had; those for decoding only grow, also between segments."""
    stamps = iter(json.loads(path.with_suffix(".json").read_text("utf-8"))["stamps"])
    for packet in source.demux(source.streams.video[0]):
        if packet.size:
            packet.pts, dts, packet.duration = next(stamps)
            packet.dts = dts if last is None else max(dts, last + 1)
            packet.time_base = base
            last = packet.dts
            yield packet
