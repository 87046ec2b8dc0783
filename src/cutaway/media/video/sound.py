"""Sound made anew in a codec that the container holds, as long and as loud as it was."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from cutaway.media.video.library import pyav

ENCODERS = {".webm": "libopus", ".mkv": "libopus", ".mp4": "aac", ".mov": "aac"}
"""What sound becomes in a container that cannot hold the source's codec."""
NAMES = {"libopus": "Opus", "aac": "AAC"}

_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
"""The layouts that Opus (RFC 7845, 5.1.1.2) and AAC know, by their number of channels."""
_BITS_PER_S = {"libopus": 64_000, "aac": 96_000}
"""For each channel: transparent to most ears."""
_GAP_S = 0.05
"""A hole in the source that is longer than this is filled with silence, a shorter one is a rounding of times."""


class SoundEncoder:
    """Decodes packets of one sound track and encodes them for another container.

    Args:
        output: the container (`av.container.OutputContainer`); a stream is added to it.
        source: the source's stream.
        encoder: "libopus" or "aac".
        cut: source time that becomes 0.
    """

    def __init__(self, output: Any, source: Any, encoder: str, *, cut: Fraction) -> None:
        context = source.codec_context
        self._rate = 48_000 if encoder == "libopus" or context.sample_rate > 48_000 else context.sample_rate
        layout = _LAYOUTS.get(context.layout.nb_channels, "stereo")
        self.stream = output.add_stream(encoder, rate=self._rate, layout=layout)
        self.stream.bit_rate = _BITS_PER_S[encoder] * len(self.stream.codec_context.layout.channels)
        self._format = self.stream.codec_context.format.name
        self._layout = layout
        self._source, self._cut = source, cut
        self._resampler = pyav().AudioResampler(format=self._format, layout=layout, rate=self._rate)
        self._next: int | None = None

    def encode(self, packet: Any | None) -> Iterator[Any]:
        """Packets for the new track; None flushes what decoder and encoder still hold."""
        for frame in self._source.codec_context.decode(packet):
            yield from self._encode_frame(frame)
        if packet is None:
            for part in self._resampler.resample(None):
                yield from self._placed(part)
            yield from self.stream.encode(None)

    def _encode_frame(self, frame: Any) -> Iterator[Any]:
        time = frame.pts * frame.time_base - self._cut if frame.pts is not None else None
        if self._next is None:
            self._next = round((time or 0) * self._rate)
        elif time is not None and (gap := round(time * self._rate) - self._next) > _GAP_S * self._rate:
            for begin in range(0, gap, self._rate):  # a second at a time: a hole may be long
                yield from self._placed(self._silence(min(self._rate, gap - begin)))
        for part in self._resampler.resample(frame):
            yield from self._placed(part)

    def _placed(self, frame: Any) -> Iterator[Any]:
        """Encode a frame at the place where the one before it ended."""
        assert self._next is not None
        frame.pts, frame.time_base = self._next, Fraction(1, self._rate)
        self._next += frame.samples
        yield from self.stream.encode(frame)

    def _silence(self, samples: int) -> Any:
        av = pyav()
        channels = len(self.stream.codec_context.layout.channels)
        planar = self._format.endswith("p")
        kind = np.float32 if self._format.startswith("flt") else np.int16
        shape = (channels, samples) if planar else (1, samples * channels)
        frame = av.AudioFrame.from_ndarray(np.zeros(shape, kind), format=self._format, layout=self._layout)
        frame.sample_rate = self._rate
        return frame
