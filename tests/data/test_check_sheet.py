"""The contact sheet of a data set: which pairs are on it, and what each picture shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, draw_set, save
from PIL import Image, ImageDraw

from cutaway.data.check import check
from cutaway.data.check_sheet import OUTLINE, cells_of, choose, draw_sheet, overlay, write_sheet
from cutaway.data.masks import parse_reading
from cutaway.data.pairs import Pair, find_pairs
from cutaway.data.sheet_parts import fit, shorten
from cutaway.errors import OptionError, OutputExistsError

GREY = parse_reading("grey")


# -- which pairs -------------------------------------------------------------------------------------------------


def test_the_suspicious_come_first_with_what_was_found(clean_set: Path) -> None:
    (clean_set / "masks" / "p007.png").write_bytes(b"")
    save(clean_set / "masks" / "p003.png", draw_mask(20, 30))
    save(clean_set / "masks" / "p011.png", draw_mask() * 0)
    shown = choose(check(clean_set))
    told = [(one.pair.id, one.finding) for one in shown if one.finding]
    assert told[0] == ("p007", "unreadable: the file is empty (0 bytes)")
    assert told[1][1].startswith("size: the mask is 30×20, the photo 60×40")
    assert told[2] == ("p011", "empty")
    assert [one.pair.id for one in shown[:3]] == ["p007", "p003", "p011"]
    assert sorted(one.pair.id for one in shown) == [f"p{n:03}" for n in range(24)]


def test_a_copy_stands_next_to_what_it_is_a_copy_of(clean_set: Path) -> None:
    save(clean_set / "images" / "p020.png", draw_photo(5))
    first, second, *rest = choose(check(clean_set, validation=0.01))
    assert {first.pair.id, second.pair.id} == {"p005", "p020"}
    assert first.finding == second.finding.replace("p020 ", "") or "p020 is a copy of p005" in second.finding
    assert not any(one.finding for one in rest)


def test_no_kind_of_finding_takes_the_whole_sheet(clean_set: Path) -> None:
    for n in range(20):
        save(clean_set / "masks" / f"p{n:03}.png", draw_mask() * 0)
    save(clean_set / "masks" / "p022.png", np.full((40, 60), 255, np.uint8))
    shown = choose(check(clean_set), pairs=10, suspicious=6)
    assert sum(one.finding == "empty" for one in shown) == 5
    assert sum(one.finding.startswith("full") for one in shown) == 1
    assert sum(not one.finding for one in shown) == 3  # all there are


def test_pairs_without_findings_are_spread_over_the_sets(tmp_path: Path) -> None:
    draw_set(tmp_path / "a", 30)
    draw_set(tmp_path / "b", 4, first=40)
    draw_set(tmp_path / "c", 10, first=50)
    ids = [one.pair.id for one in choose(check(tmp_path), pairs=12)]
    assert [sum(name.startswith(s) for name in ids) for s in "abc"] == [4, 4, 4]
    assert [name for name in ids if name[0] == "a"] == ["a/p000", "a/p007", "a/p015", "a/p022"]


# -- what is drawn -----------------------------------------------------------------------------------------------


def test_the_overlay_shows_subject_ground_and_the_line_between() -> None:
    photo = np.full((40, 60, 3), 200, np.uint8)
    matte = (draw_mask() / 255).astype(np.float32)
    drawn = overlay(photo, matte)
    assert drawn[20, 30].tolist() == [200, 200, 200]
    assert drawn[0, 0].max() < 170
    assert drawn[0, 0, 2] > drawn[0, 0, 0] + 30
    line = (drawn == OUTLINE).all(axis=2)
    assert 30 < line.sum() < 120
    assert not line[draw_mask() > 0].any()


def test_photo_mask_and_overlay_fit_their_cells(tmp_path: Path) -> None:
    pair = find_pairs(draw_set(tmp_path, 1))[0]
    cells = cells_of(pair, reading=GREY, values=(), cell_px=120)
    assert [cell.shape for cell in cells] == [(80, 120, 3)] * 3
    assert cells[1][40, 60].tolist() == [255] * 3
    assert cells[1][0, 0].tolist() == [0] * 3


def test_a_mask_of_another_size_is_stretched_onto_the_photo(tmp_path: Path) -> None:
    pair = Pair("p", save(tmp_path / "i.png", draw_photo(1)), save(tmp_path / "m.png", draw_mask(60, 40)))
    assert [cell.shape for cell in cells_of(pair, reading=GREY, values=(), cell_px=60)] == [
        (40, 60, 3),
        (60, 40, 3),
        (40, 60, 3),
    ]


@pytest.mark.parametrize("broken", ["i.png", "m.png"])
def test_what_cannot_be_read_is_plain(tmp_path: Path, broken: str) -> None:
    pair = Pair("p", save(tmp_path / "i.png", draw_photo(1)), save(tmp_path / "m.png", draw_mask()))
    (tmp_path / broken).write_bytes(b"x")
    photo, mask, laid = cells_of(pair, reading=GREY, values=(), cell_px=60)
    assert (np.ptp(photo) == 0) == (broken == "i.png")
    assert (np.ptp(mask) == 0) == (broken == "m.png")
    assert np.ptp(laid) == 0


def test_values_that_are_not_clear_are_shown_in_colours(tmp_path: Path) -> None:
    """The same value has the same colour on every picture, whichever others it holds."""
    pairs = [
        Pair(
            "p",
            save(tmp_path / "i.png", draw_photo(1)),
            save(tmp_path / f"{subject}.png", draw_mask(subject=subject)),
        )
        for subject in (128, 255)
    ]
    middles = [
        cells_of(pair, reading=None, values=(0, 128, 255), cell_px=60)[1][20, 30].tolist() for pair in pairs
    ]
    assert middles == [[128, 0, 0], [0, 128, 0]]


def test_an_ambiguous_set_can_be_looked_at(clean_set: Path) -> None:
    for n, path in enumerate(sorted((clean_set / "masks").iterdir())):
        save(path, draw_mask(subject=128 if n % 2 else 255))
    report = check(clean_set)
    assert report.reading is None
    drawn = np.asarray(draw_sheet(choose(report), reading=None))
    for colour in ((128, 0, 0), (0, 128, 0)):
        assert (drawn == colour).all(axis=2).sum() > 10_000


@pytest.mark.parametrize(("pairs", "groups"), [(1, 1), (2, 2), (3, 3), (7, 3)])
def test_a_sheet_is_as_wide_as_it_needs_to_be(tmp_path: Path, pairs: int, groups: int) -> None:
    report = check(draw_set(tmp_path, pairs))
    assert draw_sheet(choose(report), reading=report.reading).width == 20 + groups * (3 * 164 + 20)


def test_a_sheet_of_nothing() -> None:
    assert draw_sheet([], reading=GREY).height > 0


def test_captions_are_shortened_in_their_middle() -> None:
    draw = ImageDraw.Draw(Image.new("RGB", (10, 10)))
    assert shorten("a short\none", draw, width_px=500) == "a short one"
    long = shorten("begin" + "x" * 200 + "end", draw, width_px=150)
    assert long.startswith("begin")
    assert long.endswith("end")
    assert "..." in long


def test_cells_are_filled_and_never_empty() -> None:
    assert [fit(size, cell_px=100) for size in ((50, 200), (200, 50), (1, 900))] == [
        (25, 100),
        (100, 25),
        (1, 100),
    ]


# -- the file ----------------------------------------------------------------------------------------------------


def test_a_sheet_is_written_and_never_over_another_file(clean_set: Path, tmp_path: Path) -> None:
    report, path = check(clean_set), tmp_path / "new" / "sheet.png"
    write_sheet(report, path)
    size = Image.open(path).size
    path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        write_sheet(report, path)
    assert path.read_bytes() == b"mine"
    write_sheet(report, path, overwrite=True)
    assert Image.open(path).size == size


def test_a_sheet_is_a_png(clean_set: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"sheet\.png, not 'sheet\.jpg'"):
        write_sheet(check(clean_set), tmp_path / "sheet.jpg")


def test_a_sheet_of_real_photos(test_data: Path) -> None:
    report = check(test_data / "test" / "horses")
    drawn = np.asarray(draw_sheet(choose(report), reading=report.reading))
    assert (drawn == OUTLINE).all(axis=2).sum() > 5000
