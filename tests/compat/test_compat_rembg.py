"""`cutaway.compat.rembg`: the same signature as rembg, and the same kind out as in."""

from __future__ import annotations

import inspect
import io
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from cutaway.compat import rembg
from cutaway.engines.fake import FakeEngine
from cutaway.errors import ImageError, ModelNotFoundError
from cutaway.remover import Remover


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    rembg._said.clear()
    yield
    rembg._said.clear()


@pytest.fixture
def session() -> rembg.BaseSession:
    return rembg.BaseSession("fake", Remover(engine=FakeEngine()))


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_the_signature() -> None:
    assert list(inspect.signature(rembg.remove).parameters) == [
        "data", "alpha_matting", "alpha_matting_foreground_threshold", "alpha_matting_background_threshold",
        "alpha_matting_erode_size", "session", "only_mask", "post_process_mask", "decontaminate", "vitmatte",
        "vitmatte_model", "bgcolor", "force_return_bytes",
    ]  # fmt: skip
    defaults = [p.default for p in list(inspect.signature(rembg.remove).parameters.values())[1:]]
    assert defaults == [False, 240, 10, 10, None, False, False, False, False, None, None, False]
    assert list(inspect.signature(rembg.new_session).parameters) == ["model_name", "sess_opts", "providers"]


def test_the_same_kind_out_as_in(session: rembg.BaseSession, disc: np.ndarray) -> None:
    wanted = Remover(engine=FakeEngine()).remove(disc)
    by_array = rembg.remove(disc, session=session)
    by_image = rembg.remove(Image.fromarray(disc), session=session)
    by_bytes = rembg.remove(png(disc), session=session)
    assert (
        isinstance(by_array, np.ndarray) and isinstance(by_image, Image.Image) and isinstance(by_bytes, bytes)
    )
    assert by_image.mode == "RGBA"
    assert (by_array == wanted.to_numpy()).all() and (np.asarray(by_image) == by_array).all()
    assert (np.asarray(Image.open(io.BytesIO(by_bytes))) == by_array).all()
    forced = rembg.remove(disc, session=session, force_return_bytes=True)
    assert isinstance(forced, bytes)


def test_mask_hard_edge_and_background(session: rembg.BaseSession, disc: np.ndarray) -> None:
    mask = rembg.remove(Image.fromarray(disc), session=session, only_mask=True)
    assert mask.mode == "L" and mask.size == (128, 96)
    assert (np.asarray(session.predict(Image.fromarray(disc))[0]) == np.asarray(mask)).all()
    hard = rembg.remove(disc, session=session, post_process_mask=True)
    assert set(np.unique(hard[..., 3])) == {0, 255}
    red = rembg.remove(disc, session=session, bgcolor=(255, 0, 0, 255))
    assert red.shape == (96, 128, 4) and (red[..., 3] == 255).all() and red[2, 2, 0] > 200
    half = rembg.remove(disc, session=session, bgcolor=(255, 0, 0, 128))
    assert 100 < half[2, 2, 3] < 200


@pytest.mark.parametrize("name", ["alpha_matting", "vitmatte", "decontaminate"])
def test_refinements_warn_once(session: rembg.BaseSession, disc: np.ndarray, name: str) -> None:
    plain = rembg.remove(disc, session=session)
    with pytest.warns(rembg.RembgWarning, match=f"{name} is not computed"):
        matted = rembg.remove(disc, session=session, **{name: True})  # type: ignore[arg-type]
    assert (matted == plain).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rembg.remove(disc, session=session, **{name: True})  # type: ignore[arg-type]


def test_no_name_is_our_model_and_says_so_once() -> None:
    with pytest.warns(rembg.RembgWarning, match="built-in 'default'"):
        session = rembg.new_session()
    assert session.model_name == "default"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rembg.new_session()
        rembg.new_session("default", providers=["CPUExecutionProvider"])


def test_models_that_are_not_here(tmp_path: object) -> None:
    for name in ("bria-rmbg", "sam"):
        with pytest.raises(ModelNotFoundError, match="not fetched by itself; here are: default"):
            rembg.new_session(name)
    with pytest.raises(ModelNotFoundError, match="no model 'u3net'"):
        rembg.new_session("u3net")
    assert rembg.sessions_names()[0] == "default"


def test_what_is_no_picture(session: rembg.BaseSession) -> None:
    with pytest.raises(ImageError):
        rembg.remove(b"text", session=session)


@pytest.mark.parametrize(
    ("providers", "device"),
    [
        (None, "auto"), (["CPUExecutionProvider"], "cpu"), (["CUDAExecutionProvider"], "cuda"),
        (["CUDAExecutionProvider", "CPUExecutionProvider"], "auto"), ([("CUDAExecutionProvider", {})], "cuda"),
        (["CoreMLExecutionProvider"], "coreml"), (["DmlExecutionProvider"], "directml"),
        (["ROCMExecutionProvider"], "rocm"), (["OfTheFutureExecutionProvider"], "auto"),
    ],
)  # fmt: skip
def test_providers(providers: list[str] | None, device: str) -> None:
    assert rembg._device(providers) == device
