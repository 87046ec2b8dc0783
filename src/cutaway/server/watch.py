"""Live pictures in the browser: one page and its stream of JPEGs, for this machine alone.

The stream is `multipart/x-mixed-replace`, which every browser and OBS show as a moving picture. Only Python's own HTTP
server is needed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import cv2

from cutaway.errors import CutawayError, OptionError
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.types import Pixels

HOST = "127.0.0.1"
JPEG_QUALITY = 85
_BOUNDARY = "picture"
_PAGE = Path(__file__).with_name("watch.html")
_LOCAL = {HOST, "localhost", "::1"}
_STUCK_S = 10.0
"""A viewer that takes no bytes for so long is gone."""
_LOOK_UP_S = 0.5
_MAX_BODY = 10_000


class BrowserView:
    """The page and its stream; it listens from the beginning, in threads of its own.

    Args:
        scenes: what the page can choose.
        meter: is told when a picture was sent.
        port: to listen on; 0 takes a free one.

    Attributes:
        status: gives what the page says about the pace; set by whoever knows.

    Raises:
        OptionError: the port cannot be had.
    """

    def __init__(self, scenes: Scenes, meter: Meter, *, port: int = 0) -> None:
        self.scenes, self.meter = scenes, meter
        self.status: Callable[[], dict[str, Any]] = dict
        self.ended = False
        self._viewers = 0
        self._picture: tuple[int, bytes, float] = (0, b"", 0.0)
        self._fresh = threading.Condition()
        try:
            self._server = _Server((HOST, port), _Visit)
        except OSError as error:
            raise OptionError(
                f"port {port} cannot be had ({error.strerror or error}): choose another with --port"
            ) from error
        self._server.view = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="cutaway browser", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self._server.server_address[1]}"

    @property
    def watched(self) -> bool:
        """Whether a browser shows the stream."""
        return self._viewers > 0

    def show(self, pixels: Pixels, captured: float) -> None:
        """Send a picture to all that watch; whoever is too slow for it gets a later one."""
        _, jpeg = cv2.imencode(
            ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY)
        )
        with self._fresh:
            self._picture = self._picture[0] + 1, jpeg.tobytes(), captured
            self._fresh.notify_all()

    def pump(self) -> None:
        """Nothing: the server has threads of its own."""

    def after(self, number: int) -> tuple[int, bytes, float] | None:
        """The newest picture (number, JPEG, when captured) if it is newer than a number; waits a little for it."""
        with self._fresh:
            self._fresh.wait_for(lambda: self.ended or self._picture[0] > number, _LOOK_UP_S)
            return self._picture if self._picture[0] > number else None

    def join(self) -> int:
        """Begin to watch: the number of the picture before the first that is to be seen."""
        with self._fresh:
            self._viewers += 1
            return self._picture[0]

    def leave(self) -> None:
        """Watch no more."""
        with self._fresh:
            self._viewers -= 1

    def close(self) -> None:
        """Stop listening; streams end."""
        self.ended = True
        with self._fresh:
            self._fresh.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_STUCK_S)


def _host(header: str) -> str:
    """ "[::1]:7010" to "::1"; "" for nonsense."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a stuck browser must not hold up the end
    view: BrowserView

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no news."""


class _Visit(BaseHTTPRequestHandler):
    """One request."""

    timeout = _STUCK_S
    server_version = "cutaway"
    sys_version = ""

    @property
    def view(self) -> BrowserView:
        return cast(_Server, self.server).view

    def do_GET(self) -> None:
        """The page, the stream, the status."""
        path = urlsplit(self.path).path
        if not self._is_ours():
            return
        if path == "/":
            self._answer(200, _PAGE.read_bytes(), "text/html; charset=utf-8")
        elif path == "/stream.mjpg":
            self._stream()
        elif path == "/status":
            self._say(200, self._status())
        else:
            self._say(404, {"error": "there are /, /stream.mjpg and /status"})

    def do_POST(self) -> None:
        """A key or a background."""
        path = urlsplit(self.path).path
        if not self._is_ours():
            return
        try:
            if path == "/key":
                key = self._wanted("key")
                if not self.view.scenes.press(key):
                    raise OptionError(f"key {key!r} stands for nothing here")
            elif path == "/background":
                self.view.scenes.choose(self._wanted("background"))
            else:
                self._say(404, {"error": "there are /key and /background"})
                return
        except CutawayError as error:
            self._say(400, {"error": str(error)})
            return
        self._say(200, self._status())

    def _is_ours(self) -> bool:
        """Refuse names that are not this machine's (DNS rebinding) and what a browser asks for another web site."""
        named, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        own = origin is None or origin == f"http://{named}"
        direct = self.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        if _host(named) in _LOCAL and own and direct:
            return True
        self._say(403, {"error": "only this machine's own page may look"})
        return False

    def _wanted(self, name: str) -> str:
        """One value of a JSON body; other web sites cannot send that type without asking first."""
        try:
            size = int(self.headers.get("Content-Length") or 0)
            typed = self.headers.get("Content-Type", "").partition(";")[0].strip() == "application/json"
            value = json.loads(self.rfile.read(size))[name] if typed and 0 < size <= _MAX_BODY else None
        except (ValueError, KeyError, TypeError):
            value = None
        if not isinstance(value, str):
            raise OptionError(f'send JSON like {{"{name}": "..."}}, with Content-Type: application/json')
        return value

    def _status(self) -> dict[str, Any]:
        scene, view = self.view.scenes.shown
        return {
            "background": scene.name,
            "backgrounds": self.view.scenes.names,
            "view": view,
            **self.view.status(),
        }

    def _stream(self) -> None:
        view = self.view
        self.send_response(200)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self._plain_headers()
        self.end_headers()
        number = view.join()
        try:
            while not view.ended:
                fresh = view.after(number)
                if fresh is not None:
                    number, jpeg, captured = fresh
                    self._send_part(jpeg)
                    view.meter.shown(captured)
        except OSError:  # the browser went away
            self.close_connection = True
        finally:
            view.leave()

    def _send_part(self, jpeg: bytes) -> None:
        head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
        self.wfile.write(b"".join((head.encode(), jpeg, b"\r\n")))
        self.wfile.flush()

    def _say(self, status: int, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self._plain_headers()
        self.end_headers()
        self.wfile.write(body)

    def _plain_headers(self) -> None:
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Frame-Options", "DENY")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what is watched is nobody's business."""
