"""Foreign hosts, foreign origins, keys, shares; what is logged; limits of size, time and number."""

from __future__ import annotations

import logging
import socket
import threading
import time

import httpx
import numpy as np
import pytest
from server_samples import Held, Live, Start, code, encoded, wait_until
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.errors import OptionError
from cutaway.server import patience
from cutaway.server.problems import Problem
from cutaway.server.rate import RateLimit
from cutaway.server.settings import Settings


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("LOCALHOST:7000", 200), ("127.0.0.1:7000", 200), ("[::1]:7000", 200), ("192.168.1.7", 200),
        ("evil.example", 421), ("localhost.evil.example", 421), ("", 421), ("[::1", 421), ("cutaway.lan", 200),
    ],
)  # fmt: skip
def test_hosts(start: Start, host: str, status: int) -> None:
    assert start(hosts=("cutaway.lan",)).get("/health", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200), ("http://localhost", 200), ("https://localhost", 200), ("https://good.example", 200),
        ("https://evil.example", 403), ("null", 403), ("http://localhost:9", 403), ("http://[", 403),
    ],
)  # fmt: skip
def test_origins_of_posts(start: Start, photo: bytes, origin: str | None, status: int) -> None:
    client = start(origins=("https://good.example",))
    headers = {} if origin is None else {"origin": origin}
    assert client.post("/remove", files={"image": photo}, headers=headers).status_code == status
    assert client.get("/health", headers=headers).status_code == 200


def test_cross_origin_answers_are_closed_unless_opened(start: Start) -> None:
    headers = {"origin": "https://good.example"}
    assert "access-control-allow-origin" not in start().get("/health", headers=headers).headers
    opened = start(origins=("https://good.example",)).get("/health", headers=headers)
    assert opened.headers["access-control-allow-origin"] == "https://good.example"


def test_keys(start: Start, photo: bytes) -> None:
    client = start(keys=("first-key", "second-key"))
    assert code(client.post("/remove", files={"image": photo})) == (403, "auth_failed")
    wrong = client.post("/remove", files={"image": photo}, headers={"x-api-key": "third-key"})
    assert code(wrong) == (403, "invalid_api_key")
    for headers in ({"X-API-Key": "second-key"}, {"Authorization": "Bearer first-key"}):
        assert client.post("/remove", files={"image": photo}, headers=headers).status_code == 200
    assert client.get("/health").status_code == 200


def test_a_share_of_megapixels(start: Start, photo: bytes) -> None:
    client = start(megapixels_per_minute=3.0)
    first = client.post("/remove", files={"image": photo})
    assert (first.headers["x-ratelimit-limit"], first.headers["x-ratelimit-remaining"]) == ("3", "2")
    client.post("/remove", files={"image": encoded(np.zeros((2000, 2500, 3), np.uint8))})  # 5 megapixels
    refused = client.post("/remove", files={"image": photo})
    assert code(refused) == (429, "rate_limit_exceeded")
    assert 60 <= int(refused.headers["retry-after"]) <= 100
    assert refused.headers["x-ratelimit-remaining"] == "0"


def test_a_share_fills_up_again() -> None:
    now = 0.0
    limit = RateLimit(2, clock=lambda: now)
    limit.take("a")
    limit.take("a")
    limit.take("b")
    with pytest.raises(Problem, match="2 megapixels a minute") as refused:
        limit.take("a")
    assert refused.value.headers["Retry-After"] == "30"
    now = 31.0
    limit.take("a")
    half = RateLimit(0.5, clock=lambda: now)
    half.take("a")  # less than one a minute still lets one through
    with pytest.raises(Problem):
        half.take("a")


def test_a_body_that_is_too_large(start: Start, photo: bytes) -> None:
    client = start(max_body_mb=0.01)
    assert code(client.post("/remove", content=bytes(20_000))) == (413, "file_too_large")
    assert code(client.post("/remove", files={"image": bytes(20_000)})) == (413, "file_too_large")
    chunked = client.post("/remove", content=(bytes(5_000) for _ in range(10)))
    assert code(chunked) == (413, "file_too_large")
    assert client.post("/remove", files={"image": photo}).status_code == 200


@pytest.mark.parametrize("path", ["/remove", "/v1.0/removebg", "/jobs"])
def test_a_large_upload_comes_to_read_its_refusal(live: type[Live], path: str) -> None:
    server = live(max_body_mb=0.1, max_job_mb=0.1)  # type: ignore[call-arg]
    answer = httpx.post(server.url + path, files={"image": bytes(20_000_000)}, timeout=10)
    assert code(answer) == (400 if "v1.0" in path else 413, "file_too_large")
    keyed = live(keys=("a-long-key",))  # type: ignore[call-arg]
    assert code(httpx.post(keyed.url + path, files={"image": bytes(20_000_000)}))[1] == "auth_failed"


def test_a_decompression_bomb_is_not_decoded(start: Start) -> None:
    bomb = encoded(np.zeros((4000, 4000), np.uint8))
    assert len(bomb) < 30_000
    client = start(max_megapixels=10.0)
    assert code(client.post("/remove", files={"image": bomb})) == (400, "resolution_too_high")
    small = encoded(np.zeros((50, 50, 3), np.uint8))
    assert code(client.post("/remove", files={"image": small, "background": bomb})) == (
        400,
        "resolution_too_high",
    )


def test_a_compressed_body_is_refused(client: TestClient, photo: bytes) -> None:
    answer = client.post("/remove", content=photo, headers={"content-encoding": "gzip"})
    assert code(answer) == (400, "invalid_body")


def test_a_full_queue_says_when_to_come_back(live: type[Live], photo: bytes) -> None:
    held = Held()
    server = live(engine=FakeEngine(held), pool=1, queue=1)  # type: ignore[call-arg]
    answers: list[httpx.Response] = []
    ask = lambda: answers.append(httpx.post(f"{server.url}/remove", files={"image": photo}, timeout=10))  # noqa: E731
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    metrics = lambda: httpx.get(f"{server.url}/metrics").text  # noqa: E731
    wait_until(lambda: "cutaway_requests_inside 2" in metrics())
    refused = httpx.post(f"{server.url}/remove", files={"image": photo})
    assert code(refused) == (503, "server_busy")
    assert int(refused.headers["retry-after"]) >= 1
    held.go.set()
    for thread in threads:
        thread.join(10)
    assert [answer.status_code for answer in answers] == [200, 200]
    wait_until(lambda: "cutaway_requests_inside 0" in metrics())


def test_a_client_that_leaves_is_not_worked_for(live: type[Live], photo: bytes) -> None:
    held, once = Held(), {"zoom": "off"}
    server = live(engine=FakeEngine(held), pool=1, queue=4)  # type: ignore[call-arg]
    first = threading.Thread(
        target=lambda: httpx.post(f"{server.url}/remove", files={"image": photo}, data=once, timeout=10),
        daemon=True,
    )
    first.start()
    wait_until(lambda: held.calls == 1)
    for _ in range(2):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/remove", files={"image": photo}, data=once, timeout=0.2)
    wait_until(lambda: "cutaway_requests_inside 1" in httpx.get(f"{server.url}/metrics").text)
    held.go.set()
    first.join(10)
    assert held.calls == 1  # those that left were never begun
    assert 'status="499"' in httpx.get(f"{server.url}/metrics").text


def test_work_that_takes_too_long_is_given_up(start: Start, photo: bytes) -> None:
    held = Held()
    client = start(engine=FakeEngine(held), pool=1, queue=0, work_seconds=0.2)
    assert code(client.post("/remove", files={"image": photo})) == (504, "time_limit")
    assert code(client.post("/remove", files={"image": photo})) == (
        503,
        "server_busy",
    )  # its thread still works
    held.go.set()
    wait_until(lambda: "cutaway_requests_inside 0" in client.get("/metrics").text)
    assert client.post("/remove", files={"image": photo}).status_code == 200


def test_a_slow_body_is_cut_off(live: type[Live]) -> None:
    server = live(body_seconds=0.3)  # type: ignore[call-arg]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as loris:
        loris.sendall(b"POST /remove HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        start = time.monotonic()
        loris.sendall(b"x")
        assert b" 408 " in loris.recv(4096)
        assert time.monotonic() - start < 3


def test_slow_headers_are_cut_off(live: type[Live], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "HEADER_SECONDS", 0.3)
    server = live()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as loris:
        loris.sendall(b"POST /remove HTTP/1.1\r\n")
        time.sleep(0.2)
        loris.sendall(b"X-Slow: ")
        assert loris.recv(4096) == b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as silent:
        assert silent.recv(4096) == b""


def test_nothing_that_was_sent_is_logged(
    client: TestClient, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "cutaway"):
        client.post("/remove?background=teal", files={"image": ("my-holiday.png", photo)})
        client.get("/jobs/secret-id")
        client.post("/remove", files={"image": b"not a picture"}, data={"background": "secret"})
    assert "POST /remove 200" in caplog.text
    for sent in ("teal", "holiday", "secret", "not a picture"):
        assert sent not in caplog.text


def test_a_bug_is_a_500_without_its_words(
    start: Start, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(tensor: np.ndarray) -> np.ndarray:
        raise ZeroDivisionError(" ".join(("inner", "words")))

    answer = start(engine=FakeEngine(broken)).post("/remove", files={"image": photo})
    assert code(answer) == (500, "internal_error")
    assert "inner words" not in answer.text
    assert "/remove failed: ZeroDivisionError" in caplog.text and "in broken" in caplog.text
    assert "inner words" not in caplog.text


@pytest.mark.parametrize(
    "values",
    [
        {"port": 70000}, {"pool": 0}, {"queue": -1}, {"max_body_mb": 0.0}, {"work_seconds": float("nan")},
        {"ssl_cert": "x"}, {"ssl_cert": "x", "ssl_key": "y"}, {"keys": ("short",)}, {"workers": 0},
    ],
    ids=str,
)  # fmt: skip
def test_impossible_settings(values: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        Settings(**values)  # type: ignore[arg-type]


def test_settings_survive_as_text() -> None:
    settings = Settings(hosts=("a", "b"), port=1, keys=("12345678",))
    assert Settings.from_json(settings.to_json()) == settings
