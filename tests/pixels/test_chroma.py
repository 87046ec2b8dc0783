"""A screen taken away by its colour: key, colour of the screen, spill, and the whole way of a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cutaway
from cutaway.cli import cli
from cutaway.errors import ImageError, OptionError
from cutaway.evaluation.matting_metrics import mad
from cutaway.pixels.chroma import HIGH, LOW, key, screen_colour, without_spill

GREEN, BLUE = np.array([20, 190, 60]), np.array([30, 60, 200])
SIZE = (300, 400)


def truth() -> np.ndarray:
    """A disc with a soft edge, and thin bars that leave it."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = np.clip((80 - np.hypot(y - 170, x - 200)) / 6 + 0.5, 0, 1)
    bars = ((x % 20 < 3) & (y > 60) & (y < 170) & (abs(x - 200) < 60)).astype(float)
    return np.maximum(disc, bars).astype(np.float32)


def photo(screen: np.ndarray, *, uneven: float = 0.0) -> np.ndarray:
    alpha, light = truth()[..., None], 1 - uneven * np.linspace(0, 1, SIZE[1])[None, :, None]
    mixed = alpha * np.array([190, 150, 140]) + (1 - alpha) * screen * light
    return np.rint(np.clip(mixed + np.random.default_rng(0).normal(0, 2, (*SIZE, 1)), 0, 255)).astype(
        np.uint8
    )


def planes(pixels: np.ndarray) -> np.ndarray:
    return (pixels.astype(np.float32) / 255).transpose(2, 0, 1)


def test_the_key_by_hand() -> None:
    """Screen (0, .8, .2): d = .6. Grey has d = 0, half screen and half grey d = .3, which stretched is about half."""
    row = np.array([[(0, 0.8, 0.2), (0.5, 0.5, 0.5), (0.25, 0.65, 0.35), (0.6, 0.4, 0.3)]], np.float32)
    found = key(row.transpose(2, 0, 1), (0.0, 0.8, 0.2))[0]
    np.testing.assert_allclose(found, [0, 1, (0.5 - LOW) / (HIGH - LOW), 1], atol=1e-6)


@pytest.mark.parametrize("screen", [GREEN, BLUE], ids=["green", "blue"])
def test_the_screens_colour_is_found_along_the_border(screen: np.ndarray) -> None:
    found = screen_colour(planes(photo(screen)))
    assert found is not None
    np.testing.assert_allclose(np.array(found) * 255, screen, atol=3)


@pytest.mark.parametrize("uneven", [0.0, 0.4])
@pytest.mark.parametrize("model", ["chroma", "chroma:#14be3c"])
def test_a_subject_before_a_screen(model: str, uneven: float) -> None:
    result = cutaway.remove(photo(GREEN, uneven=uneven), model=model)
    assert mad(result.matte.alpha, truth()) < 0.012
    assert result.matte.alpha[:20].max() == 0
    assert result.matte.alpha[170, 200] == 1
    pixels = result.to_numpy()
    shown = pixels[..., 3] > 20
    greenish = pixels[shown][:, 1].astype(int) - pixels[shown][:, [0, 2]].max(axis=1)
    assert greenish.max() <= 3


def test_spill_is_taken_off_along_the_edge_only() -> None:
    alpha = truth()
    lit = np.full((*SIZE, 3), (150, 190, 140), np.uint8)
    found = without_spill(lit, alpha, (0.1, 0.7, 0.2))
    assert found[170, 200].tolist() == [150, 190, 140]
    assert found[170, 119].tolist() == [150, 150, 140]
    deep = without_spill(lit.astype(np.uint16) * 257, alpha, (0.1, 0.7, 0.2))
    assert deep[170, 119].tolist() == [150 * 257, 150 * 257, 140 * 257]


def test_a_photo_without_a_screen_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no green or blue screen along the photo's border: give its colour"):
        cutaway.remove(np.full((50, 60, 3), 120, np.uint8), model="chroma")
    Image.fromarray(np.full((50, 60, 3), 120, np.uint8)).save(tmp_path / "grey.png")
    ran = CliRunner().invoke(cli, ["remove", str(tmp_path / "grey.png"), "--model", "chroma"])
    assert "no green or blue screen" in ran.output


@pytest.mark.parametrize("colour", ["moss", "#808080", ""])
def test_colours_that_are_no_screen_are_refused(colour: str) -> None:
    with pytest.raises(OptionError, match=r"no CSS colour such as lime|too grey to be told"):
        cutaway.Remover(f"chroma:{colour}")
