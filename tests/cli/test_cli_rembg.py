"""`cutaway i|p|s|b`: rembg's commands with rembg's flags."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cutaway.cli import HIDDEN
from cutaway.cli import serve as serve_module
from cutaway.compat import rembg


@pytest.fixture
def use(cutaway, bright_model: Path):  # type: ignore[no-untyped-def]
    return lambda letter, *words: cutaway(letter, "-m", bright_model, *words)


def test_the_letters_are_hidden(cutaway) -> None:  # type: ignore[no-untyped-def]
    shown = cutaway("--help").out.decode()
    assert [letter for letter in HIDDEN if f"\n  {letter} " in shown] == []
    assert cutaway("i", "--help").code == 0


def test_one_picture(use, draw, here: Path, bright_model: Path) -> None:  # type: ignore[no-untyped-def]
    photo = draw(here / "disc.png")
    ran = use("i", photo)
    assert (ran.code, ran.errors) == (0, [])
    wanted = rembg.remove(photo.read_bytes(), session=rembg.new_session(str(bright_model)))
    assert (here / "disc.out.png").read_bytes() == wanted
    assert use("i", photo, here / "mask.png", "-om", "-ppm").code == 0
    assert set(np.unique(np.asarray(Image.open(here / "mask.png")))) == {0, 255}
    assert use("i", "-bgc", 255, 0, 0, 255, photo, here / "red.png").code == 0
    assert np.asarray(Image.open(here / "red.png"))[2, 2].tolist() == [255, 0, 0, 255]


def test_stdin_to_stdout(use, stdin, encoded: bytes) -> None:  # type: ignore[no-untyped-def]
    stdin(encoded)
    ran = use("i")
    assert ran.code == 0
    assert Image.open(io.BytesIO(ran.out)).mode == "RGBA"


def test_what_one_refuses(use, draw, here: Path) -> None:  # type: ignore[no-untyped-def]
    photo = draw(here / "disc.png")
    before = photo.read_bytes()
    assert "its own result" in use("i", photo, photo).err
    assert photo.read_bytes() == before
    assert "cannot be read" in use("i", here / "absent.png", here / "x.png").err
    assert "extras" in use("i", "-x", '{"sam_prompt": []}', photo).err
    assert use("i", "-x", "{}", photo).code == 0


def test_rembgs_models_are_not_fetched(cutaway, draw, here: Path) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("i", "-m", "bria-rmbg", draw(here / "disc.png"))
    assert ran.code == 2
    assert "not fetched by itself" in ran.err


def test_a_folder(use, draw, here: Path, files) -> None:  # type: ignore[no-untyped-def]
    draw(here / "in" / "a.jpg")
    draw(here / "in" / "deep" / "b.png")
    (here / "in" / "bad.png").write_bytes(b"text")
    ran = use("p", here / "in", here / "out")
    assert ran.code == 1 and len(ran.errors) == 1
    assert files(here / "out") == {"a.png", "deep/b.png"}
    made = (here / "out" / "a.png").stat().st_mtime_ns
    (here / "in" / "bad.png").unlink()
    assert use("p", "-d", here / "in", here / "out").code == 0
    assert (here / "out" / "a.png").stat().st_mtime_ns == made
    assert files(here / "in") == {"a.jpg", "deep/b.png"}  # skipped, so not deleted
    (here / "out" / "a.png").unlink()
    assert use("p", here / "in", here / "out", "-d", "--accept-usage-cost").code == 0
    assert files(here / "in") == {"deep/b.png"}


def test_watching(use, draw, here: Path, monkeypatch: pytest.MonkeyPatch, files) -> None:  # type: ignore[no-untyped-def]
    (here / "in").mkdir()
    looks = iter([lambda: draw(here / "in" / "later.png"), None])

    def sleep(seconds: float) -> None:
        event = next(looks)
        if event is None:
            raise KeyboardInterrupt
        event()

    monkeypatch.setattr("cutaway.cli.rembg_commands.time", SimpleNamespace(sleep=sleep))
    assert use("p", "-w", here / "in", here / "out").code == 130
    assert files(here / "out") == {"later.png"}


def test_the_server_has_rembgs_flags(cutaway, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    seen = []
    monkeypatch.setattr(serve_module, "_listen", lambda settings, console: seen.append(settings))
    assert cutaway("s", "-p", 8001, "-h", "0.0.0.0", "-l", "warning", "-t", 3, "--no-ui").code == 0
    assert (seen[0].port, seen[0].host, seen[0].pool) == (8001, "0.0.0.0", 3)
    assert cutaway("s").code == 0
    assert seen[1].host == "127.0.0.1"
    assert cutaway("s", "-l", "loud").code == 2


def test_a_stream_of_frames(use, stdin, here: Path, disc: np.ndarray, files) -> None:  # type: ignore[no-untyped-def]
    stdin(disc.tobytes() * 2)
    assert use("b", 128, 96, "-o", str(here / "out-%03u.png")).code == 0
    assert files(here) == {"out-000.png", "out-001.png"}
    assert Image.open(here / "out-001.png").size == (128, 96)
    stdin(disc.tobytes())
    ran = use("b", 128, 96)
    assert Image.open(io.BytesIO(ran.out)).mode == "RGBA"
    stdin(disc.tobytes()[:-1])
    assert "middle of a frame" in use("b", 128, 96).err
    assert "place for the number" in use("b", 128, 96, "-o", "out.png").err


def test_a_file_with_a_letters_name(use, cutaway, draw, here: Path) -> None:  # type: ignore[no-untyped-def]
    draw(here / "p.png").rename(here / "i")
    assert cutaway("remove", "i", "-o", "out.png").code == 0
    assert json.dumps(sorted(path.name for path in here.iterdir())) == '["i", "out.png"]'
