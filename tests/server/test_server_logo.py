"""A logo over HTTP: an upload whose text says place and width, never a path; the same bytes as a file in Python."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from server_samples import Start, code, encoded, wait_until
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover

MARK = np.dstack([np.full((20, 40, 3), (200, 30, 90), np.uint8), np.full((20, 40), 180, np.uint8)])


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    path = tmp_path / "logo.png"
    path.write_bytes(encoded(MARK))
    return path


def in_python(photo: bytes, **options: Any) -> bytes:
    return Remover(engine=FakeEngine()).remove(photo, options=Options(**options)).to_bytes()


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"background": "white"},
        {"effect": "grey-background"},
        {"format": "ora", "background": "teal"},
        {"canvas": "1:1", "outline": "2%,white"},
        {"preset": "square"},
    ],
    ids=str,
)
def test_the_same_bytes_as_in_python(
    client: TestClient, photo: bytes, logo: Path, more: dict[str, str]
) -> None:
    for said in ("", "top-left,30%", "40%", " , left"):
        answer = client.post(
            "/remove", files={"image": photo, "logo": encoded(MARK)}, data=more | {"logo": said}
        )
        named = f"{logo},{said.strip(' ,')}" if said else str(logo)
        assert answer.status_code == 200, answer.text
        assert answer.content == in_python(photo, logo=named, **more)


def test_with_a_background_picture_and_over_a_given_matte(
    client: TestClient, photo: bytes, logo: Path
) -> None:
    below = np.full((50, 70, 3), (10, 200, 30), np.uint8)
    files = {"image": photo, "logo": encoded(MARK), "background": encoded(below)}
    answer = client.post("/remove", files=files, data={"logo": "left", "canvas": "background"})
    options = Options(logo=f"{logo},left")
    wanted = Remover(engine=FakeEngine()).remove(photo, options=options).over(below, canvas="background")
    assert answer.content == wanted.to_bytes()

    files["matte"] = client.post("/matte", files={"image": photo}).content
    marked = client.post("/compose", files=files, data={"logo": "left,20%"})
    del files["logo"]
    plain = client.post("/compose", files=files)
    assert plain.status_code == marked.status_code == 200 and plain.content != marked.content


def test_one_for_a_whole_batch(client: TestClient, photo: bytes, logo: Path) -> None:
    files = [("image", ("a.png", photo)), ("image", ("b.png", photo)), ("logo", encoded(MARK))]
    begun = client.post("/jobs", files=files, data={"logo": "top,50%"}).json()
    wait_until(lambda: client.get(f"/jobs/{begun['id']}").json()["state"] == "finished", seconds=60)
    found = zipfile.ZipFile(io.BytesIO(client.get(f"/jobs/{begun['id']}/result").content))
    assert found.read("a.png") == found.read("b.png") == in_python(photo, logo=f"{logo},top,50%")

    files[2] = ("logo", b"no picture")
    begun = client.post("/jobs", files=files[1:]).json()
    wait_until(lambda: client.get(f"/jobs/{begun['id']}").json()["state"] == "finished", seconds=60)
    found = zipfile.ZipFile(io.BytesIO(client.get(f"/jobs/{begun['id']}/result").content))
    why = json.loads(found.read("report.json"))["failed"]["b.png"]
    assert "the logo: " in why and "/" not in why
    twice = [("image", ("a.png", photo)), ("logo", encoded(MARK)), ("logo", encoded(MARK))]
    assert code(client.post("/jobs", files=twice)) == (400, "repeated_field")
    assert code(client.post("/jobs", files=files[:1], data={"logo": "top"})) == (400, "invalid_option")


def test_no_path_reaches_the_file_system(client: TestClient, photo: bytes, logo: Path) -> None:
    asked = (str(logo), f"{logo},left,5%", "/etc/passwd,left,5%", "absent.png,left", ",,left", "left,200%")
    for text in asked:
        both = client.post("/remove", files={"image": photo, "logo": encoded(MARK)}, data={"logo": text})
        assert code(both) == (400, "invalid_option"), text
        assert "is not PLACE,SCALE" in both.json()["errors"][0]["detail"]
        alone = client.post("/remove", files={"image": photo}, data={"logo": text})
        raw = client.post("/remove", content=photo, params={"logo": text})
        for refused in (alone, raw):
            assert "upload the picture itself" in refused.json()["errors"][0]["detail"]
    refused = client.post("/matte", files={"image": photo}, data={"logo": str(logo)})
    assert code(refused) == (400, "unknown_field")


@pytest.mark.parametrize("path", ["/remove", "/matte"])
def test_what_contradicts_a_logo_is_said(client: TestClient, photo: bytes, path: str) -> None:
    more = {"mask_only": "true"} if path == "/remove" else {}
    answer = client.post(path, files={"image": photo, "logo": encoded(MARK)}, data=more)
    assert code(answer) == (400, "invalid_option")
    assert "mask_only" in answer.json()["errors"][0]["detail"]


def test_a_logo_that_is_none(start: Start, photo: bytes) -> None:
    client = start(max_megapixels=0.02)
    files = {"image": photo, "logo": b"no picture"}
    assert code(client.post("/remove", files=files)) == (400, "invalid_file_type")
    files["logo"] = encoded(np.zeros((300, 300, 3), np.uint8))
    large = client.post("/remove", files=files)
    assert code(large) == (400, "resolution_too_high")
    assert large.json()["errors"][0]["detail"].startswith("the logo has more than")


def test_nothing_of_it_is_kept(
    client: TestClient, photo: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for mark in (MARK, MARK[..., [1, 2, 0, 3]]):  # two of the same size
        (tmp_path / "mine.png").write_bytes(encoded(mark))
        answer = client.post("/remove", files={"image": photo, "logo": encoded(mark)}, data={"logo": "top"})
        assert answer.content == in_python(photo, logo=f"{tmp_path / 'mine.png'},top")
    assert [path.name for path in tmp_path.glob("cutaway-*")] == []


def test_it_is_told(client: TestClient) -> None:
    assert "logo" in client.get("/options").json()["uploads"]
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/remove", "/compose", "/jobs"):
        form = paths[path]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
        assert form["logo"]["format"] == "binary" and "place and width" in form["logo"]["description"]
    assert "logo" not in [query["name"] for query in paths["/remove"]["post"]["parameters"]]
