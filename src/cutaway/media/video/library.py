"""The one door to PyAV: imported when a video is opened, and a clear error where it is not installed."""

from __future__ import annotations

import os
from typing import Any

from cutaway.errors import ImageError, MissingExtraError
from cutaway.media.files import AnyPath, printable

PLAYLISTS = frozenset({"hls", "concat", "dash", "imf", "applehttp", "sdp", "rtsp", "image2", "tty"})
"""Formats that name other files or addresses: opening a video must read that video and nothing else."""


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


def open_input(path: AnyPath) -> Any:
    """Open a video file for reading (an `av.container.InputContainer`); never a network address.

    Raises:
        MissingExtraError: PyAV is not installed.
        ImageError: there is no such file, or it is no video that can be read.
    """
    av, name = pyav(), os.fspath(path)
    if not os.path.isfile(name):  # noqa: PTH113 - the name may hold anything
        raise ImageError(f"there is no video file {printable(name)}")
    try:
        container = av.open(f"file:{name}", options={"protocol_whitelist": "file"})
    except (av.FFmpegError, ValueError) as error:
        raise ImageError(f"{printable(name)} cannot be read as a video: {reason(error)}") from error
    if PLAYLISTS & set(container.format.name.split(",")):
        container.close()
        raise ImageError(f"{printable(name)} is a list of other files ({container.format.name}), not a video")
    return container


def reason(error: BaseException) -> str:
    """What FFmpeg says was wrong, without its numbers and function names."""
    return str(getattr(error, "strerror", None) or error).partition(": 'avcodec")[0]
