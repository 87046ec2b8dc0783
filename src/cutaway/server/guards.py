"""What stands before every request: its host, its origin, its key; and what is written down after it."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cutaway.server.problems import ClientGoneError, Problem
from cutaway.server.settings import ANY, Settings

if TYPE_CHECKING:
    from cutaway.server.service import Service

log = logging.getLogger(__name__)

_READING = ("GET", "HEAD", "OPTIONS")
_METHODS = (*_READING, "POST", "PUT", "PATCH", "DELETE")
_LOCAL = "localhost"


class Guard:
    """The outermost layer: refuses foreign hosts and origins, counts and logs the rest, and ends every request well.

    Neither what a client sent nor the query of its address is ever logged.
    """

    def __init__(self, app: ASGIApp, *, service: Service) -> None:
        self.app, self.service = app, service
        self.settings, self.metrics = service.settings, service.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI)."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        try:
            refuse_foreign_host(HTTPConnection(scope), self.settings)
            refuse_foreign_origin(HTTPConnection(scope), self.settings)
        except Problem as problem:
            await self._refuse(problem, scope, receive, send)
            return
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        await self._serve(scope, receive, send)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await problem.response()(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        start, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message.setdefault("headers", []).append((b"x-content-type-options", b"nosniff"))
            await send(message)

        try:
            await self.app(scope, receive, noting)
        except ClientGoneError:
            status = 499  # nginx's number for it
        finally:
            self._note(scope, status, time.monotonic() - start)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope)
        self.metrics.count(route, method, status, seconds)
        log.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)


def route_of(scope: Scope) -> str:
    """The pattern of the path that was asked for ("/jobs/{id}"), or "other"; never the path itself."""
    route = scope.get("cutaway.route")
    return route if isinstance(route, str) else "other"


def refuse_foreign_host(connection: HTTPConnection, settings: Settings) -> None:
    """Refuse a name that is not ours, against DNS rebinding; an IP address cannot be rebound.

    Raises:
        Problem: the `Host` header names something else, or is missing.
    """
    host = _host_name(connection.headers.get("host", ""))
    allowed = {_LOCAL, settings.host.lower(), *(name.lower() for name in settings.hosts)}
    if ANY in settings.hosts or host in allowed or _is_address(host):
        return
    raise Problem(
        421, "invalid_host", "start the server with --allow-host NAME to let it be called by another name"
    )


def _host_name(header: str) -> str:
    """ "[::1]:7000" to "::1", "Localhost:7000" to "localhost"; "" for nonsense."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def refuse_foreign_origin(connection: HTTPConnection, settings: Settings) -> None:
    """Refuse what a browser sends on behalf of another web site; programs send no `Origin`.

    Raises:
        Problem: the request changes or costs something and its `Origin` is neither ours nor allowed.
    """
    if connection.scope["type"] == "http" and connection.scope["method"] in _READING:
        return
    origin = connection.headers.get("origin")
    if origin is None or is_own_origin(origin, connection) or allows_origin(origin, settings.origins):
        return
    raise Problem(403, "invalid_origin", "start the server with --cors ORIGIN to allow it")


def is_own_origin(origin: str, connection: HTTPConnection) -> bool:
    """Whether an origin is the host that was called, whatever the scheme (a proxy may speak HTTPS for us)."""
    try:
        return urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower() != ""
    except ValueError:
        return False


def allows_origin(origin: str, allowed: Iterable[str]) -> bool:
    """Whether an origin is in the list; "null" (a file, a sandbox) only by its name."""
    return origin in allowed or (ANY in allowed and origin != "null")


def who(request: HTTPConnection, settings: Settings, *, key: str = "") -> str:
    """The key that a request carries if keys are needed, else the client's address.

    Args:
        request: any connection.
        settings: have the keys.
        key: one that came in another way than in a header.

    Raises:
        Problem: it carries none, or a wrong one.
    """
    if not settings.keys:
        return request.client.host if request.client else ""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    given = key or request.headers.get("x-api-key") or bearer
    if not given:
        raise Problem(403, "auth_failed", "send it in the header X-API-Key")
    found = [one for one in settings.keys if hmac.compare_digest(one.encode(), given.encode())]
    if not found:
        raise Problem(403, "invalid_api_key")
    return found[0]
