"""A live camera as a source of frames, through PyAV (the `video` extra)."""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cutaway.errors import DeviceError
from cutaway.media.video.colour import colour_of, to_pixels
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import pyav, reason
from cutaway.types import Frame, Metadata, Size

DRIVERS = {"linux": "v4l2", "darwin": "avfoundation", "win32": "dshow"}
"""`sys.platform` to FFmpeg's name of the system's camera interface."""

_PATIENCE_S = (10.0, 5.0)
"""How long opening and one picture may take."""
_TICKS = 1_000_000
"""Times are counted in microseconds."""


@dataclass(frozen=True)
class Wish:
    """What a camera is asked for; it may give something else.

    Attributes:
        size: (height, width) of the pictures; None leaves it to the camera.
        rate: pictures in a second; None leaves it to the camera.
    """

    size: Size | None = None
    rate: Fraction | None = None

    @property
    def options(self) -> dict[str, str]:
        """The same in FFmpeg's words."""
        size = {"video_size": f"{self.size[1]}x{self.size[0]}"} if self.size else {}
        return {**size, **({"framerate": str(self.rate)} if self.rate else {})}


class CameraReader:
    """An opened camera; iterate over it for its frames, which have the time at which they arrived.

    Args:
        name: a number, 0 for the first camera, or the system's own name: "/dev/video2" on Linux, "FaceTime HD Camera"
            on macOS, "Integrated Webcam" on Windows.
        wish: size and rate.

    Attributes:
        info: of its pictures.
        damaged: how many pictures could not be decoded so far.

    Raises:
        MissingExtraError: PyAV is not installed.
        DeviceError: there is no such camera, or it may not or cannot be used.
    """

    missing = 0.0

    def __init__(self, name: str, wish: Wish | None = None) -> None:
        self.path = Path(name)
        self.damaged = 0
        self._name = name
        self._container = _open(name, wish or Wish())
        try:
            self._stream = _picture_stream(self._container, name)
            self._began = time.monotonic()
            self._rest = self._decoded()
            self._first = next(self._rest, None)
            if self._first is None:
                raise DeviceError(f"{named(name)} opens, but sends no picture")
            height, width = self._first.height, self._first.width
        except BaseException:
            self._container.close()
            raise
        self.info = VideoInfo(
            size=(height, width),
            rate=self._stream.average_rate or self._stream.guessed_rate or Fraction(30),
            time_base=Fraction(1, _TICKS),
            colour=colour_of(self._first),
        )

    def __iter__(self) -> Iterator[Frame]:
        """The frames as they arrive.

        Raises:
            DeviceError: the camera stopped: cameras have no end.
        """
        if self._first is not None:
            yield self._finished(self._first)
            self._first = None
        for frame in self._rest:
            yield self._finished(frame)
        raise DeviceError(f"{named(self._name)} stopped sending pictures: was it unplugged?")

    def _decoded(self) -> Iterator[Any]:
        av = pyav()
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, av.FFmpegError):
                return
            try:
                yield from packet.decode()
            except av.FFmpegError:  # half a picture, which happens while a camera wakes up
                self.damaged += 1

    def _finished(self, frame: Any) -> Frame:
        seconds = Fraction(round((time.monotonic() - self._began) * _TICKS), _TICKS)
        return Frame(to_pixels(frame, colour_of(frame)), None, Metadata(source=self._name), seconds)

    def close(self) -> None:
        """Let go of the camera."""
        self._container.close()


def named(name: str) -> str:
    """ "camera 0", or "camera '/dev/video2'"."""
    return f"camera {name}" if name.isdecimal() else f"camera {name!r}"


def address(name: str) -> tuple[str, str | None]:
    """What FFmpeg calls a camera: its file, and the name of the interface.

    Raises:
        DeviceError: this system has no camera interface that we know, or a number means nothing to it.
    """
    driver = DRIVERS.get(sys.platform)
    if driver is None:
        raise DeviceError(
            f"cameras cannot be read on {sys.platform}: give a video file or a folder as --source"
        )
    if driver == "v4l2":
        return (f"/dev/video{name}" if name.isdecimal() else name), driver
    if driver == "dshow":
        if name.isdecimal():
            raise DeviceError(
                f"on Windows a camera is called by its name, not by a number ({name}): "
                "--source 'Integrated Webcam', as it stands in the Device Manager"
            )
        return f"video={name}", driver
    return f"{name}:none", driver  # no microphone


def _open(name: str, wish: Wish) -> Any:
    av = pyav()
    file, driver = address(name)
    # many cameras send large pictures at full rate only as JPEGs; one that cannot refuses to open
    tries = [{**wish.options, "input_format": "mjpeg"}, wish.options] if driver == "v4l2" else [wish.options]
    for index, options in enumerate(tries):
        try:
            return av.open(file, format=driver, options=options, timeout=_PATIENCE_S)
        except (av.FFmpegError, OSError, ValueError) as error:
            known = isinstance(error, FileNotFoundError | PermissionError)
            if known or index == len(tries) - 1:
                raise _refusal(name, file, error) from error
    return None


def _picture_stream(container: Any, name: str) -> Any:
    for stream in container.streams.video:
        stream.thread_type = "SLICE"  # threads over whole frames would hold some back
        return stream
    raise DeviceError(f"{named(name)} sends no pictures")


def _refusal(name: str, file: str, error: Exception) -> DeviceError:
    """What to tell the user of a camera that does not open."""
    what = named(name)
    if isinstance(error, FileNotFoundError):
        return DeviceError(f"there is no {what} ({file}): {_others()}")
    if isinstance(error, PermissionError):
        return DeviceError(f"{what} ({file}) may not be used: {_allowing()}")
    if getattr(error, "errno", None) == errno.EBUSY:
        return DeviceError(f"{what} ({file}) is in use by another program: close that one first")
    return DeviceError(f"{what} ({file}) cannot be opened: {reason(error)}; {_others()}")


def _others() -> str:
    """Which cameras there are, or what else can be done."""
    found = sorted(str(path) for path in Path("/dev").glob("video*")) if os.name == "posix" else []
    instead = "a video file or a folder of pictures can stand in: --source clip.mp4 --realtime"
    return f"there are {', '.join(found)}" if found else f"plug one in; {instead}"


def _allowing() -> str:
    if sys.platform == "darwin":
        return "allow it in System Settings, Privacy & Security, Camera, for the terminal"
    if sys.platform == "win32":
        return "allow it in Settings, Privacy, Camera"
    return "add yourself to the group of the device (sudo usermod -aG video $USER) and log in again"
