"""Pairs named in a .csv or .tsv file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, draw_set, save

from cutaway.data.check import check
from cutaway.data.pairs import Pair, find_pairs, scan
from cutaway.errors import DataError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two photos, three masks, all empty files."""
    return touch(tmp_path, "x/a.jpg", "x/b.jpg", "m/a.png", "m/b1.png", "m/b2.png")


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("l.csv", ("x/a.jpg,m/a.png", "x/b.jpg,m/b1.png,m/b2.png")),
        ("l.csv", ("image,mask", "x/a.jpg,m/a.png", "", "x/b.jpg,m/b1.png;m/b2.png")),
        ("l.CSV", ("Image;Mask;Mask", "x/a.jpg;m/a.png", "x/b.jpg;m/b1.png;m/b2.png")),
        ("l.tsv", ("x/a.jpg\tm/a.png", "x/b.jpg\tm/b1.png; m/b2.png")),
        ("l.csv", ("split,mask,image", "train,m/a.png,x/a.jpg", "test,m/b1.png;m/b2.png,x/b.jpg")),
        ("l.csv", ('"x/a.jpg" , "m/a.png"'.replace(" ", ""), " x/b.jpg , m/b1.png , m/b2.png ")),
        ("l.csv", ("\ufeffimage,mask", "x/a.jpg,m/a.png,", "x\\b.jpg,m\\b1.png,m\\b2.png")),
    ],
)
def test_every_way_to_write_a_list(files: Path, name: str, lines: tuple[str, ...]) -> None:
    pairs = find_pairs(write(files / name, *lines))
    assert pairs == [
        Pair("a", files / "x" / "a.jpg", files / "m" / "a.png"),
        Pair("b", files / "x" / "b.jpg", files / "m" / "b1.png", (files / "m" / "b2.png",)),
    ]


def test_names_may_hold_the_other_separators(tmp_path: Path) -> None:
    touch(tmp_path, "a,1.jpg", "a,1.png", "b,2.jpg", "b,2.png")
    assert [p.id for p in find_pairs(write(tmp_path / "l.csv", "a,1.jpg;a,1.png", "b,2.jpg;b,2.png"))] == [
        "a,1",
        "b,2",
    ]


def test_absolute_paths_and_paths_upwards(files: Path) -> None:
    lists = touch(files / "lists", "x")
    lines = (f"{files / 'x' / 'a.jpg'},{files / 'm' / 'a.png'}", "../x/b.jpg,../m/b1.png")
    assert [p.id for p in find_pairs(write(lists / "l.csv", *lines))] == ["a", "b"]


def test_ids_are_paths_where_folders_differ_and_keep_suffixes_where_stems_do_not(tmp_path: Path) -> None:
    touch(tmp_path, "a/p.jpg", "b/p.jpg", "b/p.png", "m.png")
    lines = ("a/p.jpg,m.png", "b/p.jpg,m.png", "b/p.png,m.png")
    assert [p.id for p in find_pairs(write(tmp_path / "l.csv", *lines))] == ["a/p", "b/p.jpg", "b/p.png"]


def test_several_lists_keep_their_pairs_apart(files: Path) -> None:
    one, two = (write(files / f"{name}.csv", "x/a.jpg,m/a.png") for name in ("one", "two"))
    assert [p.id for p in find_pairs([one, two])] == ["one/a", "two/a"]
    assert [p.id for p in find_pairs([one, draw_set(files / "set", 1)])] == ["one/a", "set/p000"]


def test_lines_that_cannot_be_used_are_told_by_number(files: Path) -> None:
    path = write(
        files / "l.csv", "image,mask", "x/a.jpg,m/a.png", "x/b.jpg", ",m/a.png", "x/gone.jpg,m/a.png", "",
        "x/b.jpg,m/b1.png;m/no.png", "x/a.jpg,m/a.png", "x/../x/a.jpg,m/b1.png",
    )  # fmt: skip
    assert [(p.kind, p.text) for p in scan(path).problems] == [
        ("list-lines", "line 3: no mask (x/b.jpg)"),
        ("list-lines", "line 4: no image (, m/a.png)"),
        ("list-missing", "line 5: no such file: x/gone.jpg"),
        ("list-missing", "line 7: no such file: m/no.png"),
        ("list-repeats", "line 8: a.jpg is already in line 2"),
        ("list-repeats", "line 9: a.jpg is already in line 2, with another mask"),
    ]
    assert [p.id for p in find_pairs(path)] == ["a"]


def test_a_check_of_a_list(tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "set", 21)
    lines = [f"set/images/p{n:03}.png,set/masks/p{n:03}.png" for n in range(21)]
    assert check(write(tmp_path / "l.csv", *lines)).findings == ()
    (folder / "masks" / "p020.png").unlink()
    report = check(write(tmp_path / "l.csv", *lines, lines[0]))
    assert [(f.severity, f.kind, f.names) for f in report.findings] == [
        ("error", "list-missing", ("line 21: no such file: set/masks/p020.png",)),
        ("warning", "list-repeats", ("line 22: p000.png is already in line 1",)),
    ]
    assert len(report.usable) == 20


def test_a_list_of_nothing_that_exists(tmp_path: Path) -> None:
    report = check(write(tmp_path / "l.csv", "a.jpg,b.png"))
    assert [f.kind for f in report.findings] == ["no-pairs", "list-missing"]
    assert "no line of the list" in report.findings[0].text


def test_a_description_beside_the_list_is_obeyed(tmp_path: Path) -> None:
    trimap = draw_mask(subject=1, ground=2)
    for n in range(20):
        save(tmp_path / "x" / f"{n}.png", draw_photo(n))
        save(tmp_path / "m" / f"{n}.png", trimap)
    write(tmp_path / "dataset.toml", 'reading = "pets-trimap"')
    report = check(write(tmp_path / "l.tsv", *(f"x/{n}.png\tm/{n}.png" for n in range(20))))
    assert (report.findings, str(report.reading)) == ((), "pets-trimap")
    assert report.subject_shares == pytest.approx([np.mean(draw_mask() > 0)] * 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "no such list"),
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\xfea\x00", "not text in UTF-8"),
    ],
)
def test_lists_that_cannot_be_read(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "l.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        find_pairs(path)
    assert str(path) in str(caught.value)


def test_a_list_that_may_not_be_read(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *args: object) -> str:
        raise PermissionError(13, "Permission denied")

    path = write(files / "l.csv", "x/a.jpg,m/a.png")
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(DataError, match=r"l\.csv cannot be read: Permission denied"):
        find_pairs(path)


def test_a_file_that_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"l\.csv is no list of files"):
        find_pairs(write(tmp_path / "l.csv", "a" * 200_000))


def test_a_folder_may_be_called_like_a_list(tmp_path: Path) -> None:
    draw_set(tmp_path / "set.csv", 2)
    assert len(find_pairs(tmp_path / "set.csv")) == 2
