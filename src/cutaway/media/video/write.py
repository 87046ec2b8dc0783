"""Writing a video: pictures with their exact time in, a complete file out or none."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from cutaway.errors import OutputError
from cutaway.media.files import AnyPath
from cutaway.media.video.codecs import TABLE, choose_codec
from cutaway.media.video.encode import Coding, Picture, PictureEncoder, frame_rate
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import pyav, reason
from cutaway.media.video.output import OutputFile


class VideoWriter:
    """A video file that appears under its name when it is complete; use it in a `with` statement.

    Args:
        path: .mp4, .mkv, .mov or .webm.
        info: of the video whose frames were worked on: size, time, colour.
        transparent: whether the pictures have an alpha (`Cutout`).
        coding: codec, quality and speed.
        sound_from: copy sound, subtitles and chapters of this video.
        drop_subtitles: leave the subtitles out.
        overwrite: whether a file of that name may be replaced.

    Attributes:
        notes: what a user should know: padding, sound encoded anew, subtitles converted.

    Raises:
        OptionError: the container cannot hold that codec, alpha or subtitles.
        OutputExistsError: the file is there and may not be replaced.
        OutputError: it cannot be written.
    """

    def __init__(
        self,
        path: AnyPath,
        info: VideoInfo,
        *,
        transparent: bool,
        coding: Coding | None = None,
        sound_from: Path | None = None,
        drop_subtitles: bool = False,
        overwrite: bool = False,
    ) -> None:
        coding = coding or Coding()
        self._codec = choose_codec(path, coding.codec, transparent=transparent)
        self._ended = False
        self._out = OutputFile(path, info, sound_from=sound_from, overwrite=overwrite)
        with self._out.explained():
            self._stream = self._out.container.add_stream(TABLE[self._codec].encoder, rate=frame_rate(info))
            self._stream.time_base = info.time_base
            self._encoder = PictureEncoder(
                self._stream.codec_context, self._codec, info=info, transparent=transparent, coding=coding
            )
            self._start(info, drop_subtitles)
        self.notes = [*padding_note(self._codec, self._encoder, info), *self._out.notes]

    def _start(self, info: VideoInfo, drop_subtitles: bool) -> None:
        try:
            self._out.start(drop_subtitles=drop_subtitles)
        except pyav().FFmpegError as error:
            raise refusal(self._codec, info, error) from error

    @property
    def codec(self) -> str:
        """The codec in use, a name in `codecs.TABLE`."""
        return self._codec

    def write(self, picture: Picture, time: Fraction) -> None:
        """Add a picture, shown from `time` seconds on; times only grow.

        Raises:
            OutputError: it cannot be encoded or written (disk full, ...).
        """
        with self._out.explained():
            self._out.mux(self._stream, self._encoder.encode(picture, time), until=time)

    def finish(self) -> None:
        """Write what is left and give the file its name; again does nothing."""
        if self._ended:
            return
        self._ended = True
        with self._out.explained():
            self._out.mux(self._stream, self._encoder.flush(), until=None)
            self._out.finish()

    def abandon(self) -> None:
        """Leave nothing behind of a file that is not finished."""
        if self._ended:
            return
        self._ended = True
        self._out.abandon()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.finish()
        else:
            self.abandon()


def refusal(codec: str, info: VideoInfo, error: BaseException) -> OutputError:
    """The error for an encoder that will not be opened."""
    height, width = info.size
    return OutputError(
        f"{TABLE[codec].encoder} refuses pictures of {width}×{height} with these settings ({reason(error)}): "
        "try another --codec or --max-size"
    )


def padding_note(codec: str, encoder: PictureEncoder, info: VideoInfo) -> list[str]:
    """A note if the picture had to grow by a row or a column."""
    rows, columns = encoder.padded
    if not (rows or columns):
        return []
    height, width = info.size
    return [
        f"{codec} needs even sides: {width}×{height} becomes {width + columns}×{height + rows}, "
        "the last row or column repeated"
    ]
