"""The endpoints of remove.bg's API, under `/v1.0` as there, and under `/api`."""

from __future__ import annotations

import asyncio
import base64

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cutaway.errors import CutawayError, DownloadError
from cutaway.server.guards import who
from cutaway.server.pictures import Answer, read_upload
from cutaway.server.problems import Problem, problem_of
from cutaway.server.removebg.make import make
from cutaway.server.removebg.order import Order, Source, read_order
from cutaway.server.service import Endpoint, Service, route
from cutaway.server.work import Check

_BAD_REQUEST = {408, 413, 415}
"""Statuses that remove.bg answers as 400."""
_AMPLE = 1_000_000
_HINT = "fetching is switched off: start the server with --allow-urls, or upload the picture"


class RemoveBgApi:
    """The endpoints of remove.bg's API."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """All of them."""
        found = []
        for prefix in ("/v1.0", "/api"):
            found += [
                route(f"{prefix}/removebg", _as_there(self.removebg), methods=("POST",)),
                route(f"{prefix}/account", _as_there(self.account)),
                route(f"{prefix}/improve", _as_there(self.improve), methods=("POST",)),
            ]
        return found

    async def removebg(self, request: Request) -> Response:
        """Photo in, picture out."""
        async with self.service.admitted(request) as client:
            order = read_order(await self.service.read(request))
            photo = await self._bytes(order.image, "failed_image_download")
            below = await self._bytes(order.background, "failed_bg_download") if order.background else None

            def work(check: Check) -> Answer:
                return self._make(order, photo, below, client, check)

            answer = await self.service.workshop.run(request, work)
        answer.headers.update(self.service.rate.headers(client))
        return _in_json(answer) if _wants_json(request) else answer.response()

    def _make(self, order: Order, photo: bytes, below: bytes | None, client: str, check: Check) -> Answer:
        settings = self.service.settings
        frame = read_upload(photo, max_pixels=settings.max_pixels)
        self.service.charge(client, frame)
        background = None
        if below is not None and order.channels != "alpha":
            background = read_upload(below, max_pixels=settings.max_pixels, what="the background")
        remover = self.service.models.get()
        return make(order, remover, frame, background, full_size=settings.full_size, check=check)

    async def _bytes(self, source: Source, code: str) -> bytes:
        if not source.url:
            return source.data
        if self.service.fetcher is None:
            raise Problem(400, code, _HINT)
        try:
            return await asyncio.to_thread(self.service.fetcher.fetch, source.url)
        except DownloadError as error:
            raise Problem(400, code, str(error)) from error

    async def account(self, request: Request) -> Response:
        """Ample credits: nothing is charged here."""
        who(request, self.service.settings)
        credits = {"total": _AMPLE, "subscription": 0, "payg": _AMPLE, "enterprise": 0}
        api = {"free_calls": _AMPLE, "sizes": "all"}
        return JSONResponse({"data": {"attributes": {"credits": credits, "api": api}}})

    async def improve(self, request: Request) -> Response:
        """Refused: photos are not collected."""
        raise Problem(
            501,
            "not_implemented",
            "pictures that are sent here are not kept, so there is nothing to improve by",
        )


def _as_there(function: Endpoint) -> Endpoint:
    """Answer errors in the request with 400, as remove.bg does."""

    async def endpoint(request: Request) -> Response:
        try:
            return await function(request)
        except CutawayError as error:
            problem = problem_of(error)
            if problem.status not in _BAD_REQUEST:
                raise
            raise Problem(400, problem.code, problem.detail, headers=problem.headers) from error

    return endpoint


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "").lower()
    return "application/json" in accepted and "image/" not in accepted


def _in_json(answer: Answer) -> Response:
    headers = answer.response().headers
    data = {
        "result_b64": base64.b64encode(answer.data).decode("ascii"),
        **{
            f"foreground_{side}": int(headers[f"x-foreground-{side}"])
            for side in ("top", "left", "width", "height")
        },
    }
    kept = {name: value for name, value in headers.items() if name.startswith("x-")}
    return JSONResponse({"data": data}, headers=kept)
