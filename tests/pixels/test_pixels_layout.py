"""Backgrounds on a canvas of another size, and subjects on a background of another size."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from cutaway.errors import OptionError
from cutaway.lengths import read_position
from cutaway.pixels.layout import fitted
from cutaway.pixels.resize import fit_cover
from cutaway.types import Fit

MODES = get_args(Fit)


def noise(size: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size, dtype)


def framed(height: int, width: int) -> np.ndarray:
    """A white picture with a red left and right edge and a blue top and bottom one."""
    picture = np.full((height, width, 3), 255, np.uint8)
    picture[[0, -1]] = (0, 0, 200)
    picture[:, [0, -1]] = (200, 0, 0)
    return picture


@pytest.mark.parametrize("fit", MODES)
@pytest.mark.parametrize("source", [(1, 1), (1, 200), (200, 1), (13, 40), (64, 48)])
@pytest.mark.parametrize("wanted", [(1, 1), (7, 100), (64, 48), (101, 3)])
def test_every_mode_gives_the_size_that_is_wanted(
    fit: Fit, source: tuple[int, int], wanted: tuple[int, int]
) -> None:
    for dtype in (np.uint8, np.uint16):
        assert fitted(noise((*source, 3), dtype), wanted, fit=fit).shape == (*wanted, 3)
        assert fitted(noise(source, dtype), wanted, fit=fit).shape == wanted
        assert fitted(noise(source, dtype), wanted, fit=fit).dtype == dtype


@pytest.mark.parametrize("fit", MODES)
def test_a_picture_of_the_right_size_is_used_as_it_is(fit: Fit) -> None:
    picture = noise((30, 20, 3))
    np.testing.assert_array_equal(fitted(picture, (30, 20), fit=fit), picture)


def test_cover_is_the_default_of_old() -> None:
    picture = noise((50, 20, 3))
    np.testing.assert_array_equal(fitted(picture, (30, 30), fit="cover"), fit_cover(picture, (30, 30)))


def test_contain_shows_all_of_it_on_the_colour_of_its_edges() -> None:
    result = fitted(framed(20, 40), (80, 80), fit="contain")
    assert (result[:20] == result[0, 0]).all() and (result[60:] == result[0, 0]).all()
    assert result[0, 0].tolist() == [round(200 * 2 / 40), 0, round(200 * 38 / 40)]  # mean of the long edges
    assert result[40, 0].tolist() == [200, 0, 0] and result[40, 79].tolist() == [200, 0, 0]
    assert (result[40, 20:60] == 255).all()


def test_contain_beside_takes_the_colour_of_the_sides() -> None:
    result = fitted(framed(40, 20), (40, 60), fit="contain")
    assert (result[:, :20] == (200, 0, 0)).all() and (result[:, 40:] == (200, 0, 0)).all()
    np.testing.assert_array_equal(result[:, 20:40], framed(40, 20))


def test_stretch_has_every_corner_in_its_corner() -> None:
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 1], picture[1, 0], picture[1, 1] = 50, 100, 150
    result = fitted(picture, (40, 90), fit="stretch")
    assert [int(result[y, x, 0]) for y, x in [(0, 0), (0, -1), (-1, 0), (-1, -1)]] == [0, 50, 100, 150]


def test_tile_repeats_from_the_top_left() -> None:
    picture = noise((7, 5, 3))
    result = fitted(picture, (20, 13), fit="tile")
    np.testing.assert_array_equal(result[:7, :5], picture)
    np.testing.assert_array_equal(result[7:14, 5:10], picture)
    np.testing.assert_array_equal(result[14:], result[:6])
    np.testing.assert_array_equal(fitted(picture, (4, 3), fit="tile"), picture[:4, :3])


def test_center_neither_scales_nor_shifts() -> None:
    picture = noise((10, 50, 3))
    result = fitted(picture, (30, 20), fit="center")
    np.testing.assert_array_equal(result[10:20], picture[:, 15:35])
    top = np.rint(np.concatenate([picture[0], picture[-1]]).mean(axis=0))
    assert (result[:10] == top).all() and (result[20:] == top).all()


# --- positions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "left", "top"),
    [
        ("left top", 0, 0),
        ("top", 5, 0),
        ("right", 10, 10),
        ("bottom right", 10, 20),
        ("30% 100%", 3, 20),
        ("4px 6", 4, 6),
        ("-3px -2px", -3, -2),
        ("200% 0", 20, 0),
        ("0 -500px", 0, -500),
    ],
)
def test_a_picture_smaller_than_the_canvas_lies_where_css_puts_it(place: str, left: int, top: int) -> None:
    picture = noise((10, 10, 3))
    canvas = fitted(picture, (30, 20), fit="center", position=read_position(place))
    wanted = np.empty((30, 20, 3), np.uint8)
    wanted[:] = np.rint(np.concatenate([picture[:, 0], picture[:, -1], picture[0], picture[-1]]).mean(axis=0))
    for y in range(max(0, top), min(30, top + 10)):
        for x in range(max(0, left), min(20, left + 10)):
            wanted[y, x] = picture[y - top, x - left]
    np.testing.assert_array_equal(canvas, wanted)


def test_cover_keeps_the_part_that_is_asked_for_and_leaves_no_gap() -> None:
    picture = noise((10, 40, 3))
    for place, left in [
        ("left", 0),
        ("right", 30),
        ("center", 15),
        ("10% 0", 3),
        ("-7px 0", 7),
        ("20px 0", 0),
    ]:
        found = fitted(picture, (10, 10), fit="cover", position=read_position(place))
        np.testing.assert_array_equal(found, picture[:, left : left + 10])
    halved = fitted(np.kron(picture, np.ones((2, 2, 1), np.uint8)), (10, 10), fit="cover",
                    position=read_position("-7px 0"))  # fmt: skip
    np.testing.assert_array_equal(halved, picture[:, 7:17])  # pixels are those of the canvas


def test_contain_at_the_top_and_a_tile_that_begins_elsewhere() -> None:
    result = fitted(framed(20, 40), (80, 80), fit="contain", position=read_position("top"))
    assert result[20, 0].tolist() == [200, 0, 0] and (result[41:] == result[-1, 0]).all()
    tile = noise((7, 5, 3))
    moved = fitted(tile, (20, 13), fit="tile", position=read_position("2px 3px"))
    np.testing.assert_array_equal(moved[3:10, 2:7], tile)
    np.testing.assert_array_equal(moved[:3], moved[7:10])
    last = fitted(tile, (20, 13), fit="tile", position=read_position("right bottom"))
    np.testing.assert_array_equal(last[-7:, -5:], tile)


def test_stretch_has_nothing_to_move() -> None:
    picture = noise((4, 9, 3))
    for place in ("left", "40px 30%"):
        moved = fitted(picture, (12, 12), fit="stretch", position=read_position(place))
        np.testing.assert_array_equal(moved, fitted(picture, (12, 12), fit="stretch"))


@pytest.mark.parametrize("fit", MODES)
def test_the_middle_is_the_default_but_for_tiles(fit: Fit) -> None:
    for source in [(13, 40), (64, 48), (1, 1)]:
        picture = noise((*source, 3))
        said = fitted(
            picture, (31, 22), fit=fit, position=read_position("0 0" if fit == "tile" else "center")
        )
        np.testing.assert_array_equal(said, fitted(picture, (31, 22), fit=fit))


@pytest.mark.parametrize(
    "text",
    ["", " ", "middle", "top bottom", "left right", "top 20%", "20% left", "1 2 3", "1em", "nan", "50%%"],
)
def test_what_is_no_position(text: str) -> None:
    with pytest.raises(OptionError, match=r"position .* is not one or two of left, center, right"):
        read_position(text)
