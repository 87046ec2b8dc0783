"""Resizing as Pillow does, in every depth; and a foreign model fed and read as its publisher does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.pixels.lanczos import lanczos
from cutaway.pixels.prepare import prepare
from cutaway.remover import Remover
from cutaway.types import Floats
from cutaway.weights.published import recipes

PHOTOS = sorted((Path(__file__).parents[2] / "examples" / "photos").glob("*.jpg"))
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def test_every_depth_gives_the_same_picture() -> None:
    rng = np.random.default_rng(1)
    eight = rng.integers(60, 190, (23, 31, 3), np.uint8)
    small = lanczos(eight, (9, 12))
    assert small.dtype == np.uint8 and small.shape == (9, 12, 3)
    deep = lanczos(eight.astype(np.uint16) * 257, (9, 12))
    assert deep.dtype == np.uint16 and np.abs(deep / 257 - small).max() <= 1.01
    grey = lanczos(np.asarray(eight[..., 0] / 255, np.float32), (9, 12))
    assert grey.shape == (9, 12) and np.abs(grey * 255 - small[..., 0]).max() <= 1.01
    assert lanczos(eight, (23, 31)) is eight


def test_flat_stays_flat_and_integers_stay_in_their_range() -> None:
    assert (lanczos(np.full((8, 8, 3), 77, np.uint8), (21, 5)) == 77).all()
    step = np.zeros((16, 16), np.uint16)
    step[:, 8:] = 65535
    made = lanczos(step, (16, 64))
    assert made.min() == 0 and made.max() == 65535
    assert lanczos(np.asarray(step / 65535, np.float32), (16, 64)).max() > 1.01  # a float may overshoot


@pytest.mark.parametrize("name", ["u2net", "u2netp", "silueta", "u2net_human_seg"])
def test_the_tensor_is_that_of_the_publishers_steps(name: str) -> None:
    """Pillow's Lanczos to 320 × 320, divided by the picture's maximum, ImageNet's mean and deviation."""
    assert PHOTOS
    for path in PHOTOS:
        photo = Image.open(path).convert("RGB")
        small = np.asarray(photo.resize((320, 320), Image.Resampling.LANCZOS))
        wanted = ((small / small.max() - MEAN) / STD).transpose(2, 0, 1)[None]
        given = prepare(np.asarray(photo), recipes()[name]).tensor
        np.testing.assert_allclose(given, wanted, atol=1e-5)


def test_the_mask_is_that_of_the_publishers_steps() -> None:
    """Stretched to its own minimum and maximum, as 8 bits, Pillow's Lanczos to the photo's size: within three steps."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:320, :320] / 320
    raw = np.asarray(0.5 + 0.3 * np.sin(7 * x) * np.cos(5 * y), np.float32)[None, None]

    def answer(tensor: Floats) -> Floats:
        return raw

    engine = FakeEngine(answer, spec=recipes()["u2netp"])
    photo = rng.integers(0, 256, (301, 457, 3), np.uint8)
    ours = Remover(options=Options(zoom="off", refine=False), engine=engine).matte(photo).alpha * 255
    stretched = ((raw[0, 0] - raw.min()) / np.ptp(raw) * 255).astype(np.uint8)
    theirs = np.asarray(Image.fromarray(stretched).resize((457, 301), Image.Resampling.LANCZOS), float)
    assert np.abs(ours - theirs).max() <= 3 and np.abs(ours - theirs).mean() <= 1


def test_ours_are_averaged_as_ever() -> None:
    photo = np.random.default_rng(4).integers(0, 256, (64, 64, 3), np.uint8)
    spec = FakeEngine().spec
    assert spec.resample == "area"
    other = prepare(photo[:40], replace(spec, resample="lanczos")).tensor
    assert (prepare(photo[:40], spec).tensor != other).any()
