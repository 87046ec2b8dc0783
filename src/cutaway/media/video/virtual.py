"""A virtual camera: pictures that other programs (meetings, OBS, browsers) take for those of a camera."""

from __future__ import annotations

import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from cutaway.errors import DeviceError
from cutaway.media.video.colour import Colour, to_video_frame
from cutaway.media.video.library import pyav, reason
from cutaway.pixels.resize import resize
from cutaway.types import Pixels, Size

_LOOPBACK = "sudo modprobe v4l2loopback exclusive_caps=1 card_label=Cutaway"
_LINUX = sys.platform.startswith("linux")
_VIRTUAL_DEVICES = Path("/sys/devices/virtual/video4linux")
_MATRIX = Colour("601")
"""What programs assume of a camera's YUV."""


class VirtualCamera(Protocol):
    """Takes pictures of one size."""

    @property
    def name(self) -> str:
        """What other programs find it under."""

    def show(self, pixels: Pixels) -> None:
        """Show a picture: uint8 (H, W, 3), brought to the camera's size."""

    def close(self) -> None:
        """Let go of the device."""


class LoopbackCamera:
    """A device of the kernel module v4l2loopback (Linux), written through PyAV.

    Args:
        name: "/dev/video10".
        size: (height, width); odd sides lose a row or column.
        rate: pictures in a second, as other programs are told.
        format: FFmpeg's name of the interface.

    Raises:
        DeviceError: there is no such device, or it is not one that can be written.
    """

    def __init__(self, name: str, *, size: Size, rate: Fraction, format: str = "v4l2") -> None:
        av = pyav()
        self.name = name
        self._size = max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2)
        self._count = 0
        try:
            self._container = av.open(name, "w", format=format)
            self._stream = self._container.add_stream("rawvideo", rate=rate.limit_denominator(1001))
            self._stream.height, self._stream.width = self._size
            self._stream.pix_fmt = "yuv420p"
            self._container.start_encoding()
        except (av.FFmpegError, OSError, ValueError) as error:
            raise DeviceError(
                f"the virtual camera {name!r} cannot be written ({reason(error)}): make one with {_LOOPBACK}"
            ) from error

    def show(self, pixels: Pixels) -> None:
        """Show a picture.

        Raises:
            DeviceError: the device went away.
        """
        frame = to_video_frame(resize(pixels, self._size), None, pix_fmt="yuv420p", colour=_MATRIX)
        frame.pts, self._count = self._count, self._count + 1
        try:
            self._container.mux(self._stream.encode(frame))
        except pyav().FFmpegError as error:
            raise DeviceError(f"the virtual camera {self.name!r} went away: {reason(error)}") from error

    def close(self) -> None:
        """Let go of the device."""
        self._container.close()


class PyVirtualCamera:
    """The virtual camera of OBS or Unity Capture, where the user has installed the package `pyvirtualcam` (GPL).

    Args:
        module: `pyvirtualcam`.
        size, rate: as in `LoopbackCamera`.

    Raises:
        DeviceError: there is no such camera.
    """

    def __init__(self, module: Any, *, size: Size, rate: Fraction) -> None:
        self._size = size
        try:
            self._camera = module.Camera(width=size[1], height=size[0], fps=float(rate))
        except RuntimeError as error:
            raise DeviceError(f"pyvirtualcam finds no virtual camera: {error}") from error
        self.name = str(self._camera.device)

    def show(self, pixels: Pixels) -> None:
        """Show a picture."""
        self._camera.send(np.ascontiguousarray(resize(pixels, self._size)))

    def close(self) -> None:
        """Let go of the device."""
        self._camera.close()


def open_virtual(name: str, *, size: Size, rate: Fraction) -> VirtualCamera:
    """Open a virtual camera.

    Args:
        name: a device ("/dev/video10"), or "auto" for the first there is.
        size: (height, width) of the pictures.
        rate: pictures in a second.

    Raises:
        DeviceError: there is none; the message says how to get one.
    """
    if name != "auto" or _LINUX:
        return LoopbackCamera(_loopback() if name == "auto" else name, size=size, rate=rate)
    try:
        module = import_module("pyvirtualcam")
    except ImportError as error:
        raise DeviceError(
            "a virtual camera needs the package pyvirtualcam here (GPL-2.0, so it does not come with Cutaway), "
            "and OBS: pip install pyvirtualcam. OBS can also show the browser's address as a source"
        ) from error
    return PyVirtualCamera(module, size=size, rate=rate)


def _loopback() -> str:
    """The first device that no hardware stands behind."""
    found = sorted(path.name for path in _VIRTUAL_DEVICES.glob("video*"))
    if not found:
        raise DeviceError(
            f"there is no virtual camera: make one with {_LOOPBACK} (package v4l2loopback-dkms)"
        )
    return f"/dev/{found[0]}"
