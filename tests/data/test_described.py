"""What a dataset.toml may say, and how it is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, draw_set, save

from cutaway.data.check import check
from cutaway.data.described import Described, read_dataset_toml, write_dataset_toml
from cutaway.data.pairs import find_pairs
from cutaway.data.samples import load_pair
from cutaway.errors import DataError


def tell(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    source = 'a "quoted" \\ path,\nü, \x7f and \x85'
    write_dataset_toml(
        tmp_path, reading="pets-trimap", source=source, licence="CC BY-SA 4.0", classes=3, masks="a/b"
    )
    assert read_dataset_toml(tmp_path) == Described(
        masks="a/b", reading="pets-trimap", source=source, licence="CC BY-SA 4.0", classes=3
    )


def test_a_folder_that_says_nothing(tmp_path: Path) -> None:
    assert read_dataset_toml(tmp_path) is None
    assert read_dataset_toml(tmp_path / "nowhere") is None
    assert read_dataset_toml(tell(tmp_path, "")) == Described()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('licens = "MIT"', "unknown key 'licens'. Did you mean 'licence'?"),
        ("x = 1", "Valid keys: images, masks, reading, source, licence, classes"),
        ("classes = true", "classes must be a number, not True"),
        ("classes = 4", "classes must be 1, 2 or 3, not 4"),
        ("reading = 1", "reading must be a text in quotes, not 1"),
        ('reading = "white"', "masks cannot be read as 'white'; choose one of"),
        ('masks = "../masks"', "masks must name a folder inside"),
        ('images = ""', "images must name a folder inside"),
        ('images = "/images"', "images must name a folder inside"),
        ("classes", "cannot be read"),
    ],
)
def test_mistakes_are_refused_with_the_files_name(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        read_dataset_toml(tell(tmp_path, text))
    assert says in str(caught.value)
    assert str(tmp_path / "dataset.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "dataset.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match=r"dataset\.toml cannot be read"):
        read_dataset_toml(tmp_path)


def test_nothing_is_written_that_could_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="classes"):
        write_dataset_toml(tmp_path, reading="grey", source="", licence="", classes=9)
    assert not (tmp_path / "dataset.toml").exists()


# -- obeyed ------------------------------------------------------------------------------------------------------


def trimap_set(folder: Path) -> Path:
    """22 pairs of 1 subject, 2 background, 3 border, in folders of other names, described."""
    trimap = draw_mask(subject=1, ground=2)
    trimap[0] = 3
    for n in range(22):
        save(folder / "photos" / f"p{n}.png", draw_photo(n))
        save(folder / "labels" / "tri" / f"p{n}.png", trimap)
    write_dataset_toml(
        folder, reading="pets-trimap", source="Drawn", licence="CC0", images="photos", masks="labels/tri"
    )
    return folder


def test_a_check_obeys_and_shows_it(tmp_path: Path) -> None:
    report = check(trimap_set(tmp_path / "a"))
    assert report.findings == ()
    assert str(report.reading) == "pets-trimap"
    assert report.sets == {"": 22}
    share = np.mean(draw_mask()[1:] > 0) * 39 / 40 + 0.5 / 40
    assert report.subject_shares == pytest.approx([share] * 3)
    assert "source    Drawn (CC0)" in report.text().splitlines()
    assert "read as pets-trimap (1 subject, 2 background, 3 border)" in report.text()
    assert report.to_json()["described"][0]["licence"] == "CC0"
    assert set(np.unique(load_pair(report.usable[0], reading=report.require()[1])[1])) == {0, 128, 255}


def test_what_is_said_aloud_wins(tmp_path: Path) -> None:
    report = check(trimap_set(tmp_path / "a"), masks="subject:1,3")
    assert (str(report.reading), str(report.usable[0].reading)) == ("subject:1,3", "subject:1,3")
    for n in range(3):
        save(tmp_path / "a" / "photos" / "deep" / f"{n}.png", draw_photo(n))
        save(tmp_path / "a" / "photos" / "cut" / f"{n}.png", draw_mask())
    assert len(find_pairs(tmp_path / "a")) == 22
    assert len(find_pairs(tmp_path / "a", subdirs=("photos/deep", "photos/cut"))) == 3


def test_sets_that_are_read_differently_can_be_used_together(tmp_path: Path) -> None:
    trimap_set(tmp_path / "tri")
    draw_set(tmp_path / "plain", 20, first=100)
    report = check(tmp_path)
    assert report.findings == ()
    assert report.sets == {"tri": 22, "plain": 20}
    assert "read as grey (0 background to 255 subject), others as pets-trimap" in report.text()
    usable, reading = report.require()
    shares = {p.set: np.mean(load_pair(p, reading=reading)[1] == 255) for p in usable}
    assert shares["plain"] == pytest.approx(np.mean(draw_mask() > 0))
    assert shares["tri"] == pytest.approx(np.mean(draw_mask()[1:] > 0) * 39 / 40)


def test_the_nearest_description_counts(tmp_path: Path) -> None:
    tell(tmp_path, 'reading = "subject:0"')
    draw_set(tmp_path / "a", 2)
    tell(draw_set(tmp_path / "b", 2), 'reading = "grey"')
    tell(draw_set(tmp_path / ".hidden", 2), "nonsense")
    assert {p.set: str(p.reading) for p in find_pairs(tmp_path)} == {"a": "subject:0", "b": "grey"}


def test_values_that_the_convention_does_not_know(tmp_path: Path) -> None:
    odd = draw_mask(subject=1, ground=2)
    odd[0, 0] = 77
    save(trimap_set(tmp_path / "a") / "labels" / "tri" / "p3.png", odd)
    (finding,) = check(tmp_path / "a").findings
    assert (finding.kind, finding.severity, finding.names) == ("odd-values", "warning", ("p3: 77",))


def test_a_bad_description_stops_a_check(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown key"):
        check(tell(draw_set(tmp_path, 2), "colour = 1"))
