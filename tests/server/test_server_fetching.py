"""Fetching what a stranger names: every way in that should be closed, tried."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cutaway.errors import DownloadError
from cutaway.server.fetching import Fetcher, is_public

PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
        "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2001:db8::1", "nonsense", "",
    ],
)  # fmt: skip
def test_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", [PUBLIC, "2606:4700:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
)
def test_public(address: str) -> None:
    assert is_public(address)


class Far:
    """A server on this machine that plays one on the internet: it answers each connection with the next script."""

    def __init__(self, *scripts: Callable[[socket.socket], None]) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.scripts, self.requests, self.dialled = list(scripts), [], []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        for script in self.scripts:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # the test is over
                return
            connection.settimeout(10)
            with connection:
                self.requests.append(connection.recv(4096))
                with contextlib.suppress(OSError):
                    script(connection)

    def connect(self, address: str, port: int, seconds: float) -> socket.socket:
        self.dialled.append((address, port))
        return socket.create_connection(self.listener.getsockname(), timeout=seconds)

    def fetcher(self, *, names: dict[str, list[str]] | None = None, **limits: float) -> Fetcher:
        known = names or {}
        values = {"max_bytes": 1000, "seconds": 5.0, **limits}
        return Fetcher(resolve=lambda host, port: known.get(host, [PUBLIC]), connect=self.connect, **values)  # type: ignore[arg-type]


def says(text: str) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text.encode())


def moved(to: str) -> Callable[[socket.socket], None]:
    return says(f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")


OK = says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


@pytest.fixture
def far() -> Iterator[Callable[..., Far]]:
    made: list[Far] = []

    def make(*scripts: Callable[[socket.socket], None]) -> Far:
        made.append(Far(*scripts))
        return made[-1]

    yield make
    for one in made:
        one.listener.close()


def test_it_fetches_from_the_very_address_it_looked_at(far: Callable[..., Far]) -> None:
    server = far(OK)
    assert server.fetcher().fetch("http://pictures.example/a?b=c#d") == b"hello"
    assert server.dialled == [(PUBLIC, 80)]
    assert server.requests[0].startswith(b"GET /a?b=c HTTP/1.1\r\nHost: pictures.example\r\n")


@pytest.mark.parametrize(
    ("addresses", "why"),
    [
        (["127.0.0.1"], "public"),
        ([PUBLIC, "10.0.0.1"], "public"),
        (["::ffff:127.0.0.1"], "public"),
        ([], "host"),
    ],
)
def test_a_name_that_leads_inside(far: Callable[..., Far], addresses: list[str], why: str) -> None:
    server = far()
    with pytest.raises(DownloadError, match=why):
        server.fetcher(names={"sly.example": addresses}).fetch("http://sly.example/")
    assert server.dialled == []


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "http and https"), ("ftp://a.example/", "http and https"), ("gopher://a", "http"),
        ("http://", "http and https"), ("http://user:pass@a.example/", "user name"), ("http://a.example:22/", "ports"),
        ("http://a.example:6379/", "ports"), ("http://[::1", "malformed"), ("http://a.example:port/", "malformed"),
    ],
)  # fmt: skip
def test_addresses_that_are_not_fetched(far: Callable[..., Far], url: str, why: str) -> None:
    server = far()
    with pytest.raises(DownloadError, match=why):
        server.fetcher().fetch(url)
    assert server.dialled == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "localhost", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_this_machine_by_any_of_its_names(host: str) -> None:
    with pytest.raises(DownloadError, match=r"public|answer"):
        Fetcher(1000, seconds=5).fetch(f"http://{host}/")


def test_redirects_are_looked_at_again(far: Callable[..., Far]) -> None:
    good = far(moved("/b"), OK)
    assert good.fetcher().fetch("http://a.example/a") == b"hello"
    inside = {"inside.example": ["192.168.0.1"]}
    for target, why in (
        ("http://inside.example/", "public"),
        ("file:///etc/passwd", "http and https"),
        ("http://a.example:25/", "ports"),
    ):
        server = far(moved(target))
        with pytest.raises(DownloadError, match=why):
            server.fetcher(names=inside).fetch("http://a.example/")
        assert len(server.dialled) == 1
    endless = far(*[moved("/again")] * 9)
    with pytest.raises(DownloadError, match="redirects more than 5"):
        endless.fetcher().fetch("http://a.example/")
    assert len(endless.dialled) == 6


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (says("HTTP/1.1 404 No\r\n\r\n"), "answered 404"),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + "x" * 2000), "larger than"),
        (says("HTTP/1.1 200 OK\r\n\r\n" + "x" * 2000), "larger than"),
        (says("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), "broke|answer"),
        (says("nonsense\r\n\r\n"), "did not answer"),
        (says(""), "did not answer"),
    ],
)
def test_bad_answers(far: Callable[..., Far], script: Callable[[socket.socket], None], why: str) -> None:
    with pytest.raises(DownloadError, match=why):
        far(script).fetcher().fetch("http://a.example/")


@pytest.mark.parametrize("head", ["", "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"])
def test_dripping_answers_are_cut_off(far: Callable[..., Far], head: str) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(head.encode())
        for _ in range(100):
            connection.sendall(b"H")
            time.sleep(0.05)

    start = time.monotonic()
    with pytest.raises(DownloadError, match=r"longer than 0\.4 seconds"):
        far(drip).fetcher(seconds=0.4).fetch("http://a.example/")
    assert time.monotonic() - start < 3


def test_https_is_verified(far: Callable[..., Far]) -> None:
    with pytest.raises(DownloadError, match="did not answer"):
        far(says("no handshake")).fetcher().fetch("https://a.example/")
