"""Cameras with a file behind the device's name, and virtual ones that write into a file."""

from __future__ import annotations

import errno
import sys
import types
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import DeviceError, MissingExtraError
from cutaway.media import camera as camera_module
from cutaway.media.camera import CameraReader, Wish, address
from cutaway.media.video import virtual as virtual_module
from cutaway.media.video.virtual import LoopbackCamera, open_virtual
from video_samples import av, disc_frame, write_clip


@pytest.fixture
def plugged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A "camera" that is unplugged after twelve pictures."""
    path = write_clip(tmp_path / "device.mkv", options={"bf": "0"})
    monkeypatch.setattr(camera_module, "address", lambda name: (str(path), None))
    return path


def test_pictures_come_with_the_time_of_their_arrival_until_it_is_unplugged(plugged_in: Path) -> None:
    reader = CameraReader("0")
    assert reader.info.size == (48, 64)
    seen = []
    with pytest.raises(DeviceError, match="camera 0 stopped sending pictures: was it unplugged"):
        for frame in reader:
            seen.append(frame)
    reader.close()
    assert len(seen) == 12
    assert np.abs(seen[5].pixels.astype(int) - disc_frame(5)).mean() < 4
    times = [frame.time for frame in seen]
    assert times == sorted(times) and all(time is not None and 0 <= time < 60 for time in times)


def test_half_a_picture_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "device.mkv", codec="ffv1", options={"slicecrc": "1"})
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 600] = bytes(600)
    path.write_bytes(data)
    monkeypatch.setattr(camera_module, "address", lambda name: (str(path), None))
    seen = []
    with pytest.raises(DeviceError, match="unplugged"):
        for frame in CameraReader("0"):
            seen.append(frame)
    assert 4 <= len(seen) <= 12


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file"), r"there is no camera 7 \(/dev/video7\)"),
        (PermissionError(errno.EACCES, "Permission denied"), "may not be used: "),
        (OSError(errno.EBUSY, "Device or resource busy"), "in use by another program"),
        (OSError(errno.EINVAL, "Invalid argument"), "cannot be opened: Invalid argument"),
    ],
)
def test_what_is_wrong_is_said(error: OSError, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(camera_module, "address", lambda name: (f"/dev/video{name}", "v4l2"))
    monkeypatch.setattr(av, "open", refuse)
    with pytest.raises(DeviceError, match=words):
        CameraReader("7")


def test_a_camera_that_does_not_speak_jpeg_is_asked_again(
    plugged_in: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = av.open

    def choosy(file: str, *, format: str | None, options: dict[str, str], timeout: object) -> object:
        asked.append(options)
        if "input_format" in options:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(file)

    monkeypatch.setattr(camera_module, "address", lambda name: (str(plugged_in), "v4l2"))
    monkeypatch.setattr(av, "open", choosy)
    CameraReader("0", Wish((720, 1280), Fraction(30))).close()
    plain = {"video_size": "1280x720", "framerate": "30"}
    assert asked == [{**plain, "input_format": "mjpeg"}, plain]


@pytest.mark.parametrize(
    ("system", "name", "wanted"),
    [
        ("linux", "1", ("/dev/video1", "v4l2")),
        ("linux", "/dev/v4l/by-id/x", ("/dev/v4l/by-id/x", "v4l2")),
        ("darwin", "0", ("0:none", "avfoundation")),
        ("win32", "Integrated Webcam", ("video=Integrated Webcam", "dshow")),
    ],
)
def test_names_by_system(
    system: str, name: str, wanted: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    assert address(name) == wanted


@pytest.mark.parametrize(
    ("system", "words"), [("win32", "by its name"), ("sunos5", "cannot be read on sunos5")]
)
def test_systems_that_cannot(system: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    with pytest.raises(DeviceError, match=words):
        address("0")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"\[video\]"):
        CameraReader("0")


def test_a_virtual_camera_gets_planes_of_its_size(tmp_path: Path) -> None:
    path = tmp_path / "device"
    camera = LoopbackCamera(str(path), size=(47, 65), rate=Fraction(30000, 1001), format="rawvideo")
    for grey in (0, 255):
        camera.show(np.full((47, 65, 3), grey, np.uint8))
    camera.show(disc_frame(0, 90, 120))
    camera.close()
    planes = np.fromfile(path, np.uint8).reshape(3, 46 * 64 * 3 // 2)
    luma = planes[:, : 46 * 64].reshape(3, 46, 64)
    assert np.abs(luma[0].astype(int) - 16).max() <= 1 and np.abs(luma[1].astype(int) - 235).max() <= 1
    assert luma[2, 23, 16] > 190 and luma[2, 2, 60] < 70


def test_devices_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DeviceError, match="modprobe v4l2loopback"):
        open_virtual("/dev/video4711", size=(48, 64), rate=Fraction(25))
    monkeypatch.setattr(virtual_module, "_LINUX", True)
    monkeypatch.setattr(virtual_module, "_VIRTUAL_DEVICES", tmp_path)
    with pytest.raises(DeviceError, match="there is no virtual camera: make one"):
        open_virtual("auto", size=(48, 64), rate=Fraction(25))
    (tmp_path / "video4711").mkdir()
    with pytest.raises(DeviceError, match="'/dev/video4711' cannot be written"):
        open_virtual("auto", size=(48, 64), rate=Fraction(25))


def test_other_systems_use_pyvirtualcam_where_the_user_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[np.ndarray] = []

    class Camera:
        device = "OBS Virtual Camera"

        def __init__(self, *, width: int, height: int, fps: float) -> None:
            if fps > 100:
                raise RuntimeError("no backend")
            self.size = height, width

        def send(self, pixels: np.ndarray) -> None:
            assert pixels.shape == (*self.size, 3) and pixels.flags.c_contiguous
            sent.append(pixels)

        def close(self) -> None:
            sent.clear()

    monkeypatch.setattr(virtual_module, "_LINUX", False)
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(DeviceError, match="pip install pyvirtualcam"):
        open_virtual("auto", size=(48, 64), rate=Fraction(25))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", types.SimpleNamespace(Camera=Camera))  # type: ignore[arg-type]
    camera = open_virtual("auto", size=(48, 64), rate=Fraction(25))
    camera.show(disc_frame(0, 96, 128))
    assert camera.name == "OBS Virtual Camera" and len(sent) == 1
    camera.close()
    assert sent == []
    with pytest.raises(DeviceError, match="no backend"):
        open_virtual("auto", size=(48, 64), rate=Fraction(250))
