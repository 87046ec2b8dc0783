"""What can be made of a result: other backgrounds, arrays, images and files, in the right colours."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from PIL import Image

from cutaway.engines.fake import FakeEngine
from cutaway.errors import (
    OptionError,
    OutputError,
    OutputExistsError,
)
from cutaway.lengths import read_position
from cutaway.options import Effect, Options
from cutaway.pixels.layout import fitted
from cutaway.remover import Remover
from cutaway.result import Result
from cutaway.types import Cutout, Fit, Frame, Matte
from remover_samples import INSIDE, OUTSIDE, half, opened, png, red_blue, swapped_profile


@pytest.fixture
def fake() -> Remover:
    """Bright is subject, in proportion."""
    return Remover(engine=FakeEngine())


# --- colour -------------------------------------------------------------------------------------------------


def test_a_transparent_result_keeps_pixels_and_profile(caplog: pytest.LogCaptureFixture) -> None:
    profile = swapped_profile()
    result = half().remove(png(red_blue(), icc_profile=profile))
    with caplog.at_level(logging.INFO, "cutaway"):
        assert result.to_pil().info["icc_profile"] == profile
        np.testing.assert_array_equal(result.to_numpy()[..., :3], red_blue())
        assert opened(result.to_bytes()).info["icc_profile"] == profile
    assert "sRGB" not in caplog.text


def test_a_new_background_makes_everything_srgb_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    profile = swapped_profile()
    result = Remover(engine=FakeEngine(1.0)).remove(png(red_blue(), icc_profile=profile))
    with caplog.at_level(logging.INFO, "cutaway"):
        on_white = result.over("white")
        np.testing.assert_allclose(on_white.to_numpy()[0, 0], [10, 60, 250], atol=4)
    assert on_white.picture.metadata.icc_profile is None
    assert "icc_profile" not in opened(on_white.to_bytes()).info
    assert caplog.text.count("the photo was converted") == 1


def test_a_background_with_a_profile_becomes_srgb(disc: np.ndarray) -> None:
    behind = Image.open(io.BytesIO(png(red_blue(), icc_profile=swapped_profile())))
    result = Remover(engine=FakeEngine(0.0)).remove(disc).over(behind)
    np.testing.assert_allclose(result.to_numpy()[0, 0], [10, 60, 250], atol=4)


# --- backgrounds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 257])
def test_a_white_subject_over_white_is_white(depth: int) -> None:
    white = np.full((9, 9, 3), 255, np.uint8) if depth == 1 else np.full((9, 9, 3), 65535, np.uint16)
    for alpha in np.linspace(0, 1, 41):
        result = Remover(engine=FakeEngine(float(alpha))).remove(white, options=Options(background="white"))
        assert (result.to_numpy() == white).all()


def test_over_a_colour(fake: Remover, disc: np.ndarray) -> None:
    result = half().remove(disc, options=Options(background="#ff8000"))
    assert isinstance(result.picture, Frame)
    np.testing.assert_array_equal(result.to_numpy()[OUTSIDE], [round((30 + 255) / 2 - 0.1), 79, 15])
    assert result.to_pil().mode == "RGB"


def test_over_a_translucent_colour_is_a_cutout(disc: np.ndarray) -> None:
    result = Remover(engine=FakeEngine(0.0)).remove(disc, options=Options(background="#ff800080"))
    assert isinstance(result.picture, Cutout)
    np.testing.assert_array_equal(result.to_numpy()[OUTSIDE], [255, 128, 0, 128])


def test_over_pictures_of_every_kind(disc: np.ndarray, tmp_path: Path) -> None:
    ground = np.tile(np.array([5, 6, 7], np.uint8), (40, 10, 1))
    path = tmp_path / "ground.png"
    path.write_bytes(png(ground))
    result = half().remove(disc)
    wanted = result.over(str(path)).to_numpy()
    np.testing.assert_array_equal(wanted[INSIDE], np.rint((230 + np.array([5.0, 6, 7])) / 2))
    for background in (path, path.read_bytes(), Image.fromarray(ground), ground):
        np.testing.assert_array_equal(result.over(background).to_numpy(), wanted)
    again = half().remove(disc, options=Options(background=str(path)))
    np.testing.assert_array_equal(again.to_numpy(), wanted)


def test_a_background_picture_with_alpha_lets_through(disc: np.ndarray) -> None:
    ground = np.tile(np.array([5, 6, 7, 51], np.uint8), (10, 10, 1))
    result = Remover(engine=FakeEngine(0.0)).remove(disc).over(ground)
    np.testing.assert_array_equal(result.to_numpy()[OUTSIDE], [5, 6, 7, 51])


def test_over_undoes_what_was_there_before(disc: np.ndarray) -> None:
    result = half().remove(disc)
    mask = half().remove(disc, options=Options(mask_only=True))
    np.testing.assert_array_equal(
        mask.over("red").to_numpy(), result.over(np.zeros_like(disc)).over("red").to_numpy()
    )
    assert isinstance(result.over("red").over("none").picture, Cutout)


def test_blur_keeps_the_subject_out_of_the_background(bright_model: Path, disc: np.ndarray) -> None:
    result = Remover(bright_model).remove(disc, options=Options(background="blur:6"))
    pixels = result.to_numpy().astype(int)
    assert np.abs(pixels[result.matte.alpha < 0.001] - 30).max() <= 2
    assert np.abs(pixels[INSIDE] - 230).max() <= 1
    assert half().remove(disc).over("blur").to_numpy().shape == disc.shape


def test_a_glowing_subject_leaves_no_colour_in_the_blurred_ground() -> None:
    """A matte as networks draw it, soft and two pixels too narrow; the subject red, the ground blue."""
    photo = np.full((120, 160, 3), (0, 0, 80), np.uint8)
    photo[38:82, 58:102] = (255, 0, 0)
    alpha = np.zeros((120, 160), np.float32)
    alpha[40:80, 60:100] = 1
    alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 2), np.float32)
    frame = Frame(photo)
    options = Options(background="blur:8", foreground=False)
    ground = Result(frame, Matte(alpha), Cutout(photo, alpha * 0), options).to_numpy()
    near = ground[30:90, 50:110].astype(int)
    assert near[..., 0].max() <= 2 and near[..., 2].min() >= 78
    plain = cv2.GaussianBlur(photo, (0, 0), 8)[30:90, 50:110]
    assert plain[..., 0].max() > 200  # which a plain blur would show


def test_the_position_of_a_background_picture(disc: np.ndarray, tmp_path: Path) -> None:
    ground = striped(40, 100)
    path = tmp_path / "ground.png"
    path.write_bytes(png(ground))
    nothing = Remover(engine=FakeEngine(0.0))
    wanted = fitted(ground, (96, 128), fit="center", position=read_position("right 10px"))
    options = Options(background=str(path), fit="center", position="right 10px")
    np.testing.assert_array_equal(nothing.remove(disc, options=options).to_numpy(), wanted)
    for behind in (path, str(path)):
        result = nothing.remove(disc).over(behind, fit="center", position="right 10px")
        np.testing.assert_array_equal(result.to_numpy(), wanted)
        np.testing.assert_array_equal(result.over(behind).to_numpy(), wanted)  # kept, as fit is


def test_blur_does_not_use_what_the_photo_hides() -> None:
    pixels = np.full((60, 60, 4), (30, 30, 30, 255), np.uint8)
    pixels[:, :30] = (255, 0, 0, 0)
    result = Remover(engine=FakeEngine(0.0)).remove(pixels).over("blur:5")
    assert np.abs(result.to_numpy()[:, 30:].astype(int) - 30).max() <= 2


def test_the_background_picture_is_read_once_until_it_changes(
    disc: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cutaway.media import images

    read, real = [], images.read_image
    monkeypatch.setattr(images, "read_image", lambda source: read.append(source) or real(source))
    path = tmp_path / "ground.png"
    path.write_bytes(png(disc))
    remover = Remover(engine=FakeEngine(0.0), options=Options(background=str(path)))
    for _ in range(3):
        remover.remove(disc).to_numpy()
    assert [source for source in read if isinstance(source, str)] == [str(path)]
    path.write_bytes(png(disc // 2))
    os.utime(path, (1, 1))
    np.testing.assert_array_equal(remover.remove(disc).to_numpy(), disc // 2)


# --- backgrounds of another size ----------------------------------------------------------------------------


def striped(height: int, width: int) -> np.ndarray:
    """Columns that tell where they are, uint8 (height, width, 3)."""
    return np.tile(np.arange(width, dtype=np.uint8)[None, :, None], (height, 1, 3))


@pytest.mark.parametrize("fit", get_args(Fit))
def test_over_a_picture_fitted_in_every_way(disc: np.ndarray, tmp_path: Path, fit: Fit) -> None:
    ground = striped(40, 100)
    path = tmp_path / "ground.png"
    path.write_bytes(png(ground))
    nothing = Remover(engine=FakeEngine(0.0))
    wanted = fitted(ground, (96, 128), fit=fit)
    result = nothing.remove(disc, options=Options(background=str(path), fit=fit))
    np.testing.assert_array_equal(result.to_numpy(), wanted)
    np.testing.assert_array_equal(nothing.remove(disc).over(ground, fit=fit).to_numpy(), wanted)
    np.testing.assert_array_equal(result.over(ground).to_numpy(), wanted)  # the options' fit holds for over
    np.testing.assert_array_equal(nothing.remove(disc).over(str(path), fit=fit).to_numpy(), wanted)


def test_a_translucent_picture_that_leaves_room_is_translucent_there_too(disc: np.ndarray) -> None:
    ground = np.tile(np.array([5, 6, 7, 51], np.uint8), (10, 10, 1))
    result = Remover(engine=FakeEngine(0.0)).remove(disc).over(ground, fit="center")
    assert (result.to_numpy() == (5, 6, 7, 51)).all()


def test_the_canvas_of_the_background(bright_model: Path, disc: np.ndarray, tmp_path: Path) -> None:
    ground = striped(200, 240)
    path = tmp_path / "ground.png"
    path.write_bytes(png(ground))
    remover = Remover(bright_model, Options(threads=1))
    result = remover.remove(disc, options=Options(background=str(path), canvas="background"))
    pixels = result.to_numpy()
    assert result.picture.size == (200, 240)
    np.testing.assert_array_equal(pixels[:20], ground[:20])
    assert (pixels[95:105, 115:125] == 230).all()  # the disc, in the middle
    np.testing.assert_array_equal(remover.remove(disc).over(ground, canvas="background").to_numpy(), pixels)
    deep = remover.remove(disc.astype(np.uint16) * 257).over(ground, canvas="background").to_numpy()
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep[:20], ground[:20].astype(np.uint16) * 257)


def test_the_canvas_of_a_translucent_background(disc: np.ndarray) -> None:
    ground = np.tile(np.array([5, 6, 7, 51], np.uint8), (200, 240, 1))
    result = Remover(engine=FakeEngine(1.0)).remove(disc).over(ground, canvas="background")
    assert isinstance(result.picture, Cutout)
    assert result.to_numpy()[0, 0].tolist() == [5, 6, 7, 51]
    assert result.to_numpy()[100, 120].tolist() == [230, 230, 230, 255]


def test_over_another_background_falls_back_to_the_photos_size(disc: np.ndarray) -> None:
    result = half().remove(disc).over(striped(50, 60), canvas="background")
    assert result.to_numpy().shape == (50, 60, 3)
    assert result.over(striped(10, 20)).to_numpy().shape == (10, 20, 3)
    assert result.over("red").to_numpy().shape == disc.shape
    assert isinstance(result.over("none").picture, Cutout)


def test_over_refuses_what_cannot_be(disc: np.ndarray) -> None:
    result = half().remove(disc)
    with pytest.raises(OptionError, match="canvas 'background' takes its size"):
        result.over("red", canvas="background")
    with pytest.raises(OptionError, match="canvas 'mine'"):
        result.over(disc, canvas="mine")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="fit 'fill'"):
        result.over(disc, fit="fill")  # type: ignore[arg-type]


# --- effects ------------------------------------------------------------------------------------------------

EFFECTS = [e for e in get_args(Effect) if e != "none"]
HIDING = ["blur-subject", "pixelate-subject"]


@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_is_an_opaque_picture_of_the_photos_size(effect: Effect, disc: np.ndarray) -> None:
    for photo in (disc, disc.astype(np.uint16) * 257, np.dstack([disc, np.full((96, 128), 9, np.uint8)])):
        result = half().remove(photo, options=Options(effect=effect))
        assert isinstance(result.picture, Frame) and result.picture.alpha is None
        assert result.to_numpy().shape == disc.shape
        assert result.to_numpy().dtype == photo.dtype


@pytest.mark.parametrize("effect", HIDING)
def test_nothing_of_the_subject_survives(effect: Effect, bright_model: Path) -> None:
    photo = np.full((200, 300, 3), (20, 60, 20), np.uint8)
    photo[50:150, 100:200:2] = (255, 255, 160)
    photo[50:150, 101:200:2] = (160, 255, 255)
    remover = Remover(bright_model, Options(threads=1))
    result = remover.remove(photo, options=Options(effect=effect)).to_numpy()
    assert (result != photo).any(axis=2)[50:150, 100:200].all()
    np.testing.assert_array_equal(result[:, :60], photo[:, :60])
    inside = result[60:140, 110:190].astype(int)
    assert np.abs(np.diff(inside, axis=1)).max() < 40  # the stripes are gone


def test_grey_background(bright_model: Path) -> None:
    photo = np.full((90, 120, 3), (90, 20, 20), np.uint8)
    photo[30:60, 40:80] = (255, 255, 100)
    result = Remover(bright_model).remove(photo, options=Options(effect="grey-background")).to_numpy()
    assert result[45, 60].tolist() == [255, 255, 100]
    assert np.ptp(result[5, 5].astype(int)) == 0
    assert abs(int(result[5, 5, 0]) - 41) <= 1


def test_an_effect_keeps_the_profile(caplog: pytest.LogCaptureFixture) -> None:
    photo = png(red_blue(), icc_profile=swapped_profile())
    nothing = Remover(engine=FakeEngine(0.0))
    with caplog.at_level(logging.INFO, "cutaway"):
        result = nothing.remove(photo, options=Options(effect="blur-subject"))
        np.testing.assert_array_equal(result.to_numpy(), red_blue())
    assert result.picture.metadata.icc_profile == swapped_profile()
    assert "sRGB" not in caplog.text


def test_an_effect_does_not_bring_back_what_the_photo_hides(disc: np.ndarray) -> None:
    hidden = np.dstack([disc, np.zeros(disc.shape[:2], np.uint8)])
    for effect in EFFECTS:
        result = Remover(engine=FakeEngine(0.0)).remove(hidden, options=Options(effect=effect))
        assert (result.to_numpy() == 255).all()


def test_over_gives_up_the_effect(disc: np.ndarray) -> None:
    blurred = half().remove(disc, options=Options(effect="blur-subject"))
    wanted = half().remove(disc)
    for background in ("red", "none", disc):
        np.testing.assert_array_equal(blurred.over(background).to_numpy(), wanted.over(background).to_numpy())


# --- strips -------------------------------------------------------------------------------------------------


def test_a_strip_is_photo_line_matte_line_result(fake: Remover, disc: np.ndarray) -> None:
    result = fake.remove(disc, options=Options(show="strip"))
    assert isinstance(result.picture, Frame)
    row = result.to_numpy()
    assert row.shape == (96, 3 * 128 + 20, 3)
    assert (row[:, 128:138] == 128).all() and (row[:, 266:276] == 128).all()
    np.testing.assert_array_equal(row[:, :128], disc)
    mask = fake.remove(disc, options=Options(mask_only=True)).to_numpy()
    np.testing.assert_array_equal(row[:, 138:266], mask[..., None].repeat(3, axis=2))
    np.testing.assert_array_equal(row[:, 276:], fake.remove(disc).over("white").to_numpy())


@pytest.mark.parametrize("settings", [{"background": "teal"}, {"effect": "blur-subject"}, {"feather": 4.0}])
def test_a_strip_ends_in_what_else_was_asked_for(
    settings: dict[str, object], fake: Remover, disc: np.ndarray
) -> None:
    row = fake.remove(disc, options=Options.from_mapping({**settings, "show": "strip"})).to_numpy()
    alone = fake.remove(disc, options=Options.from_mapping(settings))
    last = alone.over("white") if "feather" in settings else alone
    np.testing.assert_array_equal(row[:, 276:], last.to_numpy())
    np.testing.assert_array_equal(row[:, 138:266, 0], np.rint(alone.cutout.alpha * 255))


def test_a_translucent_background_in_a_strip_lies_on_white(disc: np.ndarray) -> None:
    options = Options(background="#00000080", show="strip")
    row = Remover(engine=FakeEngine(0.0)).remove(disc, options=options).to_numpy()
    assert (row[:, 276:] == 127).all()


def test_a_strip_of_a_deep_transparent_photo_with_a_profile() -> None:
    deep = np.dstack([red_blue().astype(np.uint16) * 257, np.zeros((20, 30), np.uint16)])
    row = half().remove(deep, options=Options(show="strip")).to_numpy()
    assert row.dtype == np.uint16
    assert (row[:, :30] == 65535).all() and (row[:, 80:] == 65535).all()
    photo = png(red_blue(), icc_profile=swapped_profile())
    result = Remover(engine=FakeEngine(1.0)).remove(photo, options=Options(show="strip"))
    assert result.picture.metadata.icc_profile is None
    np.testing.assert_array_equal(result.to_numpy()[:, :30], result.to_numpy()[:, 80:])
    np.testing.assert_allclose(result.to_numpy()[0, 0], [10, 60, 250], atol=4)


def test_a_result_of_another_size_is_brought_to_the_photos_height(disc: np.ndarray) -> None:
    result = half().remove(disc, options=Options(show="strip")).over(striped(48, 50), canvas="background")
    assert result.to_numpy().shape == (96, 2 * 128 + 20 + 100, 3)


# --- files --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        ("a.png", "PNG", "RGBA"),
        ("a.webp", "WEBP", "RGBA"),
        ("a.jpg", "JPEG", "RGB"),
        ("a.JPEG", "JPEG", "RGB"),
        ("a.tif", "TIFF", "RGBA"),
        ("a", "PNG", "RGBA"),
    ],
)
def test_save_takes_the_format_from_the_suffix(
    fake: Remover, disc: np.ndarray, tmp_path: Path, name: str, kind: str, mode: str
) -> None:
    path = tmp_path / "new folder" / name
    fake.remove(disc).save(path)
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == (kind, mode, (128, 96))


def test_the_options_format_comes_before_the_suffix(fake: Remover, disc: np.ndarray, tmp_path: Path) -> None:
    result = fake.remove(disc, options=Options(format="webp"))
    result.save(tmp_path / "a.png")
    assert opened(tmp_path / "a.png").format == "WEBP"
    assert opened(result.to_bytes()).format == "WEBP"
    assert opened(result.to_bytes("png")).format == "PNG"


def test_an_unknown_suffix_is_refused(fake: Remover, disc: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"'\.xyz'.*png"):
        fake.remove(disc).save(tmp_path / "a.xyz")
    assert list(tmp_path.iterdir()) == []


def test_saved_pixels_are_the_result(fake: Remover, disc: np.ndarray, tmp_path: Path) -> None:
    result = fake.remove(disc, options=Options(background="teal"))
    result.save(tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(opened(tmp_path / "a.png")), result.to_numpy())
    np.testing.assert_array_equal(np.asarray(result.to_pil()), result.to_numpy())


def test_the_photo_itself_is_never_overwritten(fake: Remover, disc: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(png(disc))
    before = path.read_bytes()
    for name in (path, tmp_path / "sub" / ".." / "photo.png"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        with pytest.raises(OutputError, match="photo itself"):
            fake.remove(path).save(name)
    assert path.read_bytes() == before


def test_existing_results_are_kept_when_asked(fake: Remover, disc: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    fake.remove(disc).save(path)
    fake.remove(disc).save(path)
    with pytest.raises(OutputExistsError):
        fake.remove(disc).save(path, overwrite=False)


def test_a_result_does_not_change_under_its_owner(fake: Remover, disc: np.ndarray) -> None:
    result = fake.remove(disc, options=Options(background="red"))
    result.to_numpy()[:] = 0
    assert result.to_numpy().any()
