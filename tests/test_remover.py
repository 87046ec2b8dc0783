"""From a photo to its matte and cut-out through Python, on the fake engine and on a real tiny model."""

from __future__ import annotations

import inspect
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import cutaway
from cutaway import one_call
from cutaway import remover as remover_module
from cutaway.engines.fake import FAKE_SPEC, FakeEngine, luminance
from cutaway.errors import (
    DeviceError,
    ImageError,
    ModelError,
    ModelNotFoundError,
    OptionError,
)
from cutaway.one_call import change_background, remove
from cutaway.options import Options
from cutaway.remover import Remover, Result
from cutaway.types import Frame, Matte, Metadata
from remover_samples import INSIDE, OUTSIDE, half, opened, png, red_blue, swapped_profile


@pytest.fixture
def fake() -> Remover:
    """Bright is subject, in proportion."""
    return Remover(engine=FakeEngine())


# --- the cut-out --------------------------------------------------------------------------------------------


def test_a_real_model_finds_the_bright_disc(bright_model: Path, disc: np.ndarray) -> None:
    with Remover(bright_model, Options(foreground=False)) as remover:
        result = remover.remove(disc)
    assert remover.options.model == str(bright_model)
    assert result.matte.size == disc.shape[:2]
    assert result.matte.alpha[INSIDE] > 0.99
    assert result.matte.alpha[OUTSIDE] < 0.01
    assert result.cutout.pixels is result.frame.pixels
    assert result.picture.pixels is result.cutout.pixels


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
    assert len(one_call._removers._values) == 4


# --- options and refusals -----------------------------------------------------------------------------------


def test_remove_takes_exactly_the_options() -> None:
    parameters = list(inspect.signature(remove).parameters.values())[1:]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters)
    assert [(p.name, p.default) for p in parameters] == [(f.name, f.default) for f in fields(Options)]


def test_remove_hands_every_option_on(bright_model: Path, disc: np.ndarray, tmp_path: Path) -> None:
    ground = tmp_path / "ground.png"
    ground.write_bytes(png(disc))
    common = {"model": str(bright_model), "format": "tiff", "device": "cpu", "threads": 1, "zoom": "off"}
    for given in (
        {"mask_only": True, "feather": 2.5},
        {"background": str(ground), "fit": "tile", "canvas": "background", "show": "strip"},
        {"effect": "blur-subject"},
    ):
        assert remove(disc, **common, **given).options == Options(**common, **given)


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


# --- looking twice ------------------------------------------------------------------------------------------


class Watched(FakeEngine):
    """Bright is subject, in proportion; remembers what it was shown."""

    def __init__(self, answer: object = None, **spec: object) -> None:
        super().__init__(answer or luminance, spec=replace(FAKE_SPEC, **spec))  # type: ignore[arg-type]
        self.shown: list[np.ndarray] = []

    def run(self, tensor: np.ndarray) -> np.ndarray:
        self.shown.append(tensor)
        return super().run(tensor)


def small_subject(top: int = 120, left: int = 40, *, side: int = 60) -> np.ndarray:
    """A white square on black, (300, 400, 3)."""
    photo = np.zeros((300, 400, 3), np.uint8)
    photo[top : top + side, left : left + side] = 255
    return photo


@pytest.mark.parametrize("door", ["matte", "remove"])
def test_a_small_subject_is_looked_at_twice_and_more_closely(door: str) -> None:
    engine = Watched()
    getattr(Remover(engine=engine), door)(small_subject())
    assert len(engine.shown) == 2
    first, second = (tensor[0, 0] for tensor in engine.shown)
    share = 60 * 60 / (300 * 400)
    assert first.mean() == pytest.approx(share, abs=0.005)
    # the second look shows the square with its margin, no more: 5 % of 60 px is less than a cell of about 7 px
    assert 0.55 < second.mean() < 0.75
    assert (second[[0, -1]] == 0).all() and (second[:, [0, -1]] == 0).all()


def test_the_second_look_shows_the_box() -> None:
    from cutaway.pixels.prepare import prepare
    from cutaway.pixels.zoom import subject_boxes

    engine = Watched()
    photo = small_subject()
    once = Remover(engine=FakeEngine(), options=Options(zoom="off")).matte(photo)
    (box,) = subject_boxes(once.alpha, seen=engine_size(photo))
    Remover(engine=engine).matte(photo)
    np.testing.assert_array_equal(engine.shown[1], prepare(photo, engine.spec, box=box).tensor)


def test_the_second_look_is_as_the_model_wants_it() -> None:
    """Larger, and at the mirror image; the first look, and which side of the matte is which, stay as they were."""
    photo = small_subject()
    photo[120:150, 40:60] = 120  # a darker corner, top left
    plain, engine = Watched(), Watched(zoom_size=128, zoom_mirrored=True)
    wanted, matte = (Remover(engine=e, options=Options(refine=False)).matte(photo) for e in (plain, engine))
    np.testing.assert_array_equal(engine.shown[0], plain.shown[0])
    small, large = plain.shown[1], engine.shown[1]
    assert large.shape[2:] == tuple(2 * side for side in small.shape[2:])
    means = large.reshape(*small.shape[:3], 2, -1, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(
        means[..., ::-1], small, atol=0.1
    )  # little enlarged, edges are not quite the same
    assert np.abs(means - small).max() > 0.4
    assert np.abs(matte.alpha - wanted.alpha).mean() < 0.002
    assert matte.alpha[125:145, 42:57].max() < 0.6 < 0.9 < matte.alpha[125:145, 65:95].min()


def engine_size(photo: np.ndarray) -> tuple[int, int]:
    from cutaway.pixels.prepare import tensor_size

    return tensor_size((photo.shape[0], photo.shape[1]), FAKE_SPEC)


@pytest.mark.parametrize(
    ("photo", "zoom"),
    [
        (np.full((300, 400, 3), 255, np.uint8), "auto"),
        (np.zeros((300, 400, 3), np.uint8), "auto"),
        (np.full((300, 400, 3), 120, np.uint8), "auto"),
        (small_subject(side=6), "auto"),
        (small_subject(), "off"),
    ],
    ids=["all subject", "nothing", "unsure", "a speck", "off"],
)
def test_one_look_is_enough(photo: np.ndarray, zoom: str) -> None:
    engine = Watched()
    remover = Remover(engine=engine, options=Options(zoom=zoom))  # type: ignore[arg-type]
    remover.matte(photo)
    assert len(engine.shown) == 1
    remover.remove(photo)
    assert len(engine.shown) == 2


def test_zoom_is_settled_for_each_photo() -> None:
    engine = Watched()
    remover = Remover(engine=engine, options=Options(zoom="off"))
    remover.remove(small_subject(), options=Options(zoom="auto"))
    assert len(engine.shown) == 2
    Remover(engine=engine).remove(small_subject(), options=Options(zoom="off"))
    assert len(engine.shown) == 3


def test_the_edge_becomes_sharper_and_nothing_else_changes() -> None:
    photo = small_subject()
    truth = photo[..., 0] / 255
    plain = Remover(engine=FakeEngine(), options=Options(zoom="off", refine=False)).matte(photo).alpha
    zoomed = Remover(engine=FakeEngine(), options=Options(refine=False)).matte(photo).alpha
    assert np.abs(zoomed - truth).mean() < 0.75 * np.abs(plain - truth).mean()
    assert (zoomed[130:170, 50:90] == 1).all()
    np.testing.assert_array_equal(zoomed[:, 200:], plain[:, 200:])


def test_what_both_looks_agree_on_stays_as_it_is() -> None:
    def answer(tensor: np.ndarray) -> np.ndarray:
        return np.where(tensor[:, :1] > 0.5, np.float32(0.75), np.float32(0.125))

    engine = Watched(answer)
    matte = Remover(engine=engine).matte(small_subject()).alpha
    assert len(engine.shown) == 2
    np.testing.assert_allclose(matte[135:165, 55:85], 0.75, atol=1e-6)
    outside = np.ones(matte.shape, bool)
    outside[105:195, 25:115] = False
    np.testing.assert_allclose(matte[outside], 0.125, atol=1e-6)


def test_each_of_two_subjects_is_looked_at_alone() -> None:
    """And each has its edge refined by what was seen of it."""
    engine = Watched()
    photo = np.maximum(small_subject(40, 40), small_subject(200, 300))
    matte = Remover(engine=engine).matte(photo).alpha
    assert len(engine.shown) == 3
    first, *closer = (tensor[0, 0] for tensor in engine.shown)
    assert first.mean() == pytest.approx(2 * 60 * 60 / (300 * 400), abs=0.01)
    assert all(0.55 < look.mean() < 0.75 for look in closer)
    alone = (Remover(engine=FakeEngine()).matte(small_subject(*at)).alpha for at in ((40, 40), (200, 300)))
    np.testing.assert_allclose(matte, np.maximum(*alone), atol=1e-5)


@pytest.mark.parametrize("side", [120, 240])
def test_no_seam_shows_even_if_the_second_look_disagrees(side: int) -> None:
    """The second look calls everything it is shown subject; the matte rises to that without a step."""
    looks = []

    def answer(tensor: np.ndarray) -> np.ndarray:
        looks.append(tensor)
        return luminance(tensor) if len(looks) == 1 else np.ones_like(tensor[:, :1])

    photo = np.zeros((300, 400, 3), np.uint8)  # two bars along two sides of a box, empty but for them
    photo[25:45, 40 : 40 + side] = photo[25 : 25 + side, 40:60] = 255
    plain = Remover(engine=FakeEngine(), options=Options(zoom="off", refine=False)).matte(photo).alpha
    matte = Remover(engine=FakeEngine(answer), options=Options(refine=False)).matte(photo).alpha
    assert len(looks) == 2
    empty = cv2.erode((plain == 0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    steps = (
        np.abs(np.diff(matte, axis=axis))[np.delete(empty, 0, axis) & np.delete(empty, -1, axis)]
        for axis in (0, 1)
    )
    assert matte[empty].max() == pytest.approx(0.5, abs=1e-3) and matte[empty].min() == 0
    assert max(step.max() for step in steps) <= 0.5 / (0.04 * side)


def test_an_empty_scene_stays_empty() -> None:
    def noise(tensor: np.ndarray) -> np.ndarray:
        shape = (1, 1, *tensor.shape[2:])
        return np.random.default_rng(0).uniform(0, 0.001, shape).astype(np.float32)

    engine = Watched(noise)
    assert Remover(engine=engine).matte(small_subject()).alpha.max() <= 0.01
    assert len(engine.shown) == 1


def test_the_second_look_sees_srgb_too() -> None:
    engine = Watched(lambda tensor: tensor[:, :1])
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[120:180, 40:100] = (10, 60, 250)
    Remover(engine=engine).matte(Frame(pixels, metadata=Metadata(icc_profile=swapped_profile())))
    assert len(engine.shown) == 2
    middle = engine.shown[1][0, :, 30, 30]
    np.testing.assert_allclose(middle, np.array([250, 60, 10]) / 255, atol=0.02)


def test_deep_and_transparent_photos_are_looked_at_twice() -> None:
    deep = small_subject().astype(np.uint16) * 257
    engine = Watched()
    result = Remover(engine=engine).remove(np.dstack([deep, np.full(deep.shape[:2], 65535, np.uint16)]))
    assert len(engine.shown) == 2
    assert result.to_numpy().dtype == np.uint16


# --- feathering ---------------------------------------------------------------------------------------------


def test_feather_softens_the_cutout_the_matte_and_new_backgrounds_alike(bright_model: Path) -> None:
    photo = small_subject()
    remover = Remover(bright_model, Options(threads=1))
    sharp = remover.remove(photo)
    soft = remover.remove(photo, options=Options(feather=8.0, foreground=False))
    np.testing.assert_array_equal(soft.matte.alpha, sharp.matte.alpha)
    between = [np.count_nonzero((r.cutout.alpha > 0.1) & (r.cutout.alpha < 0.9)) for r in (sharp, soft)]
    assert between[1] > 2 * between[0]
    mask = remover.remove(photo, options=Options(feather=8.0, mask_only=True))
    np.testing.assert_array_equal(mask.to_numpy(), soft.to_numpy()[..., 3])
    over = soft.over("black").to_numpy()[..., 0]
    np.testing.assert_allclose(over, soft.cutout.alpha * photo[..., 0], atol=0.51)


def test_feather_leaves_what_the_photo_hides_hidden() -> None:
    photo = np.dstack([small_subject(), np.zeros((300, 400), np.uint8)])
    photo[120:180, 40:100, 3] = 255
    result = Remover(engine=FakeEngine(1.0)).remove(photo, options=Options(feather=5.0))
    np.testing.assert_array_equal(result.to_numpy()[..., 3], photo[..., 3])


# --- change_background --------------------------------------------------------------------------------------


def test_change_background_is_remove_with_a_background(
    bright_model: Path, disc: np.ndarray, tmp_path: Path
) -> None:
    ground = tmp_path / "ground.png"
    ground.write_bytes(png(red_blue(50, 300)))
    common = {"model": str(bright_model), "threads": 1}
    for fit, canvas in [("cover", "photo"), ("tile", "photo"), ("cover", "background")]:
        more = {"fit": fit, "canvas": canvas}
        wanted = remove(disc, background=str(ground), feather=2.0, **more, **common).to_bytes()
        for background in (str(ground), ground, ground.read_bytes(), red_blue(50, 300)):
            result = change_background(disc, background, feather_px=2.0, **more, **common)
            assert result.to_bytes() == wanted
    in_teal = change_background(disc, "teal", **common)
    assert in_teal.to_numpy()[OUTSIDE].tolist() == [0, 128, 128]


def test_change_background_refuses_what_cannot_be(bright_model: Path, disc: np.ndarray) -> None:
    with pytest.raises(OptionError, match="canvas 'background' takes its size"):
        change_background(disc, "red", canvas="background", model=str(bright_model))
    with pytest.raises(OptionError, match=r"fit 'fill' is not one of cover"):
        change_background(disc, disc, fit="fill", model=str(bright_model))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=r"canvas 'mine' is not one of photo"):
        change_background(disc, disc, canvas="mine", model=str(bright_model))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="feather must be between 0"):
        change_background(disc, disc, feather_px=-1, model=str(bright_model))
    with pytest.raises(OptionError, match="no-such"):
        change_background(disc, "no-such", model=str(bright_model))
    with pytest.raises(ImageError):
        change_background(disc, b"no picture", model="no-such-model")  # before any work


def test_a_small_photo_is_refined_where_the_network_decides_more_coarsely() -> None:
    """A photo no larger than what the network sees, by one that answers at half of that and by one that does not."""

    def answer(tensor: np.ndarray) -> np.ndarray:
        grey = tensor.mean(axis=1)
        halves = grey.reshape(len(grey), grey.shape[1] // 2, 2, grey.shape[2] // 2, 2).mean(axis=(2, 4))
        size = grey.shape[:0:-1]
        return np.stack([cv2.resize(half, size, interpolation=cv2.INTER_LINEAR) for half in halves])[:, None]

    photo = np.zeros((FAKE_SPEC.size, FAKE_SPEC.size, 3), np.uint8)
    cv2.circle(photo, (FAKE_SPEC.size // 2, FAKE_SPEC.size // 2), 20, (255, 255, 255), -1, cv2.LINE_AA)
    truth = photo[..., 0] / 255

    def error(output_stride: int, *, refine: bool) -> float:
        engine = FakeEngine(answer, spec=replace(FAKE_SPEC, output_stride=output_stride))
        options = Options(zoom="off", refine=refine)
        return float(np.abs(Remover(engine=engine, options=options).matte(photo).alpha - truth).mean())

    plain = error(2, refine=False)
    assert error(1, refine=True) == error(1, refine=False) == plain > 0.005
    assert error(2, refine=True) < 0.3 * plain


def test_refining_softens_nothing_that_a_border_class_decided() -> None:
    """Bright is subject, dark is background, grey is border; on a photo larger than what the network sees."""
    rng = np.random.default_rng(3)

    def answer(tensor: np.ndarray) -> np.ndarray:
        grey = tensor.mean(axis=1)
        subject, background = grey > 0.65, grey < 0.35
        return np.stack([background, subject, ~(subject | background)], axis=1).astype(np.float32)

    photo = np.repeat(np.linspace(0, 255, 300), 3).reshape(1, 300, 3).repeat(300, axis=0)
    photo = np.clip(photo + rng.normal(0, 12, photo.shape), 0, 255).astype(np.uint8)
    engine = FakeEngine(answer, spec=replace(FAKE_SPEC, output="trimap"))
    plain, refined = (
        cutaway.Remover(options=Options(zoom="off", refine=refine), engine=engine).matte(photo).alpha
        for refine in (False, True)
    )
    hard = (plain == 0) | (plain == 1)
    assert not np.array_equal(plain, refined)  # the border itself is refined
    np.testing.assert_array_equal(refined[hard], plain[hard])
