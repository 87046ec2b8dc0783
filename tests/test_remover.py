"""The whole way of a photo through Python, on the fake engine and on a real tiny model."""

from __future__ import annotations

import inspect
import io
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

import cutaway
from cutaway import remover as remover_module
from cutaway.engines.fake import FAKE_SPEC, FakeEngine
from cutaway.errors import (
    DeviceError,
    ImageError,
    ModelError,
    ModelNotFoundError,
    OptionError,
    OutputError,
    OutputExistsError,
)
from cutaway.options import Options
from cutaway.remover import Remover, Result, remove
from cutaway.types import Cutout, Frame, Matte, Metadata

INSIDE, OUTSIDE = (48, 64), (4, 4)
"""A pixel of the drawn disc and one of its ground."""


def swapped_profile() -> bytes:
    """A valid RGB profile in which the same numbers mean other colours: sRGB with red and blue swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


@pytest.fixture
def fake() -> Remover:
    """Bright is subject, in proportion."""
    return Remover(engine=FakeEngine())


def half() -> Remover:
    return Remover(engine=FakeEngine(0.5))


def png(pixels: np.ndarray, **save: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "png", **save)
    return data.getvalue()


def opened(data: bytes | Path) -> Image.Image:
    image = Image.open(io.BytesIO(data) if isinstance(data, bytes) else data)
    image.load()
    return image


# --- the cut-out -------------------------------------------------------------------------------------------


def test_a_real_model_finds_the_bright_disc(bright_model: Path, disc: np.ndarray) -> None:
    with Remover(bright_model) as remover:
        result = remover.remove(disc)
    assert remover.options.model == str(bright_model)
    assert result.matte.size == disc.shape[:2]
    assert result.matte.alpha[INSIDE] > 0.99
    assert result.matte.alpha[OUTSIDE] < 0.01
    assert result.cutout.pixels is result.frame.pixels
    assert result.picture is result.cutout


def test_every_kind_of_photo_means_the_same(fake: Remover, disc: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "disc.png"
    path.write_bytes(png(disc))
    wanted = fake.matte(disc).alpha
    with path.open("rb") as file:
        for photo in (path, str(path), path.read_bytes(), file, Image.fromarray(disc), Frame(disc)):
            np.testing.assert_array_equal(fake.matte(photo).alpha, wanted)


def test_existing_alpha_is_multiplied(disc: np.ndarray) -> None:
    own = np.arange(disc.shape[0] * disc.shape[1], dtype=np.uint32).reshape(disc.shape[:2]) % 256
    result = half().remove(np.dstack([disc, own.astype(np.uint8)]))
    np.testing.assert_allclose(result.cutout.alpha, own / 255 * 0.5, atol=1e-6)
    assert (result.matte.alpha == 0.5).all()


def test_what_the_photo_hides_stays_hidden_on_a_new_background(disc: np.ndarray) -> None:
    hidden = np.dstack([disc, np.zeros(disc.shape[:2], np.uint8)])
    result = Remover(engine=FakeEngine(1.0)).remove(hidden).over("#102030")
    assert (result.to_numpy() == (0x10, 0x20, 0x30)).all()


def test_16_bit_stays_16_bit(disc: np.ndarray) -> None:
    deep = disc.astype(np.uint16) * 257
    result = half().remove(deep)
    assert result.to_numpy().dtype == np.uint16
    np.testing.assert_array_equal(result.to_numpy()[..., :3], deep)
    on_white = result.over("white").to_numpy()
    assert on_white.dtype == np.uint16
    np.testing.assert_allclose(on_white, (deep.astype(float) + 65535) / 2, atol=0.51)


def test_mask_only_is_the_alpha_of_the_cutout(disc: np.ndarray) -> None:
    rgba = np.dstack([disc, np.full(disc.shape[:2], 128, np.uint8)])
    remover = half()
    mask = remover.remove(rgba, options=Options(mask_only=True))
    assert isinstance(mask.picture, Matte)
    np.testing.assert_array_equal(mask.to_numpy(), remover.remove(rgba).to_numpy()[..., 3])
    assert mask.to_pil().mode == "L"


# --- colour ------------------------------------------------------------------------------------------------


def red_blue(height: int = 20, width: int = 30) -> np.ndarray:
    return np.tile(np.array([250, 60, 10], np.uint8), (height, width, 1))


def seen_by_the_network(frame: Frame) -> np.ndarray:
    seen: list[np.ndarray] = []

    def look(tensor: np.ndarray) -> np.ndarray:
        seen.append(tensor[0, :, 0, 0])
        return tensor[:, :1] * 0

    Remover(engine=FakeEngine(look)).matte(frame)
    return seen[0]


@pytest.mark.parametrize("depth", [1, 257])
def test_the_network_sees_srgb(depth: int) -> None:
    pixels = red_blue() if depth == 1 else red_blue().astype(np.uint16) * 257 + 90
    plain = seen_by_the_network(Frame(pixels))
    swapped = seen_by_the_network(Frame(pixels, metadata=Metadata(icc_profile=swapped_profile())))
    np.testing.assert_allclose(swapped, plain[::-1], atol=0.02)


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


# --- backgrounds -------------------------------------------------------------------------------------------


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


# --- files -------------------------------------------------------------------------------------------------


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


# --- many photos, many threads -----------------------------------------------------------------------------


def test_eight_threads_get_identical_pictures(bright_model: Path, disc: np.ndarray) -> None:
    remover = Remover(bright_model, Options(background="blur:3", threads=1))
    wanted = remover.remove(disc).to_bytes()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: remover.remove(disc).to_bytes(), range(16))) == {wanted}


def test_the_naive_loop_opens_the_model_once(
    bright_model: Path, disc: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    real = remover_module._open_engine
    monkeypatch.setattr(
        remover_module, "_open_engine", lambda options: made.append(options.model) or real(options)
    )
    copy = str(bright_model.with_name("copy.onnx"))
    Path(copy).write_bytes(bright_model.read_bytes())
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(
                lambda c: remove(disc, model=copy, background=c, threads=1),
                ["red", "blue", "none", "blur"] * 2,
            )
        )
    assert made == [copy]
    assert [r.options.background for r in results[:4]] == ["red", "blue", "none", "blur"]
    os.utime(copy, (1, 1))  # trained anew
    remove(disc, model=copy, threads=1)
    assert made == [copy, copy]


def test_remove_keeps_only_a_few_models(bright_model: Path, disc: np.ndarray, tmp_path: Path) -> None:
    for i in range(6):
        path = tmp_path / f"{i}.onnx"
        path.write_bytes(bright_model.read_bytes())
        cutaway.remove(disc, model=str(path), threads=1)
    assert len(remover_module._removers._values) == 4


# --- options and refusals ----------------------------------------------------------------------------------


def test_remove_takes_exactly_the_options() -> None:
    parameters = list(inspect.signature(remove).parameters.values())[1:]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters)
    assert [(p.name, p.default) for p in parameters] == [(f.name, f.default) for f in fields(Options)]


def test_remove_hands_every_option_on(bright_model: Path, disc: np.ndarray) -> None:
    given = {
        "model": str(bright_model),
        "background": "none",
        "mask_only": True,
        "format": "tiff",
        "device": "cpu",
        "threads": 1,
    }
    assert remove(disc, **given).options == Options(**given)


def test_unknown_options_name_themselves(disc: np.ndarray) -> None:
    with pytest.raises(TypeError, match="backgruond"):
        remove(disc, backgruond="red")
    with pytest.raises(OptionError, match=r"backgruond.*background"):
        Options.from_mapping({"backgruond": "red"})


def test_an_impossible_background_is_refused_before_any_work(disc: np.ndarray) -> None:
    def never(_: np.ndarray) -> np.ndarray:
        raise AssertionError("the network ran")

    remover = Remover(engine=FakeEngine(never))
    with pytest.raises(OptionError, match="no-such-colour"):
        remover.remove(disc, options=Options(background="no-such-colour"))
    with pytest.raises(OptionError, match="no-such-colour"):
        Remover(engine=FakeEngine(), options=Options(background="no-such-colour"))


def test_options_of_one_photo_do_not_change_the_model(bright_model: Path, disc: np.ndarray) -> None:
    remover = Remover(bright_model, Options(threads=1))
    result = remover.remove(disc, options=Options(model="other", background="red", threads=7))
    assert result.options == replace(remover.options, background="red")
    assert remover.options.background == "none"


def test_model_errors(tmp_path: Path, disc: np.ndarray) -> None:
    with pytest.raises(ModelNotFoundError, match="no model file"):
        Remover(tmp_path / "none.onnx")
    with pytest.raises(ModelError, match="cutaway export"):
        Remover("best.ckpt")
    with pytest.raises(ModelNotFoundError, match="Did you mean 'default'"):
        remove(disc, model="defautl")


def test_a_broken_model_is_an_error_not_a_picture(disc: np.ndarray) -> None:
    with pytest.raises(ModelError, match="NaN"):
        Remover(engine=FakeEngine(float("nan"))).remove(disc)


@pytest.mark.parametrize("photo", [b"", b"no picture", "no-such-file.jpg", np.zeros((4, 4, 3))])
def test_bad_photos(fake: Remover, photo: object) -> None:
    with pytest.raises(ImageError):
        fake.remove(photo)


def test_a_closed_remover_says_so(disc: np.ndarray) -> None:
    with Remover(engine=FakeEngine(spec=FAKE_SPEC)) as remover:
        assert (remover.spec, remover.device) == (FAKE_SPEC, "cpu")
        result = remover.remove(disc)
    with pytest.raises(DeviceError, match="closed"):
        remover.remove(disc)
    assert "closed" in repr(remover)
    assert isinstance(result, Result)
    assert result.to_bytes()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (301, 2)])
@pytest.mark.parametrize("background", ["none", "red", "blur", "blur:200"])
def test_photos_of_every_shape(fake: Remover, size: tuple[int, int], background: str) -> None:
    result = fake.remove(np.full((*size, 3), 200, np.uint8)).over(background)
    assert result.to_numpy().shape[:2] == size
    assert opened(result.to_bytes()).size == size[::-1]
