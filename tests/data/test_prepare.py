"""Folders of photos and masks, the writing of sets, and what cannot be asked for."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from data_drawing import draw_mask, draw_photo, draw_set, save
from PIL import Image
from prepare_sets import HEIGHT, WIDTH, encoded, mask_of, photo, put, stems

from cutaway.data.described import read_dataset_toml
from cutaway.data.prepare import FORMATS, Prepared, Wishes, prepare, write
from cutaway.data.prepare.photos import read_photo
from cutaway.errors import CutawayError, DataError, OptionError, OutputError, OutputExistsError


def found(made: Prepared) -> dict[str, tuple[str, ...]]:
    return {finding.kind: finding.names for finding in made.findings}


def people(src: Path, dst: Path, **more: Any) -> Prepared:
    return prepare("person-segmentation", src, dst=dst, **{"check": False, **more})


# -- folders of photos and masks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [1, 255])
def test_masks_of_both_conventions_become_black_and_white(tmp_path: Path, subject: int) -> None:
    for name in "abc":
        photo(tmp_path / f"src/images/{name}.jpg")
        save(tmp_path / f"src/masks/{name}.png", draw_mask(HEIGHT, WIDTH, subject=subject))
    assert people(tmp_path / "src", tmp_path / "dst").sets == {"": 3}
    assert np.array_equal(mask_of(tmp_path / "dst/masks/a.png"), draw_mask(HEIGHT, WIDTH))
    described = read_dataset_toml(tmp_path / "dst")
    assert described is not None
    assert (described.reading, described.classes, described.licence) == ("grey", 2, "see the set's page")


def test_ambiguous_masks_are_asked_about_and_the_answer_is_taken(tmp_path: Path) -> None:
    for number, name in enumerate("ab"):
        photo(tmp_path / f"src/images/{name}.jpg")
        save(tmp_path / f"src/masks/{name}.png", draw_mask(HEIGHT, WIDTH, subject=(1, 255)[number]))
    with pytest.raises(DataError, match="--masks subject:1"):
        people(tmp_path / "src", tmp_path / "dst")
    people(tmp_path / "src", tmp_path / "dst", wishes=Wishes(masks="subject:1"))
    assert mask_of(tmp_path / "dst/masks/a.png").max() == 255
    assert mask_of(tmp_path / "dst/masks/b.png").max() == 0


def test_orphans_namesakes_and_misfits_are_left_out_by_name(tmp_path: Path) -> None:
    src = draw_set(tmp_path / "src", 3)
    save(src / "images/alone.png", draw_photo(9))
    save(src / "masks/lost.png", draw_mask())
    save(src / "images/p000.bmp", draw_photo(0))
    save(src / "masks/p002.png", draw_mask(20, 30))
    save(src / "images/.hidden.png", draw_photo(1))
    made = people(src, tmp_path / "dst")
    assert stems(tmp_path / "dst/images") == ["p000.bmp", "p001.png"]
    assert found(made) == {
        "photos-without-mask": ("alone.png",),
        "masks-without-photo": ("lost.png",),
        "same-name": ("p000.png",),
        "size": ("p002: the mask is 30×20, the photo 60×40",),
    }


def test_names_that_differ_in_capitals_alone_are_one(tmp_path: Path) -> None:
    src = draw_set(tmp_path / "src", 1)
    for folder in ("images", "masks"):
        (src / folder / "P000.png").write_bytes((src / folder / "p000.png").read_bytes())
    if len(stems(src / "images")) == 1:
        pytest.skip("this file system knows no capitals")
    made = people(src, tmp_path / "dst")
    assert (made.pairs, found(made)) == (1, {"same-name": ("p000",)})


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("upright", [True, False])
def test_masks_fit_their_photos_however_these_are_stored(
    tmp_path: Path, orientation: int, upright: bool
) -> None:
    """A mask of the stored size is turned like its photo; one of the upright size is as it should be."""
    corner = np.zeros((HEIGHT, WIDTH), np.uint8)
    corner[:10, :10] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = np.repeat(corner[..., None], 3, axis=2)
    put(tmp_path / "src/images/a.jpg", encoded(lying, "JPEG", exif=exif, quality=100, subsampling=0))
    from cutaway.media.images import read_image

    seen = read_image(tmp_path / "src/images/a.jpg").pixels[..., 1] > 128
    turns = seen.shape != corner.shape
    save(tmp_path / "src/masks/a.png", seen.astype(np.uint8) * 255 if upright or not turns else corner)
    people(tmp_path / "src", tmp_path / "dst")
    assert np.array_equal(mask_of(tmp_path / "dst/masks/a.png") > 0, seen)


def test_photos_of_rare_formats_are_converted(tmp_path: Path) -> None:
    pixels = draw_photo(3)
    put(tmp_path / "src/images/a.ppm", encoded(pixels, "PPM"))
    put(tmp_path / "src/images/b.ppm", encoded(pixels, "PPM")[:500])
    for name in "ab":
        save(tmp_path / f"src/masks/{name}.png", draw_mask())
    made = people(tmp_path / "src", tmp_path / "dst")
    with Image.open(tmp_path / "dst/images/a.png") as image:
        assert np.array_equal(np.asarray(image), pixels)
    assert found(made)["converted"] == ("a.ppm -> .png",)
    assert "b.ppm" in found(made)["unreadable"][0]


def test_an_orientation_behind_the_pixels_of_a_png_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(draw_photo(1), "PNG", exif=exif)
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    moved = data[:start] + data[end:-12] + data[start:end] + data[-12:]
    seen = read_photo(lambda: moved, name="a.png")
    assert (seen.orientation, seen.size, seen.stored_size) == (6, (60, 40), (40, 60))


def test_a_part_to_judge_by_is_named_only_beside_one_to_train_on(tmp_path: Path) -> None:
    assert len(Prepared("voc", tmp_path, {"val": 1}).next_steps()) == 1
    assert len(Prepared("voc", tmp_path, {"train": 1, "val": 1}).next_steps()) == 2


def test_the_spelling_of_a_right_suffix_stays(tmp_path: Path) -> None:
    photo(tmp_path / "src/images/a.JPEG")
    save(tmp_path / "src/masks/a.png", draw_mask(HEIGHT, WIDTH))
    assert found(people(tmp_path / "src", tmp_path / "dst")) == {}
    assert stems(tmp_path / "dst/images") == ["a.JPEG"]


def test_folders_inside_images_stay(tmp_path: Path) -> None:
    for name in ("x/a", "y/a"):
        photo(tmp_path / f"src/images/{name}.jpg")
        save(tmp_path / f"src/masks/{name}.png", draw_mask(HEIGHT, WIDTH))
    people(tmp_path / "src", tmp_path / "dst")
    assert stems(tmp_path / "dst/masks") == ["x/a.png", "y/a.png"]


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (None, "found no such folder"),
        ("file", "found a file"),
        ("", "found an empty folder"),
        ("pictures/a.jpg", "found pictures/"),
        ("images/a.jpg", "looked for images/ and masks/ with files of the same stems; found images/"),
    ],
)
def test_a_wrong_source_says_what_was_looked_for_and_found(
    tmp_path: Path, there: str | None, words: str
) -> None:
    src = tmp_path / "src"
    if there == "file":
        put(src, "text")
    elif there is not None:
        src.mkdir()
        if there:
            put(src / there, "")
    with pytest.raises(DataError, match=words) as error:
        people(src, tmp_path / "dst")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "dst").exists()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_refuses_an_empty_folder_and_a_missing_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "src").mkdir()
    with pytest.raises(DataError, match=f"holds no {name} set: looked for .*; found an empty folder$"):
        prepare(name, tmp_path / "src", dst=tmp_path / "dst")
    with pytest.raises(DataError, match="found no such folder"):
        prepare(name, tmp_path / "nowhere", dst=tmp_path / "dst")
    assert not (tmp_path / "dst").exists()


# -- mattes ------------------------------------------------------------------------------------------------------


def test_mattes_stay_as_soft_as_they_are_and_trimaps_are_ignored(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(WIDTH, dtype=np.uint8) * 6, (HEIGHT, 1))
    photo(tmp_path / "src/train/blurred_image/a.jpg")
    save(tmp_path / "src/train/mask/a.png", ramp)
    save(tmp_path / "src/train/trimap/a.png", ramp)
    photo(tmp_path / "src/validation/P3M-500-NP/original_image/b.jpg")
    save(tmp_path / "src/validation/P3M-500-NP/mask/b.png", np.repeat(ramp[..., None], 3, axis=2))
    made = prepare("matting", tmp_path / "src", dst=tmp_path / "dst", check=False)
    assert made.sets == {"train": 1, "validation/P3M-500-NP": 1}
    assert [step.count(str(tmp_path)) for step in made.next_steps()] == [1, 1]
    assert np.array_equal(mask_of(tmp_path / "dst/train/masks/a.png"), ramp)
    assert np.array_equal(mask_of(tmp_path / "dst/validation/P3M-500-NP/masks/b.png"), ramp)
    described = read_dataset_toml(tmp_path / "dst/train")
    assert described is not None
    assert (described.reading, described.classes) == ("grey", 1)


def test_mattes_in_the_source_itself(tmp_path: Path) -> None:
    photo(tmp_path / "src/original/a.jpg")
    save(tmp_path / "src/alpha/a.png", draw_mask(HEIGHT, WIDTH))
    made = prepare("matting", tmp_path / "src", dst=tmp_path / "dst", check=False)
    assert made.sets == {"": 1}
    assert made.next_steps() == [f"Next: cutaway train {tmp_path / 'dst'} -o RUN"]


# -- writing -----------------------------------------------------------------------------------------------------


def test_a_folder_with_something_in_it_is_refused_and_stays(tmp_path: Path) -> None:
    src = draw_set(tmp_path / "src", 2)
    put(tmp_path / "dst/mine.txt", "mine")
    with pytest.raises(OutputExistsError, match=r"dst is not empty \(mine.txt\)"):
        people(src, tmp_path / "dst")
    assert stems(tmp_path / "dst") == ["mine.txt"]
    with pytest.raises(OutputExistsError, match="is a file"):
        people(src, tmp_path / "dst/mine.txt")


def test_an_empty_folder_is_filled_and_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    src = draw_set(tmp_path / "src", 2)
    put(tmp_path / "dst" / write.STAGING / "images/half.png", "half")
    people(src, tmp_path / "dst")
    assert stems(tmp_path / "dst") == [
        "dataset.toml",
        *(f"{d}/p00{n}.png" for d in ("images", "masks") for n in (0, 1)),
    ]


@pytest.mark.parametrize("was_there", [True, False])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, was_there: bool) -> None:
    src = draw_set(tmp_path / "src", 4)
    if was_there:
        (tmp_path / "dst").mkdir()

    def interrupt(step: str, done: int, total: int) -> None:
        assert any((tmp_path / "dst" / write.STAGING).rglob("*.png"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        people(src, tmp_path / "dst", progress=interrupt)
    assert (tmp_path / "dst").exists() == was_there
    assert stems(tmp_path / "dst") == []
    assert people(src, tmp_path / "dst").pairs == 4


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    src = draw_set(tmp_path / "src", 2)

    def full(*_: object, **__: object) -> None:
        raise OutputError("cannot write p000.png: No space left on device")

    monkeypatch.setattr(write, "write_atomic", full)
    with pytest.raises(OutputError, match="No space left"):
        people(src, tmp_path / "dst")
    assert not (tmp_path / "dst").exists()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    src = draw_set(tmp_path / "src", 2)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match=r"cannot write .*dst: Permission denied"):
        people(src, tmp_path / "dst")


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path) -> None:
    put(tmp_path / "src/images/a.jpg", b"\xff\xd8\xff broken")
    save(tmp_path / "src/masks/a.png", draw_mask())
    with pytest.raises(
        DataError, match=r"not one pair could be made: 1 photo cannot be read; left out: a.jpg"
    ):
        people(tmp_path / "src", tmp_path / "dst")
    assert not (tmp_path / "dst").exists()


def test_the_check_at_the_end_decides_whether_all_is_well(tmp_path: Path) -> None:
    made = people(draw_set(tmp_path / "src", 1), tmp_path / "dst", check=True)
    assert not made.ok  # one pair is too few to train on
    assert "training needs at least 2" in made.text()
    assert people(draw_set(tmp_path / "more", 3), tmp_path / "all", check=True).ok


# -- what cannot be asked for ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wishes", "words"),
    [
        ("oxford-pest", Wishes(), "no data set format 'oxford-pest'. Did you mean 'oxford-pets'"),
        (
            "oxford-pets",
            Wishes(names=("cat",)),
            "--class means nothing for oxford-pets; it is for supervisely, coco",
        ),
        ("coco", Wishes(classes=3), "--classes means nothing for coco; it is for oxford-pets"),
        ("coco", Wishes(holes=("x",)), "--hole means nothing for coco; it is for labelme"),
        ("voc", Wishes(masks="grey"), "--masks means nothing for voc; it is for person-segmentation"),
        ("matting", Wishes(empty=True), "--empty means nothing for matting"),
        ("voc", Wishes(download=True), "--download means nothing for voc"),
        ("oxford-pets", Wishes(classes=4), "--classes must be 2 or 3, not 4"),
        ("oxford-pets", Wishes(url="http://x/"), "--url needs --download"),
    ],
)
def test_impossible_wishes_are_refused(tmp_path: Path, name: str, wishes: Wishes, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        prepare(name, tmp_path, dst=tmp_path / "dst", wishes=wishes)


# -- the command -------------------------------------------------------------------------------------------------


def run(*args: object) -> Any:
    """`cutaway data prepare ARGS...`, in this process."""
    from cutaway.cli.data_prepare import prepare as command

    group = click.Group("data")
    group.add_command(command)
    return CliRunner().invoke(group, ["prepare", *map(str, args)], standalone_mode=False)


def test_the_command_prepares_and_says_so(tmp_path: Path) -> None:
    ran = run("person-segmentation", draw_set(tmp_path / "src", 3), tmp_path / "my set")
    assert ran.return_value == 0
    assert "person-segmentation: 3 pairs in" in ran.stdout
    assert ran.stdout.endswith(f'Next: cutaway train "{tmp_path / "my set"}" -o RUN\n')
    assert ran.stderr == ""


def test_the_command_passes_every_option_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def note(name: str, src: Path, **given: Any) -> Prepared:
        seen.append((name, src, given.pop("progress") is not None, given))
        return Prepared(name, tmp_path, {"": 1})

    monkeypatch.setattr("cutaway.data.prepare.prepare", note)
    flags = ["--class", "a", "--class", "b", "--hole", "c", "--classes", "3", "--masks", "grey", "--empty"]
    ran = run("coco", "src", "dst", *flags, "--download", "--url", "http://x/", "--no-check")
    assert ran.return_value == 0
    wishes = Wishes(("a", "b"), ("c",), 3, "grey", True, True, "http://x/")
    assert seen == [("coco", Path("src"), True, {"dst": Path("dst"), "wishes": wishes, "check": False})]


def test_the_command_answers_1_if_the_result_cannot_be_trained_on(tmp_path: Path) -> None:
    src = draw_set(tmp_path / "src", 1)
    assert run("person-segmentation", src, tmp_path / "a").return_value == 1
    assert run("person-segmentation", src, tmp_path / "b", "--no-check").return_value == 0


def test_the_command_raises_what_cannot_be_done(tmp_path: Path) -> None:
    assert isinstance(run("coco", tmp_path, tmp_path / "a").exception, CutawayError)
    assert isinstance(run("coco", tmp_path).exception, click.UsageError)


def test_the_bar_counts_photos_and_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    from cutaway.cli.data_prepare import _drawn_by
    from cutaway.cli.progress import Progress

    drawn = io.StringIO()
    monkeypatch.setattr("cutaway.cli.progress.REDRAW_S", 0)
    show = _drawn_by(Progress(0, drawn))
    show("photos", 3, 12)
    show("images.tar.gz", 5 << 20, 10 << 20)
    assert "3/12" in drawn.getvalue()
    assert "5/10" in drawn.getvalue()
    assert "images.tar.gz (MiB)" in drawn.getvalue()


def test_the_help_names_every_format() -> None:
    text = " ".join(run("--help").stdout.split())
    assert all(name in text for name in FORMATS)
