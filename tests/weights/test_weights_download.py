"""Downloads against a server of our own: whole or not there, resumed, checked, and explained when they fail."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cutaway.errors import CutawayError, DownloadError
from cutaway.weights.download import fetch

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Server:
    """A server with one file, and what it was asked."""

    url: str = ""
    content: bytes = CONTENT
    etag: str = '"one"'
    ranges: bool = True
    break_after: int | None = None
    asked: list[str | None] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.asked.append(wanted)
        if request.path != "/file.bin":
            request.send_error(404)
            return
        same = request.headers.get("If-Range", self.etag) == self.etag
        first = int(wanted.split("=")[1].rstrip("-")) if wanted and self.ranges and same else 0
        if first >= len(self.content):
            request.send_error(416)
            return
        body = self.content[first:]
        request.send_response(206 if first else 200)
        if first:
            request.send_header("Content-Range", f"bytes {first}-{len(self.content) - 1}/{len(self.content)}")
        if self.etag:
            request.send_header("ETag", self.etag)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.break_after])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("CUTAWAY_OFFLINE", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}/file.bin"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield state
        finally:
            http.shutdown()
            thread.join(10)


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


@pytest.mark.parametrize("sha256", ["", SHA256[:8], SHA256, SHA256.upper()])
def test_a_file_arrives_whole_and_alone(server: Server, tmp_path: Path, sha256: str) -> None:
    path = tmp_path / "new" / "folder" / "x.bin"
    assert fetch(server.url, path, sha256=sha256) == path
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == {"x.bin"}


def test_a_file_that_is_here_is_not_asked_for(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "x.bin", sha256=SHA256[:8])
    assert server.asked == []


def test_a_wrong_file_in_its_place_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"other")
    fetch(server.url, tmp_path / "x.bin", sha256=SHA256)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


def test_progress_ends_with_everything(server: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    fetch(server.url, tmp_path / "x.bin", progress=lambda *state: told.append(state))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def broken(server: Server, path: Path, *, sha256: str = "", after: int = 1000) -> None:
    """A download that breaks off."""
    server.break_after = after
    with pytest.raises(DownloadError, match=rf"broke after {after} of {len(CONTENT)} bytes; try again"):
        fetch(server.url, path, sha256=sha256)
    server.break_after = None
    assert not path.exists()


@pytest.mark.parametrize(("sha256", "etag"), [("", '"one"'), (SHA256, ""), (SHA256, '"one"')])
def test_a_broken_download_goes_on(server: Server, tmp_path: Path, sha256: str, etag: str) -> None:
    server.etag = etag
    path = tmp_path / "x.bin"
    broken(server, path, sha256=sha256)
    told: list[tuple[int, int]] = []
    fetch(server.url, path, sha256=sha256, progress=lambda *state: told.append(state))
    assert server.asked == [None, "bytes=1000-"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert path.read_bytes() == CONTENT
    assert names(tmp_path) == {"x.bin"}


def test_without_checksum_or_tag_it_begins_again(server: Server, tmp_path: Path) -> None:
    server.etag = ""
    broken(server, tmp_path / "x.bin")
    fetch(server.url, tmp_path / "x.bin")
    assert server.asked == [None, None]
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("ranges", [True, False])
def test_a_file_that_changed_in_between_is_fetched_whole(
    server: Server, tmp_path: Path, ranges: bool
) -> None:
    broken(server, tmp_path / "x.bin")
    server.content, server.etag, server.ranges = CONTENT[::-1], '"two"', ranges
    fetch(server.url, tmp_path / "x.bin")
    assert (tmp_path / "x.bin").read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("left", [b"of another file", CONTENT + b"too long"])
def test_a_foreign_beginning_is_thrown_away(server: Server, tmp_path: Path, left: bytes) -> None:
    (tmp_path / "x.bin.part").write_bytes(left)
    fetch(server.url, tmp_path / "x.bin", sha256=SHA256)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT


def test_a_piece_that_is_complete_already_is_taken(server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.bin.part").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "x.bin", sha256=SHA256)
    assert (tmp_path / "x.bin").read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-"]


def test_a_wrong_checksum_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=rf"SHA-256 is {SHA256}, not {'0' * 8}\.\.\.;.*x\.bin"):
        fetch(server.url, tmp_path / "x.bin", sha256="0" * 8)
    assert names(tmp_path) == set()


def test_errors_name_the_address_and_the_place(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.bin"
    with pytest.raises(DownloadError, match=r"gone.*404.*put it at .*x\.bin"):
        fetch(server.url.replace("file.bin", "gone"), path)
    with pytest.raises(DownloadError, match=r"cannot download http://127\.0\.0\.1:1/"):
        fetch("http://127.0.0.1:1/file.bin", path)
    with pytest.raises(DownloadError, match="only http and https"):
        fetch((tmp_path / "y").as_uri(), path)
    monkeypatch.setenv("CUTAWAY_OFFLINE", "1")
    with pytest.raises(DownloadError, match=r"CUTAWAY_OFFLINE is set.*x\.bin"):
        fetch(server.url, path)
    assert names(tmp_path) == set()
    assert issubclass(DownloadError, CutawayError) and issubclass(DownloadError, OSError)


def test_a_folder_that_cannot_be_made_is_explained(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DownloadError, match="cannot download"):
        fetch(server.url, tmp_path / "file" / "x.bin")


def test_what_is_here_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_OFFLINE", "1")
    (tmp_path / "x.bin").write_bytes(CONTENT)
    assert fetch("https://example.org/x.bin", tmp_path / "x.bin", sha256=SHA256).is_file()
