"""rembg's protocol."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from server_samples import Start, code, decoded
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.remover import Remover


def ask(client: TestClient, photo: bytes, **fields: str) -> Any:
    return client.post("/api/remove", files={"file": photo}, data=fields)


def test_a_png_like_ours(client: TestClient, photo: bytes) -> None:
    wanted = Remover(engine=FakeEngine()).remove(photo).to_bytes("png")
    answer = ask(client, photo)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "image/png", wanted)
    spelt_out = {
        "a": "false",
        "af": "240",
        "ab": "10",
        "ae": "10",
        "om": "false",
        "ppm": "false",
        "extras": "{}",
    }
    assert ask(client, photo, **spelt_out).content == wanted


def test_mask_background_and_hard_edge(client: TestClient, photo: bytes) -> None:
    assert decoded(ask(client, photo, om="true").content).shape == (96, 128)
    hard = decoded(ask(client, photo, ppm="true").content)[..., 3]
    assert set(np.unique(hard)) == {0, 255}
    assert set(np.unique(decoded(ask(client, photo, om="1", ppm="1").content))) == {0, 255}
    red = decoded(ask(client, photo, bgc="255,0,0,255").content)
    assert red.shape == (96, 128, 3) and red[2, 2, 0] > 200


def test_alpha_matting_is_said_to_have_no_effect(client: TestClient, photo: bytes) -> None:
    answer = ask(client, photo, a="true", ae="15", vm="true", dc="true")
    assert answer.status_code == 200
    assert all(word in answer.headers["x-cutaway-notes"] for word in ("alpha matting", "ViTMatte", "colours"))
    assert "x-cutaway-notes" not in ask(client, photo).headers


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"model": "u2net"}, "invalid_model"), ({"bgc": "1,2,3"}, "invalid_bg_color"),
        ({"bgc": "1,2,3,256"}, "invalid_bg_color"),
        ({"om": "maybe"}, "invalid_option"), ({"af": "-1"}, "invalid_option"), ({"ae": "x"}, "invalid_option"),
        ({"extras": '{"model_path": "/etc/passwd"}'}, "not_implemented"), ({"extras": "["}, "not_implemented"),
        ({"url": "http://a.example/"}, "multiple_sources"), ({"colour": "red"}, "unknown_field"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_refused(client: TestClient, photo: bytes, fields: dict[str, str], wanted: str) -> None:
    assert code(ask(client, photo, **fields)) == (400, wanted)


def test_by_address(client: TestClient, start: Start, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert code(client.get("/api/remove")) == (400, "missing_source")
    assert code(client.get("/api/remove?url=http://a.example/")) == (400, "failed_image_download")
    monkeypatch.setattr("cutaway.server.fetching.Fetcher.fetch", lambda self, url: photo)
    allowed = start(allow_urls=True)
    assert (
        allowed.get("/api/remove?url=http://a.example/&om=true").content
        == ask(client, photo, om="true").content
    )
