"""The OpenAPI document and its page say what the server does."""

from __future__ import annotations

import random
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server_samples import encoded
from starlette.testclient import TestClient

from cutaway.options import FORMATS, Options
from cutaway.server.fields import SETTLED
from cutaway.server.problems import TITLES
from cutaway.server.removebg.table import FIELDS


def form(document: dict[str, Any], path: str) -> dict[str, Any]:
    body = document["paths"][path]["post"]["requestBody"]["content"]["multipart/form-data"]
    found: dict[str, Any] = body["schema"]["properties"]
    return found


def test_every_option_and_field_is_in_it(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    options = {f.name for f in fields(Options)} - set(SETTLED)
    assert set(form(document, "/remove")) == options | {"image"}
    assert set(form(document, "/v1.0/removebg")) == {field.name for field in FIELDS}
    assert form(document, "/remove")["format"]["enum"] == list(FORMATS)


def test_the_numbers_that_it_allows_are_those_that_are_taken(client: TestClient, disc: np.ndarray) -> None:
    properties, photo = form(client.get("/openapi.json").json(), "/remove"), encoded(disc[:24, :32])
    limited = {name: value for name, value in properties.items() if "maximum" in value}
    assert set(limited) == {"fill", "feather", "quality", "png_level", "threshold", "grow"}
    listed = {one["name"]: one["limits"] for one in client.get("/options").json()["options"]}
    for name, value in limited.items():
        least, step = (
            value.get("minimum", value.get("exclusiveMinimum")),
            1 if value["type"] == "integer" else 0.01,
        )
        outside = [value["maximum"] + step, least - step, *([least] if "exclusiveMinimum" in value else [])]
        inside = [value["maximum"], least + ("exclusiveMinimum" in value) * step]
        more = {"format": "webp"} if name == "quality" else {}
        for number, wanted in (*((n, 400) for n in outside), *((n, 200) for n in inside)):
            answer = client.post("/remove", files={"image": photo}, data={name: f"{number:g}", **more})
            assert answer.status_code == wanted, (name, number, answer.text[:200])
        assert listed[name] == {k: value[k] for k in ("minimum", "exclusiveMinimum", "maximum") if k in value}


def test_every_path_is_there_and_nothing_else(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    routes = {route.path for route in client.app.app.routes}  # type: ignore[attr-defined]
    told = set(document["paths"])
    assert told <= routes
    assert routes - told == {
        "/", "/page/{name}", "/docs", "/api", "/openapi.json", "/api/removebg", "/api/account", "/v1.0/improve",
        "/api/improve", "/camera",  # a WebSocket, which OpenAPI has no words for
    }  # fmt: skip
    for path, operations in document["paths"].items():
        for verb in set(operations) - {"parameters"}:
            reached = client.request(verb, path.replace("{id}", "x"))
            assert (reached.status_code != 405 and reached.status_code < 500) or path == "/health", (
                verb,
                path,
            )


def test_the_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text
    assert set(re.findall(r'(?:src|href)="?([^" >]+)', answer.text)) == {"openapi.json"}
    for path in ("/remove", "/v1.0/removebg", "/api/remove", "/jobs"):
        assert f"<code>{path}</code>" in answer.text


@pytest.fixture(scope="module")
def page() -> str:
    path = Path(__file__).parents[2] / "docs" / "removebg-api.md"
    if not path.exists():
        pytest.skip("the docs folder is not here")
    return path.read_text("utf-8")


def test_the_table_names_every_field_value_and_code(page: str) -> None:
    for one in FIELDS:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{one.name}`"))
        assert not one.code or f"`{one.code}`" in row, one.name
        choices = [] if set(one.choices) == {"true", "false"} else one.choices
        assert [choice for choice in choices if choice not in row] == [], one.name


def test_the_page_knows_no_codes_that_there_are_not(page: str) -> None:
    told = set(re.findall(r"`((?:invalid|failed|roi|multiple|missing|unknown)_[a-z_0-9]+)`", page))
    assert told <= set(TITLES)


ODD = (
    "", "-1", "1e999", "NaN", "0x7f", "/etc/passwd", "..\\..", "[1", "null", "100%", "9" * 300, "ß漢🙂", "a,b", "\0",
    "blur:x",
)  # fmt: skip


def test_every_field_that_it_names_stands_odd_values(client: TestClient, disc: np.ndarray) -> None:
    """One odd value at a time in each field of each form, of which chance (test_server_mutated.py) may miss some."""
    document, photo, chance = client.get("/openapi.json").json(), encoded(disc[:24, :32]), random.Random(3)
    asked = 0
    for path in ("/remove", "/matte", "/compose", "/v1.0/removebg", "/api/remove"):
        properties = form(document, path)
        uploads = [name for name, value in properties.items() if value.get("format") == "binary"] or ["image"]
        for name, value in properties.items():
            choices = list(value.get("enum", []))
            for odd in (*chance.sample(ODD, 3), *chance.sample(choices, min(1, len(choices)))):
                files = dict.fromkeys((uploads[0], *(["matte"] if "matte" in uploads else [])), photo)
                data = {} if name in uploads else {name: odd}
                answer = client.post(path, files=files, data=data)
                assert answer.status_code < 500 or answer.status_code in (501, 503), (path, name, odd)
                asked += 1
    assert asked > 300
