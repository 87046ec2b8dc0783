"""Taking in a batch: a multipart body of many pictures, written to disk as it comes, one file open at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from cutaway.errors import unknown_name
from cutaway.server.body import Form, shown
from cutaway.server.fields import BACKGROUND, IMAGE, LOGO, VIDEO
from cutaway.server.jobs.store import Job
from cutaway.server.jobs.video import check_extra
from cutaway.server.problems import ClientGoneError, Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_TEXT_BYTES = 10_000
MAX_HEAD_BYTES = 10_000
MAX_PARTS_BESIDE = 64


class Receiver:
    """Writes the parts of a multipart body into a batch's folder.

    Args:
        job: where the pictures go.
        max_pictures: more are refused.

    Attributes:
        form: the texts.
        names: the pictures' own names, or the video's.
        video: whether it is a video.
        beside: which pictures for all of them came as well, by their fields.
    """

    def __init__(self, job: Job, *, max_pictures: int) -> None:
        self.form = Form()
        self.names: list[str] = []
        self.video = False
        self.beside: set[str] = set()
        self._job, self._max_pictures = job, max_pictures
        self._file: BinaryIO | None = None
        self._parts = 0
        self._begin()

    async def take(self, request: Request) -> None:
        """Read the whole body.

        Raises:
            Problem: it is no multipart form, or more than is allowed.
            ClientGoneError: the client went away in the middle.
        """
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise Problem(400, "invalid_body", "send the pictures as multipart/form-data")
        try:
            parser = MultipartParser(options[b"boundary"], self._callbacks())
            async for chunk in request.stream():
                await asyncio.to_thread(parser.write, chunk)
            parser.finalize()
        except FormParserError as error:
            raise Problem(400, "invalid_body", "the form is malformed") from error
        except ClientDisconnect as error:
            raise ClientGoneError from error
        finally:
            self._close()

    def _callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._head("_field", data[start:end]),
            "on_header_value": lambda data, start, end: self._head("_value", data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": lambda data, start, end: self._data(data[start:end]),
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._field = self._value = self._disposition = self._text = b""
        self._name = ""

    def _head(self, which: str, data: bytes) -> None:
        setattr(self, which, getattr(self, which) + data)
        if len(self._field) + len(self._value) > MAX_HEAD_BYTES:
            raise Problem(400, "invalid_body", "the form is malformed")

    def _header_end(self) -> None:
        if self._field.lower() == b"content-disposition":
            self._disposition = self._value
        self._field = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._parts += 1
        if self._parts > self._max_pictures + MAX_PARTS_BESIDE:
            raise Problem(400, "invalid_body", "the form has too many parts")
        if b"filename" in options:
            self._open(options[b"filename"].decode("utf-8", "replace"))

    def _open(self, own_name: str) -> None:
        for_all = {BACKGROUND: self._job.background, LOGO: self._job.logo}
        if self._name in for_all:
            if self._name in self.beside:
                raise Problem(400, "repeated_field", f"field {self._name!r} is given twice")
            self.beside.add(self._name)
            self._file = for_all[self._name].open("wb")
        elif self._name in (IMAGE, VIDEO):
            self._refuse_one_more()
            self._file = self._job.input(len(self.names)).open("wb")
            self.names.append(own_name[:200])
        else:
            raise Problem(
                400, "unknown_field", unknown_name("upload", self._name[:40], [IMAGE, VIDEO, *for_all])
            )

    def _refuse_one_more(self) -> None:
        """Say why the photo or the video that is coming is one too many."""
        if self.names and (self.video or self._name == VIDEO):
            raise Problem(
                400,
                "multiple_sources",
                "a batch is one video or many photos: send each video as one of its own",
            )
        if len(self.names) >= self._max_pictures:
            raise Problem(400, "file_too_large", f"a batch has at most {self._max_pictures} pictures")
        if self._name == VIDEO:
            check_extra()  # before its many bytes are taken in
            self.video = True

    def _data(self, data: bytes) -> None:
        if self._file is not None:
            self._file.write(data)
            return
        self._text += data
        if len(self._text) > MAX_TEXT_BYTES:
            raise Problem(400, "invalid_body", f"field {shown(self._name)} is too long")

    def _end(self) -> None:
        if self._file is None:
            self.form.add(self._name, self._text.decode("utf-8", "replace"))
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
