"""What the tests of the server share."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from cutaway.engines.fake import FakeEngine
from cutaway.remover import Remover

Start = Callable[..., Any]


def encoded(pixels: np.ndarray, format: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format)
    return stream.getvalue()


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def code(response: Any) -> tuple[int, str]:
    """(status, code) of an answer that is a problem."""
    return response.status_code, response.json()["errors"][0]["code"]


def wait_until(true: Callable[[], bool], *, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


class Held:
    """An engine's answer that waits until it is let go, so that requests pile up."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.calls = 0

    def __call__(self, tensor: np.ndarray) -> np.ndarray:
        self.calls += 1
        assert self.go.wait(10)
        return np.asarray(tensor.mean(axis=1, keepdims=True), np.float32)


class Live:
    """A server on a real port, in a thread of this process."""

    def __init__(self, engine: FakeEngine, settings: dict[str, Any]) -> None:
        from cutaway.server.run import Listening
        from cutaway.server.settings import Settings

        self.listening = Listening(Settings(**settings), remover=Remover(engine=engine))
        self.port = self.listening.port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.listening.serve, daemon=True)
        self.thread.start()
        wait_until(lambda: self.listening.started)

    def stop(self) -> None:
        self.listening.stop()
        self.thread.join(10)
        assert not self.thread.is_alive(), "the server did not stop"
