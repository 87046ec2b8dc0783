"""remove.bg's language: every field, every error, the answers as bytes, JSON and zip."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

import numpy as np
import pytest
from PIL import Image
from server_samples import Start, code, decoded, encoded
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.errors import DownloadError
from cutaway.server.removebg.table import FIELDS, PNG_MEGAPIXELS

PATH = "/v1.0/removebg"


def ask(client: TestClient, photo: bytes, **fields: str) -> Any:
    return client.post(PATH, files={"image_file": photo}, data=fields)


def large(height: int = 900, width: int = 1200) -> bytes:
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - height / 2, x - width / 2) < 250
    return encoded(np.where(inside[..., None], np.uint8(240), np.uint8(20)).repeat(3, axis=2), "JPEG")


def test_bytes_and_headers(client: TestClient, photo: bytes) -> None:
    answer = ask(client, photo)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    picture = decoded(answer.content)
    assert picture.shape == (96, 128, 4)
    assert picture[48, 64, 3] > 200 and picture[2, 2, 3] < 60
    heads = {n: answer.headers[f"x-{n}"] for n in ("type", "width", "height", "credits-charged")}
    assert heads == {"type": "other", "width": "128", "height": "96", "credits-charged": "0"}
    assert "x-ratelimit-limit" not in answer.headers


def test_json_when_asked_for(client: TestClient, photo: bytes) -> None:
    headers = {"accept": "application/json"}
    answer = client.post(PATH, files={"image_file": photo}, headers=headers)
    data = answer.json()["data"]
    assert base64.b64decode(data["result_b64"]) == ask(client, photo).content
    assert data["foreground_top"] == int(answer.headers["x-foreground-top"])
    assert set(data) == {"result_b64", *(f"foreground_{s}" for s in ("top", "left", "width", "height"))}
    assert answer.headers["x-credits-charged"] == "0"


def test_every_way_to_send_it(client: TestClient, photo: bytes) -> None:
    wanted = ask(client, photo).content
    coded = base64.b64encode(photo).decode()
    ways = [
        client.post(PATH, data={"image_file_b64": coded}),
        client.post(
            PATH, json={"image_file_b64": coded, "crop": False, "bg_color": None, "scale": "original"}
        ),
        client.post(PATH, json={"image_file_b64": "data:image/png;base64," + coded.rstrip("=")}),
        client.post(PATH, files={"image_file": photo}, data={"bg_color": "", "image_url": ""}),
        client.post("/api/removebg", files={"image_file": photo}),
    ]
    assert [way.status_code for way in ways] == [200] * len(ways), [way.text[:200] for way in ways]
    assert all(way.content == wanted for way in ways)


@pytest.mark.parametrize(
    ("size", "format", "wanted"),
    [
        ("preview", "png", 0.25), ("small", "png", 0.25), ("regular", "jpg", 0.25), ("medium", "png", 1.08),
        ("full", "png", 1.08), ("4k", "zip", 1.08), ("auto", "auto", 1.08), ("50MP", "jpg", 1.08),
    ],
)  # fmt: skip
def test_sizes(client: TestClient, size: str, format: str, wanted: float) -> None:
    answer = ask(client, large(), size=size, format=format)
    width, height = int(answer.headers["x-width"]), int(answer.headers["x-height"])
    assert width * height / 1e6 == pytest.approx(wanted, rel=0.01)
    assert width * height <= wanted * 1e6
    assert width / height == pytest.approx(4 / 3, rel=0.01)


def test_the_small_sizes_can_be_lifted(start: Start) -> None:
    assert ask(start(full_size=True), large()).headers["x-width"] == "1200"


def test_a_png_is_smaller_than_other_formats(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PNG_MEGAPIXELS == 10
    monkeypatch.setattr("cutaway.server.removebg.make.PNG_MEGAPIXELS", 0.5)
    assert int(ask(client, large(), size="full").headers["x-width"]) == 816
    assert int(ask(client, large(), size="full", format="jpg").headers["x-width"]) == 1200
    opaque = ask(client, large(), size="full", bg_color="red")  # auto is jpg then
    assert int(opaque.headers["x-width"]) == 1200


@pytest.mark.parametrize(
    ("fields", "kind", "mode"),
    [
        ({}, "PNG", "RGBA"), ({"format": "png"}, "PNG", "RGBA"), ({"format": "jpg"}, "JPEG", "RGB"),
        ({"format": "webp"}, "WEBP", "RGBA"), ({"bg_color": "fff"}, "JPEG", "RGB"),
        ({"bg_color": "81d4fa77"}, "PNG", "RGBA"),
        ({"bg_color": "red", "format": "png"}, "PNG", "RGB"), ({"channels": "alpha"}, "PNG", "L"),
    ],
    ids=str,
)  # fmt: skip
def test_formats(client: TestClient, photo: bytes, fields: dict[str, str], kind: str, mode: str) -> None:
    image = Image.open(io.BytesIO(ask(client, photo, **fields).content))
    assert (image.format, image.mode) == (kind, mode)


@pytest.mark.parametrize(
    "more", [{}, {"bg_color": "00ff0080"}, {"bg_color": "green"}, {"shadow_type": "drop"}], ids=str
)
def test_a_zip_put_together_is_the_png(client: TestClient, photo: bytes, more: dict[str, str]) -> None:
    answer = ask(client, photo, format="zip", **more)
    assert answer.headers["content-type"] == "application/zip"
    files = zipfile.ZipFile(io.BytesIO(answer.content))
    assert sorted(files.namelist()) == ["alpha.png", "color.jpg"]
    colour, alpha = decoded(files.read("color.jpg")), decoded(files.read("alpha.png"))
    png = np.asarray(Image.open(io.BytesIO(ask(client, photo, format="png", **more).content)).convert("RGBA"))
    assert (alpha == png[..., 3]).all()
    seen = png[..., 3] > 0
    lost = np.abs(colour[seen].astype(int) - png[seen][:, :3])  # by jpeg
    assert lost.mean() < 1 and lost.max() < 24


def test_colours_of_the_background(client: TestClient, photo: bytes) -> None:
    for text in ("#00f", "00f", "0000ff", "#0000FFff", "blue"):
        picture = decoded(ask(client, photo, bg_color=text, format="png").content)
        assert picture[0, 0, 2] > 200 and picture[0, 0, 0] < 40, text


def test_a_picture_behind_covers(client: TestClient, photo: bytes) -> None:
    below = np.zeros((40, 400, 3), np.uint8)
    below[:, 170:230] = (0, 250, 0)
    answer = client.post(
        PATH, files={"image_file": photo, "bg_image_file": encoded(below)}, data={"format": "png"}
    )
    picture = decoded(answer.content)
    assert picture.shape == (96, 128, 3)
    assert picture[0, 0, 1] > 180  # only the middle of the wide picture is left


def test_crop_and_its_margins(client: TestClient, photo: bytes) -> None:
    plain = ask(client, photo)
    height, width = (int(plain.headers[f"x-foreground-{s}"]) for s in ("height", "width"))
    for margin, (down, right) in {
        "0": (0, 0), "10px": (20, 20), "4px 6px": (8, 12), "1px 2px 3px 4px": (4, 6), "50%": (height, width),
    }.items():  # fmt: skip
        answer = ask(client, photo, crop="true", crop_margin=margin)
        got = int(answer.headers["x-height"]), int(answer.headers["x-width"])
        assert got == (pytest.approx(height + down, abs=1), pytest.approx(width + right, abs=1)), margin
    assert ask(client, photo, crop="true").headers["x-foreground-top"] == plain.headers["x-foreground-top"]


def test_scale_and_position(start: Start) -> None:
    client = start(engine=FakeEngine(lambda t: (t.mean(axis=1, keepdims=True) > 0.5).astype(np.float32)))
    photo = large(600, 800)

    def box(**fields: str) -> tuple[int, int, int, int]:
        alpha = decoded(ask(client, photo, size="full", **fields).content)[..., 3]
        rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
        return rows[0], columns[0], rows[-1] + 1, columns[-1] + 1

    top, left, bottom, right = box(scale="50%")
    assert bottom - top == pytest.approx(300, abs=3) and (top + bottom) / 2 == pytest.approx(300, abs=3)
    assert (left + right) / 2 == pytest.approx(400, abs=3)
    top, left, bottom, right = box(scale="50%", position="0% 100%")
    assert left == pytest.approx(0, abs=2) and bottom == pytest.approx(600, abs=2)
    top, left, bottom, right = box(scale="25%", position="original")
    assert (left + right) / 2 == pytest.approx(400, abs=3) and bottom - top == pytest.approx(150, abs=3)
    assert box(position="100%")[3] == pytest.approx(800, abs=2)


def test_a_region(client: TestClient, photo: bytes) -> None:
    alpha = decoded(ask(client, photo, roi="0 0 64px 96px").content)[..., 3]
    assert alpha.shape == (96, 128)
    assert (alpha[:, 64:] == 0).all() and alpha[48, 40] > 200
    swapped = ask(client, photo, roi="50% 100% 0% 0%")
    assert (decoded(swapped.content)[..., 3] == alpha).all()


def test_a_shadow(client: TestClient, photo: bytes) -> None:
    plain, shadow = ask(client, photo), ask(client, photo, shadow_type="drop", shadow_opacity="80")
    without, with_it = decoded(plain.content)[..., 3].astype(int), decoded(shadow.content)[..., 3].astype(int)
    assert (with_it >= without - 1).all() and with_it.sum() > without.sum()
    assert decoded(ask(client, photo, add_shadow="true").content)[..., 3].sum() > without.sum()


def test_see_through_parts_can_be_made_solid(start: Start) -> None:
    client = start(engine=FakeEngine(0.7))
    photo = encoded(np.full((60, 60, 3), 128, np.uint8))
    assert decoded(ask(client, photo).content)[30, 30, 3] == 178
    assert decoded(ask(client, photo, semitransparency="false").content)[30, 30, 3] == 255


def test_types_and_notes(client: TestClient, photo: bytes) -> None:
    answer = ask(client, photo, type="car", crop_margin="3px")
    assert answer.headers["x-type"] == "car"
    assert (
        "type:" in answer.headers["x-cutaway-notes"] and "crop_margin:" in answer.headers["x-cutaway-notes"]
    )
    assert "x-type" not in ask(client, photo, type_level="none").headers
    assert "x-cutaway-notes" not in ask(client, photo).headers


WRONG = [
    ({"size": "huge"}, "invalid_size"),
    ({"type": "ghost"}, "invalid_type"),
    ({"type_level": "7"}, "invalid_type_level"),
    ({"format": "gif"}, "invalid_format"),
    ({"channels": "rgb"}, "invalid_channels"),
    ({"roi": "1 2 3"}, "invalid_roi"),
    ({"roi": "-1 0 5 5"}, "invalid_roi"),
    ({"roi": "0% 0% 101% 50%"}, "invalid_roi"),
    ({"roi": "0 0 129px 96px"}, "roi_exceeds_bounds"),
    ({"roi": "5px 5px 5px 90px"}, "roi_region_empty"),
    ({"roi": "0 0 8px 8px"}, "unknown_foreground"),
    ({"crop": "perhaps"}, "invalid_crop"),
    ({"crop_margin": "1 2 3"}, "invalid_crop_margin"),
    ({"crop_margin": "51%"}, "invalid_crop_margin"),
    ({"crop_margin": "501px"}, "invalid_crop_margin"),
    ({"scale": "9%"}, "invalid_scale"),
    ({"scale": "50px"}, "invalid_scale"),
    ({"position": "left"}, "invalid_position"),
    ({"position": "10% 20% 30%"}, "invalid_position"),
    ({"shadow_type": "3D"}, "invalid_shadow_type"),
    ({"shadow_type": "long"}, "invalid_shadow_type"),
    ({"shadow_opacity": "101"}, "invalid_shadow_opacity"),
    ({"shadow_opacity": "nan"}, "invalid_shadow_opacity"),
    ({"semitransparency": "half"}, "invalid_semitransparency"),
    ({"bg_color": "#12345"}, "invalid_bg_color"),
    ({"bg_color": "rgb(1,2,3)"}, "invalid_bg_color"),
    ({"bg_image_url": "nowhere"}, "invalid_bg_image_url"),
    ({"bg_color": "red", "bg_image_url": "http://a.example/"}, "multiple_bg_sources"),
    ({"bg_image_url": "http://a.example/"}, "failed_bg_download"),
    ({"image_url": "http://a.example/"}, "multiple_sources"),
    ({"image_file_b64": "QUJD"}, "multiple_sources"),
    ({"shadow_method": "new"}, "unknown_field"),
]


@pytest.mark.parametrize(("fields", "wanted"), WRONG, ids=str)
def test_what_is_refused(client: TestClient, photo: bytes, fields: dict[str, str], wanted: str) -> None:
    answer = ask(client, photo, **fields)
    assert code(answer) == (400, wanted), answer.text
    assert set(answer.json()["errors"][0]) == {"title", "code", "detail"}


def test_every_field_with_a_code_is_in_that_list() -> None:
    reached = {wanted for _, wanted in WRONG} | {"invalid_image_url", "failed_to_read_image"}
    assert {field.code for field in FIELDS if field.code} <= reached


def test_sources_that_are_none(client: TestClient, start: Start, photo: bytes) -> None:
    assert code(client.post(PATH, data={"size": "full"})) == (400, "missing_source")
    assert code(client.post(PATH, content=photo)) == (400, "missing_source")
    assert code(client.post(PATH, data={"image_file_b64": "not base64!"})) == (400, "failed_to_read_image")
    assert code(client.post(PATH, data={"image_url": "nonsense"})) == (400, "invalid_image_url")
    assert code(client.post(PATH, data={"image_url": "http://a.example/"})) == (400, "failed_image_download")
    assert code(client.post(PATH, data={"image_file": "text"})) == (400, "invalid_file_type")
    assert code(client.post(PATH, files={"image_file": b"text"})) == (400, "invalid_file_type")
    assert code(client.post(PATH, files={"image_file": photo[:150]})) == (400, "failed_to_read_image")
    assert code(client.post(PATH, content=b"{", headers={"content-type": "application/json"})) == (
        400,
        "invalid_body",
    )
    assert code(ask(start(max_body_mb=0.0001), photo)) == (400, "file_too_large")
    assert code(ask(start(max_megapixels=0.001), photo)) == (400, "resolution_too_high")


def test_keys_and_shares_as_there(start: Start, photo: bytes) -> None:
    client = start(keys=("the-only-key",), megapixels_per_minute=2.0)
    assert code(ask(client, photo)) == (403, "auth_failed")
    assert client.get("/v1.0/account").status_code == 403
    client.headers["X-Api-Key"] = "the-only-key"
    assert ask(client, photo).headers["x-ratelimit-remaining"] == "1"
    ask(client, photo)
    assert code(ask(client, photo)) == (429, "rate_limit_exceeded")


def test_the_account(client: TestClient) -> None:
    credits = client.get("/v1.0/account").json()["data"]["attributes"]["credits"]
    assert credits["total"] > 1000
    assert client.get("/api/account").json()["data"]["attributes"]["api"]["sizes"] == "all"
    assert code(client.post("/v1.0/improve")) == (501, "not_implemented")


def test_addresses_are_fetched_when_that_is_allowed(
    start: Start, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch(self: object, url: str) -> bytes:
        if url.endswith("photo"):
            return photo
        raise DownloadError("only public addresses are fetched")

    monkeypatch.setattr("cutaway.server.fetching.Fetcher.fetch", fetch)
    client = start(allow_urls=True)
    wanted = ask(client, photo).content
    assert client.post(PATH, data={"image_url": "http://a.example/photo"}).content == wanted
    refused = client.post(PATH, data={"image_url": "http://a.example/other"})
    assert code(refused) == (400, "failed_image_download")
    assert "public" in refused.json()["errors"][0]["detail"]
