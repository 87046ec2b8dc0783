"""From a request's body to names, texts and files, within limits of size, number and time."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive

from cutaway.server.problems import ClientGoneError, Problem

MAX_FIELDS = 64
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


@dataclass
class Form:
    """What a request said.

    Attributes:
        texts: names and values; an empty value counts as not given.
        files: uploaded files by the name of their field, in order.
        names: the files' own names, only ever used to name results inside a zip.
        raw: the body itself, where it is neither a form nor JSON.
    """

    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, list[bytes]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    raw: bytes = b""

    def add(self, name: str, text: str) -> None:
        """Note a value.

        Raises:
            Problem: the name was given already.
        """
        if text == "":
            return
        if name in self.texts:
            raise Problem(400, "repeated_field", f"field {shown(name)} is given twice")
        self.texts[name] = text

    def add_file(self, name: str, data: bytes, own_name: str = "") -> None:
        """Note an uploaded file; an empty one counts as not given (browsers send one for an unused input)."""
        if data or own_name:
            self.files.setdefault(name, []).append(data)
            self.names.setdefault(name, []).append(own_name)

    def file(self, name: str) -> bytes | None:
        """The file of a field, or None.

        Raises:
            Problem: there are several.
        """
        found = self.files.get(name, [])
        if len(found) > 1:
            raise Problem(400, "repeated_field", f"field {shown(name)} is given twice")
        return found[0] if found else None


def shown(text: str) -> str:
    """What a client sent, fit for a one-line message: quoted, escaped and short."""
    return repr(text[:40] + "..." if len(text) > 40 else text)


async def read_form(request: Request, *, max_bytes: int, seconds: float, max_files: int = 8) -> Form:
    """Read the body of a request: multipart, urlencoded, JSON or, if it is none of these, raw bytes.

    Raises:
        Problem: it is too large, took too long, or is not what its Content-Type says.
        ClientGoneError: the client went away in the middle.
    """
    limited = limited_request(request, max_bytes=max_bytes, seconds=seconds)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    form = Form()
    for name, value in request.query_params.multi_items():
        form.add(name, value)
    try:
        if kind in _FORMS:
            await _read_fields(limited, form, max_bytes=max_bytes, max_files=max_files)
        elif kind == "application/json":
            _read_json(await limited.body(), form)
        else:
            form.raw = await limited.body()
    except ClientDisconnect as error:
        raise ClientGoneError from error
    return form


def limited_request(request: Request, *, max_bytes: int, seconds: float) -> Request:
    """The same request, whose body has an end in size and time.

    Raises:
        Problem: it says itself that it is too large, or is compressed.
    """
    _refuse_early(request, max_bytes)
    return Request(request.scope, _limited(request.receive, max_bytes, time.monotonic() + seconds))


def _refuse_early(request: Request, max_bytes: int) -> None:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:19]) > max_bytes:
        raise _too_large(max_bytes)
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Problem(400, "invalid_body", "a compressed body (Content-Encoding) is not accepted")


def _too_large(max_bytes: int) -> Problem:
    detail = f"at most {max_bytes / 1e6:g} MB are accepted"
    return Problem(413, "file_too_large", detail, headers={"Connection": "close"})


def _limited(receive: Receive, max_bytes: int, deadline: float) -> Receive:
    """`receive`, with an end to size and time: also when one byte comes every few seconds."""
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        try:
            message = await asyncio.wait_for(receive(), max(0.01, deadline - time.monotonic()))
        except TimeoutError as error:
            raise Problem(408, "request_timeout", headers={"Connection": "close"}) from error
        seen += len(message.get("body", b""))
        if seen > max_bytes:
            raise _too_large(max_bytes)
        return message

    return limited


async def _read_fields(request: Request, form: Form, *, max_bytes: int, max_files: int) -> None:
    try:
        async with request.form(max_files=max_files, max_fields=MAX_FIELDS, max_part_size=max_bytes) as items:
            for name, value in items.multi_items():
                if isinstance(value, UploadFile):
                    form.add_file(name, await value.read(), value.filename or "")
                else:
                    form.add(name, value)
    except HTTPException as error:  # Starlette's word for a malformed form
        raise Problem(400, "invalid_body", str(error.detail)) from error
    except (
        ValueError,
        KeyError,
        LookupError,
    ) as error:  # header values that python-multipart did not foresee
        raise Problem(400, "invalid_body", "the form is malformed") from error


def _read_json(body: bytes, form: Form) -> None:
    try:
        values: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "invalid_body", "the body is not valid JSON") from error
    if not isinstance(values, dict):
        raise Problem(400, "invalid_body", "the JSON must be an object of names and values")
    for name, value in values.items():
        if isinstance(value, dict | list):
            raise Problem(
                400, "invalid_body", f"field {shown(name)} must be a text, a number or true or false"
            )
        if value is not None:
            form.add(name, value if isinstance(value, str) else json.dumps(value))
