"""Which photos the arguments stand for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutaway.cli.inputs import Found, find_photos, is_picture, is_result
from cutaway.errors import OptionError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def found_in(found: Found, folder: Path) -> list[str]:
    return [p.path.relative_to(folder).as_posix() for p in found.photos if p.path is not None]


def link(at: Path, to: Path) -> None:
    try:
        at.symlink_to(to, target_is_directory=True)
    except OSError:
        pytest.skip("links cannot be made here")


def test_folders_are_searched_sorted_and_keep_their_tree(tmp_path: Path) -> None:
    touch(tmp_path, "b.JPG", "a.png", "sub/deep/c.webp", "sub/d.TIFF", "notes.txt", "model.onnx")
    found = find_photos([str(tmp_path)])
    assert found_in(found, tmp_path) == ["a.png", "b.JPG", "sub/d.TIFF", "sub/deep/c.webp"]
    assert [p.under.as_posix() for p in found.photos] == [".", ".", "sub", "sub/deep"]


def test_hidden_and_own_results_are_left_out_of_folders(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", ".hidden.jpg", "._a.jpg", ".cache/b.jpg", "sub/._c.png")
    touch(tmp_path, *(f"a-cutout.{s}" for s in ("png", "webp", "jpg", "tiff")), "a.jpg-cutout.png")
    assert found_in(find_photos([str(tmp_path)]), tmp_path) == ["a.jpg"]


def test_a_file_named_outright_is_taken_whatever_its_name(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden.jpg", "photo.dat", "a-cutout.png")
    names = [".hidden.jpg", "photo.dat", "a-cutout.png"]
    assert found_in(find_photos([str(tmp_path / n) for n in names]), tmp_path) == names


def test_nothing_below_out_is_taken(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "out/a.png", "out/deep/b.png", "outer/c.png")
    assert found_in(find_photos([str(tmp_path)], out=tmp_path / "out"), tmp_path) == ["a.jpg", "outer/c.png"]


def test_out_may_be_the_input_folder_itself(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    assert found_in(find_photos([str(tmp_path)], out=tmp_path), tmp_path) == ["a.jpg"]


def test_links_that_lead_back_do_not_loop_nor_repeat(tmp_path: Path) -> None:
    touch(tmp_path, "photos/a.jpg", "elsewhere/b.jpg")
    link(tmp_path / "photos" / "loop", tmp_path / "photos")
    link(tmp_path / "photos" / "more", tmp_path / "elsewhere")
    found = find_photos([str(tmp_path / "photos")])
    assert found_in(found, tmp_path / "photos") == ["a.jpg", "more/b.jpg"]


def test_several_folders_keep_their_names(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.jpg", "two/sub/a.jpg")
    found = find_photos([str(tmp_path / "one"), str(tmp_path / "two")])
    assert [p.under.as_posix() for p in found.photos] == ["one", "two/sub"]


def test_no_photo_is_taken_twice(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    found = find_photos([str(tmp_path), str(tmp_path / "a.jpg"), str(tmp_path / "." / "a.jpg")])
    assert found_in(found, tmp_path) == ["a.jpg"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("missing.jpg", "no such file"), ("x" * 4000, "cannot be looked at")],
)
def test_what_is_not_there_is_a_problem(text: str, words: str, here: Path) -> None:
    (here / "a.jpg").touch()
    found = find_photos([text])
    assert found.photos == []
    assert words in found.problems[0].message


def test_a_folder_without_pictures_is_a_problem(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    assert "no pictures" in find_photos([str(tmp_path)]).problems[0].message


def test_a_folder_that_cannot_be_read_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.jpg", "closed/b.jpg", "open/c.jpg")
    real = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find_photos([str(tmp_path)])
    assert found_in(found, tmp_path) == ["a.jpg", "open/c.jpg"]
    assert [p.message for p in found.problems] == ["cannot be searched: Permission denied"]


def test_stdin_only_once() -> None:
    assert find_photos(["-"]).photos[0].path is None
    with pytest.raises(OptionError, match="only once"):
        find_photos(["-", "-"])


def test_names() -> None:
    assert is_result("a-cutout.png") and is_result("a-cutout-12.png") and is_result("a.jpg-cutout.webp")
    assert not is_result("a-cutout.bmp") and not is_result("cutout.png")
    assert is_picture("A.JPeG") and not is_picture("a") and not is_picture(".jpg")
