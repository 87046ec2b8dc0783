"""Reading a video: an iterator of upright RGB frames, each with its exact time."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from cutaway.errors import ImageError, OptionError
from cutaway.media.files import AnyPath, printable
from cutaway.media.video.colour import Colour, alpha_of, colour_of, to_pixels
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import Limits, open_input, pyav, reason
from cutaway.media.video.upright import Turn, turn_of
from cutaway.pixels.resize import resize
from cutaway.types import Frame, Metadata, Pixels, Size

log = logging.getLogger(__name__)

_DEFAULT_RATE = Fraction(25)
_GAP_S = 1.0
"""A last frame that is shown longer than this is more likely a file that was cut off."""
_NOT_TITLES = {"major_brand", "minor_version", "compatible_brands", "encoder", "creation_time", "duration"}


@dataclass(frozen=True)
class Part:
    """Which frames of a video are wanted.

    Attributes:
        start, end: seconds after its first frame; frames with start <= t < end are read, which then begin at 0.
        every: read only every Nth of them.
        max_size: the longer side is at most this many pixels; smaller videos stay as they are.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    every: int = 1
    max_size: int | None = None

    def __post_init__(self) -> None:
        if self.every < 1:
            raise OptionError(f"every must be 1 or more, not {self.every}")
        if self.max_size is not None and self.max_size < 2:
            raise OptionError(f"max-size must be 2 pixels or more, not {self.max_size}")
        if self.start is not None and self.start < 0:
            raise OptionError(f"start must not be negative: {float(self.start):g} s")
        if self.end is not None and self.end <= (self.start or 0):
            raise OptionError(
                f"end ({float(self.end):g} s) must come after start ({float(self.start or 0):g} s)"
            )

    def limited(self, size: Size) -> Size:
        """The size of the frames that are read."""
        longer = max(size)
        if self.max_size is None or longer <= self.max_size:
            return size
        height, width = (max(1, round(side * self.max_size / longer)) for side in size)
        return height, width


EVERYTHING = Part()
"""All frames, as they are."""


class VideoReader:
    """A video file, opened; iterate over it once for its frames.

    Args:
        path: any file that PyAV reads.
        part: which frames, and how large.
        depth: 8 or 16 bits for each channel of the frames; "source" gives 16 where the source has more than 8.
        limits: what the file may be if a stranger sent it.

    Attributes:
        info: what is known about the video.
        damaged: how many packets could not be decoded so far; their frames are left out.
        missing: seconds by which the file, read to its end, turned out shorter than its header says; 0 if it did not.

    Raises:
        MissingExtraError: PyAV is not installed.
        ImageError: it is no video, or not one frame of it can be decoded.
        OptionError: `part` begins behind the video's end.
    """

    def __init__(
        self,
        path: AnyPath,
        part: Part = EVERYTHING,
        *,
        depth: Literal[8, 16, "source"] = 8,
        limits: Limits | None = None,
    ) -> None:
        self.path = Path(path)
        self.part = part
        self._limits = limits
        self._name = printable(path) if limits is None else "the video"  # its place says who may see it
        self.damaged = 0
        self.missing = 0.0
        self._seen: Fraction | None = None
        self._container = open_input(path, limits)
        try:
            self._stream = picture_stream(self._container, path)
            self._open(depth)
        except BaseException:
            self._container.close()
            raise

    def _open(self, depth: Literal[8, 16, "source"]) -> None:
        self._base: Fraction = self._stream.time_base
        self._rate: Fraction = self._stream.average_rate or self._stream.guessed_rate or _DEFAULT_RATE
        self._origin = (self._stream.start_time or 0) * self._base
        self._cut = self._origin + self.part.start if self.part.start else Fraction(0)
        self._end = None if self.part.end is None else self._origin + self.part.end
        self._decoder = _decoder_for(self._stream)
        if self._limits is not None:
            self._decoder.options = self._limits.decoding
        self._rest = self._wanted()
        self._first = next(self._rest, None)
        if self._first is None:
            raise self._nothing()
        frame, time = self._first
        self._cut = time if self._cut else self._cut  # so that the result begins at 0
        self._colour, self._turn = colour_of(frame), turn_of(frame)
        bits = max(part.bits for part in frame.format.components)
        self._depth: Literal[8, 16] = (16 if bits > 8 else 8) if depth == "source" else depth
        self.info = self._describe(frame, bits)
        self._warn(frame)

    def _nothing(self) -> Exception:
        if self.part.start and not self.damaged:
            return OptionError(f"start ({float(self.part.start):g} s) lies behind the end of {self._name}")
        return ImageError(f"{self._name} cannot be read as a video: not one of its frames can be decoded")

    def _describe(self, frame: Any, bits: int) -> VideoInfo:
        aspect = self._stream.codec_context.sample_aspect_ratio or Fraction(1)
        streams = self._container.streams
        return VideoInfo(
            size=self.part.limited(self._turn.size((frame.height, frame.width))),
            rate=self._rate / self.part.every,
            time_base=self._base,
            frames=self._expected(),
            cut=self._cut,
            end=self._end,
            colour=self._colour,
            bits=bits,
            transparent=any(part.is_alpha for part in frame.format.components),
            sound=tuple(s.codec_context.name for s in streams.audio if s.codec_context),
            subtitles=tuple(s.codec_context.name for s in streams.subtitles if s.codec_context),
            pixel_aspect=1 / aspect if self._turn.transposed else aspect,
            metadata=tuple(
                (k, v) for k, v in self._container.metadata.items() if k.lower() not in _NOT_TITLES
            ),
        )

    def _expected(self) -> int | None:
        """How many frames there will be, as far as the headers tell."""
        whole = self._length()
        if whole is None:
            return None
        last = whole if self.part.end is None else min(whole, self.part.end)
        if self._stream.frames and self.part.start is None and last == whole:
            return -(-int(self._stream.frames) // self.part.every)
        return max(1, round((last - (self.part.start or 0)) * self._rate / self.part.every))

    def _length(self) -> Fraction | None:
        """Seconds from the first frame to the end of the last one, as the headers tell."""
        if self._stream.duration:
            return Fraction(self._stream.duration * self._base)
        if self._container.duration:
            return Fraction(self._container.duration, 1_000_000)
        return None

    def _warn(self, frame: Any) -> None:
        if self._colour.hdr:
            log.warning(
                "%s is HDR (%s): it is converted to standard range, and highlights are clipped",
                self._name,
                self._colour.hdr,
            )
        if frame.interlaced_frame:
            log.warning(
                "%s is interlaced: moving edges will show combs; deinterlace it first if they matter",
                self._name,
            )

    def __iter__(self) -> Iterator[Frame]:
        """The frames in the order in which they are shown.

        Damaged packets are skipped and counted; the frames after them keep their times.
        """
        if self._first is not None:
            first, self._first = self._first, None
            yield self._finished(*first)
        for frame, time in self._rest:
            yield self._finished(frame, time)
        self._measure_what_is_missing()
        self._warn_of_damage()

    def _measure_what_is_missing(self) -> None:
        length = self._length()
        if length is None or self._seen is None or self._end is not None:
            return
        gap = float(length - (self._seen - self._origin))
        self.missing = gap if gap > max(_GAP_S, 3 / float(self._rate)) else 0.0

    def _warn_of_damage(self) -> None:
        if self.damaged:
            log.warning("%s: %d damaged places were left out", self._name, self.damaged)
        if self.missing:
            log.warning("%s ends %.1f s before its header says: it was cut off", self._name, self.missing)

    def _wanted(self) -> Iterator[tuple[Any, Fraction]]:
        """Decoded frames between start and end, every Nth, with their time in the source."""
        counted = self._container.format.name == "avi"  # its stamps are in the order of decoding
        if self._cut and not counted:
            self._container.seek(int(self._cut / self._base), stream=self._stream)
        index = 0
        last: Fraction | None = None
        for frame in self._decoded():
            stamped = frame.pts is not None and not counted
            time = frame.pts * self._base if stamped else _after(last, self._rate, self._origin)
            if last is not None and time <= last:
                log.debug("a frame at %s s that does not come after the one before is left out", float(time))
                continue
            self._seen = last = time
            if time < self._cut:
                continue
            if self._end is not None and time >= self._end:
                return
            if index % self.part.every == 0:
                yield frame, time
            index += 1

    def _decoded(self) -> Iterator[Any]:
        """All frames; the last packet is empty and flushes those that the decoder still holds."""
        av = pyav()
        for packet in self._packets():
            flush = packet.dts is None and not packet.size
            try:
                frames = self._decoder.decode(None if flush else packet)
            except av.FFmpegError as error:
                self._damage(reason(error))
                continue
            yield from frames

    def _packets(self) -> Iterator[Any]:
        av = pyav()
        packets = self._container.demux(self._stream)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except av.FFmpegError as error:  # the file ends in the middle of something
                self._damage(reason(error))
                return

    def _damage(self, why: str) -> None:
        self.damaged += 1
        log.debug("%s: a damaged packet: %s", self._name, why)

    def _finished(self, frame: Any, time: Fraction) -> Frame:
        colour = colour_of(frame) if frame.format.name != "pal8" else Colour("rgb", True)
        pixels = self._shaped(to_pixels(frame, colour, depth=self._depth))
        alpha = alpha_of(frame, depth=self._depth)
        own = None if alpha is None else self._shaped(alpha)
        return Frame(pixels, own, Metadata(source=str(self.path)), time - self._cut)

    def _shaped(self, array: Pixels) -> Pixels:
        """Upright, and of the size that was promised, even where the video changes its own on the way."""
        return resize(self._turn.apply(array) if self._turn != Turn() else array, self.info.size)

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def picture_stream(container: Any, path: AnyPath) -> Any:
    """The video stream that is not a cover picture."""
    for stream in container.streams.video:
        if "attached_pic" not in str(stream.disposition) and stream.codec_context is not None:
            stream.thread_type = "AUTO"
            return stream
    raise ImageError(f"{printable(path)} holds no video track")


def _decoder_for(stream: Any) -> Any:
    """The stream's decoder; for VP8 and VP9 with alpha libvpx, because the native one drops the alpha."""
    own = {"vp9": "libvpx-vp9", "vp8": "libvpx"}.get(stream.codec_context.codec.canonical_name)
    if own is None or stream.metadata.get("alpha_mode", stream.metadata.get("ALPHA_MODE")) != "1":
        return stream.codec_context
    return pyav().CodecContext.create(own, "r")


def _after(last: Fraction | None, rate: Fraction, origin: Fraction) -> Fraction:
    return origin if last is None else last + 1 / rate
