"""To the network and back: nothing is lost, stretched or shifted on the way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cutaway.engines.fake import FAKE_SPEC, FakeEngine, luminance
from cutaway.errors import ModelError
from cutaway.options import Options
from cutaway.pixels.prepare import prepare, restore, shrink, tensor_size, to_tensor
from cutaway.pixels.resize import resize
from cutaway.remover import Remover
from cutaway.types import Matte, Prepared
from cutaway.weights.spec import ModelSpec

SIZES = [
    (1, 1),
    (1, 2),
    (2, 1),
    (7, 5),
    (33, 47),
    (64, 64),
    (131, 97),
    (480, 641),
    (1, 5000),
    (5000, 3),
    (3, 700),
]
GREY = replace(FAKE_SPEC, channels=1, mean=(0.0,), std=(1.0,))


def there_and_back(pixels: np.ndarray, engine: FakeEngine, **options: object) -> Matte:
    prepared = prepare(pixels, engine.spec, **options)
    return restore(engine.run(prepared.tensor), prepared, engine.spec)


def edge(height: int, width: int, *, axis: int, at: float) -> np.ndarray:
    """Bright up to `at` pixels along an axis, the pixel on the edge mixed as a camera would."""
    length = (height, width)[axis]
    line = np.clip(at - np.arange(length), 0, 1)
    plane = np.broadcast_to(line[:, None] if axis == 0 else line, (height, width))
    return np.rint(plane[..., None] * 255).astype(np.uint8).repeat(3, axis=2)


# --- the mirror image ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [None, (3, 5, 90, 60)])
def test_what_is_shown_mirrored_comes_back_the_right_way_round(box: tuple[int, int, int, int] | None) -> None:
    photo = np.random.default_rng(3).integers(0, 256, (131, 97, 3), dtype=np.uint8)
    plain, mirrored = (prepare(photo, FAKE_SPEC, box=box, mirrored=m) for m in (False, True))
    np.testing.assert_array_equal(mirrored.tensor, plain.tensor[..., ::-1])
    assert mirrored.tensor.flags["C_CONTIGUOUS"]
    np.testing.assert_array_equal(mirrored.small, plain.small)
    np.testing.assert_array_equal(
        there_and_back(photo, FakeEngine(), box=box, mirrored=True).alpha,
        there_and_back(photo, FakeEngine(), box=box).alpha,
    )


# --- the size the network sees -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_tensor_is_made_of_whole_strides_within_bounds(size: tuple[int, int]) -> None:
    spec = ModelSpec("m", size=320, stride=32)
    for side in tensor_size(size, spec):
        assert side % 32 == 0
        assert 32 <= side <= 4 * 320


@pytest.mark.parametrize(
    ("size", "wanted"), [((480, 480), (320, 320)), ((600, 800), (288, 384)), ((800, 600), (384, 288))]
)
def test_area_keeps_aspect_and_number_of_pixels(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert tensor_size(size, ModelSpec("m", size=320, stride=32)) == wanted


def test_stretch_is_square() -> None:
    assert tensor_size((100, 900), ModelSpec("m", size=320, stride=32, fit="stretch")) == (320, 320)


# --- what the network sees ---------------------------------------------------------------------------------


def test_tensor_values_by_hand() -> None:
    spec = ModelSpec("m", size=8, stride=8, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 0.125))
    small = np.zeros((8, 8, 3), np.uint8)
    small[2, 5] = (255, 51, 102)
    tensor = to_tensor(small, spec)
    assert tensor.shape == (1, 3, 8, 8)
    assert tensor.dtype == np.float32
    assert tensor.flags.c_contiguous
    np.testing.assert_allclose(tensor[0, :, 2, 5], [(1 - 0.1) / 0.5, 0.0, (0.4 - 0.3) / 0.125], atol=1e-6)
    np.testing.assert_allclose(tensor[0, :, 0, 0], [-0.2, -0.8, -2.4], atol=1e-6)


def test_grey_networks_see_luma() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[..., 1] = 255
    np.testing.assert_allclose(to_tensor(pixels, GREY), np.full((1, 1, 8, 8), 0.587), atol=1e-6)


@pytest.mark.parametrize("spec", [FAKE_SPEC, GREY])
def test_darkness_is_information(spec: ModelSpec) -> None:
    dark, bright = (prepare(np.full((40, 30, 3), v, np.uint8), spec).tensor for v in (10, 200))
    assert bright.mean() - dark.mean() == pytest.approx(190 / 255, abs=1e-5)


def test_image_max_divides_by_the_pictures_own_maximum_and_survives_black() -> None:
    spec = replace(FAKE_SPEC, input_scale="image-max")
    assert prepare(np.full((9, 9, 3), 50, np.uint8), spec).tensor.max() == 1
    assert (prepare(np.zeros((9, 9, 3), np.uint8), spec).tensor == 0).all()


@pytest.mark.parametrize("spec", [FAKE_SPEC, GREY, replace(FAKE_SPEC, input_scale="image-max")])
def test_16_bit_equals_its_8_bit_twin(spec: ModelSpec) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (150, 90, 3), np.uint8)
    shallow, deep = prepare(pixels, spec).tensor, prepare(pixels.astype(np.uint16) * 257, spec).tensor
    np.testing.assert_allclose(deep, shallow, atol=0.51 / 255 * (1 if spec.input_scale == "unit" else 2))


def test_shrinking_averages_and_skips_nothing() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[::8] = 160  # one row in eight: a resize that only looks at some rows sees 0 or far too much
    np.testing.assert_allclose(shrink(pixels, (8, 8)), 20, atol=1)


def test_an_axis_may_shrink_while_the_other_grows() -> None:
    pixels = np.zeros((64, 4, 3), np.uint8)
    pixels[::8] = 160
    assert shrink(pixels, (8, 32)).shape == (8, 32, 3)
    np.testing.assert_allclose(shrink(pixels, (8, 32)), 20, atol=1)


def test_convert_is_given_the_small_picture() -> None:
    seen = []

    def invert(small: np.ndarray) -> np.ndarray:
        seen.append(small.shape)
        return 255 - small

    prepared = prepare(np.zeros((640, 640, 3), np.uint8), FAKE_SPEC, convert=invert)
    assert seen == [(64, 64, 3)]
    assert (prepared.tensor == 1).all()


# --- and back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_empty_scene_stays_empty(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)

    def noise(tensor: np.ndarray) -> np.ndarray:
        return rng.uniform(0, 0.001, (1, 1, *tensor.shape[2:])).astype(np.float32)

    matte = there_and_back(np.full((*size, 3), 128, np.uint8), FakeEngine(noise))
    assert matte.size == size
    assert matte.alpha.max() <= 0.01


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "spec", [FAKE_SPEC, replace(FAKE_SPEC, fit="stretch"), replace(FAKE_SPEC, size=320, stride=32)]
)
def test_there_and_back_is_not_shifted(size: tuple[int, int], spec: ModelSpec) -> None:
    """An edge's place is the sum of alpha along its axis; far from the borders no resize may move it."""
    engine = FakeEngine(luminance, spec=spec)
    for axis, length in enumerate(size):
        at = length * 0.45
        alpha = there_and_back(edge(*size, axis=axis, at=at), engine).alpha
        assert alpha.shape == size
        places = alpha.sum(axis=axis, dtype=np.float64)
        assert np.abs(places - at).max() < 0.5


def test_a_disc_keeps_its_middle(disc: np.ndarray) -> None:
    alpha = there_and_back(disc, FakeEngine()).alpha - 30 / 255
    y, x = np.mgrid[: disc.shape[0], : disc.shape[1]]
    assert (y * alpha).sum() / alpha.sum() == pytest.approx((disc.shape[0] - 1) / 2, abs=0.05)
    assert (x * alpha).sum() / alpha.sum() == pytest.approx((disc.shape[1] - 1) / 2, abs=0.05)


def test_a_box_is_answered_in_its_place_and_nothing_outside(disc: np.ndarray) -> None:
    alpha = there_and_back(disc, FakeEngine(1.0), box=(10, 20, 50, 90)).alpha
    assert (alpha[10:50, 20:90] == 1).all()
    assert alpha.sum() == 40 * 70


def answered(value: np.ndarray, **changes: object) -> np.ndarray:
    """The matte made of one raw answer, for a frame of the answer's size."""
    prepared = Prepared(np.zeros((1, 3, *value.shape), np.float32), value.shape, (0, 0, *value.shape))
    return restore(value[None, None].astype(np.float32), prepared, replace(FAKE_SPEC, **changes)).alpha


def test_activations_by_hand() -> None:
    raw = np.array([[-1000, -2, 0, 0.25, 2, 1000]], np.float32)
    np.testing.assert_allclose(answered(raw)[0], [0, 0, 0, 0.25, 1, 1])
    wanted = [0, 0.1192029, 0.5, 0.5621765, 0.8807971, 1]
    with np.errstate(all="raise"):
        np.testing.assert_allclose(answered(raw, output="logits")[0], wanted, atol=1e-6)
    np.testing.assert_allclose(answered(np.array([[2, 3, 6]]), output="minmax"), [[0, 0.25, 1]])


def test_minmax_of_a_flat_answer_is_no_division_by_zero() -> None:
    np.testing.assert_array_equal(
        answered(np.full((8, 8), 0.2), output="minmax"), np.full((8, 8), np.float32(0.2))
    )


def test_haze_is_stretched_away_and_the_middle_stays() -> None:
    raw = np.array([[0, 0.05, 0.1, 0.3, 0.5, 0.9, 0.96]])
    np.testing.assert_allclose(answered(raw, haze=0.1)[0], [0, 0, 0, 0.25, 0.5, 1, 1], atol=1e-6)
    np.testing.assert_array_equal(answered(raw, haze=0.0)[0], raw[0].astype(np.float32))


@pytest.mark.parametrize("output_stride", [0, FAKE_SPEC.stride + 1])
def test_an_output_stride_beyond_the_stride_is_refused(output_stride: int) -> None:
    with pytest.raises(ModelError, match="output_stride"):
        replace(FAKE_SPEC, output_stride=output_stride)


@pytest.mark.parametrize("haze", [-0.01, 0.5, float("nan")])
def test_haze_that_leaves_nothing_is_refused(haze: float) -> None:
    with pytest.raises(ModelError, match="haze"):
        replace(FAKE_SPEC, haze=haze)


# --- three classes: background, subject, border ------------------------------------------------------------

TRIMAP = replace(FAKE_SPEC, output="trimap")


def trimap_alpha(shares: np.ndarray, size: tuple[int, int] | None = None) -> np.ndarray:
    """The matte made of shares (3, h, w), for a frame of that size."""
    inside = shares.shape[1:]
    frame = size or inside
    prepared = Prepared(np.zeros((1, 3, *inside), np.float32), frame, (0, 0, *frame))
    return restore(shares[None].astype(np.float32), prepared, TRIMAP).alpha


def test_alpha_is_soft_only_where_the_border_is_the_largest() -> None:
    columns = [  # background, subject, border, alpha
        (0.7, 0.2, 0.1, 0.0),
        (0.2, 0.5, 0.3, 1.0),
        (0.1, 0.3, 0.6, 0.75),
        (0.15, 0.05, 0.8, 0.25),
        (0.0, 0.0, 1.0, 0.5),
        (0.5, 0.5, 0.0, 0.0),
    ]
    *shares, wanted = np.array(columns).T
    with np.errstate(all="raise"):
        alpha = trimap_alpha(np.stack(shares)[:, None])
    np.testing.assert_allclose(alpha[0], wanted, atol=1e-6)


def test_classes_are_told_apart_before_enlarging() -> None:
    """Between subject and background the enlarged alpha rises evenly; enlarged shares would make a step."""
    shares = np.zeros((3, 1, 2))
    shares[1, 0, 0] = shares[0, 0, 1] = 1
    alpha = trimap_alpha(shares, size=(1, 16))[0]
    assert (np.diff(alpha) <= 0).all()
    assert ((alpha > 0.05) & (alpha < 0.95)).sum() >= 6


@pytest.mark.parametrize("refine", [True, False])
def test_a_photos_alpha_is_soft_only_where_the_border_is(refine: bool) -> None:
    """On the whole way, for a photo of the network's own size: with a disc's rim as border, and with hard regions."""
    y, x = np.mgrid[:64, :64]
    far = np.hypot(y - 32, x - 32)
    rim = (far > 16) & (far < 24)
    subject = np.clip((24 - far) / 8, 0, 1)

    def answer(_: np.ndarray) -> np.ndarray:
        either = np.where(rim, 0.1, 1.0)
        return np.stack([(1 - subject) * either, subject * either, rim * 0.9])[None].astype(np.float32)

    photo = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    remover = Remover(engine=FakeEngine(answer, spec=TRIMAP), options=Options(refine=refine, zoom="off"))
    alpha = remover.matte(photo).alpha
    soft = (alpha > 0) & (alpha < 1)
    assert not soft[~rim].any()
    assert soft[rim].mean() > 0.9
    np.testing.assert_allclose(alpha[rim], subject[rim], atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 8, 8), (1, 2, 8, 8), (1, 3, 8, 16)])
def test_a_trimap_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    prepared = Prepared(np.zeros((1, 3, 8, 8), np.float32), (8, 8), (0, 0, 8, 8))
    with pytest.raises(ModelError, match=r"expected.*description"):
        restore(np.zeros(shape, np.float32), prepared, TRIMAP)


# --- answers that cannot be used ---------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_a_model_that_answers_no_number_is_refused(wrong: float) -> None:
    raw = np.zeros((8, 8), np.float32)
    raw[3, 3] = wrong
    with pytest.raises(ModelError, match="NaN or infinity"):
        answered(raw)


@pytest.mark.parametrize("shape", [(1, 2, 64, 64), (2, 1, 64, 64), (1, 64, 64), (1, 1, 32, 64)])
def test_a_model_that_answers_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    engine = FakeEngine(lambda _: np.zeros(shape, np.float32))
    with pytest.raises(ModelError, match=r"expected.*description"):
        there_and_back(np.zeros((64, 64, 3), np.uint8), engine)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_a_large_picture_is_halved_on_the_way_without_a_trace(kind: type) -> None:
    rng = np.random.default_rng(0)
    picture = rng.uniform(0, 1 if kind is np.float32 else np.iinfo(kind).max, (240, 320, 3)).astype(kind)
    found = resize(picture, (24, 40)).astype(np.float64)
    wanted = picture.reshape(24, 10, 40, 8, 3).mean(axis=(1, 3))
    assert np.abs(found - wanted).max() <= (1e-5 if kind is np.float32 else 1.01)
    assert np.abs(found - wanted).mean() <= (1e-6 if kind is np.float32 else 0.4)
