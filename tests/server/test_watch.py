"""The camera's page: its stream, its keys, and that nobody else gets at it. Every request has a timeout."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

import cutaway.server.watch as watch_module
from cutaway.errors import OptionError
from cutaway.options import Options
from cutaway.server.watch import BrowserView
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes

TIMEOUT_S = 10.0
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def view() -> Iterator[BrowserView]:
    view = BrowserView(Scenes(["#ff0000", "teal"], Options()), Meter())
    try:
        yield view
    finally:
        view.close()


def connect(view: BrowserView) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(view.address.removeprefix("http://"), timeout=TIMEOUT_S)


def ask(
    view: BrowserView, path: str, *, body: object = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, object]]:
    connection = connect(view)
    try:
        data = None if body is None else body if isinstance(body, str) else json.dumps(body)
        connection.request("GET" if data is None else "POST", path, data, headers or (JSON if data else {}))
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content[:1] == b"{" else {"text": content.decode()}
    finally:
        connection.close()


def until(condition: object) -> bool:
    end = time.monotonic() + TIMEOUT_S
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.01)
    return bool(condition())  # type: ignore[operator]


def part(answer: http.client.HTTPResponse) -> np.ndarray:
    """The next JPEG of a stream, RGB."""
    assert answer.readline() == b"--picture\r\n"
    size = 0
    while line := answer.readline().strip():
        size = int(line.split()[1]) if line.lower().startswith(b"content-length") else size
    jpeg = answer.read(size)
    assert answer.readline() == b"\r\n"
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def test_pictures_stream_to_whoever_watches(view: BrowserView) -> None:
    assert not view.watched
    connection = connect(view)
    try:
        connection.request("GET", "/stream.mjpg")
        answer = connection.getresponse()
        assert answer.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=picture"
        assert until(lambda: view.watched)
        for grey in (40, 200):
            view.show(np.full((48, 64, 3), (grey, 0, 255 - grey), np.uint8), time.monotonic())
            assert np.abs(part(answer)[24, 32].astype(int) - [grey, 0, 255 - grey]).max() < 12
        assert until(lambda: view.meter.pace().pictures == 2)
        assert 0 < view.meter.pace().p95_ms < 1000 * TIMEOUT_S
    finally:
        connection.close()
        answer.close()
    for _ in range(100):  # it is only found out when something is sent
        view.show(np.zeros((48, 64, 3), np.uint8), time.monotonic())
        if until_quick(lambda: not view.watched):
            break
    assert not view.watched


def until_quick(condition: object) -> bool:
    end = time.monotonic() + 0.1
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.005)
    return bool(condition())  # type: ignore[operator]


def test_a_slow_browser_gets_the_newest(view: BrowserView) -> None:
    number = view.join()
    for grey in range(5):
        view.show(np.full((8, 8, 3), grey, np.uint8), float(grey))
    fresh = view.after(number)
    assert fresh is not None and fresh[0] == 5 and fresh[2] == 4.0
    view.leave()


def test_the_page_and_its_keys(view: BrowserView) -> None:
    status, page = ask(view, "/")
    assert status == 200 and "/stream.mjpg" in str(page["text"])
    view.status = lambda: {"pace": "fast"}
    assert ask(view, "/status")[1] == {
        "background": "#ff0000", "backgrounds": ["#ff0000", "teal"], "view": "result", "pace": "fast"
    }  # fmt: skip
    assert ask(view, "/key", body={"key": "2"})[1]["background"] == "teal"
    assert ask(view, "/key", body={"key": "m"})[1]["view"] == "matte"
    assert ask(view, "/background", body={"background": "blur:3"})[1]["backgrounds"] == [
        "#ff0000",
        "teal",
        "blur:3",
    ]
    assert view.scenes.shown[0].name == "blur:3"
    assert ask(view, "/key", body={"key": "q"})[0] == 200 and view.scenes.ended.is_set()


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/key", {"key": "x"}, JSON, 400),
        ("/key", {"clef": "1"}, JSON, 400),
        ("/key", {"key": 1}, JSON, 400),
        ("/key", "[", JSON, 400),
        ("/key", '{"key": "1"}', {"Content-Type": "text/plain"}, 400),
        ("/background", {"background": "none"}, JSON, 400),
        ("/background", {"background": "x" * 20_000}, JSON, 400),
        ("/elsewhere", {"key": "1"}, JSON, 404),
        ("/elsewhere", None, {}, 404),
        ("/../watch.py", None, {}, 404),
        ("/key", {"key": "2"}, {**JSON, "Origin": "https://evil.example"}, 403),
        ("/stream.mjpg", None, {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/stream.mjpg", None, {"Host": "evil.example"}, 403),
        ("/", None, {"Host": "127.0.0.1.evil.example:80"}, 403),
        ("/", None, {"Host": "[x"}, 403),
    ],
)
def test_nothing_else(
    view: BrowserView, path: str, body: object, headers: dict[str, str], status: int
) -> None:
    got, said = ask(view, path, body=body, headers=headers)
    assert got == status and said["error"]
    assert view.scenes.shown[0].name == "#ff0000" and not view.watched


def test_only_this_machine_can_connect(view: BrowserView) -> None:
    assert view.address.startswith("http://127.0.0.1:")


def test_a_port_that_is_taken_is_said(view: BrowserView) -> None:
    with pytest.raises(OptionError, match="choose another with --port"):
        BrowserView(view.scenes, Meter(), port=int(view.address.rpartition(":")[2]))


def test_closing_ends_streams_and_threads(view: BrowserView) -> None:
    connection = connect(view)
    try:
        connection.request("GET", "/stream.mjpg")
        answer = connection.getresponse()
        assert until(lambda: view.watched)
        view.close()
        assert answer.read() == b""
    finally:
        connection.close()
    assert until(lambda: not [t for t in threading.enumerate() if t.name.startswith("cutaway browser")])
    assert until(lambda: not view.watched)


def test_the_page_asks_nobody_else() -> None:
    page = Path(watch_module.__file__).with_name("watch.html").read_text("utf-8")
    assert "http:" not in page and "https:" not in page and "//cdn" not in page
