"""The application: all routes behind one guard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cutaway.errors import CutawayError
from cutaway.remover import Remover
from cutaway.server.camera import CameraApi
from cutaway.server.compose import ComposeApi
from cutaway.server.docs import Docs
from cutaway.server.front import INDEX, Front
from cutaway.server.guards import Guard
from cutaway.server.jobs.routes import JobsApi
from cutaway.server.own import OwnApi
from cutaway.server.pairs import PairsApi
from cutaway.server.problems import Problem
from cutaway.server.rembg import RembgApi
from cutaway.server.removebg.routes import RemoveBgApi
from cutaway.server.service import Service, route
from cutaway.server.settings import Settings

log = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"
"""Where the web page's files are: index.html, and what it needs, flat beside it."""

_APIS = (OwnApi, ComposeApi, CameraApi, PairsApi, JobsApi, RemoveBgApi, RembgApi, Docs)
_EXPOSED = (
    "X-Width", "X-Height", "X-Type", "X-Credits-Charged", "Retry-After", "X-Cutaway-Notes", "X-Cutaway-Confidence",
)  # fmt: skip


def create_app(settings: Settings | None = None, *, remover: Remover | None = None) -> Guard:
    """Make the ASGI application.

    Args:
        settings: how it behaves.
        remover: a model that is open already; None opens the settings' model when the application starts.
    """
    service = Service(settings or Settings(), remover=remover)
    app = Starlette(
        routes=[*(found for api in _APIS for found in api(service).routes()), *_start_page()],
        lifespan=lambda _: _life(service),
        exception_handlers={HTTPException: _plain_problem},  # type: ignore[dict-item]
        middleware=_cross_origin(service.settings),
    )
    return Guard(app, service=service)


@asynccontextmanager
async def _life(service: Service) -> AsyncIterator[None]:
    """Load the model while the port is open already; `/health` says when it is there."""
    loading = asyncio.create_task(_load(service))
    for begin in service.on_start:
        begin()
    try:
        yield
    finally:
        loading.cancel()
        service.workshop.close()
        for end in service.on_stop:
            await asyncio.to_thread(end)


async def _load(service: Service) -> None:
    try:
        await asyncio.to_thread(service.models.load)
    except CutawayError as error:
        service.models.is_broken = True
        log.error("the model cannot be opened: %s", error)


def _cross_origin(settings: Settings) -> list[Middleware]:
    """CORS, only for the origins that were named."""
    if not settings.origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(settings.origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["X-API-Key", "Authorization", "Content-Type"],
            expose_headers=list(_EXPOSED),
        )
    ]


def _start_page() -> list[Route]:
    """The web page, which is whatever lies in `PAGE`; without one, `/` leads to the description of the API."""
    if not (PAGE / INDEX).is_file():
        return [route("/", _to_docs)]
    return Front(PAGE).routes()


async def _to_docs(request: Request) -> Response:
    return RedirectResponse("/docs")


async def _plain_problem(request: Request, error: HTTPException) -> Response:
    """Starlette's own errors (no such path, wrong method) in our shape."""
    code = "not_found" if error.status_code in (404, 405) else "invalid_body"
    response = Problem(error.status_code, code, "see /docs for all paths and methods").response()
    response.headers.update(error.headers or {})
    return response
