"""`cutaway camera` from the arguments to the end, with a file in the camera's place; each run ends by itself."""

from __future__ import annotations

import http.client
import json
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cutaway.media import camera as camera_module
from cutaway.media.video import virtual as virtual_module
from cutaway.media.video.virtual import LoopbackCamera
from video_samples import disc_frame, write_clip

TIMEOUT_S = 60.0
"""Every run ends by then, whatever happens; none comes near it unless something is wrong."""


@pytest.fixture
def camera(cutaway, bright_model: Path):  # type: ignore[no-untyped-def]
    """Run `cutaway camera ARGS...` with the tiny model; it ends after a minute whatever happens."""
    return lambda *args: cutaway(
        "camera", "--model", bright_model, "--seconds", TIMEOUT_S, "--port", 0, *args
    )


@pytest.fixture
def clip(here: Path) -> Path:
    return write_clip(here / "clip.mp4")


@pytest.fixture
def device(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A virtual camera that is a file of planes."""
    monkeypatch.setattr(
        virtual_module, "LoopbackCamera",
        lambda name, *, size, rate: LoopbackCamera(name, size=size, rate=rate, format="rawvideo"),
    )  # fmt: skip
    return here / "device"


def planes(device: Path) -> np.ndarray:
    """The brightness of all pictures that a virtual camera of 64×48 was shown."""
    return np.fromfile(device, np.uint8).reshape(-1, 48 * 64 * 3 // 2)[:, : 48 * 64].reshape(-1, 48, 64)


def test_a_file_stands_in_and_every_frame_arrives(camera, clip: Path, device: Path) -> None:  # type: ignore[no-untyped-def]
    ran = camera(
        "--source",
        "clip.mp4",
        "--virtual",
        device,
        "--preview",
        "none",
        "--background",
        "white",
        "--still",
        "0",
    )
    assert ran.code == 0, ran.err
    assert "virtual camera: " in ran.err and "12 frames: the network ran for 12, 0 hardly differed" in ran.err
    assert re.search(r"pictures/s, latency \d+ ms \(p50\), \d+ ms \(p95\)", ran.err)
    shown = planes(device)
    assert len(shown) == 12
    for index, luma in enumerate(shown):
        assert (
            luma[2, 60] > 225 and abs(int(luma[24, 16 + index]) - 205) < 25
        )  # on white, and the disc in its place


def test_a_folder_in_real_time(camera, here: Path, device: Path) -> None:  # type: ignore[no-untyped-def]
    from PIL import Image

    (here / "seq").mkdir()
    for index in range(6):
        Image.fromarray(disc_frame(index)).save(here / "seq" / f"{index}.png")
    began = time.monotonic()
    ran = camera(
        "--source", "seq", "--realtime", "--fps", "10", "--virtual", device, "--preview", "none", "-v"
    )
    assert ran.code == 0 and "6 frames" in ran.err and time.monotonic() - began > 0.5
    assert 1 <= len(planes(device)) <= 6


def test_the_page_is_served_while_it_runs(camera, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """A browser in a thread: it watches, changes the background, and ends it with q."""
    seen: dict[str, object] = {}
    threads: list[threading.Thread] = []
    from cutaway.server.watch import BrowserView

    def visit(view: BrowserView) -> None:
        address = view.address.removeprefix("http://")
        stream = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
        control = http.client.HTTPConnection(address, timeout=TIMEOUT_S)
        try:
            stream.request("GET", "/stream.mjpg")
            seen["first"] = stream.getresponse().read(2000)[:9]
            for path, body in (("/background", {"background": "red"}), ("/key", {"key": "q"})):
                control.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
                answer = control.getresponse()
                seen[path] = answer.status, json.loads(answer.read())["background"]
                control.close()
        finally:
            stream.close()
            control.close()

    class Visited(BrowserView):
        def __init__(self, *args: object, **more: object) -> None:
            super().__init__(*args, **more)  # type: ignore[arg-type]
            threads.append(threading.Thread(target=visit, args=(self,), daemon=True))
            threads[0].start()

    monkeypatch.setattr("cutaway.server.watch.BrowserView", Visited)
    began = time.monotonic()
    ran = camera("--source", "clip.mp4", "--realtime", "--loop", "--still", "0")
    assert time.monotonic() - began < TIMEOUT_S  # the key, not the time
    threads[0].join(TIMEOUT_S)
    assert ran.code == 0 and "watch it at http://127.0.0.1:" in ran.err, ran.err
    assert seen == {"first": b"--picture", "/background": (200, "red"), "/key": (200, "red")}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--source", "nix.mp4"), "there is no file or folder 'nix.mp4'"),
        (("--source", "0", "--realtime"), "--realtime and --loop are for files"),
        (("--source", "clip.mp4", "--background", "none"), "which a live picture cannot be"),
        (("--source", "clip.mp4", "--also", "#ff000000"), "which a live picture cannot be"),
        (("--source", "clip.mp4", "--background", "nix"), "background 'nix' is neither"),
        (("--source", "clip.mp4", "--preview", "none"), "nothing would be shown"),
        (("--source", "clip.mp4", "--format", "png"), "--format is for photos"),
        (("--source", "clip.mp4", "--camera-size", "wide"), "is no size: write 1280x720"),
        (("--source", "clip.mp4", "--fps", "x"), "is no rate"),
        (("--source", "clip.mp4", "--still", "-1"), "still must be between"),
        (("--source", "clip.mp4", "--input-size", "9"), "multiple of 8"),
        (("--source", "clip.mp4", "--virtual", "/dev/video4711"), "'/dev/video4711' cannot be written"),
        (("--source", "words.mp4"), "words.mp4 cannot be read as a video"),
    ],
)
def test_mistakes_are_one_line(args: tuple[str, ...], words: str, camera, clip: Path, here: Path) -> None:  # type: ignore[no-untyped-def]
    (here / "words.mp4").write_bytes(b"words")
    ran = camera(*args)
    assert ran.code == 2 and words in ran.err and len(ran.errors) == 1, ran.err
    assert "Traceback" not in ran.err


def test_no_camera_is_said(camera, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(camera_module, "address", lambda name: (f"/dev/video-{os.getpid()}", "v4l2"))
    ran = camera()
    assert ran.code == 2 and "there is no camera 0" in ran.err and len(ran.errors) == 1


def test_unplugged_while_running(camera, clip: Path, device: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(camera_module, "address", lambda name: (str(clip), None))
    ran = camera("--virtual", device, "--preview", "none")
    assert ran.code == 1 and "camera 0 stopped sending pictures" in ran.err and "12 frames" in ran.err
    assert "Traceback" not in ran.err


def test_ctrl_c_is_how_a_camera_ends(
    camera, clip: Path, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    def press(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.cli.camera._Meanwhile.__call__", press)
    ran = camera("--source", "clip.mp4", "--virtual", device, "--preview", "none")
    assert ran.code == 0 and ran.errors == [] and "frames: the network ran for" in ran.err


def test_without_the_extra(camera, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    for args in ((), ("--source", "clip.mp4")):
        ran = camera(*args)
        assert ran.code == 2 and "pip install -e '.[video]'" in ran.err


def test_without_a_screen_the_browser_takes_over(camera, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    from cutaway.errors import DeviceError

    def refuse() -> None:
        raise DeviceError("no window can be opened: there is no screen")

    monkeypatch.setattr("cutaway.cli.window._root", refuse)
    ran = camera("--source", "clip.mp4", "--realtime", "--preview", "window")
    assert ran.code == 0 and "no screen; the browser instead" in ran.err and "watch it at" in ran.err
    assert "no picture was watched" in ran.err


def test_keys_of_the_terminal(camera, clip: Path, device: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    """A real terminal (a pty): q is heard without Enter, and the terminal is as before."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    leader, follower = pty.openpty()
    done = threading.Event()

    def type_on() -> None:
        while not done.wait(0.2):
            os.write(leader, b"2q")

    typing = threading.Thread(target=type_on, daemon=True)
    try:
        before = termios.tcgetattr(follower)
        with os.fdopen(os.dup(follower), "r") as terminal:
            monkeypatch.setattr("sys.stdin", terminal)
            typing.start()
            began = time.monotonic()
            ran = camera("--source", "clip.mp4", "--realtime", "--loop", "--virtual", device, "--preview", "none",
                         "--also", "black")  # fmt: skip
            assert time.monotonic() - began < TIMEOUT_S  # the key, not the time
            assert termios.tcgetattr(follower) == before
    finally:
        done.set()
        typing.join(TIMEOUT_S)
        os.close(leader)
        os.close(follower)
    assert ran.code == 0 and "keys: 1-9 background" in ran.err


def test_a_window_where_there_is_a_screen(camera, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    tkinter = pytest.importorskip("tkinter")
    pytest.importorskip("PIL.ImageTk")
    try:
        tkinter.Tk().destroy()
    except tkinter.TclError as error:
        pytest.skip(f"there is no screen: {error}")
    ran = camera("--source", "clip.mp4", "--realtime", "--preview", "window", "--still", "0")
    assert ran.code == 0 and "watch it at" not in ran.err
    assert re.search(r"[1-9]\d*\.\d pictures/s", ran.err)


def test_help_is_quick_to_read(cutaway: Callable[..., object]) -> None:
    ran = cutaway("camera", "--help")
    assert ran.code == 0 and b"--virtual" in ran.out  # type: ignore[attr-defined]


def test_what_is_slow_is_off_unless_it_is_asked_for(
    cutaway, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    seen = []
    monkeypatch.setattr(
        "cutaway.cli.camera._run", lambda wanted, options, backgrounds, console: seen.append(options)
    )
    source = ("camera", "--source", "clip.mp4")
    assert cutaway(*source).code == 0
    assert (
        cutaway(*source, "--zoom", "auto", "--foreground", "--model", "default", "--background", "teal").code
        == 0
    )
    first, second = seen
    assert (first.zoom, first.foreground, first.background) == ("off", False, "blur")
    assert first.model == "fast"
    assert (second.zoom, second.foreground, second.model, second.background) == (
        "auto",
        True,
        "default",
        "teal",
    )
