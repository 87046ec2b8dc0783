"""Animations that other programs made, cut out picture by picture."""

from __future__ import annotations

import io
import runpy
from fractions import Fraction
from pathlib import Path

import numpy as np
import PIL
import pytest
from PIL import Image, features

from cutaway.engines.fake import FakeEngine
from cutaway.errors import ImageError, OptionError, OutputError
from cutaway.media import animation
from cutaway.media.animation import AnimationPictures, AnimationReader
from cutaway.media.moving import count_pictures
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.streams.animated import cut_animation
from cutaway.types import Frame, Metadata

FIXTURES = Path(__file__).parents[1] / "media" / "fixtures"
DRAWING = runpy.run_path(str(FIXTURES / "make.py"))
MOVING, DELAYS_MS = DRAWING["moving"](), list(DRAWING["DELAYS_MS"])
PLAYS = {  # 0 is for ever; GIF's 3 means three times again, which gif2webp makes 4
    "background-gifsicle.gif": 4,
    "previous-gifsicle.gif": 4,
    "optimised-gifsicle.gif": 0,
    "once-gifsicle.gif": 1,
    "moving-img2webp.webp": 2,
    "moving-gif2webp.webp": 4,
    "moving-apngasm.png": 2,
}
FORMATS = ["png", "webp", "gif", *(["avif"] if features.check("avif") else [])]


def whole() -> Remover:
    """Takes everything for the subject, so that a result is what its source was."""
    return Remover(engine=FakeEngine(1.0))


def frames(data: bytes) -> list[np.ndarray]:
    image = Image.open(io.BytesIO(data))
    found = []
    for index in range(image.n_frames):
        image.seek(index)
        found.append(np.asarray(image.convert("RGBA")))
    return found


def alike(shown: np.ndarray, drawn: np.ndarray, within: int) -> bool:
    """Whether what can be seen of two pictures is the same."""
    same_alpha = np.abs(shown[..., 3].astype(int) - drawn[..., 3]).max() <= within
    visible = drawn[..., 3] > 0
    return bool(same_alpha and np.abs(shown[visible].astype(int) - drawn[visible]).max() <= within)


# --- reading ---


@pytest.mark.parametrize("name", PLAYS)
def test_pictures_durations_and_loops_are_read(name: str) -> None:
    reader = AnimationReader(FIXTURES / name)
    found = list(reader)
    reader.close()
    assert [round(float(f.time or 0) * 1000) for f in found] == [0, *np.cumsum(DELAYS_MS)[:-1]]
    assert reader.length == Fraction(sum(DELAYS_MS), 1000) and reader.plays == PLAYS[name]
    for frame, drawn in zip(found, MOVING, strict=True):
        assert frame.alpha is not None
        assert alike(
            np.dstack([frame.pixels, frame.alpha]), drawn, 40 if name == "moving-gif2webp.webp" else 4
        )


def test_a_first_picture_for_programs_that_know_no_apng_is_not_part_of_it() -> None:
    data = (FIXTURES / "hidden-first-apngasm.png").read_bytes()
    found = list(AnimationReader(data))
    assert count_pictures(data) == len(found) == 3
    for frame, drawn in zip(found, MOVING[1:], strict=True):
        assert frame.alpha is not None and alike(np.dstack([frame.pixels, frame.alpha]), drawn, 1)


def test_what_moves_is_told_by_content(tmp_path: Path) -> None:
    for name in PLAYS:
        (tmp_path / "a.jpg").write_bytes((FIXTURES / name).read_bytes())
        assert count_pictures(tmp_path / "a.jpg") == count_pictures((FIXTURES / name).read_bytes()) == 4
    for name in ("p3-vips.jpg", "p3-vips.webp", "palette-magick.png", "planes-tiffcp.tif"):
        assert count_pictures(FIXTURES / name) == 1
    for nothing in (b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", tmp_path, tmp_path / "none.gif"):
        assert count_pictures(nothing) == 1


def test_a_tiff_of_pages_does_not_move() -> None:
    out = io.BytesIO()
    Image.new("L", (4, 4)).save(out, "TIFF", save_all=True, append_images=[Image.new("L", (4, 4), 255)])
    assert count_pictures(out.getvalue()) == 1


# --- writing ---


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "name", ["background-gifsicle.gif", "once-gifsicle.gif", "moving-apngasm.png", "moving-img2webp.webp"]
)
def test_an_animation_stays_one(name: str, format: str) -> None:
    made = cut_animation(FIXTURES / name, whole(), format=format)
    assert (made.size, made.pictures) == ((12, 16), 4)
    reader = AnimationReader(made.data)
    times = [round(float(f.time or 0) * 1000) for f in reader]
    assert times == [0, *np.cumsum(DELAYS_MS)[:-1]] and reader.length == Fraction(sum(DELAYS_MS), 1000)
    assert reader.plays == (0 if format == "avif" else PLAYS[name])  # AVIF has no place for it
    within = {"png": 4, "gif": 4, "webp": 50, "avif": 30}[format]
    for shown, drawn in zip(frames(made.data), MOVING, strict=True):
        assert alike(shown, drawn, within)


def test_each_picture_is_cut_out_by_itself() -> None:
    bright = [np.full((40, 40, 3), 20, np.uint8) for _ in range(3)]
    for index, frame in enumerate(bright):
        frame[:, 10 * index : 10 * index + 12] = 240
    out = io.BytesIO()
    first, *rest = map(Image.fromarray, bright)
    first.save(out, "WEBP", save_all=True, append_images=rest, duration=80, lossless=True)
    remover = Remover(engine=FakeEngine())  # brightness is alpha
    made = cut_animation(out.getvalue(), remover, format="png", options=Options(zoom="off"))
    for index, shown in enumerate(frames(made.data)):
        assert shown[20, 10 * index + 6, 3] > 200 and shown[20, (10 * index + 26) % 40, 3] < 50


@pytest.mark.parametrize("format", FORMATS)
def test_a_new_background_and_the_matte_alone(format: str) -> None:
    name = FIXTURES / "moving-img2webp.webp"
    over = frames(cut_animation(name, whole(), format=format, options=Options(background="teal")).data)
    assert len(over) == 4
    assert np.abs(over[2][0, 0].astype(int) - (0, 128, 128, 255)).max() <= 12
    matte = frames(cut_animation(name, whole(), format=format, options=Options(mask_only=True)).data)
    assert matte[1][5, 5, 0] > 240 and matte[1][0, 0, 0] < 12


def test_quality_and_level_reach_the_encoder() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3), np.uint8)
    out = io.BytesIO()
    first, *rest = map(Image.fromarray, noise)
    first.save(out, "PNG", save_all=True, append_images=rest, duration=80)

    def size(format: str, **options: object) -> int:
        made = cut_animation(out.getvalue(), whole(), format=format, options=Options.from_mapping(options))
        return len(made.data)

    assert size("webp", quality=20) < size("webp") < size("webp", quality=100)
    if tuple(map(int, PIL.__version__.split(".")[:2])) >= (12, 1):  # before, Pillow forgot it for animations
        assert size("png", png_level=0) > size("png", png_level=9)
    with pytest.raises(OptionError, match="quality is for"):
        size("gif", quality=20)
    for format in ("jpg", "tiff", "zip"):
        with pytest.raises(OptionError, match=f"{format} cannot move: choose one of png, webp"):
            size(format)
    lossless = cut_animation(out.getvalue(), whole(), format="webp", options=Options(quality=100))
    assert np.array_equal(frames(lossless.data)[1][..., :3], noise[1])


def test_a_profile_goes_along_and_gif_becomes_srgb() -> None:
    profile = Image.open(FIXTURES / "p3-vips.webp").info["icc_profile"]
    codes = np.asarray(Image.open(FIXTURES / "p3-vips.webp").convert("RGB"))
    out = io.BytesIO()
    Image.fromarray(codes).save(
        out,
        "PNG",
        save_all=True,
        append_images=[Image.fromarray(codes[::-1])],
        duration=90,
        icc_profile=profile,
    )
    for format in ("png", "webp", *(["avif"] if "avif" in FORMATS else [])):
        made = cut_animation(out.getvalue(), whole(), format=format)
        assert Image.open(io.BytesIO(made.data)).info["icc_profile"] == profile, format
    shown = frames(cut_animation(out.getvalue(), whole(), format="gif").data)[0][..., :3]
    assert (
        np.abs(shown.astype(int) - DRAWING["drawn"]()).mean() < 4 < np.abs(shown.astype(int) - codes).mean()
    )


# --- damage and bombs ---


@pytest.mark.parametrize("name", [*PLAYS, "hidden-first-apngasm.png"])
def test_a_truncated_animation_is_one_line(name: str) -> None:
    data = (FIXTURES / name).read_bytes()
    outcomes = set()
    for share in (0.3, 0.6, 0.8, 0.9):
        try:
            made = cut_animation(data[: int(len(data) * share)], whole(), format="png")
            outcomes.add(made.pictures)
        except ImageError as error:
            assert "\n" not in str(error)
            outcomes.add(0)
    assert 0 in outcomes


def test_a_huge_canvas_is_refused_from_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_MAX_PIXELS", "100")
    with pytest.raises(ImageError, match="16 x 12 pixels"):
        cut_animation(FIXTURES / "background-gifsicle.gif", whole(), format="gif")


def test_too_many_pixels_are_refused_before_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_PIXELS", 3 * 12 * 16)
    with pytest.raises(OutputError, match="too large"):
        cut_animation(FIXTURES / "background-gifsicle.gif", whole(), format="gif")


def test_one_picture_is_a_still_one() -> None:
    pictures = AnimationPictures("PNG", plays=0)
    pictures.add(Frame(np.zeros((2, 3, 3), np.uint8), metadata=Metadata()), Fraction(0))
    out = io.BytesIO()
    pictures.write(out, end=Fraction(1, 10))
    assert getattr(Image.open(io.BytesIO(out.getvalue())), "n_frames", 1) == 1
