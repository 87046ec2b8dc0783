"""What all endpoints share: the settings, the models, the threads, the limits."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from cutaway.remover import Remover
from cutaway.server.body import Form, read_form
from cutaway.server.fetching import Fetcher
from cutaway.server.guards import who
from cutaway.server.metrics import Metrics
from cutaway.server.opened import Models
from cutaway.server.problems import ClientGoneError, Problem, problem_of
from cutaway.server.rate import RateLimit
from cutaway.server.settings import Settings
from cutaway.server.work import Workshop
from cutaway.types import Frame

log = logging.getLogger(__name__)

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

_DRAIN_S = 2.0


class Service:
    """One server's state.

    Args:
        settings: how it behaves.
        remover: the served model if it is open already (tests).
    """

    def __init__(self, settings: Settings, *, remover: Remover | None = None) -> None:
        self.settings = settings
        self.models = Models(settings.options, remover=remover)
        self.workshop = Workshop(pool=settings.pool, queue=settings.queue, seconds=settings.work_seconds)
        self.fetcher = Fetcher(settings.max_body_bytes) if settings.allow_urls else None
        self.rate = RateLimit(settings.megapixels_per_minute)
        self.stopping = threading.Event()
        self.on_start: list[Callable[[], None]] = []
        self.on_stop: list[Callable[[], None]] = []
        self.metrics = Metrics()
        self.metrics.gauge(
            "cutaway_requests_inside", "Requests waiting or worked on.", lambda: self.workshop.taken
        )
        self.metrics.gauge("cutaway_places", "Requests that may be inside.", lambda: self.workshop.places)
        self.metrics.gauge("cutaway_model_loaded", "1 when the model is open.", lambda: self.models.is_ready)

    @asynccontextmanager
    async def admitted(self, request: Request) -> AsyncIterator[str]:
        """Let a request in that wants a picture: its key, its share and a place are looked at first.

        Yields:
            Who asks: the key, or the address.

        Raises:
            Problem: it is not let in.
        """
        try:
            client = who(request, self.settings)
            self.rate.take(client)
            place = self.workshop.admitted()
            place.__enter__()
        except Problem:
            await drain(request)
            raise
        try:
            yield client
        finally:
            place.__exit__(None, None, None)

    async def read(self, request: Request) -> Form:
        """The request's body, within the limits."""
        settings = self.settings
        try:
            return await read_form(request, max_bytes=settings.max_body_bytes, seconds=settings.body_seconds)
        except Problem as problem:
            if problem.status == 413:
                await drain(request)
            raise

    def charge(self, client: str, frame: Frame) -> None:
        """Count a photo against the client's share."""
        self.rate.charge(client, frame.size[0] * frame.size[1])


async def drain(request: Request) -> None:
    """Take in what a refused client is still sending, for a moment, so that it comes to read the answer.

    Nothing of it is kept.
    """
    with suppress(TimeoutError, ClientDisconnect):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in request.stream():
                pass


def route(path: str, function: Endpoint, *, methods: tuple[str, ...] = ("GET",)) -> Route:
    """A route whose errors become answers, and whose pattern is what logs and metrics call it."""

    async def endpoint(request: Request) -> Response:
        request.scope["cutaway.route"] = path
        try:
            return await function(request)
        except ClientGoneError:
            raise
        except Exception as error:
            problem = problem_of(error)
            if problem.status == 500:
                note_bug(path, error)
            return problem.response()

    return Route(path, endpoint, methods=list(methods))


def note_bug(path: str, error: Exception) -> None:
    """Log where an error came from, but not its words: they may repeat what the client sent."""
    cause = f" after {type(error.__cause__).__name__}" if error.__cause__ else ""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s%s\n%s", path, type(error).__name__, cause, where.rstrip())
