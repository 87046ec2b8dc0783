"""The camera's WebSocket: frames to mattes, the newest wins; who is let in, what is refused, when it ends."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np
import pytest
import wsproto.events as ws
from server_samples import Held, Live, Start, decoded, encoded, wait_until
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from wsproto import ConnectionType, WSConnection

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server import camera

OFF = '{"steady": "off"}'
CAMERA = "ws://localhost/camera"


def sent(session: Any, number: int, picture: bytes) -> None:
    session.send_bytes(number.to_bytes(4, "big") + picture)


def got(session: Any) -> tuple[int, np.ndarray]:
    """The number and the alpha of the next answer."""
    answer = session.receive_bytes()
    picture = decoded(answer[4:])
    assert picture.shape[2] == 4 and (picture[picture[..., 3] > 0][:, :3] == 255).all()
    return int.from_bytes(answer[:4], "big"), picture[..., 3]


def error(session: Any) -> tuple[str, Any]:
    """The code of the next answer, and the frame it is about."""
    told = json.loads(session.receive_text())
    return told["errors"][0]["code"], told.get("frame")


@contextmanager
def connected(client: TestClient, **how: Any) -> Iterator[Any]:
    with client.websocket_connect(CAMERA, **how) as session:
        assert session.receive_json() == {"ready": True, "frame_pixels": 4096}
        yield session


def test_frames_become_mattes_of_their_own_size(client: TestClient, disc: np.ndarray) -> None:
    with connected(client) as session:
        session.send_text(OFF)
        for number, pixels in ((7, disc), (2**32 - 1, disc[:50, :40])):
            sent(session, number, encoded(pixels))
            wanted = Remover(engine=FakeEngine()).remove(pixels, options=Options(zoom="off", refine=False))
            answered, alpha = got(session)
            assert answered == number
            assert np.array_equal(alpha, wanted.to_numpy()[..., 3])
    assert (
        'cutaway_requests_total{route="/camera",method="FRAME",status="200"} 2' in client.get("/metrics").text
    )


def test_the_newest_frame_wins(start: Start, photo: bytes) -> None:
    held = Held()
    with connected(start(engine=FakeEngine(held))) as session:
        sent(session, 1, photo)
        wait_until(lambda: held.calls == 1)
        for number in range(2, 9):
            sent(session, number, photo)
        time.sleep(0.3)  # until they have been taken in
        held.go.set()
        answered = [got(session)[0]]
        while answered[-1] != 8:
            answered.append(got(session)[0])
    assert answered[0] == 1 and len(answered) <= 3


def test_a_restless_matte_is_steadied(start: Start, disc: np.ndarray) -> None:
    """A network that is of two minds about a still scene: each answer a tenth more or less."""
    calls = []

    def restless(tensor: np.ndarray) -> np.ndarray:
        calls.append(1)
        grey = tensor.mean(axis=1, keepdims=True)
        return np.asarray(np.clip(grey + (0.1 if len(calls) % 2 else -0.1), 0, 1), np.float32)

    def wobble(wish: str) -> float:
        with connected(start(engine=FakeEngine(restless))) as session:
            session.send_text(json.dumps({"steady": wish}))
            alphas = []
            for number in range(8):
                sent(session, number, encoded(disc))
                alphas.append(got(session)[1].astype(float))
        return float(np.abs(np.diff(alphas[3:], axis=0)).mean())

    still = wobble("off")
    assert still > 10
    assert wobble("normal") < still / 2
    assert wobble("strong") < still / 3


def test_a_bad_frame_is_told_and_the_next_is_answered(client: TestClient, photo: bytes) -> None:
    huge = encoded(np.zeros((2000, 1100), np.uint8))
    with connected(client) as session:
        for data, code in (
            (b"text", "invalid_file_type"),
            (photo[: len(photo) // 2], "failed_to_read_image"),
            (huge, "resolution_too_high"),
        ):
            sent(session, 5, data)
            assert error(session) == (code, 5)
        session.send_bytes(b"\1")
        assert error(session) == ("invalid_file_type", 1)
        sent(session, 6, photo)
        assert got(session)[0] == 6


def test_a_bug_is_told_without_its_words(start: Start, photo: bytes) -> None:
    def broken(tensor: np.ndarray) -> np.ndarray:
        raise ZeroDivisionError("inner words")

    with connected(start(engine=FakeEngine(broken))) as session:
        sent(session, 1, photo)
        told = session.receive_text()
    assert "internal_error" in told and "inner words" not in told


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ('{"stedy": "off"}', "unknown_field"), ('{"steady": "very"}', "invalid_option"), ("[1]", "invalid_body"),
        ('{"key": 3}', "invalid_option"), ("{", "invalid_body"), ("[" * 100_000, "invalid_body"),
        ('{"steady": null}', "invalid_option"),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_wishes_that_are_none(client: TestClient, said: str, code: str) -> None:
    with connected(client) as session:
        session.send_text(said)
        assert error(session) == (code, None)
        assert ended(session) == 1008


def ended(session: Any) -> int:
    """The code with which the server closes."""
    with pytest.raises(WebSocketDisconnect) as gone:
        session.receive_text()
    return int(gone.value.code)


def test_a_model_is_named_as_everywhere(client: TestClient, photo: bytes) -> None:
    with connected(client) as session:
        session.send_text('{"model": "/etc/passwd"}')
        sent(session, 1, photo)
        assert error(session) == ("invalid_model", 1)
        session.send_text('{"model": null}')
        sent(session, 2, photo)
        assert got(session)[0] == 2


def test_keys(start: Start, photo: bytes) -> None:
    client = start(keys=("first-key",))
    for first, code in (("{}", "auth_failed"), ('{"key": "other-key"}', "invalid_api_key")):
        with client.websocket_connect(CAMERA) as session:
            session.send_text(first)
            assert error(session) == (code, None)
            assert ended(session) == 1008
    with client.websocket_connect(CAMERA) as session:  # a frame before the key
        sent(session, 1, photo)
        assert error(session) == ("auth_failed", None)
    with client.websocket_connect(CAMERA) as session:
        session.send_text('{"key": "first-key"}')
        assert session.receive_json()["ready"]
    with connected(client, headers={"x-api-key": "first-key"}):
        pass


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"host": "evil.example"}], ids=str
)
def test_pages_of_others_are_kept_out(client: TestClient, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(CAMERA, headers=headers):
        pass
    with connected(client, headers={"origin": "http://localhost", "host": "localhost"}):
        pass


def test_only_so_many_cameras(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "MAX_CAMERAS", 1)
    client = start()
    with connected(client):
        assert "cutaway_cameras 1" in client.get("/metrics").text
        with client.websocket_connect(CAMERA) as session:
            assert error(session) == ("server_busy", None)
            assert ended(session) == 1013
    wait_until(lambda: "cutaway_cameras 0" in client.get("/metrics").text)


def test_a_full_server_says_so_and_the_camera_goes_on(start: Start, photo: bytes) -> None:
    held = Held()
    client = start(engine=FakeEngine(held), pool=1, queue=0)
    with connected(client) as one, connected(client) as two:
        sent(one, 1, photo)
        wait_until(lambda: held.calls == 1)
        sent(two, 1, photo)
        told = json.loads(two.receive_text())
        assert told["errors"][0]["code"] == "server_busy" and told["frame"] == 1 and told["retry_after"] >= 1
        held.go.set()
        assert got(one)[0] == 1
        sent(two, 2, photo)
        assert got(two)[0] == 2


def test_frames_count_against_the_share(start: Start, photo: bytes) -> None:
    with connected(start(megapixels_per_minute=2.0)) as session:
        for number in (1, 2):
            sent(session, number, photo)
            assert got(session)[0] == number
        sent(session, 3, photo)
        assert error(session) == ("rate_limit_exceeded", 3)


def test_a_camera_that_falls_silent_is_let_go(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "IDLE_SECONDS", 0.2)
    with connected(client) as session:
        assert ended(session) == 1000
    wait_until(lambda: "cutaway_cameras 0" in client.get("/metrics").text)


def test_nonsense_never_breaks_it(client: TestClient, photo: bytes) -> None:
    chance = random.Random(5)
    for _ in range(40):
        with connected(client) as session:
            data = bytearray(photo)
            for _ in range(chance.randint(1, 5)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            sent(session, 1, bytes(data[: chance.randint(0, len(data))]))
            session.send_text(OFF)
            sent(session, 2, photo)
            while True:
                message = session.receive()
                if message.get("bytes", b"")[:4] == (2).to_bytes(4, "big"):
                    break
                assert "internal_error" not in (message.get("text") or "")
    assert 'status="500"' not in client.get("/metrics").text


class Wire:
    """A WebSocket client on a real connection, with a limit for every wait."""

    def __init__(self, port: int, **headers: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.talk = WSConnection(ConnectionType.CLIENT)
        more = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.send(ws.Request(host=f"127.0.0.1:{port}", target="/camera", extra_headers=more))

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, event: Any) -> None:
        self.socket.sendall(self.talk.send(event))

    def until(self, *kinds: type) -> Any:
        """The next event of one of the kinds."""
        while True:
            for event in self.talk.events():
                if isinstance(event, kinds):
                    return event
            data = self.socket.recv(65536)
            self.talk.receive_data(data or None)


def test_over_a_real_connection(live: type[Live], disc: np.ndarray) -> None:
    server = live()
    with Wire(server.port, origin="https://evil.example") as foreign:
        assert foreign.until(ws.RejectConnection, ws.AcceptConnection).status_code == 403
    with Wire(server.port, origin=server.url) as page:
        page.until(ws.AcceptConnection)
        assert "ready" in page.until(ws.TextMessage).data
        page.send(ws.Message(data=b"\0\0\0\1" + encoded(disc)))
        parts = [page.until(ws.BytesMessage)]
        while not parts[-1].message_finished:
            parts.append(page.until(ws.BytesMessage))
        assert b"".join(bytes(part.data) for part in parts)[:8] == b"\0\0\0\1\x89PNG"
        for _ in range(4):
            page.send(ws.Message(data=bytes(camera.MAX_FRAME_BYTES // 3), message_finished=False))
        assert page.until(ws.CloseConnection).code == 1009  # too large


def test_a_camera_that_leaves_is_not_worked_for(
    live: type[Live], photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    server = live(engine=FakeEngine(held), pool=1)  # type: ignore[call-arg]

    def metrics() -> str:
        return httpx.get(f"{server.url}/metrics", timeout=10).text

    with Wire(server.port) as page:
        page.until(ws.TextMessage)
        page.send(ws.Message(data=b"\0\0\0\1" + photo))
        wait_until(lambda: held.calls == 1)
        page.send(ws.Message(data=b"\0\0\0\2" + photo))
    wait_until(lambda: "cutaway_cameras 0" in metrics())
    held.go.set()
    wait_until(lambda: "cutaway_requests_inside 0" in metrics())
    assert held.calls == 1
    assert 'method="FRAME",status="499"' in metrics()
    for word in ("failed", "never retrieved", "Exception"):
        assert word not in caplog.text


def test_the_server_can_stop_while_cameras_are_connected(live: type[Live]) -> None:
    server = live()
    with Wire(server.port) as page:
        page.until(ws.AcceptConnection)
        page.until(ws.TextMessage)
        server.stop()
        assert page.until(ws.CloseConnection).code == 1012
