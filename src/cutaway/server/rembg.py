"""The HTTP protocol of rembg's server (2.0.86): `GET|POST /api/remove`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cutaway.errors import DownloadError, unknown_name
from cutaway.options import Options
from cutaway.pixels.solid import smooth_mask
from cutaway.remover import Remover
from cutaway.result import Result
from cutaway.server.body import Form, shown
from cutaway.server.pictures import Answer, read_upload
from cutaway.server.problems import Problem
from cutaway.server.service import Service, route
from cutaway.server.work import Check
from cutaway.types import Frame, Matte

FIELDS: dict[str, str] = {
    "url": "Address of the photo; only where the server was started to fetch.",
    "model": "Name of a model of this server; without it the served one.",
    "a": "Alpha matting; accepted, and answered with the model's own soft edge.",
    "af": "Alpha matting's foreground threshold, 0 to 255; goes with a.",
    "ab": "Alpha matting's background threshold, 0 to 255; goes with a.",
    "ae": "Alpha matting's erosion in pixels; goes with a.",
    "om": "Answer the matte alone.",
    "ppm": "Make the matte hard, with a smooth outline.",
    "dc": "Decontaminate colours; accepted, and answered with Cutaway's own colours.",
    "vm": "ViTMatte; accepted, and answered with the model's own soft edge.",
    "bgc": "Background as 'r,g,b,a', 0 to 255 each.",
    "extras": "JSON for special models; only an empty object is accepted.",
}
"""The text fields and what they mean here; the photo itself is the upload `file`."""

_SWITCHES = ("a", "om", "ppm", "dc", "vm")
_THRESHOLDS = {"af": 255, "ab": 255, "ae": 1000}
"""The largest value of each; the smallest is 0."""
_NOTES = {
    "a": "a: alpha matting is not computed, the model's own soft edge is kept",
    "dc": "dc: the colours are Cutaway's own",
    "vm": "vm: ViTMatte is not computed, the model's own soft edge is kept",
}
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def schema() -> dict[str, Any]:
    """The text fields as properties of a JSON schema (OpenAPI)."""
    found: dict[str, Any] = {}
    for name, help in FIELDS.items():
        found[name] = {"type": "boolean" if name in _SWITCHES else "string", "description": help}
        if name in _THRESHOLDS:
            found[name] |= {"type": "integer", "minimum": 0, "maximum": _THRESHOLDS[name]}
    return found


@dataclass(frozen=True)
class Order:
    """What one request wants."""

    file: bytes = b""
    url: str = ""
    model: str | None = None
    notes: tuple[str, ...] = ()
    only_mask: bool = False
    smooth: bool = False
    colour: tuple[int, int, int, int] | None = None


class RembgApi:
    """rembg's endpoint."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def routes(self) -> list[Route]:
        """It alone, by both methods."""
        return [route("/api/remove", self.remove, methods=("GET", "POST"))]

    async def remove(self, request: Request) -> Response:
        """Photo in, PNG out."""
        async with self.service.admitted(request) as client:
            order = read_order(await self.service.read(request))
            data = order.file or await self._fetched(order.url)

            def work(check: Check) -> Answer:
                photo = read_upload(data, max_pixels=self.service.settings.max_pixels)
                self.service.charge(client, photo)
                return make(order, self.service.models.get(order.model), photo, check)

            answer = await self.service.workshop.run(request, work)
            answer.headers.update(self.service.rate.headers(client))
            return answer.response()

    async def _fetched(self, url: str) -> bytes:
        if self.service.fetcher is None:
            hint = "fetching is switched off: start the server with --allow-urls, or upload the picture"
            raise Problem(400, "failed_image_download", hint)
        try:
            return await asyncio.to_thread(self.service.fetcher.fetch, url)
        except DownloadError as error:
            raise Problem(400, "failed_image_download", str(error)) from error


def make(order: Order, remover: Remover, photo: Frame, check: Check) -> Answer:
    """Make the picture: always a PNG, as rembg does."""
    check()
    result = remover.remove(photo, options=Options(mask_only=order.only_mask, format="png"))
    check()
    if order.smooth:
        result = with_alpha_smoothed(result)
    if order.colour is not None and not order.only_mask:
        result = result.over("#{:02x}{:02x}{:02x}{:02x}".format(*order.colour))
    size = result.picture.size
    check()
    headers = {"X-Cutaway-Notes": "; ".join(order.notes)} if order.notes else {}
    return Answer(result.to_bytes("png"), "png", size, headers)


def with_alpha_smoothed(result: Result) -> Result:
    """The same result with a hard mask for its matte."""
    alpha = smooth_mask(result.cutout.alpha)
    return replace(result, matte=Matte(alpha), cutout=replace(result.cutout, alpha=alpha))


def read_order(form: Form) -> Order:
    """Read a request.

    Raises:
        Problem: something is missing, unknown or impossible.
    """
    for name in form.texts:
        if name not in FIELDS:
            raise Problem(400, "unknown_field", unknown_name("field", name[:40], ["file", *FIELDS]))
    for name in form.files:
        if name != "file":
            raise Problem(400, "unknown_field", unknown_name("upload", name[:40], ["file"]))
    file, url = form.file("file") or form.raw, form.texts.get("url", "")
    if bool(file) == bool(url):
        raise Problem(
            400, "multiple_sources" if url else "missing_source", "give exactly one of file and url"
        )
    _check_thresholds(form.texts)
    _refuse_extras(form.texts.get("extras", ""))
    return Order(
        file=file,
        url=url,
        model=form.texts.get("model"),
        notes=tuple(note for name, note in _NOTES.items() if _switch(form.texts, name)),
        only_mask=_switch(form.texts, "om"),
        smooth=_switch(form.texts, "ppm"),
        colour=_colour(form.texts.get("bgc")),
    )


def _switch(texts: dict[str, str], name: str) -> bool:
    given = texts.get(name, "false").lower()
    if given not in _YES + _NO:
        raise Problem(400, "invalid_option", f"{name} must be true or false, not {shown(given)}")
    return given in _YES


def _check_thresholds(texts: dict[str, str]) -> None:
    for name, most in _THRESHOLDS.items():
        given = texts.get(name, "0")
        if not (given.isascii() and given.isdigit() and len(given) < 9 and int(given) <= most):
            raise Problem(
                400, "invalid_option", f"{name} must be a whole number from 0 to {most}, not {shown(given)}"
            )


def _colour(text: str | None) -> tuple[int, int, int, int] | None:
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if len(words) != 4 or not all(
        w.isascii() and w.isdigit() and len(w) <= 3 and int(w) <= 255 for w in words
    ):
        raise Problem(400, "invalid_bg_color", f"bgc must be 'r,g,b,a', 0 to 255 each, not {shown(text)}")
    red, green, blue, alpha = (int(word) for word in words)
    return red, green, blue, alpha


def _refuse_extras(text: str) -> None:
    """Refuse what rembg gives to special models: prompts, and paths of model files."""
    try:
        empty = not text or json.loads(text) in ({}, None)
    except (ValueError, RecursionError):
        empty = False
    if not empty:
        raise Problem(
            400, "not_implemented", "extras are for models that are not served here: leave them out"
        )
