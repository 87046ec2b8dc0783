"""Training pairs that the server keeps: where they lie, under which names, and what is refused."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from server_samples import Start, code, decoded, encoded

from cutaway.data.pairs import find_pairs
from cutaway.errors import OptionError
from cutaway.server.names import plain_stem
from cutaway.server.settings import Settings


@pytest.fixture
def matte(disc: np.ndarray) -> np.ndarray:
    """A matte with every value in it, as large as the disc's photo."""
    return np.resize(np.arange(256, dtype=np.uint8), disc.shape[:2])


def test_they_are_what_training_reads(
    start: Start, disc: np.ndarray, matte: np.ndarray, tmp_path: Path
) -> None:
    client = start(pairs=str(tmp_path))
    assert client.get("/options").json()["pairs"] is True
    for kind, suffix in (("JPEG", ".jpg"), ("PNG", ".png"), ("WEBP", ".webp"), ("TIFF", ".tif")):
        photo = encoded(disc, kind)
        answer = client.post(
            "/pairs", files={"image": ("my cat.heic", photo), "matte": encoded(matte, "PNG")}
        )
        assert answer.status_code == 201
        stem = answer.json()["name"]
        assert (tmp_path / "images" / f"{stem}{suffix}").read_bytes() == photo
        assert np.array_equal(decoded((tmp_path / "masks" / f"{stem}.png").read_bytes()), matte)
    names = {pair.mask.name for pair in find_pairs(tmp_path)}
    assert names == {"my cat.png", "my cat-2.png", "my cat-3.png", "my cat-4.png"}


@pytest.mark.parametrize(
    ("own", "stem"),
    [
        ("../../etc/passwd.png", "passwd"), ("..\\..\\boot.ini", "boot"), ("a/b/c.tar.gz", "c.tar"),
        ("..", ""), ("", ""),
        (".hidden.png", "hidden"), ("\0x\n?.png", "_x__"), ("Jürgen's cat (2).jpg", "Jürgen_s cat (2)"),
        ("con.png", "_con"),
        ("LPT1.tar.gz", "_LPT1.tar"), ("x" * 300 + ".png", "x" * 100), ("<script>.png", "_script_"),
    ],
)  # fmt: skip
def test_names_mean_nothing_to_the_file_system(own: str, stem: str) -> None:
    assert plain_stem(own) == stem


def test_no_path_leads_out(start: Start, disc: np.ndarray, matte: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "pairs"
    folder.mkdir()
    client = start(pairs=str(folder))
    for name in ("../../../escaped.png", "/tmp/escaped.png", "a\\..\\escaped.png", "..png", "."):
        files = {"image": (name, encoded(disc)), "matte": encoded(matte, "PNG")}
        assert client.post("/pairs", files=files).status_code == 201
    written = [Path(root) / name for root, _, names in os.walk(tmp_path) for name in names]
    assert len([p for p in written if p.suffix == ".png"]) == 10
    assert all(folder in p.parents for p in written if p.suffix == ".png")


def test_the_same_name_at_the_same_time(
    start: Start, disc: np.ndarray, matte: np.ndarray, tmp_path: Path
) -> None:
    client = start(pairs=str(tmp_path))
    files = {"image": ("a.png", encoded(disc)), "matte": encoded(matte, "PNG")}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.post("/pairs", files=files), range(8)))
    assert len({answer.json()["name"] for answer in answers}) == 8
    assert len(find_pairs(tmp_path)) == 8


def test_what_is_refused(start: Start, disc: np.ndarray, matte: np.ndarray, tmp_path: Path) -> None:
    photo, mask = encoded(disc), encoded(matte, "PNG")
    assert code(start().post("/pairs", files={"image": photo, "matte": mask})) == (404, "not_found")
    client = start(pairs=str(tmp_path))
    for files, wanted in (
        ({"image": photo}, (400, "missing_source")),
        ({"image": photo, "matte": encoded(matte[:50], "PNG")}, (400, "invalid_dimensions")),
        ({"image": b"text", "matte": mask}, (400, "invalid_file_type")),
        ({"image": photo, "matte": mask, "folder": b"x"}, (400, "unknown_field")),
    ):
        assert code(client.post("/pairs", files=files)) == wanted
    other = client.post("/pairs", files={"image": photo, "matte": mask}, headers={"origin": "http://evil"})
    assert code(other) == (403, "invalid_origin")
    assert code(
        start(pairs=str(tmp_path), keys=("a-long-key",)).post("/pairs", files={"image": photo, "matte": mask})
    ) == (403, "auth_failed")
    assert not list(tmp_path.rglob("*.png"))


def test_a_folder_that_cannot_be_written(
    start: Start, disc: np.ndarray, matte: np.ndarray, tmp_path: Path
) -> None:
    (tmp_path / "images").write_text("in the way")
    client = start(pairs=str(tmp_path))
    answer = client.post("/pairs", files={"image": encoded(disc), "matte": encoded(matte, "PNG")})
    assert code(answer) == (500, "internal_error")
    assert str(tmp_path) not in answer.text
    assert not list((tmp_path / "masks").iterdir())  # no half of a pair
    with pytest.raises(OptionError, match="no folder"):
        Settings(pairs=str(tmp_path / "none"))
