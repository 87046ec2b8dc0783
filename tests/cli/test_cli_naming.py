"""Where results go and what they are called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutaway.cli.inputs import find_photos
from cutaway.cli.naming import MAX_NAME_BYTES, Destination, choose_destination, labels, names_folder, plan
from cutaway.errors import OptionError


def targets(*inputs: Path, out: str | None = None, format: str | None = None) -> list[str]:
    """The planned results, relative to the first input's folder."""
    texts = [str(path) for path in inputs]
    found = find_photos(texts, out=Path(out) if out and names_folder(out, texts) else None)
    destination = choose_destination(out, format=format, inputs=texts, found=found)
    base = inputs[0] if inputs[0].is_dir() else inputs[0].parent
    return [
        Path(os.path.relpath(t.target, base)).as_posix()
        for t in plan(found.photos, destination).tasks
        if t.target
    ]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("photos/a.jpg", "photos/b.png", "photos/sub/a.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path / "photos"


def test_beside_the_source(photos: Path) -> None:
    assert targets(photos) == ["a-cutout.png", "b-cutout.png", "sub/a-cutout.png"]
    assert targets(photos / "a.jpg", format="webp") == ["a-cutout.webp"]


def test_shared_stems_use_whole_names_whatever_else_is_asked_for(photos: Path) -> None:
    (photos / "A.webp").touch()
    assert targets(photos / "a.jpg") == ["a.jpg-cutout.png"]
    assert targets(photos / "A.webp") == ["A.webp-cutout.png"]
    assert targets(photos) == ["A.webp-cutout.png", "a.jpg-cutout.png", "b-cutout.png", "sub/a-cutout.png"]


def test_own_results_and_other_files_share_no_stem(photos: Path) -> None:
    for name in ("a.txt", "a-cutout.png", "a-cutout.webp", "._a.jpg"):
        (photos / name).touch()
    assert targets(photos / "a.jpg") == ["a-cutout.png"]


def test_labels_never_clash() -> None:
    names = ["a.jpg", "a.png", "a.jpg.webp", "a.jpg.webp.gif", "b.jpg"]
    given = labels(names)
    assert given["b.jpg"] == "b"
    assert len({label.casefold() for label in given.values()}) == len(names)


def test_another_folder_keeps_the_tree_and_drops_the_mark(photos: Path) -> None:
    (photos / "a.png").touch()
    out = photos.parent / "out"
    assert targets(photos, out=str(out)) == [
        "../out/a.jpg.png", "../out/a.png.png", "../out/b.png", "../out/sub/a.png"
    ]  # fmt: skip


def test_the_sources_own_folder_keeps_the_mark(photos: Path) -> None:
    assert targets(photos, out=str(photos)) == ["a-cutout.png", "b-cutout.png", "sub/a-cutout.png"]
    assert targets(photos / "b.png", out=f"{photos}/") == ["b-cutout.png"]


def test_a_folder_is_told_by_slash_by_being_there_and_by_many_inputs(photos: Path) -> None:
    (photos / "there").mkdir()
    one = [str(photos / "a.jpg")]
    assert names_folder(f"{photos}/new/", one)
    assert names_folder(str(photos / "there"), one)
    assert names_folder("new", [*one, "b.jpg"])
    assert names_folder("new", [str(photos)])
    assert not names_folder("new.png", one)
    assert not names_folder("-", one) and not names_folder(None, one)


@pytest.mark.parametrize(
    ("out", "format", "expected"),
    [
        ("x.webp", None, "webp"), ("x.JPEG", None, "jpg"), ("x.tif", None, "tiff"), ("x", "jpg", "jpg"),
        ("x.jpeg", "jpg", "jpg"), ("x.odd", "png", "png"),
    ],
)  # fmt: skip
def test_format_comes_from_the_suffix(out: str, format: str | None, expected: str, photos: Path) -> None:
    one = [str(photos / "a.jpg")]
    found = find_photos(one)
    assert choose_destination(out, format=format, inputs=one, found=found) == Destination(
        "file", expected, Path(out)
    )


@pytest.mark.parametrize(
    ("out", "format", "words"),
    [
        ("x.png", "jpg", "contradict"),
        ("x", None, "does not say"),
        ("x.bmp", None, "does not say"),
        ("", None, "empty"),
    ],
)
def test_an_output_that_cannot_be_meant(out: str, format: str | None, words: str, photos: Path) -> None:
    one = [str(photos / "a.jpg")]
    with pytest.raises(OptionError, match=words):
        choose_destination(out, format=format, inputs=one, found=find_photos(one))


def test_many_photos_need_a_folder(photos: Path) -> None:
    with pytest.raises(OptionError, match="a folder is needed"):
        targets(photos, out="x.png")
    with pytest.raises(OptionError, match="a file is there"):
        targets(photos / "a.jpg", photos / "b.png", out=str(photos / "b.png"))
    with pytest.raises(OptionError, match="stdout takes one"):
        targets(photos, out="-")


def test_the_photo_itself_is_never_the_output(photos: Path) -> None:
    with pytest.raises(OptionError, match="never overwritten"):
        targets(photos / "b.png", out=str(photos / ".." / "photos" / "b.png"))


def test_a_source_is_never_the_target_of_another(photos: Path) -> None:
    other = photos.parent / "b.jpg"
    other.touch()
    texts = [str(photos / "b.png"), str(other)]
    found = find_photos(texts)
    done = plan(found.photos, Destination("folder", "png", photos))
    assert [str(t.photo) for t in done.tasks] == texts[:1]
    assert "overwrite the source" in done.problems[0].message


def test_a_link_to_a_source_is_never_the_target(photos: Path) -> None:
    out = photos.parent / "out"
    out.mkdir()
    try:
        (out / "b.png").symlink_to(photos / "b.png")
    except OSError:
        pytest.skip("links cannot be made here")
    done = plan(find_photos([str(photos / "b.png")]).photos, Destination("folder", "png", out))
    assert (done.tasks, len(done.problems)) == ([], 1)


def test_two_results_never_share_a_file(photos: Path) -> None:
    found = find_photos([str(photos / "a.jpg"), str(photos / "sub" / "a.jpg")])
    done = plan(found.photos, Destination("folder", "png", photos.parent / "out"))
    assert len(done.tasks) == 1
    assert "take the place" in done.problems[0].message


def test_own_results_among_the_inputs_are_left_out(photos: Path) -> None:
    result = photos / "b-cutout.png"
    result.touch()
    found = find_photos([str(photos / "b.png"), str(result)])
    done = plan(found.photos, Destination("beside", "png"))
    assert [p.path for p in done.left_out] == [result]
    assert [str(t.photo) for t in done.tasks] == [str(photos / "b.png")]
    assert targets(result) == ["b-cutout-cutout.png"]


@pytest.mark.parametrize("letter", ["x", "é", "写"])
def test_long_names_are_shortened_apart_and_always_alike(letter: str, tmp_path: Path) -> None:
    stem = letter * ((MAX_NAME_BYTES - 4) // len(letter.encode()))
    one, other = tmp_path / f"{stem}.jpg", tmp_path / f"{stem[:-1]}y.jpg"
    try:
        one.touch()
        other.touch()
    except OSError:
        pytest.skip("such long names cannot be made here")
    first, second = targets(one, other)
    assert first != second
    assert first.endswith("-cutout.png")
    lengths = [len(os.fsencode(name)) for name in (first, second)]
    assert min(lengths) > MAX_NAME_BYTES - 3 and max(lengths) <= MAX_NAME_BYTES
    assert targets(one) == [first]
    (tmp_path / first).touch()
