"""From a photo to its matte and cut-out through Python, on the fake engine and on a real tiny model."""

from __future__ import annotations

import inspect
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cutaway
from cutaway import remover as remover_module
from cutaway.engines.fake import FAKE_SPEC, FakeEngine
from cutaway.errors import (
    DeviceError,
    ImageError,
    ModelError,
    ModelNotFoundError,
    OptionError,
)
from cutaway.options import Options
from cutaway.remover import Remover, Result, remove
from cutaway.types import Frame, Matte, Metadata
from remover_samples import INSIDE, OUTSIDE, half, opened, png, red_blue, swapped_profile


@pytest.fixture
def fake() -> Remover:
    """Bright is subject, in proportion."""
    return Remover(engine=FakeEngine())


# --- the cut-out --------------------------------------------------------------------------------------------


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


# --- what the network sees ----------------------------------------------------------------------------------


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


# --- many photos, many threads ------------------------------------------------------------------------------


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


# --- options and refusals -----------------------------------------------------------------------------------


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
