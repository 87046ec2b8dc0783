"""What the server does for the page: its files, what it may load, and pictures from a corrected matte."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from server_samples import Start, code, decoded, encoded
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server.app import PAGE
from cutaway.server.fields import SETTLED, compose_fields
from processes import run

KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def test_every_file_is_served_as_what_it_is(client: TestClient) -> None:
    for path in PAGE.iterdir():
        answer = client.get("/" if path.name == "index.html" else f"/page/{path.name}")
        assert answer.status_code == 200 and answer.content == path.read_bytes()
        assert answer.headers["content-type"].startswith(KINDS[path.suffix])
        assert answer.headers["content-security-policy"].startswith(
            "default-src 'self'; img-src 'self' blob: data:;"
        )
        tag = answer.headers["etag"]
        assert client.get(answer.request.url.path, headers={"if-none-match": tag}).status_code == 304


def test_nothing_else_is_served(client: TestClient) -> None:
    for path in ("/page/", "/page/none.js", "/page/..%2fapp.py", "/page/../app.py", "/page/%2e%2e/app.py"):
        assert client.get(path).status_code == 404
    assert client.post("/page/main.js").status_code == 405


def test_nothing_comes_from_elsewhere_and_nothing_is_inline() -> None:
    for path in PAGE.iterdir():
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text and "https://" not in text and "@import" not in text, path
    index = (PAGE / "index.html").read_text("utf-8")
    assert index.count("<script") == index.count('<script type="module" src="page/main.js"></script>') == 1
    assert " style=" not in index and "<style" not in index and " on" + "click=" not in index


def test_the_page_is_small() -> None:
    assert sum(path.stat().st_size for path in PAGE.iterdir()) < 150_000
    assert max(path.read_text("utf-8").count("\n") for path in PAGE.glob("*.js")) < 320


@pytest.mark.slow
def test_the_wheel_holds_the_page(tmp_path: Path) -> None:
    pytest.importorskip("build", reason="the package build is not installed")
    root = Path(__file__).parents[2]
    made = run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(tmp_path), str(root)],
        seconds=300,
    )
    if "hatchling" in made.stderr and made.returncode:
        pytest.skip("hatchling is not installed")
    assert made.returncode == 0, made.stderr
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {f"cutaway/server/page/{path.name}" for path in PAGE.iterdir()} <= set(names)


@pytest.fixture
def matte(photo: bytes) -> bytes:
    """The photo's matte as the server gives it."""
    return Remover(engine=FakeEngine()).remove(photo, options=Options(mask_only=True)).to_bytes()


@pytest.mark.parametrize(
    "settings",
    [{}, {"background": "teal"}, {"background": "blur:3"}, {"effect": "grey-background"}, {"format": "tiff"}],
    ids=str,
)
def test_the_network_s_own_matte_gives_the_network_s_picture(
    client: TestClient, photo: bytes, matte: bytes, settings: dict[str, str]
) -> None:
    """Within what the 8 bits of a matte file leave over."""
    composed = client.post("/compose", files={"image": photo, "matte": matte}, data=settings)
    removed = client.post("/remove", files={"image": photo}, data=settings)
    assert composed.status_code == 200, composed.text
    one, other = decoded(composed.content).astype(int), decoded(removed.content).astype(int)
    assert np.abs(one - other).max() <= 2


def test_a_matte_by_hand_is_final(client: TestClient, disc: np.ndarray) -> None:
    """Also where the photo has an alpha of its own, which the matte already took account of."""
    drawn = np.zeros(disc.shape[:2], np.uint8)
    drawn[10:30, 20:60], drawn[40:50, 5:9] = 255, 77
    photo = encoded(np.dstack([disc, np.full(disc.shape[:2], 128, np.uint8)]))
    answer = client.post("/compose", files={"image": photo, "matte": encoded(drawn)})
    assert np.array_equal(decoded(answer.content)[..., 3], drawn)
    white = client.post(
        "/compose", files={"image": encoded(disc), "matte": encoded(drawn)}, data={"background": "white"}
    )
    assert (decoded(white.content)[drawn == 0] == 255).all()
    assert np.array_equal(decoded(white.content)[drawn == 255], disc[drawn == 255])


def test_a_background_picture_under_a_matte_by_hand(client: TestClient, photo: bytes, matte: bytes) -> None:
    below = encoded(np.full((50, 70, 3), (10, 200, 30), np.uint8))
    files = {"image": photo, "matte": matte, "background": below}
    answer = client.post("/compose", files=files, data={"canvas": "background"})
    assert decoded(answer.content).shape == (50, 70, 3)
    ground = decoded(answer.content)[0, 0].astype(int)
    assert np.abs(ground - (10, 200, 30)).max() <= 24  # the matte is not quite black there


def test_refusals(client: TestClient, photo: bytes, matte: bytes, disc: np.ndarray) -> None:
    def told(files: dict[str, bytes], data: dict[str, str] | None = None) -> tuple[int, str]:
        return code(client.post("/compose", files=files, data=data or {}))

    assert told({"image": photo}) == (400, "missing_source")
    assert told({"matte": matte}) == (400, "missing_source")
    assert told({"image": photo, "matte": b"nothing"}) == (400, "invalid_file_type")
    assert told({"image": photo, "matte": encoded(disc[:50])}) == (400, "invalid_dimensions")
    assert told({"image": photo, "matte": matte}, {"feather": "2"}) == (400, "unknown_field")
    assert told({"image": photo, "matte": matte}, {"background": "/etc/passwd"}) == (400, "invalid_option")


def test_a_key_is_needed_where_there_are_keys(start: Start, photo: bytes, matte: bytes) -> None:
    client = start(keys=("long-enough-key",))
    assert code(client.post("/compose", files={"image": photo, "matte": matte})) == (403, "auth_failed")
    assert client.get("/").status_code == 200


def test_what_the_page_is_told(start: Start) -> None:
    told = start(max_body_mb=3, max_megapixels=2).get("/options").json()
    assert told["limits"] == {"body_bytes": 3_000_000, "pixels": 2_000_000}
    assert set(told["compose"]) == set(compose_fields())
    names = {one["name"] for one in told["options"]}
    assert set(told["compose"]) < names - set(SETTLED)
    assert "feather" not in told["compose"] and "background" in told["compose"]
