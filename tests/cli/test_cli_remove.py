"""`cutaway remove` from the arguments to the files, with the tiny model."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.options import Options
from cutaway.types import Frame

Draw = Callable[[Path], Path]
Files = Callable[[Path], set[str]]


def test_one_photo_lies_beside_its_source(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    source = draw(here / "photo.png").read_bytes()
    ran = remove("photo.png")
    assert (ran.code, ran.out) == (0, b"")
    assert ran.err.startswith("photo-cutout.png (128×96, ")
    assert len(ran.err.splitlines()) == 1
    with Image.open(here / "photo-cutout.png") as result:
        assert (result.format, result.mode, result.size) == ("PNG", "RGBA", (128, 96))
        assert np.asarray(result)[48, 64, 3] > 250 and np.asarray(result)[2, 2, 3] < 5
    assert (here / "photo.png").read_bytes() == source


def test_a_photo_alone_is_short_for_remove(cutaway, bright_model: Path, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "photo.png")
    assert cutaway("photo.png", "--model", bright_model).code == 0
    assert cutaway("-o", "x.png", "--model", bright_model, "photo.png").code == 0
    assert cutaway("--model", bright_model, "-q", "-o", "y.png", "--", "photo.png").code == 0
    assert {p.name for p in here.iterdir()} == {"photo.png", "photo-cutout.png", "x.png", "y.png"}


def test_a_folder_keeps_its_tree_and_a_second_run_does_nothing(
    remove, here: Path, draw: Draw, files: Files
) -> None:  # type: ignore[no-untyped-def]
    for name in ("in/a.jpg", "in/a.png", "in/sub/b.bmp", "in/.hidden.png", "in/._a.jpg"):
        draw(here / name)
    ran = remove("in")
    made = {"in/a.jpg-cutout.png", "in/a.png-cutout.png", "in/sub/b-cutout.png"}
    assert ran.code == 0
    assert ran.err.startswith("3 done in ") and "beside the photos" in ran.err
    sources = {"in/a.jpg", "in/a.png", "in/sub/b.bmp", "in/.hidden.png", "in/._a.jpg"}
    assert files(here) == made | sources
    before = {name: (here / name).stat().st_mtime_ns for name in made}
    again = remove("in")
    assert (again.code, files(here)) == (0, made | sources)
    assert "0 done, 3 skipped (already there)" in again.err
    assert {name: (here / name).stat().st_mtime_ns for name in made} == before


def test_out_folder_inside_the_input_is_not_searched(remove, here: Path, draw: Draw, files: Files) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.jpg")
    draw(here / "sub" / "b.jpg")
    for _ in range(2):
        assert remove(".", "-o", "out").code == 0
        assert files(here) == {"a.jpg", "sub/b.jpg", "out/a.png", "out/sub/b.png"}


def test_results_among_the_inputs_are_left_out_and_not_overwritten(
    remove, here: Path, draw: Draw, files: Files
) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    remove("a.png")
    ran = remove("a.png", "a-cutout.png", "--overwrite")
    assert "a-cutout.png is left out" in ran.err
    assert (ran.code, files(here)) == (0, {"a.png", "a-cutout.png"})


def test_existing_results_are_skipped_unless_overwrite(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    (here / "a-cutout.png").write_bytes(b"mine")
    ran = remove("a.png")
    assert (ran.code, (here / "a-cutout.png").read_bytes()) == (0, b"mine")
    assert "already there" in ran.err
    assert remove("a.png", "--overwrite").code == 0
    assert (here / "a-cutout.png").read_bytes() != b"mine"


def test_nothing_to_do_does_not_even_open_the_model(cutaway, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    (here / "a-cutout.png").touch()
    assert cutaway("a.png", "--model", "no-such-model").code == 0


def test_an_explicit_file_that_exists_is_an_error(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    (here / "x.png").write_bytes(b"mine")
    ran = remove("a.png", "-o", "x.png")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "x.png already exists" in ran.err
    assert (here / "x.png").read_bytes() == b"mine"
    assert remove("a.png", "-o", "x.png", "--overwrite").code == 0


@pytest.mark.parametrize("flag", [(), ("--overwrite",)])
def test_a_source_is_never_overwritten(remove, here: Path, draw: Draw, flag: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    before = draw(here / "a.png").read_bytes()
    assert remove("a.png", "-o", "a.png", *flag).code == 2
    assert remove(".", "-o", ".", *flag).code == 0
    assert (here / "a.png").read_bytes() == before


@pytest.mark.parametrize(
    ("format", "kind"), [("png", "PNG"), ("webp", "WEBP"), ("jpg", "JPEG"), ("tiff", "TIFF")]
)
def test_format(remove, here: Path, draw: Draw, format: str, kind: str) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    ran = remove("a.png", "--format", format)
    with Image.open(here / f"a-cutout.{format}") as result:
        assert result.format == kind
    assert ran.err.count("the background becomes white") == (format == "jpg")


def test_white_is_said_only_without_a_background(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    assert "white" not in remove("a.png", "-o", "x.jpg", "--background", "blue").err
    assert "white" not in remove("a.png", "-o", "y.jpg", "--mask-only").err
    assert "white" in remove("a.png", "-o", "z.jpg").err
    with Image.open(here / "z.jpg") as result:
        assert min(result.convert("RGB").getpixel((2, 2))) > 240
    assert "white" not in remove("a.png", "-o", "s.jpg", "--show", "strip").err
    assert "white" not in remove("a.png", "-o", "e.jpg", "--effect", "blur-subject").err
    assert "white" in remove("a.png", "-o", "f.jpg", "--feather", "2").err


def test_a_bad_file_is_reported_and_the_rest_go_on(remove, here: Path, draw: Draw, files: Files) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    draw(here / "z.png")
    (here / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    (here / "empty.png").touch()
    (here / "text.png").write_text("hello")
    ran = remove(".", "missing.jpg")
    assert ran.code == 1
    assert len(ran.errors) == 4
    for name in ("broken.jpg", "empty.png", "text.png", "missing.jpg"):
        assert any(name in line for line in ran.errors)
    assert "2 done, 4 failed" in ran.err
    assert {n for n in files(here) if "cutout" in n} == {"a-cutout.png", "z-cutout.png"}


def test_nothing_done_is_two(remove, cutaway, here: Path, draw: Draw, files: Files) -> None:  # type: ignore[no-untyped-def]
    (here / "empty.png").touch()
    (here / "folder").mkdir()
    for ran in (remove("empty.png"), remove("folder"), remove("missing"), remove("empty.png", "missing.png")):
        assert ran.code == 2
        assert ran.errors and "Traceback" not in ran.err
    draw(here / "a.png")
    ran = cutaway("a.png", "--model", "no-such-model")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "no-such-model" in ran.err
    assert files(here) == {"a.png", "empty.png"}


@pytest.mark.usefixtures("one_after_the_other")
def test_report(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    draw(here / "b.png")
    (here / "b-cutout.png").touch()
    (here / "c.png").touch()
    assert remove("a.png", "b.png", "c.png", "--report", "r.jsonl").code == 1
    *lines, summary = [json.loads(line) for line in (here / "r.jsonl").read_text().splitlines()]
    assert [(x["input"], x["output"], x["status"], x["width"], x["height"]) for x in lines] == [
        ("a.png", "a-cutout.png", "done", 128, 96),
        ("b.png", "b-cutout.png", "skipped", None, None),
        ("c.png", "c-cutout.png", "failed", None, None),
    ]
    assert [bool(x["error"]) for x in lines] == [False, False, True]
    assert lines[0]["ms"] > 0
    told = summary["summary"]
    assert (told["done"], told["skipped"], told["failed"], told["interrupted"]) == (1, 1, 1, False)


@pytest.mark.usefixtures("one_after_the_other")
def test_report_lines_come_as_photos_finish(remove, here: Path, draw: Draw, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from cutaway.remover import Remover

    draw(here / "a.png")
    draw(here / "b.png")
    real, seen = Remover.remove, []

    def spy(self: Remover, photo: object) -> object:
        seen.append(len((here / "r.jsonl").read_text().splitlines()))
        return real(self, photo)  # type: ignore[arg-type]

    monkeypatch.setattr(Remover, "remove", spy)
    assert remove("a.png", "b.png", "--report", "r.jsonl").code == 0
    assert seen == [0, 1]


def test_a_report_that_cannot_be_written_fails_before_any_work(
    remove, here: Path, draw: Draw, files: Files
) -> None:  # type: ignore[no-untyped-def]
    source = draw(here / "a.png").read_bytes()
    assert remove("a.png", "--report", "no/such/folder/r.jsonl").code == 2
    assert remove("a.png", "--report", "a.png").code == 2
    assert files(here) == {"a.png"}
    assert (here / "a.png").read_bytes() == source


@pytest.mark.usefixtures("one_after_the_other")
def test_an_interrupted_run_keeps_what_is_done(
    remove, here: Path, draw: Draw, files: Files, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    from cutaway.remover import Remover

    for name in "abc":
        draw(here / f"{name}.png")
    real = Remover.remove

    def remove_one(self: Remover, photo: Frame) -> object:
        if str(photo.metadata.source).endswith("b.png"):
            raise KeyboardInterrupt
        return real(self, photo)

    monkeypatch.setattr(Remover, "remove", remove_one)
    ran = remove(".", "--report", "r.jsonl")
    assert ran.code == 130
    assert "Traceback" not in ran.err
    assert "1 done, 2 left" in ran.err
    assert files(here) == {"a.png", "b.png", "c.png", "a-cutout.png", "r.jsonl"}
    summary = json.loads((here / "r.jsonl").read_text().splitlines()[-1])["summary"]
    assert (summary["interrupted"], summary["done"], summary["left"]) == (True, 1, 2)


@pytest.mark.usefixtures("one_after_the_other")
def test_a_full_disk_stops_the_run(remove, here: Path, draw: Draw, files: Files, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import errno

    from cutaway.media import files as media_files

    for name in "abcd":
        draw(here / f"{name}.png")
    real, calls = media_files._create, []

    def create(path: Path) -> object:
        calls.append(path)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path)

    monkeypatch.setattr(media_files, "_create", create)
    ran = remove(".", "--report", "r.jsonl")
    assert (ran.code, len(calls)) == (1, 2)
    assert "the disk is full: stopped with 2 photos left" in ran.err
    assert {n for n in files(here) if "cutout" in n} == {"a-cutout.png"}
    assert (
        json.loads((here / "r.jsonl").read_text().splitlines()[-1])["summary"]["stopped"]
        == "the disk is full"
    )


def test_a_folder_that_may_not_be_written(remove, here: Path, draw: Draw, files: Files, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from cutaway.media import files as media_files

    draw(here / "a.png")

    def refuse(path: Path) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(media_files, "_create", refuse)
    ran = remove("a.png")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "Permission denied" in ran.err
    assert files(here) == {"a.png"}


def test_an_error_nobody_foresaw_is_one_line_and_a_traceback_with_v(
    remove, here: Path, draw: Draw, monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    from cutaway.remover import Remover

    draw(here / "a.png")

    def fail(self: Remover, photo: object) -> object:
        raise TypeError("odd")

    monkeypatch.setattr(Remover, "remove", fail)
    ran = remove("a.png")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert "unexpected TypeError: odd; run again with -v" in ran.err
    assert "Traceback" in remove("a.png", "-v").err


@pytest.mark.parametrize(
    "name",
    [
        "ünï 写真 🐈.png",
        "two words.png",
        " lead and trail .png",
        "-dash.png",
        "--help.png",
        "a'\"$&;%.png",
        "e\u0301.png",
    ],
)
def test_odd_names(remove, here: Path, draw: Draw, name: str) -> None:  # type: ignore[no-untyped-def]
    try:
        draw(here / name)
    except OSError:
        pytest.skip("such a name cannot be made here")
    ran = remove("--", name)
    assert (ran.code, ran.errors) == (0, [])
    assert (here / f"{name[:-4]}-cutout.png").exists()


def test_a_leading_dash_after_two_dashes(cutaway, bright_model: Path, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "-o.png")
    assert cutaway("--model", bright_model, "--", "-o.png").code == 0
    assert (here / "-o-cutout.png").exists()


def test_a_name_of_the_greatest_length(remove, here: Path, draw: Draw, files: Files) -> None:  # type: ignore[no-untyped-def]
    name = "x" * 251 + ".png"
    try:
        draw(here / name)
    except OSError:
        pytest.skip("such a long name cannot be made here")
    assert remove(name).code == 0
    assert len(files(here)) == 2
    assert "skipped" in remove(name).err
    assert "skipped" in remove(".", "-q", "-v").err or len(files(here)) == 2


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are always Unicode here")
def test_a_name_that_is_not_utf8(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "x.png").rename(here / os.fsdecode(b"caf\xe9.png"))
    ran = remove(os.fsdecode(b"caf\xe9.png"), "--report", "r.jsonl")
    assert ran.code == 0
    assert "\\udce9" in ran.err
    assert (here / os.fsdecode(b"caf\xe9-cutout.png")).exists()
    first = json.loads((here / "r.jsonl").read_text().splitlines()[0])
    assert os.fsencode(first["input"]) == b"caf\xe9.png"
    assert remove(os.fsdecode(b"\xff.png")).code == 2


def test_one_pixel(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    Image.new("RGB", (1, 1), "white").save(here / "dot.png")
    assert remove("dot.png").code == 0
    with Image.open(here / "dot-cutout.png") as result:
        assert result.size == (1, 1)


def test_more_than_100_megapixels(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    Image.new("1", (10400, 9700)).save(here / "huge.png")
    ran = remove("huge.png", "--mask-only", "-o", "mask.jpg", "--report", "r.jsonl")
    assert ran.code == 0, ran.err
    assert json.loads((here / "r.jsonl").read_text().splitlines()[0])["width"] == 10400


def test_what_is_said_is_the_size_of_the_result(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    Image.new("RGB", (50, 70), "teal").save(here / "ground.png")
    ran = remove("a.png", "-o", "x.png", "--background", "ground.png", "--canvas", "background")
    assert ran.err.startswith("x.png (50×70, ")
    ran = remove("a.png", "-o", "y.png", "--show", "strip", "--report", "r.jsonl")
    assert ran.err.startswith("y.png (404×96, ")
    line = json.loads((here / "r.jsonl").read_text().splitlines()[0])
    assert (line["width"], line["height"]) == (404, 96)
    with Image.open(here / "y.png") as strip:
        assert (strip.mode, strip.size) == ("RGB", (404, 96))


def test_every_option_is_a_flag(cutaway) -> None:  # type: ignore[no-untyped-def]
    shown = cutaway("remove", "--help").out.decode()
    words = shown.split()
    for field in fields(Options):
        assert f"--{field.name.replace('_', '-')}" in words
        assert field.metadata["help"].split()[0] in words


@pytest.mark.parametrize(
    "flags",
    [
        ("--threads", "-1"),
        ("--threads", "x"),
        ("--format", "jxl"),
        ("--background", "nocolour"),
        ("--fromat", "png"),
        ("--mask-only", "--background", "red"),
        ("--device", "gpu"),
        ("--zoom", "on"),
        ("--feather", "-1"),
        ("--feather", "soft"),
        ("--fit", "fill"),
        ("--canvas", "background"),
        ("--canvas", "background", "--background", "teal"),
        ("--effect", "blur-subject", "--background", "red"),
        ("--effect", "blur-subject", "--mask-only"),
        ("--show", "strip", "--mask-only"),
        ("-o", "x.png", "--format", "jpg"),
        ("-o", ""),
    ],
)
def test_wrong_usage_is_two_and_touches_nothing(
    remove, here: Path, draw: Draw, files: Files, flags: tuple[str, ...]
) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    ran = remove("a.png", *flags)
    assert (ran.code, len(ran.errors), ran.out) == (2, 1, b"")
    assert "Traceback" not in ran.err
    assert files(here) == {"a.png"}
