"""The OpenAPI document, made from the same tables that the code reads requests by."""

from __future__ import annotations

from cutaway._version import __version__
from cutaway.formats import TABLE
from cutaway.server import answers, rembg
from cutaway.server.fields import (
    BACKGROUND,
    IMAGE,
    LOGO,
    MATTE,
    MATTE_FIELDS,
    SCRIBBLES,
    VIDEO,
    VIDEO_FORMAT,
    VIDEO_FORMATS,
    compose_fields,
    schema,
)
from cutaway.server.removebg.table import FIELDS as REMOVEBG_FIELDS
from cutaway.server.removebg.table import SOURCES
from cutaway.server.settings import Settings

Json = answers.Json

_UPLOAD: Json = {"type": "string", "format": "binary"}
_RAW: Json = {
    "application/octet-stream": {
        "schema": {**_UPLOAD, "description": "Or the photo as the whole body, with the options in the query."}
    }
}
_PICTURES = tuple(form.media_type for form in TABLE.values())


def document(settings: Settings) -> Json:
    """The whole API as OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Cutaway", "version": __version__, "description": _ABOUT},
        "paths": _own() | _batches() | _removebg() | _rembg() | _facts(),
        "components": {"schemas": {"Problem": answers.PROBLEM}, "securitySchemes": _security_scheme()},
        "security": [{"key": []}] if settings.keys else [],
    }


_ABOUT = "Removes and replaces the background of photos. Three languages: our own, remove.bg's and rembg's."


def _security_scheme() -> Json:
    return {"key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}}


def _own() -> Json:
    options = schema()
    uploads: Json = {IMAGE: {**_UPLOAD, "description": "The photo."}, **_beside(options)}
    strokes = {SCRIBBLES: {**_UPLOAD, "description": options[SCRIBBLES]["description"]}}
    as_text = {name: value for name, value in options.items() if name not in (*uploads, SCRIBBLES)}
    asked = {name: value for name, value in options.items() if name not in (LOGO, SCRIBBLES)}
    matte = {name: options[name] for name in MATTE_FIELDS if name != SCRIBBLES}
    given = {**_UPLOAD, "description": "The photo's matte, white on black, as large as the photo."}
    composed = {name: value for name, value in as_text.items() if name in compose_fields()}
    photo = {IMAGE: uploads[IMAGE]}
    return {
        "/remove": {
            "post": _work(
                "Remove or replace the background.",
                _form(uploads | strokes | as_text, needed=(IMAGE,)) | _RAW,
                queries=asked,
            )
        },
        "/matte": {
            "post": _work(
                "The matte alone, white on black.",
                _form(photo | strokes | matte, needed=(IMAGE,)) | _RAW,
                queries=matte,
            )
        },
        "/compose": {
            "post": _work(
                "The picture for a matte that is there already.",
                _form(uploads | {MATTE: given} | composed, needed=(IMAGE, MATTE)),
            )
        },
        "/pairs": {
            "post": _work(
                "Keep a photo and its matte to train with, where the server was given a folder for it.",
                _form(photo | {MATTE: given}, needed=(IMAGE, MATTE)),
                answer=_json(answers.PAIR),
                status="201",
                refusals=(*_WORK, "404"),
            )
        },
    }


def _beside(options: Json) -> Json:
    """The fields that are an upload, a text, or both under one name."""
    behind = f"{options[BACKGROUND]['description']} A picture is uploaded under the same name."
    over = "A picture to lay over the result. A text of the same name says place and width: top-left,12%."
    return {BACKGROUND: {**_UPLOAD, "description": behind}, LOGO: {**_UPLOAD, "description": over}}


def _batches() -> Json:
    photos = answers.listed(_UPLOAD) | {"minItems": 1, "description": "The photos, many under one name."}
    video = {**_UPLOAD, "description": "Or one video, as MP4, MOV, MKV, WebM, AVI or MPEG-TS."}
    becomes = {
        "type": "string",
        "enum": list(VIDEO_FORMATS),
        "description": "What a video becomes; else webm if it is transparent, and mp4.",
    }
    uploads: Json = {IMAGE: photos, VIDEO: video, **_beside(schema())}
    text = {name: value for name, value in schema().items() if name not in (*uploads, SCRIBBLES)}
    place = {"name": "id", "in": "path", "required": True, "schema": answers.TEXT}
    begin = _work(
        "Begin a batch of photos, or a video; it is kept on disk and survives a restart.",
        _form(uploads | text | {VIDEO_FORMAT: becomes}, one_of=(IMAGE, VIDEO)),
        answer=_json(answers.PROGRESS, headers=answers.LOCATION),
        status="202",
    )
    known = ("403", "404")
    forgotten = {"description": "Gone."}
    events, result = _answer("text/event-stream", answers.EVENT), _answer("application/zip", _UPLOAD)
    return {
        "/jobs": {"post": begin},
        "/jobs/{id}": {
            "parameters": [place],
            "get": _plain("How far a batch is.", _json(answers.PROGRESS), refusals=known),
            "delete": _plain("Forget a batch.", forgotten, status="204", refusals=known),
        },
        "/jobs/{id}/events": {
            "parameters": [place],
            "get": _plain("The same as server-sent events, until it is finished.", events, refusals=known),
        },
        "/jobs/{id}/result": {
            "parameters": [place],
            "get": _plain("All results as a zip.", result, refusals=(*known, "409")),
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
    kinds = ("application/x-www-form-urlencoded", "application/json")
    without_uploads = {"schema": _closed(texts, one_of=SOURCES)}
    content = _form(properties, one_of=SOURCES) | dict.fromkeys(kinds, without_uploads)
    work = _work(
        "remove.bg's API v1.0; also under /api/removebg.",
        content,
        answer=_picture(answers.REMOVEBG_HEADERS),
        refusals=tuple(code for code in _WORK if code not in _ELSE_400),
    )
    also = _json(answers.REMOVEBG)["content"] | _answer("application/zip", _UPLOAD)["content"]
    work["responses"]["200"]["content"] |= also
    account = _plain("Credits, of which there are always enough.", _json(answers.ACCOUNT), refusals=("403",))
    return {"/v1.0/removebg": {"post": work}, "/v1.0/account": {"get": account}}


def _rembg() -> Json:
    texts = rembg.schema()
    form = _form({"file": {**_UPLOAD, "description": "The photo."}} | texts, one_of=("file", "url"))
    answer = _answer("image/png", _UPLOAD, headers=answers.PICTURE_HEADERS)
    get = _plain("rembg's API, for an address.", answer, refusals=_WORK)
    get["parameters"] = _queries(texts)
    return {"/api/remove": {"post": _work("rembg's API.", form, answer=answer), "get": get}}


def _facts() -> Json:
    health = _json(answers.HEALTH)
    ready = _plain("Whether the model is loaded: 200 or 503.", health)
    ready["responses"]["503"] = {**health, "description": "Not yet, or it cannot be opened."}
    return {
        "/options": {"get": _plain("Every option, with type, default and help.", _json(answers.OPTIONS))},
        "/models": {"get": _plain("The models that can be named.", _json(answers.MODELS))},
        "/health": {"get": ready},
        "/metrics": {"get": _plain("Numbers for Prometheus.", _answer("text/plain", answers.TEXT))},
    }


_REFUSALS = {
    "400": "The request cannot be understood or the picture not be used.",
    "403": "A key is missing or wrong, or another web site asks.",
    "404": "There is no such thing here.",
    "408": "The request took too long to arrive.",
    "409": "It is not finished yet.",
    "413": "The request is too large.",
    "421": "The server is not known by this name.",
    "429": "Too many pictures in a short time; see Retry-After.",
    "503": "The queue is full; see Retry-After.",
    "504": "The picture took too long.",
}
_LATER = ("409", "429", "503")
_ALWAYS = ("421",)
_WORK = ("400", "403", "408", "413", "429", "503", "504")
_ELSE_400 = ("408", "413")
"""What remove.bg answers with 400."""


def _closed(properties: Json, *, needed: tuple[str, ...] = (), one_of: tuple[str, ...] = ()) -> Json:
    """An object that has no other properties, as an unknown field is refused.

    Args:
        properties: those that it may have.
        needed: those that it must have.
        one_of: of these it must have exactly one.
    """
    found: Json = {"type": "object", "properties": properties, "additionalProperties": False}
    if needed:
        found["required"] = list(needed)
    if one_of:
        found["oneOf"] = [{"required": [name]} for name in one_of if name in properties]
    return found


def _form(properties: Json, *, needed: tuple[str, ...] = (), one_of: tuple[str, ...] = ()) -> Json:
    """The content of a request that is a form with uploads."""
    return {"multipart/form-data": {"schema": _closed(properties, needed=needed, one_of=one_of)}}


def _work(
    summary: str,
    content: Json,
    *,
    queries: Json | None = None,
    answer: Json | None = None,
    status: str = "200",
    refusals: tuple[str, ...] = _WORK,
) -> Json:
    """A request that sends a picture.

    Args:
        summary: what it does.
        content: what may be sent.
        queries: fields that may stand in the query as well.
        answer: what comes back, if it is not a picture of our own API.
        status: of the answer.
        refusals: other statuses that may come.
    """
    work = _plain(summary, answer or _picture(answers.OWN_HEADERS), status=status, refusals=refusals)
    work["requestBody"] = {"required": True, "content": content}
    if queries:
        work["parameters"] = _queries(queries)
    return work


def _queries(properties: Json) -> list[Json]:
    return [
        {"name": name, "in": "query", "description": value.get("description", ""), "schema": _bare(value)}
        for name, value in properties.items()
    ]


def _bare(value: Json) -> Json:
    return {key: part for key, part in value.items() if key != "description"}


def _plain(summary: str, answer: Json, *, status: str = "200", refusals: tuple[str, ...] = ()) -> Json:
    refused = {code: _refusal(code) for code in sorted((*refusals, *_ALWAYS))}
    return {"summary": summary, "responses": {status: answer} | refused}


def _refusal(code: str) -> Json:
    headers = answers.RETRY_AFTER if code in _LATER else {}
    return {
        **_json({"$ref": "#/components/schemas/Problem"}, headers=headers),
        "description": _REFUSALS[code],
    }


def _picture(headers: Json) -> Json:
    content = {kind: {"schema": _UPLOAD} for kind in _PICTURES}
    return {"description": "The picture.", "headers": headers, "content": content}


def _json(schema: Json, *, headers: Json | None = None) -> Json:
    return _answer("application/json", schema, headers=headers)


def _answer(kind: str, schema: Json, *, headers: Json | None = None) -> Json:
    found: Json = {"description": "The answer.", "content": {kind: {"schema": schema}}}
    return found | ({"headers": headers} if headers else {})
