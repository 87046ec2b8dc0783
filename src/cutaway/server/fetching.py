"""Fetching a picture from an address that a stranger named, without letting them reach what only this machine can.

The name is resolved here, every address it has must be public, and the connection goes to the very address that was
looked at (so the name cannot change in between); each redirect begins anew. Size and time have an end.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

from cutaway.errors import DownloadError

Resolve: TypeAlias = Callable[[str, int], list[str]]
"""Host and port to IP addresses as text."""
Connect: TypeAlias = Callable[[str, int, float], socket.socket]
"""IP address, port and timeout in seconds to an open connection."""

PORTS = {80, 443, 8080, 8443}
MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_CHUNK_BYTES = 1 << 16


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system knows them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def connect(address: str, port: int, seconds: float) -> socket.socket:
    """Open a TCP connection."""
    return socket.create_connection((address, port), timeout=seconds)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also if it wraps an IPv4 address in an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _wrapped(ip) if isinstance(ip, ipaddress.IPv6Address) else None
    if inner is not None:
        return is_public(str(inner))
    reserved = ip.is_multicast or ip.is_reserved or ip.is_private or ip.is_loopback or ip.is_link_local
    return ip.is_global and not reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_COMPATIBLE = ipaddress.ip_network("::/96")


def _wrapped(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address inside a mapped (::ffff:), compatible (::), 6to4, Teredo or NAT64 address."""
    if ip in _NAT64 or ip in _COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


@dataclass(frozen=True)
class Fetcher:
    """Fetches pictures, or says in one sentence why not.

    Attributes:
        max_bytes: largest answer.
        seconds: longest time for all of it, redirects included.
        resolve, connect: how names become addresses, and addresses connections.
    """

    max_bytes: int
    seconds: float = 15.0
    resolve: Resolve = resolve
    connect: Connect = connect

    def fetch(self, url: str) -> bytes:
        """The bytes behind an http or https address.

        Raises:
            DownloadError: the address is not allowed, does not answer with success, or with too much, or too slowly.
        """
        line = _Line()
        timer = threading.Timer(self.seconds, line.cut, kwargs={"late": True})
        timer.daemon = True
        timer.start()
        try:
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._get(url, line)
                if isinstance(answer, bytes):
                    return answer
                url = urljoin(url, answer.location)
            raise DownloadError(f"it redirects more than {MAX_REDIRECTS} times")
        except (OSError, ValueError, http.client.HTTPException) as error:
            if isinstance(error, DownloadError) and not line.is_late:
                raise
            raise DownloadError(self._reason(line)) from error
        finally:
            timer.cancel()
            line.cut()

    def _reason(self, line: _Line) -> str:
        return (
            f"it took longer than {self.seconds:g} seconds" if line.is_late else "the server did not answer"
        )

    def _get(self, url: str, line: _Line) -> bytes | _Redirect:
        parts, port = _allowed(url)
        host = parts.hostname or ""
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(host, port, timeout=self.seconds)
        connection.default_port = 443 if parts.scheme == "https" else 80  # left out of the Host header
        try:
            connection.sock = self._open(parts.scheme, host, port, line)
            connection.request("GET", path, headers={"User-Agent": "cutaway", "Accept-Encoding": "identity"})
            response = connection.getresponse()
            if response.status in _REDIRECTS:
                return _Redirect(response.headers.get("Location", ""))
            if response.status != 200:
                raise DownloadError(f"the server answered {response.status}")
            return self._read(response)
        finally:
            connection.close()

    def _open(self, scheme: str, host: str, port: int, line: _Line) -> socket.socket:
        addresses = self.resolve(host, port)
        if not addresses:
            raise DownloadError("there is no such host")
        if not all(is_public(address) for address in addresses):
            raise DownloadError("only public addresses are fetched")
        plain = line.keep(self.connect(addresses[0], port, self.seconds))
        if scheme == "http":
            return plain
        context = ssl.create_default_context()
        secure = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        line.keep(secure)
        secure.do_handshake()
        return secure

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        data = bytearray()
        while chunk := response.read(_CHUNK_BYTES):
            data += chunk
            if len(data) > self.max_bytes:
                raise DownloadError(f"it is larger than {self.max_bytes / 1e6:g} MB")
        if response.length:
            raise DownloadError("the connection broke in the middle")
        return bytes(data)


@dataclass(frozen=True)
class _Redirect:
    location: str


class _Line:
    """The connection in use, so that it can be cut from another thread when time is up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_cut = False
        self.is_late = False

    def keep(self, opened: socket.socket) -> socket.socket:
        with self._lock:
            self._socket = opened
            if self._is_cut:
                opened.close()
        return opened

    def cut(self, *, late: bool = False) -> None:
        with self._lock:
            self._is_cut, self.is_late = True, self.is_late or late
            if self._socket is not None:
                with contextlib.suppress(OSError):  # wakes whoever reads from it
                    self._socket.shutdown(socket.SHUT_RDWR)
                self._socket.close()


def _allowed(url: str) -> tuple[SplitResult, int]:
    """The parts of an address and its port.

    Raises:
        DownloadError: it is not plain http or https to one of the usual ports.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError) as error:
        raise DownloadError("the address is malformed") from error
    if parts.scheme not in ("http", "https") or not host:
        raise DownloadError("only http and https addresses are fetched")
    if parts.username or parts.password:
        raise DownloadError("an address with a user name or password is not fetched")
    if port not in PORTS:
        raise DownloadError(f"only the ports {', '.join(map(str, sorted(PORTS)))} are fetched from")
    return parts, port
