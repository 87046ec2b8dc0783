"""`cutaway data check` with its layouts, readings and sheet, as typed."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, draw_set, save
from PIL import Image

from cutaway.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run `cutaway data check ARGS...`: exit code, stdout and stderr."""
    log = logging.getLogger("cutaway")
    before = log.level, log.propagate, log.handlers[:]

    def check(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["data", "check", *map(str, args)])
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    yield check
    log.level, log.propagate, log.handlers[:] = before


def test_the_sheet(run: Run, clean_set: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    code, out, err = run(clean_set, "--sheet", sheet)
    assert (code, out.splitlines()[-1], err) == (0, "All 24 pairs can be used.", f"drawn: {sheet}\n")
    assert Image.open(sheet).width > 1000
    code, out, err = run(clean_set, "--sheet", sheet)
    assert (code, out) == (2, "")
    assert err.startswith("cutaway: error:")
    assert "--overwrite" in err
    assert run(clean_set, "--sheet", sheet, "--overwrite", "--quiet")[::2] == (0, "")


def test_a_sheet_under_another_suffix_is_refused_before_the_work(run: Run, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "nowhere", "--sheet", tmp_path / "sheet.gif")
    assert code == 2
    assert "is a PNG" in err


def test_folders_of_other_names(run: Run, tmp_path: Path) -> None:
    for n in range(20):
        save(tmp_path / "photos" / f"{n}.png", draw_photo(n))
        save(tmp_path / "cut" / f"{n}.png", draw_mask())
    code, _, err = run(tmp_path)
    assert (code, "--subdirs IMAGES MASKS" in err) == (2, True)
    assert run(tmp_path, "--subdirs", "photos", "cut")[0] == 0


def test_a_list(run: Run, tmp_path: Path) -> None:
    draw_set(tmp_path, 20)
    lines = [f"images/p{n:03}.png,masks/p{n:03}.png" for n in range(20)]
    (tmp_path / "list.csv").write_text("\n".join(lines), encoding="utf-8")
    code, out, _ = run(tmp_path / "list.csv", "--json")
    assert (code, json.loads(out)["pairs"]) == (0, 20)
    (tmp_path / "list.csv").write_text("\n".join([*lines, "gone.png,gone.png"]), encoding="utf-8")
    code, out, _ = run(tmp_path / "list.csv")
    assert code == 1
    assert "line 21: no such file: gone.png, gone.png" in out


def test_the_two_conventions_are_asked_about_and_answered(run: Run, clean_set: Path) -> None:
    trimap = np.where(draw_mask() > 0, np.uint8(0), np.uint8(128))
    trimap[0] = 255
    for path in (clean_set / "masks").iterdir():
        save(path, trimap)
    code, out, _ = run(clean_set)
    assert code == 1
    assert "--masks matting-trimap (then" in out
    assert "--masks tutorial-trimap (then" in out
    code, out, _ = run(clean_set, "--masks", "tutorial-trimap")
    assert code == 0
    assert "read as tutorial-trimap (0 subject, 128 background, 255 border)" in out
    code, _, err = run(clean_set, "--masks", "trimap")
    assert code == 2
    assert "choose one of" in err
    assert "tutorial-trimap" in err


def test_colours_are_asked_about_and_answered(run: Run, clean_set: Path) -> None:
    for path in (clean_set / "masks").iterdir():
        save(path, np.where(draw_mask()[..., None] > 0, np.array([0, 90, 255]), 0).astype(np.uint8))
    code, out, _ = run(clean_set)
    assert code == 1
    assert "--masks colours:005AFF" in out
    code, out, _ = run(clean_set, "--masks", "colours:005AFF")
    assert code == 0
    assert "read as colours:005AFF (subject: 005AFF)" in out


def test_a_voc_palette_is_recognised_and_said_so(run: Run, clean_set: Path) -> None:
    from cutaway.data.colour_maps import voc_colours

    for path in (clean_set / "masks").iterdir():
        image = Image.frombytes("P", (60, 40), draw_mask(subject=15).tobytes())
        image.putpalette([v for c in voc_colours().tolist() for v in (c >> 16, c >> 8 & 255, c & 255)])
        image.save(path)
    code, out, _ = run(clean_set)
    assert code == 0
    assert "read as voc" in out
    assert "palette of PASCAL VOC: all classes are subject" in out
    assert "read as voc:person" in run(clean_set, "--masks", "voc:person")[1]
    assert "every mask is empty" in run(clean_set, "--masks", "voc:dog")[1]
    save(
        clean_set / "masks" / "p003.png", draw_mask(subject=15)
    )  # no palette: class numbers of who knows what
    code, out, _ = run(clean_set)
    assert code == 1
    assert "masks hold class numbers (0, 15)" in out
