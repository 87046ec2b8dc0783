"""Looking through a stranger's video before anything is made of it: its packets are counted, and none is decoded.

A header may promise anything; what costs time and memory later is what is really there. Sound that is encoded anew is
filled with silence between its packets, for instance, so that two packets a year apart would fill the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cutaway.errors import ImageError, ImageTooLargeError
from cutaway.media.files import AnyPath
from cutaway.media.video.library import Limits, open_input, pyav
from cutaway.media.video.read import picture_stream
from cutaway.types import Size

MAX_STREAMS = 16
MAX_RATE = 120
"""Frames in a second; the quickest cameras of telephones."""
MAX_PACKETS_A_SECOND = 4000
"""Of all tracks together; sound has some 50 in each."""
MIN_SOUND_HZ = 8000
MAX_SOUND_BYTES = 1_000_000
"""Of one packet of sound; a longer one could decode to more than fits into memory."""
_ROUNDING_S = 1
"""Sound and picture need not end together."""


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes:
        frames: packets of the picture, which are about the number of frames.
        size: (height, width) of the frames as they are stored.
    """

    frames: int
    size: Size


def survey(path: AnyPath, limits: Limits) -> Survey:
    """Read a video through once without decoding it.

    Raises:
        MissingExtraError: PyAV is not installed.
        ImageTooLargeError: its frames have too many pixels.
        ImageError: it is no video of a kind that is taken, or holds more than is taken.
    """
    with open_input(path, limits) as container:
        stream = picture_stream(container, path)
        context = stream.codec_context
        if context.width * context.height > limits.max_pixels:
            raise ImageTooLargeError(
                f"the video's frames have {context.width}×{context.height} pixels; "
                f"at most {limits.max_pixels / 1e6:.1f} megapixels are taken"
            )
        _check_tracks(container)
        return Survey(_counted(container, stream, limits), (context.height, context.width))


def _check_tracks(container: Any) -> None:
    if len(container.streams) > MAX_STREAMS:
        raise ImageError(f"the video has {len(container.streams)} tracks; at most {MAX_STREAMS} are taken")
    for stream in container.streams.audio:
        if stream.codec_context is not None and stream.codec_context.sample_rate < MIN_SOUND_HZ:
            raise ImageError(f"the video's sound has fewer than {MIN_SOUND_HZ} samples a second")


def _counted(container: Any, picture: Any, limits: Limits) -> int:
    """Frames of the picture; an error as soon as anything is more than allowed."""
    frames = 0
    most, span = limits.max_seconds, _Span()
    for packets, packet in enumerate(_packets(container), 1):
        kind = packet.stream.type
        if kind == "audio" and packet.size > MAX_SOUND_BYTES:
            raise ImageError(f"the video's sound comes in pieces of more than {MAX_SOUND_BYTES / 1e6:g} MB")
        frames += packet.stream.index == picture.index and packet.size > 0
        if frames > most * MAX_RATE or packets > most * MAX_PACKETS_A_SECOND:
            raise ImageError(f"the video has more than the {most * MAX_RATE:.0f} frames that are taken")
        if kind in ("video", "audio"):
            span.add(packet)
        if span.seconds > most + _ROUNDING_S:
            raise ImageError(f"the video is longer than {most:g} seconds, which is the most that is taken")
    return frames


class _Span:
    """From the earliest beginning of a packet to the latest end."""

    def __init__(self) -> None:
        self._begin: Fraction | None = None
        self._end = Fraction(0)

    def add(self, packet: Any) -> None:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            return
        begin, end = stamp * packet.time_base, (stamp + (packet.duration or 0)) * packet.time_base
        self._end = end if self._begin is None else max(self._end, end)
        self._begin = begin if self._begin is None else min(self._begin, begin)

    @property
    def seconds(self) -> Fraction:
        return Fraction(0) if self._begin is None else self._end - self._begin


def _packets(container: Any) -> Iterator[Any]:
    """All packets; a damaged rest is left out, as it is when the video is read."""
    packets = container.demux()
    while True:
        try:
            yield next(packets)
        except (StopIteration, pyav().FFmpegError):
            return
