"""Presets: a table with its sources, values that give way to the user's, and rules that are not met in silence."""

from __future__ import annotations

from datetime import date
from typing import get_args

import numpy as np
import pytest

from cutaway.options import Options, PresetName
from cutaway.presets import presets
from cutaway.result import Result
from cutaway.types import Cutout, Frame, Matte


def result(side: int, **settings: object) -> Result:
    """A subject of half the side of a square photo."""
    alpha = np.zeros((side, side), np.float32)
    alpha[side // 4 : side * 3 // 4, side // 4 : side * 3 // 4] = 1
    pixels = np.full((side, side, 3), 90, np.uint8)
    return Result(Frame(pixels), Matte(alpha), Cutout(pixels, alpha), Options.from_mapping(settings))


def test_the_table_says_where_each_rule_is_from() -> None:
    assert tuple(presets()) == get_args(PresetName)
    for name, preset in presets().items():
        assert preset.source and preset.rules and preset.standing in ("first-hand", "second-hand"), name
        assert preset.read >= date(2026, 11, 1)
        assert (
            preset.standing == "second-hand" or preset.source == "ours" or ".usembassy.gov" in preset.source
        )
        options = Options.from_mapping(preset.settings)
        assert set(preset.must) <= set(preset.settings)
        assert all(hasattr(options, key) for key in preset.without)
        assert Options(preset=name) == Options.from_mapping({**preset.settings, "preset": name})  # type: ignore[arg-type]


def test_what_the_user_says_comes_first() -> None:
    options = Options(preset="amazon", background="teal", canvas="500x400")
    assert (options.background, options.canvas, options.fill) == ("teal", "500x400", 90)
    assert Options(preset="amazon", margin="5%").fill is None
    assert Options(preset="square", fill=80).margin is None
    assert Options(preset="amazon", background="transparent").backdrop.kind == "none"


def test_other_backgrounds_afterwards() -> None:
    made = result(2400, preset="amazon")
    assert made.to_numpy().shape == (2000, 2000, 3)
    assert made.over("none").to_numpy().shape == (2000, 2000, 4)
    assert made.over("red").to_numpy()[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("name", ["amazon", "google", "etsy", "shopify"])
def test_a_shop_gets_its_size_its_fill_and_its_white(name: PresetName) -> None:
    made = result(4400, preset=name)
    pixels, preset = made.to_numpy(), presets()[name]
    width, height = map(int, str(preset.settings["canvas"]).split("x"))
    assert pixels.shape == (height, width, 3) and made.warnings == ()
    subject = (pixels != 255).any(axis=2)
    assert (pixels[0] == 255).all()
    assert subject.any(axis=0).sum() == pytest.approx(float(preset.settings["fill"]) / 100 * width, abs=2)


def test_a_photo_that_is_too_small_is_not_passed_over() -> None:
    small = result(600, preset="amazon").warnings
    assert [
        w for w in small if "amazon asks for at least 1000 px on the longer side" in w and "only 333 px" in w
    ]
    assert [w for w in small if "enlarged 6.00 times" in w]
    assert not [w for w in result(2000, preset="amazon").warnings if "asks for" in w]
    chosen = result(4400, preset="etsy", canvas="1000x3000").warnings
    assert chosen == (
        "etsy asks for at least 2000 px on the shorter side, and the photo has only 1000 px to fill it: use a larger "
        "photo",
    )


def test_what_goes_against_the_rules_is_said() -> None:
    made = result(4400, preset="amazon", background="teal", outline="3,red")
    assert made.warnings == (
        "amazon asks for background '#ffffff', not 'teal'",
        "amazon does not allow an added outline",
    )


def test_a_passport_photo_never_comes_without_a_warning() -> None:
    alpha = np.zeros((1600, 1600), np.float32)
    alpha[200:, 300:1300] = 1  # cut off at the bottom
    pixels = np.full((1600, 1600, 3), 90, np.uint8)
    made = Result(Frame(pixels), Matte(alpha), Cutout(pixels, alpha), Options(preset="passport"))
    assert any("no face is measured" in warning for warning in made.warnings)
    found = made.to_numpy()
    assert found.shape == (1200, 1200, 3)
    assert (found[-1] != 255).any() and (found[:100] == 255).all()
