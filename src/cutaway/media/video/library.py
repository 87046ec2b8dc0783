"""The one door to PyAV: imported when a video is opened, and a clear error where it is not installed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

from cutaway.errors import ImageError, MissingExtraError
from cutaway.media.files import AnyPath, printable

PLAYLISTS = frozenset({"hls", "concat", "dash", "imf", "applehttp", "sdp", "rtsp", "image2", "tty"})
"""Formats that name other files or addresses: opening a video must read that video and nothing else."""


TAKEN = {"mov": "MP4 and MOV", "matroska": "MKV and WebM", "avi": "AVI", "mpegts": "MPEG-TS"}
"""The containers that are opened when a stranger sent the file: FFmpeg's name, and what people say."""


@dataclass(frozen=True)
class Limits:
    """What a video that came from a stranger may be.

    Attributes:
        formats: FFmpeg's names of the containers that are opened; what is anything else is not read further.
        max_pixels: of a frame; a larger one is not decoded.
        max_seconds: from the first picture or sound to the end of the last one.
    """

    formats: tuple[str, ...] = tuple(TAKEN)
    max_pixels: int = 4096 * 2304
    max_seconds: float = 600.0

    @property
    def decoding(self) -> dict[str, str]:
        """Options of FFmpeg's decoders."""
        return {"max_pixels": str(self.max_pixels)}


def pyav() -> Any:
    """The module `av`.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("video", "video", "av") from error
    return av


@cache
def _all_but_playlists() -> str:
    return ",".join(sorted(pyav().formats_available - PLAYLISTS))


def open_input(path: AnyPath, limits: Limits | None = None) -> Any:
    """Open a video file for reading (an `av.container.InputContainer`); never a network address.

    FFmpeg tells the container by the file's first bytes, and leaves one that is not listed before it reads on, so that
    a playlist cannot name another file.

    Args:
        path: the file.
        limits: what it may be if a stranger sent it; None takes every container but lists of other files.

    Raises:
        MissingExtraError: PyAV is not installed.
        ImageError: there is no such file, or it is no video that can be read.
    """
    av, name = pyav(), os.fspath(path)
    if not os.path.isfile(name):  # noqa: PTH113 - the name may hold anything
        raise ImageError(f"there is no video file {printable(name)}")
    try:
        return av.open(f"file:{name}", options=_options(limits))
    except av.ArgumentError as error:
        raise ImageError(f"{printable(name)} cannot be read as a video: {_refused(limits)}") from error
    except (av.FFmpegError, ValueError) as error:
        raise ImageError(f"{printable(name)} cannot be read as a video: {reason(error)}") from error


def _options(limits: Limits | None) -> dict[str, str]:
    """For the container, and for the decoders that FFmpeg opens to look at its beginning."""
    if limits is None:
        return {"protocol_whitelist": "file", "format_whitelist": _all_but_playlists()}
    return {
        "protocol_whitelist": "file",
        "format_whitelist": ",".join(limits.formats),
        **limits.decoding,
    }


def _refused(limits: Limits | None) -> str:
    """Why FFmpeg says no more than "invalid argument"."""
    if limits is None:
        return "it is damaged, or a list of other files"
    return f"it is damaged, or none of {', '.join(TAKEN.get(name, name) for name in limits.formats)}"


def reason(error: BaseException) -> str:
    """What FFmpeg says was wrong, without its numbers and function names."""
    return str(getattr(error, "strerror", None) or error).partition(": 'avcodec")[0]
