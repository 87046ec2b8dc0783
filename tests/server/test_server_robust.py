"""Broken requests by the hundred, and many clients at once: no 500, no hang, no growing memory.

The long forms (-m slow): 2000 mutated bodies, and 32 clients for two minutes.
"""

from __future__ import annotations

import base64
import io
import os
import random
import re
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
from server_samples import Live, Start, code, encoded, wait_until
from starlette.testclient import TestClient

from processes import line_of, started

ODD = (
    b"", b"\0", b"\xff\xfe", b"'", b'"', b"%00", b"../../etc/passwd", b"-1", b"1e999", b"NaN", b"9" * 400, b"[" * 5000,
    "ß漢🙂".encode(), b"\r\n\r\n", b"--x--", b"true", b"null", b"{}", b"<script>", b"0x7f", b"100%", b"#12345",
    b"blur:-5",
)  # fmt: skip


def multipart(fields: dict[str, bytes], files: dict[str, bytes]) -> bytes:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (n.encode(), v)
        for n, v in fields.items()
    ]
    parts += [
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n%s\r\n'
        % (name.encode(), data)
        for name, data in files.items()
    ]
    return b"".join(parts) + b"--x--\r\n"


def seeds(photo: bytes) -> list[tuple[str, str, bytes]]:
    """Requests that work: path, content type, body."""
    form, coded = "multipart/form-data; boundary=x", base64.b64encode(photo)
    removebg = {
        "size": b"preview",
        "crop": b"true",
        "crop_margin": b"5%",
        "roi": b"0% 0% 100% 100%",
        "scale": b"50%",
    }
    return [
        ("/remove", form, multipart({"background": b"teal", "feather": b"1.5"}, {"image": photo})),
        ("/remove", form, multipart({"fit": b"tile"}, {"image": photo, "background": photo})),
        ("/remove?background=blur:3&format=webp", "image/png", photo),
        ("/matte", form, multipart({"format": b"png"}, {"image": photo})),
        ("/v1.0/removebg", form, multipart(removebg, {"image_file": photo, "bg_image_file": photo})),
        (
            "/v1.0/removebg",
            "application/json",
            b'{"image_file_b64": "%s", "bg_color": "fff", "scale": null}' % coded,
        ),
        (
            "/v1.0/removebg",
            "application/x-www-form-urlencoded",
            b"bg_color=red&size=4k&image_file_b64=" + coded,
        ),
        (
            "/api/remove",
            form,
            multipart({"om": b"true", "bgc": b"1,2,3,4", "extras": b"{}"}, {"file": photo}),
        ),
        ("/jobs", form, multipart({"background": b"white"}, {"image": photo})),
    ]


def mutated(body: bytes, chance: random.Random) -> bytes:
    """A body with one to four things wrong: bits, pieces, repetitions, odd values."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        to = min(len(data), at + chance.randint(1, 40))
        what = chance.randrange(6)
        if what == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            del data[at:to]
        elif what == 2:
            data[at:at] = data[at:to] * chance.randint(1, 20)
        elif what == 3:
            data[at:at] = chance.choice(ODD)
        elif what == 4:
            del data[at:]
        else:
            found = list(
                re.finditer(
                    rb"(?<=\r\n\r\n)[^\r\n]{1,40}(?=\r\n--x)|(?<==)[^&]{1,20}|(?<=: )\"[^\"]{0,20}\"", data
                )
            )
            if found:
                start, end = chance.choice(found).span()
                data[start:end] = chance.choice(ODD)
    return bytes(data)


@pytest.mark.parametrize("count", [108, pytest.param(2000, marks=pytest.mark.slow)])
def test_mutated_bodies_are_answered_and_never_with_500(start: Start, count: int) -> None:
    client, chance = start(max_body_mb=1.0), random.Random(7)
    small = encoded(np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3))
    cases = seeds(small)
    assert [
        client.post(p, content=b, headers={"content-type": k}).status_code < 300 for p, k, b in cases
    ] == [True] * len(cases)
    seen: Counter[int] = Counter()
    for n in range(count):
        path, kind, body = cases[n % len(cases)]
        if chance.random() < 0.15:
            kind = chance.choice(
                ["", "text/plain", "multipart/form-data", kind + "; charset=utf-7", kind + "; boundary="]
            )
        started = time.monotonic()
        answer = client.post(path, content=mutated(body, chance), headers={"content-type": kind})
        assert answer.status_code < 500 or answer.status_code in (501, 503), (n, path, answer.text[:300])
        assert time.monotonic() - started < 5, (n, path)
        seen[answer.status_code] += 1
    assert seen[400] > count / 4  # the mutations do hit


@pytest.mark.parametrize("name", ["image", "background"])
def test_damaged_pictures(client: TestClient, photo: bytes, disc: np.ndarray, name: str) -> None:
    chance = random.Random(3)
    for format in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"):
        good = encoded(disc, format)
        for _ in range(4):
            files = {"image": photo, name: mutated(good, chance)}
            answer = client.post("/remove", files=files)
            assert answer.status_code in (200, 400), (format, answer.text)


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
    many = multipart({f"f{n}": b"x" for n in range(5000)}, {})
    answer = client.post("/remove", content=many, headers={"content-type": "multipart/form-data; boundary=x"})
    assert code(answer) == (400, "invalid_body")


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
