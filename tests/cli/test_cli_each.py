"""`cutaway remove --each`: one file for every separate subject; and what framing says on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ran import Run


def draw(path: Path, *boxes: tuple[int, int, int, int]) -> Path:
    """Bright boxes (top, left, bottom, right) on a dark ground of 160 x 100; the tiny model takes them for subjects."""
    pixels = np.full((100, 160, 3), 20, np.uint8)
    for top, left, bottom, right in boxes:
        pixels[top:bottom, left:right] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


TWO = (10, 90, 50, 150), (30, 10, 80, 50)
SPECK = (90, 70, 93, 73)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_each_subject_has_its_file_from_left_to_right(remove: Run, here: Path) -> None:
    draw(here / "mugs.png", *TWO, SPECK)
    ran = remove("mugs.png", "--each", "--crop", "--zoom", "off", "--threshold", "0.5")
    assert ran.code == 0, ran.err
    assert names(here) == ["mugs-cutout-1.png", "mugs-cutout-2.png", "mugs.png"]
    sizes = [Image.open(here / f"mugs-cutout-{n}.png").size for n in (1, 2)]
    assert np.abs(np.subtract(sizes, [(40, 50), (60, 40)])).max() <= 6  # the tiny model blurs
    again = remove("mugs.png", "--each")
    assert again.code == 0 and "mugs-cutout-1.png is already there" in again.err


def test_results_of_each_are_no_photos(remove: Run, here: Path) -> None:
    draw(here / "a" / "mugs.png", *TWO)
    assert remove("a", "--each").code == 0
    assert remove("a", "--each").code == 0
    assert remove("a/mugs.png", "a/mugs-cutout-2.png", "--each").code == 0
    assert names(here / "a") == ["mugs-cutout-1.png", "mugs-cutout-2.png", "mugs.png"]


def test_one_subject_and_none_give_one_file(remove: Run, here: Path) -> None:
    draw(here / "in" / "one.png", TWO[0])
    draw(here / "in" / "none.png")
    ran = remove("in", "--each", "-o", "out", "--report", "report.jsonl")
    assert ran.code == 0 and names(here / "out") == ["none-1.png", "one-1.png"]
    lines = [json.loads(line) for line in (here / "report.jsonl").read_text().splitlines()]
    assert {Path(line["output"]).name for line in lines[:-1]} == {"none-1.png", "one-1.png"}


def test_a_named_file_lends_its_name(remove: Run, here: Path) -> None:
    draw(here / "mugs.png", *TWO)
    assert remove("mugs.png", "--each", "-o", "x.webp").code == 0
    assert names(here) == ["mugs.png", "x-1.webp", "x-2.webp"]
    ran = remove("mugs.png", "--each", "-o", "x.webp")
    assert ran.code == 2 and "x-1.webp already exists" in ran.err
    assert remove("mugs.png", "--each", "-o", "-").code == 2


def test_nothing_that_lies_in_the_way_is_replaced_unasked(remove: Run, here: Path) -> None:
    draw(here / "in" / "mugs.png", *TWO)
    (here / "out").mkdir()
    (here / "out" / "mugs-2.png").write_text("mine")
    ran = remove("in", "--each", "-o", "out")
    assert ran.code == 2 and "mugs-2.png is in the way" in ran.err
    assert names(here / "out") == ["mugs-2.png"] and (here / "out" / "mugs-2.png").read_text() == "mine"
    assert remove("in", "--each", "-o", "out", "--overwrite").code == 0
    assert names(here / "out") == ["mugs-1.png", "mugs-2.png"]


def test_a_source_is_never_in_the_way(remove: Run, here: Path) -> None:
    draw(here / "in" / "mugs.png", *TWO)
    source = draw(here / "out" / "mugs-2.png", TWO[0])
    before = source.read_bytes()
    ran = remove("in/mugs.png", "out/mugs-2.png", "--each", "-o", "out", "--overwrite")
    assert ran.code == 1 and "would overwrite the source" in ran.err
    assert source.read_bytes() == before


# --- what framing says --------------------------------------------------------------------------------------


def test_warnings_name_the_photo_and_can_be_silenced(remove: Run, here: Path) -> None:
    draw(here / "mug.png", TWO[0])
    ran = remove("mug.png", "--preset", "amazon", "-o", "mug.jpg")
    assert ran.code == 0 and Image.open(here / "mug.jpg").size == (2000, 2000)
    said = [line for line in ran.err.splitlines() if line.startswith("cutaway: mug.png: ")]
    assert any("was enlarged" in line for line in said)
    assert any("amazon asks for at least 1000 px on the longer side" in line for line in said)
    assert remove("mug.png", "--preset", "amazon", "-o", "quiet.jpg", "-q").err == ""


def test_refusals_are_one_line(remove: Run, here: Path) -> None:
    draw(here / "mug.png", TWO[0])
    for args, words in [
        (("--canvas", "big"), "canvas 'big' is not one of photo"),
        (("--shadow", "drop:blur=3"), "there is no setting 'blur'"),
        (("--margin", "3", "--fill", "80"), "fill and margin both say"),
        (("--logo", "nix.png"), "logo 'nix.png': no such file"),
        (("--preset", "ebay"), "'ebay' is not one of"),
    ]:
        ran = remove("mug.png", *args)
        assert ran.code == 2 and words in ran.err, ran.err
        assert names(here) == ["mug.png"]
