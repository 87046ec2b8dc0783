"""Requests of which something is wrong, as strategies of hypothesis: odd values, damaged pictures, mangled bodies."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from server_samples import encoded

from cutaway.server.openapi import document
from cutaway.server.settings import Settings

SMALL = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
PICTURES = tuple(encoded(SMALL, format) for format in ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP"))
ODD = (
    "", "\0", "'", '"', "%00", "../../etc/passwd", "..\\..", "-1", "1e999", "NaN", "9" * 400, "[" * 5000, "ß漢🙂",
    "\r\n\r\n", "--x--", "true", "null", "{}", "<script>", "0x7f", "100%", "99999px", "#12345", "blur:-5", "a,b",
)  # fmt: skip
ODD_BYTES = (*(text.encode() for text in ODD), b"\xff\xfe", b"\r\n--x\r\n", b"--x--\r\n")
FORM = "multipart/form-data; boundary=x"
KINDS = (
    "", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=y",
    "multipart/form-data; boundary=x; charset=utf-7", "application/x-www-form-urlencoded", "application/json",
)  # fmt: skip


def same_each_time(count: int) -> settings:
    """So many examples, the same in every run, none kept on disk.

    A failing one is told as it is: the search for a smaller one could take minutes where each try waits for its limit.
    """
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )


@dataclass(frozen=True)
class Place:
    """An endpoint and a request to it that works: text fields, and the names of its uploads, the photo's first."""

    path: str
    texts: dict[str, str]
    uploads: tuple[str, ...]
    in_base64: str = ""


_REMOVEBG = {
    "size": "preview",
    "crop": "true",
    "crop_margin": "5%",
    "roi": "0% 0% 100% 100%",
    "scale": "50%",
}
PLACES = (
    Place("/remove", {"background": "teal", "feather": "1.5", "format": "webp"}, ("image",)),
    Place("/remove", {"fit": "tile"}, ("image", "background")),
    Place("/remove", {"background": "white", "shadow": "drop"}, ("image", "logo")),
    Place("/matte", {"format": "png"}, ("image",)),
    Place("/compose", {"background": "blur:3"}, ("image", "matte")),
    Place("/pairs", {}, ("image", "matte")),
    Place("/jobs", {"background": "white"}, ("image",)),
    Place("/jobs", {"background": "white", "video_format": "mp4"}, ("video",)),
    Place("/v1.0/removebg", _REMOVEBG, ("image_file", "bg_image_file")),
    Place("/v1.0/removebg", {"bg_color": "red", "size": "4k"}, ("image_file",), in_base64="image_file_b64"),
    Place("/api/remove", {"om": "true", "bgc": "1,2,3,4", "extras": "{}"}, ("file",)),
)
_PATHS = document(Settings())["paths"]


def names(path: str) -> list[str]:
    """All fields that an endpoint knows."""
    form = _PATHS[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    return sorted(form["properties"])


@dataclass(frozen=True)
class Sent:
    """A request, ready to be sent."""

    path: str
    kind: str
    body: bytes

    def __repr__(self) -> str:
        return f"POST {self.path[:300]} as {self.kind!r}, {len(self.body)} bytes: {self.body[:300]!r}"


def _flip(data: bytearray, at: int, to: int, extra: bytes) -> None:
    if at < to:
        data[at] ^= 1 << (len(extra) % 8)


def _cut_out(data: bytearray, at: int, to: int, extra: bytes) -> None:
    del data[at:to]


def _repeat(data: bytearray, at: int, to: int, extra: bytes) -> None:
    data[at:at] = data[at:to] * 20


def _insert(data: bytearray, at: int, to: int, extra: bytes) -> None:
    data[at:at] = extra


def _cut_off(data: bytearray, at: int, to: int, extra: bytes) -> None:
    del data[at:]


_DAMAGES = (_flip, _cut_out, _repeat, _insert, _cut_off)


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Bytes with one to four things wrong: bits, pieces, repetitions, odd values, the end."""
    data = bytearray(whole)
    for damage in draw(st.lists(st.sampled_from(_DAMAGES), min_size=1, max_size=4)):
        at = draw(st.integers(0, len(data)))
        damage(data, at, min(len(data), at + draw(st.integers(1, 40))), draw(st.sampled_from(ODD_BYTES)))
    return bytes(data)


whole_pictures = st.sampled_from(PICTURES)
pictures = whole_pictures | whole_pictures.flatmap(damaged) | st.binary(max_size=64)
values = st.sampled_from(ODD) | st.text(max_size=20) | st.integers().map(str) | st.floats(width=32).map(str)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


def _multipart(place: Place, texts: dict[str, Any], uploads: dict[str, bytes]) -> Sent:
    head = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
    file = '; filename="a.png"\r\nContent-Type: image/png'
    parts = [head.format(n, "").encode() + str(v).encode() + b"\r\n" for n, v in texts.items()]
    parts += [head.format(n, file).encode() + data + b"\r\n" for n, data in uploads.items()]
    return Sent(place.path, FORM, b"".join(parts) + b"--x--\r\n")


def _as_texts(place: Place, texts: dict[str, Any], uploads: dict[str, bytes]) -> dict[str, Any]:
    """Uploads as base64, by the name that the endpoint has for that, if it has one."""
    coded = {place.in_base64 or name: base64.b64encode(data).decode() for name, data in uploads.items()}
    return {**texts, **coded}


def _urlencoded(place: Place, texts: dict[str, Any], uploads: dict[str, bytes]) -> Sent:
    body = urlencode(_as_texts(place, texts, uploads)).encode()
    return Sent(place.path, "application/x-www-form-urlencoded", body)


def _json(place: Place, texts: dict[str, Any], uploads: dict[str, bytes]) -> Sent:
    return Sent(place.path, "application/json", json.dumps(_as_texts(place, texts, uploads)).encode())


def _raw(place: Place, texts: dict[str, Any], uploads: dict[str, bytes]) -> Sent:
    query = urlencode(texts)
    return Sent(f"{place.path}?{query}", "image/png", next(iter(uploads.values()), b""))


Writer = Callable[[Place, dict[str, Any], dict[str, bytes]], Sent]
_WRITERS: tuple[Writer, ...] = (_multipart, _multipart, _multipart, _urlencoded, _json, _raw)


@st.composite
def broken_requests(draw: st.DrawFn) -> Sent:
    """A request with something wrong in its fields, pictures, body or Content-Type; now and then nothing."""
    place = draw(st.sampled_from(PLACES))
    write = draw(st.sampled_from((_urlencoded, _json) if place.in_base64 else _WRITERS))
    texts: dict[str, Any] = dict(place.texts)
    uploads = {name: draw(pictures) for name in place.uploads}
    for name in draw(st.lists(st.sampled_from(names(place.path)) | st.text(max_size=9), max_size=2)):
        texts[name] = draw(json_values if write is _json else values)
    for name in draw(st.lists(st.sampled_from([*texts, *uploads]), max_size=1)):
        texts.pop(name, None)
        uploads.pop(name, None)
    sent = write(place, texts, uploads)
    body = draw(damaged(sent.body)) if draw(st.booleans()) else sent.body
    kind = draw(st.sampled_from(KINDS)) if draw(st.integers(0, 7)) == 7 else sent.kind
    return Sent(sent.path, kind, body)
