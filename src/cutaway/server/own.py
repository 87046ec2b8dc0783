"""Our own API: `POST /remove` takes every option there is, `POST /matte` answers the matte alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cutaway._version import __version__
from cutaway.errors import unknown_name
from cutaway.looks import read_canvas
from cutaway.options import Options
from cutaway.result import Result
from cutaway.server.body import Form
from cutaway.server.fields import (
    BACKGROUND,
    IMAGE,
    LOGO,
    MATTE_FIELDS,
    SCRIBBLES,
    compose_fields,
    described,
    read_options,
)
from cutaway.server.pictures import Answer, read_upload
from cutaway.server.problems import Problem
from cutaway.server.service import Service, route
from cutaway.server.work import Check
from cutaway.types import Frame

_UPLOADS = (IMAGE, BACKGROUND, LOGO, SCRIBBLES)


class OwnApi:
    """The endpoints of our own API."""

    def __init__(self, service: Service) -> None:
        self.service, self._max_pixels = service, service.settings.max_pixels

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            route("/remove", self.remove, methods=("POST",)),
            route("/matte", self.matte, methods=("POST",)),
            route("/options", self.options),
            route("/models", self.models),
            route("/health", self.health),
            route("/metrics", self.metrics),
        ]

    async def remove(self, request: Request) -> Response:
        """Photo in, picture out."""
        async with self.service.admitted(request) as client:
            order = Order.read(await self.service.read(request))
            return await self._answer(request, client, order)

    async def matte(self, request: Request) -> Response:
        """Photo in, matte out."""
        async with self.service.admitted(request) as client:
            form = await self.service.read(request)
            for name in form.texts:
                if name not in MATTE_FIELDS:
                    raise Problem(
                        400, "unknown_field", unknown_name("field", name[:40], (IMAGE, *MATTE_FIELDS))
                    )
            form.texts["mask_only"] = "true"
            return await self._answer(request, client, Order.read(form))

    async def _answer(self, request: Request, client: str, order: Order) -> Response:
        def work(check: Check) -> Answer:
            photo = read_upload(order.image, max_pixels=self._max_pixels)
            self.service.charge(client, photo)
            background = self._upload(order.background, "the background")
            scribbles = self._upload(order.scribbles, "the scribbles")
            remover = self.service.models.get(order.model)
            check()
            result = remover.remove(photo, options=order.options, scribbles=scribbles)
            return order.make(result, check, background=background, max_pixels=self._max_pixels)

        answer = await self.service.workshop.run(request, work)
        answer.headers.update(self.service.rate.headers(client))
        return answer.response()

    def _upload(self, data: bytes | None, what: str) -> Frame | None:
        if data is None:
            return None
        return read_upload(data, max_pixels=self._max_pixels, what=what)

    async def options(self, request: Request) -> Response:
        """What `POST /remove` takes, which of it `POST /compose` takes, and how much at once."""
        settings = self.service.settings
        limits = {"body_bytes": settings.max_body_bytes, "pixels": settings.max_pixels}
        told = {"options": described(), "uploads": list(_UPLOADS), "compose": compose_fields()}
        return JSONResponse(told | {"limits": limits, "pairs": settings.pairs is not None})

    async def models(self, request: Request) -> Response:
        """What can be given as `model`."""
        listed = [_told(asdict(entry)) for entry in self.service.models.listed()]
        return JSONResponse({"models": listed, "served": self.service.models.served_name})

    async def health(self, request: Request) -> Response:
        """Whether pictures can be worked on."""
        models = self.service.models
        status = "ready" if models.is_ready else "failed" if models.is_broken else "loading"
        return JSONResponse({"status": status, "version": __version__}, 200 if models.is_ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Numbers for Prometheus."""
        return PlainTextResponse(self.service.metrics.text(), media_type="text/plain; version=0.0.4")


def _told(entry: dict[str, Any]) -> dict[str, Any]:
    """A model without its place on this machine."""
    return {name: value for name, value in entry.items() if name not in ("path", "source")}


class Order:
    """What one request to `POST /remove` wants.

    Attributes:
        image: the photo's bytes.
        background: a picture's bytes to lay behind it, or None.
        logo: the bytes of a picture to lay over the result, or None.
        logo_said: its place and width, "" for the usual ones.
        scribbles: the bytes of a picture of strokes over it, or None.
        model: the name of a model, or None for the served one.
        options: the rest.
        canvas: `canvas` for the background picture.
    """

    def __init__(
        self, image: bytes, *, options: Options, model: str | None, background: bytes | None, canvas: str
    ) -> None:
        self.image, self.background = image, background
        self.logo: bytes | None = None
        self.logo_said = ""
        self.scribbles: bytes | None = None
        self.model, self.options, self.canvas = model, options, canvas

    @classmethod
    def read(cls, form: Form) -> Order:
        """Read a form: the photo as upload `image`, or as the whole body with the options in the query.

        Raises:
            Problem, OptionError: something is missing, unknown, given twice or impossible.
        """
        for name in form.files:
            if name not in _UPLOADS:
                raise Problem(400, "unknown_field", unknown_name("upload", name[:40], _UPLOADS))
        image = form.raw or form.file(IMAGE)
        if not image:
            raise Problem(
                400, "missing_source", f"send the photo as the upload {IMAGE!r}, or as the body itself"
            )
        background, logo = form.file(BACKGROUND), form.file(LOGO)
        order = cls.of_texts(form.texts, picture=background is not None, logo=logo is not None)
        order.image, order.background, order.logo = image, background, logo
        order.scribbles = form.file(SCRIBBLES)
        return order

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], *, picture: bool, logo: bool) -> Order:
        """Read the text fields alone; `picture` and `logo` say whether these are uploaded as well.

        Raises:
            Problem, OptionError: something is unknown or impossible.
        """
        options = read_options(texts, picture=picture, logo=logo)
        canvas = texts.get("canvas", "photo") if picture else "photo"
        read_canvas(canvas)
        order = cls(b"", options=options, model=texts.get("model"), background=None, canvas=canvas)
        order.logo_said = texts.get(LOGO, "")
        return order

    def make(self, result: Result, check: Check, *, background: Frame | None, max_pixels: int) -> Answer:
        """Make the picture of a result: what was uploaded to lay behind and over it, then the file.

        Args:
            result: the subject, found; with this order's options.
            check: called between the steps.
            background: the background picture, decoded.
            max_pixels: of a logo.
        """
        check()
        if background is not None:
            result = result.over(background, canvas=self.canvas)
        if self.logo is not None:
            logo = read_upload(self.logo, max_pixels=max_pixels, what="the logo")
            result = result.with_logo(logo, self.logo_said)
        return finished(result, check)


def finished(result: Result, check: Check) -> Answer:
    """A result as an answer, in the format of its options, else png; its confidence and its warnings in headers."""
    size = result.picture.size
    check()
    told = {} if result.confidence is None else {"X-Cutaway-Confidence": f"{result.confidence:.3f}"}
    if result.warnings:
        told["X-Cutaway-Notes"] = "; ".join(result.warnings).encode("ascii", "replace").decode()
    return Answer(result.to_bytes(), result.options.format or "png", size, told)
