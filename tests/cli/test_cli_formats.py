"""Which file the command line writes, and how it is encoded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from cutaway.formats import TABLE

Draw = Callable[[Path], Path]
FIXTURES = Path(__file__).parents[1] / "media" / "fixtures"


def moving(path: Path) -> Path:
    """A bright square that moves over a dark ground, four pictures."""
    frames = []
    for index in range(4):
        frame = np.full((40, 60, 3), 20, np.uint8)
        frame[10:30, 5 + 10 * index : 25 + 10 * index] = 240
        frames.append(Image.fromarray(frame))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[50, 70, 90, 200], loop=0)
    return path


@pytest.mark.parametrize("format", [f for f in TABLE if f != "avif" or features.check("avif")])
def test_every_format_by_flag_and_by_suffix(remove, here: Path, draw: Draw, format: str) -> None:  # type: ignore[no-untyped-def]
    draw(here / "photo.png")
    assert remove("photo.png", "--format", format, "-q").code == 0
    assert remove("photo.png", "-o", f"x.{format}", "-q").code == 0
    made = (here / f"photo-cutout.{format}").read_bytes()
    assert made == (here / f"x.{format}").read_bytes()
    if format in ("zip", "ora"):
        assert zipfile.is_zipfile(here / f"x.{format}")
    else:
        with Image.open(here / f"x.{format}") as image:
            image.load()
            assert image.size == (128, 96) and image.has_transparency_data == TABLE[format].transparent


def test_quality_goes_with_the_suffix(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "photo.png")
    for quality in (20, 95):
        assert (
            remove("photo.png", "-o", f"{quality}.webp", "--quality", quality, "--background", "teal").code
            == 0
        )
    assert (here / "20.webp").stat().st_size < (here / "95.webp").stat().st_size
    for words in (["-o", "x.png"], ["-o", "out/"], ["--format", "tiff"], []):
        ran = remove("photo.png", "--quality", 50, *words)
        assert ran.code == 2 and len(ran.err.splitlines()) == 1
        assert "quality is for webp, jpg, avif, zip" in ran.err
    assert not (here / "x.png").exists()


def test_png_level(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "photo.png")
    for level in (0, 9):
        assert remove("photo.png", "-o", f"{level}.png", "--png-level", level).code == 0
    assert (here / "0.png").stat().st_size > 128 * 96 * 4 > (here / "9.png").stat().st_size
    ran = remove("photo.png", "-o", "x.webp", "--png-level", 3)
    assert ran.code == 2 and "png_level is for png, zip, ora" in ran.err


# --- animations ---


@pytest.mark.parametrize("target", ["x.png", "x.webp", "x.gif", "x.apng"])
def test_an_animation_gives_an_animation(remove, here: Path, target: str) -> None:  # type: ignore[no-untyped-def]
    moving(here / "in.gif")
    ran = remove("in.gif", "-o", target)
    assert ran.code == 0, ran.err
    with Image.open(here / target) as image:
        durations = []
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(image.info["duration"])
            alpha = np.asarray(image.convert("RGBA"))[..., 3]
            assert alpha[20, 15 + 10 * index] > 200 and alpha[3, 3] < 50
        assert durations == [50, 70, 90, 200] and image.info["loop"] == 0


def test_without_a_word_an_animation_becomes_an_animated_png(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    moving(here / "in.webp")
    ran = remove("in.webp")
    assert ran.code == 0 and ran.err.startswith("in-cutout.png (60×40")
    with Image.open(here / "in-cutout.png") as image:
        assert image.n_frames == 4
    assert "skipped" in remove("in.webp").err


@pytest.mark.parametrize("format", ["jpg", "tiff", "zip", "ora"])
def test_a_format_that_cannot_move_takes_the_first_picture_and_says_so(
    remove, here: Path, format: str
) -> None:  # type: ignore[no-untyped-def]
    moving(here / "in.gif")
    ran = remove("in.gif", "-o", f"x.{format}")
    assert ran.code == 0
    assert f"in.gif moves (4 pictures), {format} does not: the first is taken" in ran.err
    assert (here / f"x.{format}").stat().st_size


def test_an_animation_through_pipes_and_in_folders(remove, here: Path, draw: Draw, stdin) -> None:  # type: ignore[no-untyped-def]
    stdin(moving(here / "in.gif").read_bytes())
    ran = remove("-", "-o", "-", "--format", "gif")
    assert ran.code == 0 and ran.out.startswith(b"GIF89a")
    (here / "folder").mkdir()
    moving(here / "folder" / "a.gif")
    draw(here / "folder" / "b.jpg")
    (here / "folder" / "c.gif").write_bytes((here / "folder" / "a.gif").read_bytes()[:300])
    ran = remove("folder", "-o", "out")
    assert ran.code == 1 and len(ran.errors) == 1 and "c.gif" in ran.errors[0]
    with Image.open(here / "out" / "a.png") as image:
        assert image.n_frames == 4


# --- photos of every kind, whole way ---


@pytest.mark.parametrize(
    "name", sorted(line.split("\t")[0] for line in (FIXTURES / "made.txt").read_text().splitlines())
)
def test_what_other_programs_wrote_goes_the_whole_way(remove, here: Path, name: str) -> None:  # type: ignore[no-untyped-def]
    if name.endswith(".heic"):
        pytest.importorskip("pi_heif", reason="the extra heic is not installed")
    if name.endswith(".avif") and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    ran = remove(FIXTURES / name, "-o", "x.png", "--strip")
    assert ran.code == 0, ran.err
    with Image.open(here / "x.png") as image:
        image.load()
        assert "exif" not in image.info and b"A Painter" not in (here / "x.png").read_bytes()
