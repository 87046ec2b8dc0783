"""Bombs, slow and rude clients, and many at once: no 500, no hang, no growing memory.

The long form (-m slow): 32 clients for four minutes.
"""

from __future__ import annotations

import io
import os
import socket
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from server_samples import Live, code, wait_until
from starlette.testclient import TestClient

from processes import line_of, started


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims any size in a few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def test_bombs_are_refused_before_they_are_decoded(client: TestClient) -> None:
    for path, name in (("/remove", "image"), ("/v1.0/removebg", "image_file"), ("/api/remove", "file")):
        started = time.monotonic()
        answer = client.post(path, files={name: png_of_size(100_000, 100_000)})
        assert code(answer) == (400, "resolution_too_high")
        assert time.monotonic() - started < 2
    gif = io.BytesIO()
    Image.new("L", (65_000, 10)).save(gif, "GIF")
    claimed = bytearray(gif.getvalue())
    claimed[6:10] = struct.pack("<HH", 65_000, 65_000)
    assert code(client.post("/remove", files={"image": bytes(claimed)})) == (400, "resolution_too_high")
    deep = b'{"a":' * 100_000
    answer = client.post("/v1.0/removebg", content=deep, headers={"content-type": "application/json"})
    assert code(answer) == (400, "invalid_body")
    many = {f"f{n}": (None, "x") for n in range(5000)}
    assert code(client.post("/remove", files=many)) == (400, "invalid_body")


def test_what_is_not_even_http(live: type[Live]) -> None:
    server = live()
    for sent in (
        b"\x16\x03\x01\x02\x00\x01",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0" * 100,
        b"A" * 70_000,
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            try:
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(4096)
            except ConnectionError:
                answer = b""
            assert (
                answer == b"" or b" 400 " in answer.split(b"\r\n")[0] or b" 421 " in answer.split(b"\r\n")[0]
            )
    assert httpx.get(f"{server.url}/health").status_code == 200


SERVER = """
import sys
from cutaway.engines.fake import FakeEngine
from cutaway.remover import Remover
from cutaway.server.run import Listening
from cutaway.server.settings import Settings

listening = Listening(Settings(port=0, queue=8, jobs_dir=sys.argv[1]), remover=Remover(engine=FakeEngine()))
print(listening.port, flush=True)
listening.serve()
"""


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


class Crowd:
    """Clients that all ask without pause, from threads that end with the block or with the test process."""

    def __init__(self, url: str, photo: bytes, *, size: int) -> None:
        self.url, self.photo = url, photo
        self.seen: Counter[int | str] = Counter()
        self.seconds: list[float] = []
        self._over, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(size)]

    def __enter__(self) -> Crowd:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(30)

    def _ask(self) -> None:
        with httpx.Client(timeout=30) as client:
            while not self._over.is_set():
                begin = time.perf_counter()
                try:
                    status: int | str = client.post(
                        f"{self.url}/remove", files={"image": self.photo}
                    ).status_code
                except httpx.HTTPError as error:
                    status = type(error).__name__
                with self._lock:
                    self.seen[status] += 1
                    self.seconds += [time.perf_counter() - begin] if status == 200 else []
                if status != 200:
                    self._over.wait(0.05)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("seconds", [2.0, pytest.param(240.0, marks=pytest.mark.slow)])
def test_thirty_two_clients(tmp_path: Path, photo: bytes, seconds: float) -> None:
    """Only 200 and 503, and memory is flat after a warm-up of half the time."""
    with started([sys.executable, "-c", SERVER, str(tmp_path)]) as process:
        url = f"http://127.0.0.1:{int(line_of(process.stdout))}"
        with Crowd(url, photo, size=32) as crowd:
            wait_until(lambda: crowd.seen[200] > 20, seconds=60)
            time.sleep(seconds / 2)
            warm = resident_mb(process.pid)
            time.sleep(seconds / 2)
            end = resident_mb(process.pid)
    assert set(crowd.seen) <= {200, 503}, crowd.seen
    p95 = np.percentile(crowd.seconds, 95)
    told = f"{dict(crowd.seen)}, p95 {p95 * 1000:.0f} ms, memory {warm:.1f} -> {end:.1f} MB"
    print(told)  # noqa: T201 - the figures of the long form: pytest -s
    assert end < warm * (1.05 if seconds > 10 else 1.25), (warm, end)
