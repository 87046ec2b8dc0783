"""A video file in the making: a container with the source's sound, complete under its name or not there at all."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from cutaway.errors import OutputError
from cutaway.media.files import AnyPath, printable
from cutaway.media.video.codecs import MUXERS, suffix_of
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import pyav, reason
from cutaway.media.video.tracks import Tracks
from cutaway.media.video.whole import WholeFile

_MAX_TIMESCALE = 2**31 - 1


class OutputFile:
    """A container that is being written; use every method inside `explained`.

    Args:
        path: .mp4, .mkv, .mov or .webm.
        info: of the video whose frames were worked on.
        sound_from: copy sound, subtitles and chapters of this video.
        overwrite: whether a file of that name may be replaced.

    Attributes:
        notes: what a user should know about sound and subtitles.

    Raises:
        OutputExistsError: the file is there and may not be replaced.
        OutputError: it cannot be written.
    """

    def __init__(self, path: AnyPath, info: VideoInfo, *, sound_from: Path | None, overwrite: bool) -> None:
        self._suffix = suffix_of(path)
        self._file = WholeFile(path, overwrite=overwrite)
        self._tracks = None if sound_from is None else Tracks(sound_from, cut=info.cut, end=info.end)
        self._container: Any = None
        self.notes: list[str] = []
        with self.explained():
            rates = self._tracks.rates if self._tracks else []
            self._container = pyav().open(
                f"file:{self._file.temporary}",
                "w",
                format=MUXERS[self._suffix],
                container_options=_muxer_options(self._suffix, info.time_base, rates),
            )
            self._container.metadata.update(dict(info.metadata))

    @property
    def container(self) -> Any:
        """The `av.container.OutputContainer`, to add the picture's stream to."""
        return self._container

    def start(self, *, drop_subtitles: bool) -> None:
        """Add the other tracks, after the picture's own, and write the header."""
        if self._tracks is not None:
            self._tracks.attach(self._container, self._suffix, drop_subtitles=drop_subtitles)
            self.notes.extend(self._tracks.notes)
        self._container.start_encoding()

    def mux(self, stream: Any, packets: list[Any], *, until: Fraction | None) -> None:
        """Add packets of the picture, and the other tracks up to a time (None: to their end)."""
        for packet in packets:
            packet.stream = stream
            self._container.mux(packet)
        if self._tracks is not None:
            self._tracks.feed(self._container, until)

    def finish(self) -> None:
        """Close the container and give the file its name."""
        if self._tracks is not None:
            self._tracks.close()
        self._container.close()
        self._file.finish()

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._tracks is not None:
            self._tracks.close()
        with contextlib.suppress(Exception):  # a file that is thrown away need not be closed well
            if self._container is not None:
                self._container.close()
        self._file.drop()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what FFmpeg says into one of our errors, and leave nothing behind after any error."""
        try:
            yield
        except (pyav().FFmpegError, OSError) as error:
            self.abandon()
            if isinstance(error, OutputError):
                raise
            raise OutputError(f"cannot write {printable(self._file.path)}: {reason(error)}") from error
        except BaseException:
            self.abandon()
            raise


def _muxer_options(suffix: str, time_base: Fraction, rates: list[int]) -> dict[str, str]:
    """Options that keep time: MP4's own ticks, and no shift of the whole file where sound begins before 0."""
    if suffix in (".mkv", ".webm"):
        return {"avoid_negative_ts": "disabled"}
    ticks = time_base.denominator
    movie = math.lcm(ticks, *rates)
    options = {"movflags": "+faststart", "video_track_timescale": str(ticks)}
    if movie <= _MAX_TIMESCALE:  # delays of whole tracks are counted in these
        options["movie_timescale"] = str(movie)
    return options
