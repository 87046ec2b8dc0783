"""Fetching a file over HTTP: resumed where it broke off, checked, and under its name only when it is whole."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from cutaway.errors import DownloadError
from cutaway.weights.store import offline

Progress = Callable[[int, int], None]
"""Told how many bytes are here and how many there will be (0 if the server does not say)."""

_CHUNK_BYTES = 1 << 18
_TIMEOUT_S = 60.0
_PARTIAL, _NOTHING_LEFT = 206, 416


def fetch(url: str, path: Path, *, sha256: str = "", progress: Progress | None = None) -> Path:
    """Download a file unless it is there already.

    What has arrived is kept beside the target as `<name>.part`, so that a call after a broken one goes on from
    there (RFC 9110, range requests) where the same file can still be told: by `sha256`, or by the server's tag
    (ETag or date), kept in `<name>.part.tag`. The file takes its name last, whole and checked. A file of that
    name with another checksum is replaced.

    Args:
        url: an http or https address.
        path: where the file is to be; missing folders are made.
        sha256: the hex digest that the file must have, or the beginning of it; empty does not check.
        progress: called after every piece with bytes here and bytes in all (0 if unknown).

    Returns:
        `path`.

    Raises:
        DownloadError: `CUTAWAY_OFFLINE` is set, the address does not answer, the connection broke, the checksum
            is wrong, or the file cannot be written.
    """
    path = Path(path)
    try:
        if path.is_file() and _fits(path, sha256):
            return path
        _refuse_if_not_allowed(url, path)
        path.parent.mkdir(parents=True, exist_ok=True)
        _fetch_new(url, path, sha256=sha256, progress=progress)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, DownloadError):
            raise
        raise DownloadError(f"cannot download {url}: {_reason(error)}; {_by_hand(path)}") from error
    return path


def _fetch_new(url: str, path: Path, *, sha256: str, progress: Progress | None) -> None:
    part, tag = path.with_name(path.name + ".part"), path.with_name(path.name + ".part.tag")
    resumed = _receive(url, part, tag=tag, checked=bool(sha256), progress=progress)
    if resumed and not _fits(part, sha256):  # the old piece was of another file: once more from the start
        part.unlink()
        _receive(url, part, tag=tag, checked=bool(sha256), progress=progress)
    tag.unlink(missing_ok=True)
    if not _fits(part, sha256):
        found = _digest(part)
        part.unlink()
        raise DownloadError(
            f"what came from {url} is not the file that was wanted: its SHA-256 is {found}, "
            f"not {sha256}{'...' if len(sha256) < 64 else ''}; {_by_hand(path)}"
        )
    part.replace(path)


def _receive(url: str, part: Path, *, tag: Path, checked: bool, progress: Progress | None) -> bool:
    """Bring `part` to its full length; tells whether it was begun by an earlier call."""
    here = _usable_bytes(part, tag, checked=checked)
    try:
        response = _open(url, here, tag)
    except urllib.error.HTTPError as error:
        if here and error.code == _NOTHING_LEFT:
            error.close()
            return True
        raise
    with response:
        if _first_byte(response) != here:  # the server sends all of it
            here = 0
        _note_tag(response, tag)
        total = here + int(response.headers.get("Content-Length") or 0)
        with part.open("ab" if here else "wb") as file:
            done = _copy(response, file, here=here, total=total, progress=progress)
    if total > here and done != total:
        raise DownloadError(
            f"the connection to {url} broke after {done} of {total} bytes; try again to go on"
        )
    return here > 0


def _usable_bytes(part: Path, tag: Path, *, checked: bool) -> int:
    """How much of an earlier, broken download can be built upon."""
    return part.stat().st_size if part.is_file() and (checked or tag.is_file()) else 0


def _open(url: str, here: int, tag: Path) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "cutaway"})
    if here:
        request.add_header("Range", f"bytes={here}-")
        if tag.is_file():
            request.add_header("If-Range", tag.read_text("utf-8"))
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
    return response


def _first_byte(response: http.client.HTTPResponse) -> int:
    """Where in the file the answer begins: "Content-Range: bytes 100-199/200" says 100."""
    if response.status != _PARTIAL:
        return 0
    first = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
    return int(first) if first.isdigit() else 0


def _note_tag(response: http.client.HTTPResponse, tag: Path) -> None:
    """Remember what tells this version of the file from others; weak ETags may not be used for ranges."""
    etag = response.headers.get("ETag", "")
    known = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
    if known:
        tag.write_text(known, "utf-8")
    else:
        tag.unlink(missing_ok=True)


def _copy(
    response: http.client.HTTPResponse, file: IO[bytes], *, here: int, total: int, progress: Progress | None
) -> int:
    for chunk in _chunks(response):
        file.write(chunk)
        here += len(chunk)
        if progress:
            progress(here, total)
    return here


def _chunks(response: http.client.HTTPResponse) -> Iterator[bytes]:
    with contextlib.suppress(http.client.IncompleteRead):  # noticed by the length
        while chunk := response.read(_CHUNK_BYTES):
            yield chunk


def _refuse_if_not_allowed(url: str, path: Path) -> None:
    if not url.startswith(("https://", "http://")):
        raise DownloadError(f"cannot download {url!r}: only http and https addresses can be fetched")
    if offline():
        wrong = " (another file is there: its SHA-256 differs)" if path.is_file() else ""
        raise DownloadError(f"CUTAWAY_OFFLINE is set, so {url} is not fetched; {_by_hand(path)}{wrong}")


def _fits(path: Path, sha256: str) -> bool:
    return not sha256 or _digest(path).startswith(sha256.lower())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _reason(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answers {error.code} {error.reason}"
    inner = error.reason if isinstance(error, urllib.error.URLError) else error
    return (getattr(inner, "strerror", None) or str(inner) or type(inner).__name__).splitlines()[0]


def _by_hand(path: Path) -> str:
    return f"you can get it by other means and put it at {os.fspath(path)!r}"
