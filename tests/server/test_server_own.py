"""Our own API: every option, nothing else, and the same bytes as in Python."""

from __future__ import annotations

import io
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from server_samples import Start, code, encoded, wait_until
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover

SETTINGS: list[dict[str, str]] = [
    {},
    {"mask_only": "true"},
    {"background": "teal"},
    {"background": "#ff000080", "format": "webp"},
    {"background": "blur:3", "feather": "1.5"},
    {"format": "jpg"},
    {"effect": "grey-background", "zoom": "off"},
    {"show": "strip"},
    {"keep": "50%,50% 60%,50%", "roi": "0,0,90%,100%"},
    {"drop": "50%,50%", "mask_only": "true"},
    {"preset": "square", "shadow": "drop:opacity=60", "outline": "2%,white"},
    {"preset": "amazon", "canvas": "200x100", "background": "transparent"},
    {"crop": "true", "margin": "4px 5%", "background": "blur"},
    {"canvas": "4:5", "fill": "70", "align": "bottom-left", "background": "teal"},
]


def typed(texts: dict[str, str]) -> dict[str, object]:
    return {n: {"true": True}.get(v, float(v) if n in ("feather", "fill") else v) for n, v in texts.items()}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_the_same_bytes_as_in_python(settings: dict[str, str], client: TestClient, photo: bytes) -> None:
    wanted = (
        Remover(engine=FakeEngine()).remove(photo, options=Options.from_mapping(typed(settings))).to_bytes()
    )
    by_form = client.post("/remove", files={"image": photo}, data=settings)
    by_body = client.post("/remove", content=photo, params=settings, headers={"content-type": "image/png"})
    assert by_form.status_code == by_body.status_code == 200, by_form.text
    assert by_form.content == by_body.content == wanted
    assert by_form.headers["content-type"].startswith("image/")
    if not settings.keys() & {"keep", "drop"}:  # what a person pointed at, nobody knows better
        assert 0 <= float(by_form.headers["x-cutaway-confidence"]) <= 1


def test_scribbles_are_an_upload(client: TestClient, photo: bytes) -> None:
    wanted = Remover(engine=FakeEngine()).remove(photo)
    painted = np.full((*wanted.matte.size, 3), 128, np.uint8)
    painted[:, : painted.shape[1] // 2] = (255, 0, 0)
    answer = client.post("/remove", files={"image": photo, "scribbles": encoded(painted)})
    assert answer.content == Remover(engine=FakeEngine()).remove(photo, scribbles=painted).to_bytes()
    assert answer.content != wanted.to_bytes()
    matte = client.post("/matte", files={"image": photo, "scribbles": encoded(painted)})
    assert matte.status_code == 200
    named = client.post("/remove", files={"image": photo}, data={"scribbles": "strokes.png"})
    assert code(named) == (400, "invalid_option")
    composed = client.post(
        "/compose", files={"image": photo, "matte": matte.content, "scribbles": encoded(painted)}
    )
    assert code(composed) == (400, "unknown_field")


@pytest.mark.parametrize("canvas", ["photo", "background"])
def test_a_background_picture_is_an_upload(client: TestClient, photo: bytes, canvas: str) -> None:
    below = np.full((50, 70, 3), (10, 200, 30), np.uint8)
    answer = client.post(
        "/remove",
        files={"image": photo, "background": encoded(below)},
        data={"canvas": canvas, "fit": "tile"},
    )
    wanted = (
        Remover(engine=FakeEngine()).remove(photo, options=Options(fit="tile")).over(below, canvas=canvas)
    )  # type: ignore[arg-type]
    assert answer.content == wanted.to_bytes()
    size = ("128", "96") if canvas == "photo" else ("70", "50")
    assert (answer.headers["x-width"], answer.headers["x-height"]) == size


def test_the_matte_alone(client: TestClient, photo: bytes) -> None:
    wanted = Remover(engine=FakeEngine()).remove(photo, options=Options(mask_only=True)).to_bytes()
    assert client.post("/matte", files={"image": photo}).content == wanted
    refused = client.post("/matte", files={"image": photo}, data={"background": "red"})
    assert refused.json()["errors"][0]["code"] == "unknown_field"


@pytest.mark.parametrize(
    ("fields", "files", "code", "says"),
    [
        ({"bakground": "red"}, ["image"], "unknown_field", "Did you mean 'background'"),
        ({"feather": "soft"}, ["image"], "invalid_option", "feather must be a number"),
        ({"feather": "nan"}, ["image"], "invalid_option", "feather"),
        ({"logo": "/etc/passwd,left,5%"}, ["image"], "invalid_option", "upload the picture itself"),
        ({"margin": "9999"}, ["image"], "invalid_option", "more than 50 megapixels"),
        ({"canvas": "30000x30000"}, ["image"], "invalid_option", "at most 50 megapixels"),
        ({"feather": "-1"}, ["image"], "invalid_option", "feather"),
        ({"mask_only": "maybe"}, ["image"], "invalid_option", "true or false"),
        ({"format": "jxl"}, ["image"], "invalid_option", "png"),
        ({"device": "cuda"}, ["image"], "invalid_option", "settled when the server starts"),
        ({"model": "nope"}, ["image"], "invalid_model", "default"),
        ({"model": "../../x.onnx"}, ["image"], "invalid_model", "no model"),
        ({"mask_only": "true", "background": "red"}, ["image"], "invalid_option", "mask_only"),
        ({"mask_only": "true"}, ["image", "background"], "invalid_option", "mask_only"),
        ({"background": "red"}, ["image", "background"], "invalid_option", "twice"),
        ({"canvas": "background"}, ["image"], "invalid_option", "canvas"),
        ({"canvas": "moon"}, ["image", "background"], "invalid_option", "canvas"),
        ({}, ["picture"], "unknown_field", "image"),
        ({}, [], "missing_source", "image"),
    ],
    ids=str,
)
def test_nothing_is_ignored(
    client: TestClient, photo: bytes, fields: dict[str, str], files: list[str], code: str, says: str
) -> None:
    answer = client.post("/remove", files=dict.fromkeys(files, photo), data=fields)
    assert answer.status_code == 400
    error = answer.json()["errors"][0]
    assert error["code"] == code
    assert says in error["detail"]


def test_no_path_reaches_the_file_system(
    client: TestClient, photo: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.png").write_bytes(photo)
    monkeypatch.chdir(tmp_path)
    there = client.post("/remove", files={"image": photo}, data={"background": "secret.png"})
    missing = client.post("/remove", files={"image": photo}, data={"background": "absent.png"})
    assert there.status_code == missing.status_code == 400
    assert (
        there.json()["errors"][0]["detail"].replace("secret", "absent")
        == missing.json()["errors"][0]["detail"]
    )
    model = client.post("/remove", files={"image": photo}, data={"model": str(tmp_path / "secret.png")})
    assert model.json()["errors"][0]["code"] == "invalid_model"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no picture at all", "invalid_file_type"),
        (b"\x89PNG\r\n\x1a\n" + b"broken", "invalid_file_type"),
        (None, "failed_to_read_image"),
    ],
)
def test_what_is_no_picture(client: TestClient, photo: bytes, data: bytes | None, code: str) -> None:
    half = photo[: len(photo) // 2]
    answer = client.post("/remove", files={"image": data or half})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


def test_a_field_given_twice(client: TestClient, photo: bytes) -> None:
    answer = client.post("/remove?format=png", files={"image": photo}, data={"format": "jpg"})
    assert answer.json()["errors"][0]["code"] == "repeated_field"
    answer = client.post("/remove", files=[("image", photo), ("image", photo)])
    assert answer.json()["errors"][0]["code"] == "repeated_field"


def test_every_option_is_told(client: TestClient) -> None:
    told = client.get("/options").json()
    assert [option["name"] for option in told["options"]] == [f.name for f in fields(Options)]
    assert all(option["help"] for option in told["options"])
    kinds = {option["name"]: option["type"] for option in told["options"]}
    assert (kinds["mask_only"], kinds["feather"], kinds["threads"], kinds["format"]) == (
        "boolean", "number", "integer", "string",
    )  # fmt: skip


def test_models_are_told_without_their_places(client: TestClient) -> None:
    told = client.get("/models").json()
    assert told["served"] == "default"
    assert "default" in [model["name"] for model in told["models"]]
    assert not any("path" in model for model in told["models"])


def test_health_and_metrics(client: TestClient, photo: bytes) -> None:
    assert client.get("/health").json()["status"] == "ready"
    client.post("/remove", files={"image": photo})
    client.get("/remove/../etc/passwd?background=secret")
    text = client.get("/metrics").text
    assert 'cutaway_requests_total{route="/remove",method="POST",status="200"} 1' in text
    assert 'cutaway_request_seconds_count{route="/remove"} 1' in text
    assert "cutaway_model_loaded 1" in text
    assert 'route="other",method="GET",status="404"' in text
    assert "secret" not in text and "passwd" not in text


def test_another_model_of_the_catalogue(
    client: TestClient, photo: bytes, bright_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.onnx").write_bytes(bright_model.read_bytes())
    answer = client.post("/remove", files={"image": photo}, data={"model": "mine"})
    assert answer.content == Remover(bright_model).remove(io.BytesIO(photo)).to_bytes()


def test_unknown_paths_and_methods(client: TestClient) -> None:
    assert client.get("/nothing").json()["errors"][0]["code"] == "not_found"
    wrong = client.get("/remove")
    assert wrong.status_code == 405 and wrong.headers["allow"] == "POST"


def test_health_before_the_model_is_there(tmp_path: Path, photo: bytes) -> None:
    from cutaway.server.app import create_app
    from cutaway.server.settings import Settings

    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    app = create_app(Settings(model=str(broken), jobs_dir=str(tmp_path)))
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/health").json()["status"] == "loading"  # nothing was started yet
    with client:
        wait_until(lambda: client.get("/health").json()["status"] == "failed")
        assert client.get("/health").status_code == 503
        assert code(client.post("/remove", files={"image": photo})) == (500, "internal_error")
        assert str(tmp_path) not in client.get("/models").text


def test_without_a_page_the_docs_are_shown(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutaway.server.app.PAGE", tmp_path)
    assert start().get("/").headers["location"] == "/docs"


def test_a_page_is_served_where_there_is_one(
    start: Start, photo: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("<p>hello")
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr("cutaway.server.app.PAGE", tmp_path / "page")
    client = start()
    assert client.get("/").text == "<p>hello"
    assert client.get("/nothing").status_code == 404
    assert client.get("/..%2fsecret.txt").status_code == 404
    assert client.post("/remove", files={"image": photo}).status_code == 200
    assert client.get("/docs").status_code == 200


def test_what_a_person_should_know_is_in_a_header(client: TestClient, photo: bytes) -> None:
    told = client.post("/remove", files={"image": photo}, data={"drop": "0,0"})
    assert "there is no subject at 0,0" in told.headers["x-cutaway-notes"]
    assert "x-cutaway-notes" not in client.post("/remove", files={"image": photo}).headers
