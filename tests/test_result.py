"""What can be made of a result: other backgrounds, arrays, images and files, in the right colours."""

from __future__ import annotations

import io
import logging
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.engines.fake import FakeEngine
from cutaway.errors import (
    OptionError,
    OutputError,
    OutputExistsError,
)
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.types import Cutout, Frame
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
