"""Which file the command line writes, and how it is encoded."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, features

from cutaway.formats import TABLE

Draw = Callable[[Path], Path]


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
