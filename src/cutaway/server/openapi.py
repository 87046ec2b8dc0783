"""The OpenAPI document, made from the same tables that the code reads requests by."""

from __future__ import annotations

from typing import Any

from cutaway._version import __version__
from cutaway.formats import TABLE
from cutaway.server import rembg
from cutaway.server.fields import (
    BACKGROUND,
    IMAGE,
    LOGO,
    MATTE,
    MATTE_FIELDS,
    SCRIBBLES,
    compose_fields,
    schema,
)
from cutaway.server.problems import TITLES
from cutaway.server.removebg.table import FIELDS as REMOVEBG_FIELDS
from cutaway.server.settings import Settings

Json = dict[str, Any]

_UPLOAD: Json = {"type": "string", "format": "binary"}
_PICTURES = tuple(form.media_type for form in TABLE.values())


def document(settings: Settings) -> Json:
    """The whole API as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Cutaway", "version": __version__, "description": _ABOUT},
        "paths": _own() | _batches() | _removebg() | _rembg() | _facts(),
        "components": {"schemas": {"Problem": _problem()}, "securitySchemes": _security_scheme()},
        "security": [{"key": []}] if settings.keys else [],
    }


_ABOUT = "Removes and replaces the background of photos. Three languages: our own, remove.bg's and rembg's."


def _security_scheme() -> Json:
    return {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}


def _problem() -> Json:
    error = {
        "type": "object",
        "required": ["title", "code"],
        "properties": {
            "title": {"type": "string"},
            "code": {"type": "string", "enum": sorted(TITLES)},
            "detail": {"type": "string"},
        },
    }
    return {
        "type": "object",
        "required": ["errors"],
        "properties": {"errors": {"type": "array", "items": error}},
    }


def _own() -> Json:
    options = schema()
    uploads: Json = {IMAGE: {**_UPLOAD, "description": "The photo."}, **_beside(options)}
    strokes = {SCRIBBLES: {**_UPLOAD, "description": options[SCRIBBLES]["description"]}}
    as_text = {name: value for name, value in options.items() if name not in (*uploads, SCRIBBLES)}
    asked = {name: value for name, value in options.items() if name not in (LOGO, SCRIBBLES)}
    raw = {"description": "Or the photo as the whole body, with the options in the query."}
    matte = {name: options[name] for name in MATTE_FIELDS if name != SCRIBBLES}
    given = {**_UPLOAD, "description": "The photo's matte, white on black, as large as the photo."}
    composed = {name: value for name, value in as_text.items() if name in compose_fields()}
    return {
        "/remove": {
            "post": _work(
                "Remove or replace the background.", uploads | strokes | as_text, raw=raw, queries=asked
            )
        },
        "/matte": {
            "post": _work(
                "The matte alone, white on black.", {IMAGE: uploads[IMAGE]} | strokes | matte, queries=matte
            )
        },
        "/compose": {
            "post": _work(
                "The picture for a matte that is there already.", uploads | {MATTE: given} | composed
            )
        },
        "/pairs": {
            "post": _work(
                "Keep a photo and its matte to train with, where the server was given a folder for it.",
                {IMAGE: uploads[IMAGE], MATTE: given},
                answer=_answer("application/json", {"type": "object"}),
                status="201",
            )
        },
    }


def _beside(options: Json) -> Json:
    """The fields that are an upload, a text, or both under one name."""
    behind = f"{options[BACKGROUND]['description']} A picture is uploaded under the same name."
    over = "A picture to lay over the result. A text of the same name says place and width: top-left,12%."
    return {BACKGROUND: {**_UPLOAD, "description": behind}, LOGO: {**_UPLOAD, "description": over}}


def _batches() -> Json:
    photos = {"type": "array", "items": _UPLOAD, "description": "The photos, many under one name."}
    uploads: Json = {IMAGE: photos, **_beside(schema())}
    text = {name: value for name, value in schema().items() if name not in (*uploads, SCRIBBLES)}
    place = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    told = _answer("application/json", {"type": "object"})
    begin = _work(
        "Begin a batch; it is kept on disk and survives a restart.", uploads | text, answer=told, status="202"
    )
    return {
        "/jobs": {"post": begin},
        "/jobs/{id}": {
            "parameters": [place],
            "get": _plain("How far a batch is.", told),
            "delete": _plain("Forget a batch.", {"description": "Gone."}, status="204"),
        },
        "/jobs/{id}/events": {
            "parameters": [place],
            "get": _plain(
                "The same as server-sent events, until it is finished.", _answer("text/event-stream")
            ),
        },
        "/jobs/{id}/result": {
            "parameters": [place],
            "get": _plain("All results as a zip.", _answer("application/zip", _UPLOAD)),
        },
    }


def _removebg() -> Json:
    properties: Json = {}
    for field in REMOVEBG_FIELDS:
        found: Json = {**_UPLOAD} if field.is_file else {"type": "string"}
        found["description"] = field.help
        if field.choices:
            found["enum"] = list(field.choices)
        if field.default:
            found["default"] = field.default
        properties[field.name] = found
    texts = {f.name: properties[f.name] for f in REMOVEBG_FIELDS if not f.is_file}
    work = _work("remove.bg's API v1.0; also under /api/removebg.", properties, other=texts)
    work["responses"]["200"]["content"]["application/json"] = {"schema": {"type": "object"}}
    work["responses"]["200"]["content"]["application/zip"] = {"schema": _UPLOAD}
    account = _plain(
        "Credits, of which there are always enough.", _answer("application/json", {"type": "object"})
    )
    return {"/v1.0/removebg": {"post": work}, "/v1.0/account": {"get": account}}


def _rembg() -> Json:
    texts: Json = {name: {"type": "string", "description": help} for name, help in rembg.FIELDS.items()}
    post = _work("rembg's API.", {"file": {**_UPLOAD, "description": "The photo."}} | texts)
    get = _plain("rembg's API, for an address.", _answer("image/png", _UPLOAD))
    get["parameters"] = _queries(texts)
    return {"/api/remove": {"post": post, "get": get}}


def _facts() -> Json:
    table = _answer("application/json", {"type": "object"})
    ready = _plain("Whether the model is loaded: 200 or 503.", table)
    ready["responses"]["503"] = {"description": "Not yet."}
    return {
        "/options": {"get": _plain("Every option, with type, default and help.", table)},
        "/models": {"get": _plain("The models that can be named.", table)},
        "/health": {"get": ready},
        "/metrics": {"get": _plain("Numbers for Prometheus.", _answer("text/plain"))},
    }


def _work(
    summary: str,
    properties: Json,
    *,
    queries: Json | None = None,
    raw: Json | None = None,
    other: Json | None = None,
    answer: Json | None = None,
    status: str = "200",
) -> Json:
    """A request that sends a picture.

    Args:
        summary: what it does.
        properties: the fields of its form.
        queries: fields that may stand in the query as well.
        raw: a note if the photo may be the body itself.
        other: the fields, where the form may also be urlencoded or JSON.
        answer: what comes back, if it is no picture.
        status: of the answer.
    """
    content: Json = {"multipart/form-data": {"schema": {"type": "object", "properties": properties}}}
    if raw is not None:
        content["application/octet-stream"] = {"schema": {**_UPLOAD, **raw}}
    for kind in ("application/x-www-form-urlencoded", "application/json") if other else ():
        content[kind] = {"schema": {"type": "object", "properties": other}}
    picture = {"description": "The picture.", "content": {kind: {"schema": _UPLOAD} for kind in _PICTURES}}
    work = _plain(summary, answer or picture, status=status)
    work["requestBody"] = {"required": True, "content": content}
    if queries:
        work["parameters"] = _queries(queries)
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for code, meaning in _REFUSALS.items():
        work["responses"][code] = {"description": meaning, "content": problem}
    return work


_REFUSALS = {
    "400": "The request cannot be understood or the picture not be used.",
    "403": "A key is missing or wrong, or another web site asks.",
    "408": "The request took too long to arrive.",
    "413": "The request is too large.",
    "429": "Too many pictures in a short time; see Retry-After.",
    "503": "The queue is full; see Retry-After.",
    "504": "The picture took too long.",
}


def _queries(properties: Json) -> list[Json]:
    return [
        {"name": name, "in": "query", "description": value.get("description", ""), "schema": _bare(value)}
        for name, value in properties.items()
    ]


def _bare(value: Json) -> Json:
    return {key: part for key, part in value.items() if key != "description"}


def _plain(summary: str, answer: Json, *, status: str = "200") -> Json:
    return {"summary": summary, "responses": {status: answer}}


def _answer(kind: str, schema: Json | None = None) -> Json:
    return {"description": "The answer.", "content": {kind: {"schema": schema or {"type": "string"}}}}
