"""Where a photo goes on its canvas: crops, margins, fill, alignment, and subjects that the photo's edge cuts off."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from cutaway.lengths import Length
from cutaway.pixels.placing import (
    NO_ROOM,
    SIDES,
    Placement,
    Room,
    Side,
    Wish,
    cut_sides,
    ground,
    laid_out,
    place,
    rooms_of,
    subject_area,
)
from cutaway.types import Align, Box, Size


def noise(size: tuple[int, ...], dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size, dtype)


def find(alpha: np.ndarray, wish: Wish) -> Placement:
    sides, size = cut_sides(alpha), (alpha.shape[0], alpha.shape[1])
    box = subject_area(alpha, sides)
    return place(size, box or (0, 0, *size), sides, wish)


def placed(pixels: np.ndarray, alpha: np.ndarray, canvas: Size) -> tuple[np.ndarray, np.ndarray]:
    return laid_out(find(alpha, Wish(canvas=canvas, whole=not alpha.any())), pixels, alpha)


def subject(
    top: int, left: int, bottom: int, right: int, size: tuple[int, int] = (60, 80)
) -> tuple[np.ndarray, np.ndarray]:
    alpha = np.zeros(size, np.float32)
    alpha[top:bottom, left:right] = 1
    return noise((*size, 3)), alpha


def box_of(alpha: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero((alpha > 0.5).any(axis=1)), np.flatnonzero((alpha > 0.5).any(axis=0))
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def test_a_subject_that_fits_is_centred_pixel_by_pixel() -> None:
    pixels, alpha = subject(5, 50, 25, 70)
    colour, laid = placed(pixels, alpha, (100, 200))
    assert (colour.shape, laid.shape, laid.dtype) == ((100, 200, 3), (100, 200), np.float32)
    assert box_of(laid) == (40, 90, 60, 110)
    np.testing.assert_array_equal(colour[40:60, 90:110], pixels[5:25, 50:70])
    assert laid.sum() == alpha.sum()


def test_a_photo_larger_than_the_canvas_is_not_scaled_while_its_subject_fits() -> None:
    pixels, alpha = subject(5, 50, 25, 70)
    colour, laid = placed(pixels, alpha, (30, 24))
    assert box_of(laid) == (5, 2, 25, 22)
    np.testing.assert_array_equal(colour[5:25, 2:22], pixels[5:25, 50:70])


def test_a_subject_that_does_not_fit_is_scaled_down_until_it_does() -> None:
    pixels, alpha = subject(10, 20, 50, 60)
    _, laid = placed(pixels, alpha, (20, 100))
    top, left, bottom, right = box_of(laid)
    assert (bottom - top, right - left) == (20, 20)
    assert (left + right) / 2 == 50


@pytest.mark.parametrize(
    ("box", "wanted"),
    [
        ((30, 30, 60, 50), (70, 90, 100, 110)),  # stands on the lower border
        ((0, 30, 30, 50), (0, 90, 30, 110)),
        ((20, 0, 40, 20), (40, 0, 60, 20)),
        ((20, 60, 40, 80), (40, 180, 60, 200)),
        ((0, 30, 60, 50), (20, 90, 80, 110)),  # cut off on two opposite sides
    ],
)
def test_a_subject_cut_off_by_the_photo_stays_at_that_side(
    box: tuple[int, int, int, int], wanted: tuple[int, int, int, int]
) -> None:
    _, laid = placed(*subject(*box), (100, 200))
    assert box_of(laid) == wanted


def test_an_empty_matte_leaves_the_canvas_empty() -> None:
    _, laid = placed(noise((60, 80, 3)), np.zeros((60, 80), np.float32), (30, 50))
    assert not laid.any()


@pytest.mark.parametrize("canvas", [(1, 1), (1, 300), (301, 2)])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (301, 2)])
def test_any_photo_on_any_canvas(canvas: tuple[int, int], size: tuple[int, int]) -> None:
    colour, laid = placed(noise((*size, 3)), np.ones(size, np.float32), canvas)
    assert (colour.shape, laid.shape) == ((*canvas, 3), canvas)


# --- crop, margins, ratio, fill, align ----------------------------------------------------------------------

BOX = (10, 20, 30, 60)
"""Of a subject 20 high and 40 wide, in a photo of 60 x 80."""


def laid(wish: Wish, box: Box = BOX) -> tuple[Size, Box]:
    """The canvas's size and where the subject is on it."""
    pixels, alpha = subject(*box)
    colour, on_canvas = laid_out(find(alpha, wish), pixels, alpha)
    assert colour.shape[:2] == on_canvas.shape
    return (on_canvas.shape[0], on_canvas.shape[1]), box_of(on_canvas)


def margins(*values: float, unit: str = "px") -> tuple[Room, Room, Room, Room]:
    return rooms_of(tuple(Length(v, "%" if unit == "%" else "px") for v in values), BOX)


@pytest.mark.parametrize(
    ("wish", "canvas", "box"),
    [
        (Wish(), (20, 40), (0, 0, 20, 40)),
        (Wish(rooms=margins(5)), (30, 50), (5, 5, 25, 45)),
        (Wish(rooms=margins(1, 2)), (22, 44), (1, 2, 21, 42)),
        (Wish(rooms=margins(1, 2, 3, 4)), (24, 46), (1, 4, 21, 44)),  # top, right, bottom, left
        (Wish(rooms=margins(10, unit="%")), (24, 48), (2, 4, 22, 44)),  # of height and width
        (Wish(rooms=margins(100)), (220, 240), (100, 100, 120, 140)),  # beyond the photo
        (Wish(ratio=1.0), (40, 40), (10, 0, 30, 40)),
        (Wish(ratio=4.0), (20, 80), (0, 20, 20, 60)),
        (Wish(ratio=1.0, rooms=margins(10, 0)), (40, 40), (10, 0, 30, 40)),
        (Wish(ratio=1.0, align="bottom"), (40, 40), (20, 0, 40, 40)),
        (Wish(fill=0.5), (40, 80), (10, 20, 30, 60)),
        (Wish(fill=0.8, ratio=1.0), (50, 50), (15, 5, 35, 45)),
        (Wish(fill=0.5, align="top-left"), (40, 80), (0, 0, 20, 40)),
        (Wish(canvas=(60, 80), fill=0.25), (60, 80), (25, 30, 35, 50)),
        (Wish(canvas=(60, 80), align="bottom-right"), (60, 80), (40, 40, 60, 80)),
        (Wish(canvas=(100, 100), enlarge=True), (100, 100), (25, 0, 75, 100)),
        (Wish(canvas=(100, 100), enlarge=True, rooms=margins(10)), (100, 100), (30, 10, 70, 90)),
        (Wish(canvas=(100, 100), enlarge=True, rooms=margins(12.5, unit="%")), (100, 100), (30, 10, 70, 90)),
        (Wish(canvas=(10, 10)), (10, 10), (2, 0, 8, 10)),
        (Wish(canvas=(120, 160), whole=True, enlarge=True), (120, 160), (20, 40, 60, 120)),
        (Wish(ratio=1.0, whole=True), (80, 80), (20, 20, 40, 60)),
    ],
)  # fmt: skip
def test_where_a_subject_goes(wish: Wish, canvas: Size, box: Box) -> None:
    size, found = laid(wish)
    assert size == canvas
    assert np.abs(np.subtract(found, box)).max() <= (1 if found[2] - found[0] != 20 else 0)


@pytest.mark.parametrize("align", get_args(Align))
def test_nine_places(align: Align) -> None:
    _, (top, left, bottom, right) = laid(Wish(canvas=(100, 90), align=align))
    words = align.split("-")
    assert (top == 0, bottom == 100) == ("top" in words, "bottom" in words)
    assert (left == 0, right == 90) == ("left" in words, "right" in words)
    if align == "center":
        assert (top, left) == (40, 25)


def test_the_canvas_shows_the_photo_around_the_box_too() -> None:
    """A second, smaller part of the subject beyond the margins is not lost while the canvas has room for it."""
    alpha = subject(*BOX)[1]
    alpha[50, 70] = 0.3
    _, on_canvas = laid_out(find(alpha, Wish(rooms=margins(30))), noise((60, 80, 3)), alpha)
    assert on_canvas[50 - 10 + 30, 70 - 20 + 30] == np.float32(0.3)


# --- glued to the photo's edge ------------------------------------------------------------------------------

CUT: dict[Side, Box] = {
    "top": (0, 30, 20, 50), "left": (20, 0, 40, 20), "bottom": (40, 30, 60, 50), "right": (20, 60, 40, 80),
}  # fmt: skip
AGAINST: dict[Side, Align] = {"top": "bottom", "left": "right", "bottom": "top", "right": "left"}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    "wish",
    [
        Wish(rooms=margins(7)),
        Wish(rooms=margins(20, unit="%"), ratio=1.5),
        Wish(ratio=0.4),
        Wish(fill=0.6),
        Wish(fill=0.37, ratio=2.0),
        Wish(canvas=(93, 111), fill=0.71),
        Wish(canvas=(93, 111), rooms=margins(9), enlarge=True),
        Wish(canvas=(13, 17), rooms=margins(2), enlarge=True),
        Wish(canvas=(200, 300)),
        Wish(canvas=(200, 300), whole=True, enlarge=True),
        Wish(ratio=3.0, whole=True),
    ],
    ids=range(11),
)
def test_a_subject_stays_glued_to_the_edge_that_cuts_it_off(side: Side, wish: Wish) -> None:
    for align in ("center", AGAINST[side]):
        pixels, alpha = subject(*CUT[side])
        assert cut_sides(alpha) == (side,)
        found = find(alpha, Wish(**{**wish.__dict__, "align": align}))
        _, on_canvas = laid_out(found, pixels, alpha)
        lines = (on_canvas[0], on_canvas[:, 0], on_canvas[-1], on_canvas[:, -1])
        touched = [s for s, line in zip(SIDES, lines, strict=True) if line.max() > 0.5]
        assert side in touched
        if wish.rooms != NO_ROOM:
            assert touched == [side]  # the other three keep their margins


def test_a_corner_is_two_edges() -> None:
    pixels, alpha = subject(40, 60, 60, 80)
    _, on_canvas = laid_out(find(alpha, Wish(canvas=(100, 100))), pixels, alpha)
    assert box_of(on_canvas) == (80, 80, 100, 100)


def test_a_faint_line_along_the_edge_cuts_nothing_off() -> None:
    alpha = subject(*BOX)[1]
    alpha[:, -1] = 0.4
    alpha[25, :20] = 1  # a whisker
    assert cut_sides(alpha) == ()


# --- what lies behind ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_background_of_the_photo_lies_where_the_subject_lies(dtype: type) -> None:
    pixels, alpha = noise((60, 80, 3), dtype), subject(*BOX)[1]
    found = find(alpha, Wish(rooms=margins(30, 50)))
    colour, on_canvas = laid_out(found, pixels, alpha)
    behind = ground(found, pixels)
    np.testing.assert_array_equal(behind[on_canvas > 0], colour[on_canvas > 0])
    np.testing.assert_array_equal(behind[20:80, 30:110], pixels)
    assert (behind[:20, 30:110] == pixels[0]).all() and (behind[:20, :30] == pixels[0, 0]).all()


def test_colours_are_weighted_by_alpha() -> None:
    """White hidden under alpha 0 must not brighten a black subject's edge when it is made smaller."""
    pixels, alpha = np.full((60, 80, 3), 255, np.uint8), subject(11, 21, 31, 61)[1]
    pixels[alpha > 0] = 0
    colour, on_canvas = laid_out(find(alpha, Wish(canvas=(9, 11), rooms=margins(1))), pixels, alpha)
    assert ((on_canvas > 0.05) & (on_canvas < 0.95)).any()
    assert colour[on_canvas > 0.01].max() == 0


def test_any_wish_for_any_photo_gives_its_canvas() -> None:
    random = np.random.default_rng(1)
    for _ in range(400):
        height, width = (int(n) for n in random.integers(1, 70, 2))
        alpha = np.zeros((height, width), np.float32)
        (top, bottom), (left, right) = (sorted(random.integers(0, n + 1, 2)) for n in (height, width))
        alpha[top:bottom, left:right] = 1
        canvas = (int(random.integers(1, 120)), int(random.integers(1, 120)))
        wish = Wish(
            canvas=canvas if random.random() < 0.5 else None,
            ratio=float(random.choice([0.5, 1, 1.7])) if random.random() < 0.3 else None,
            whole=not alpha.any() or random.random() < 0.3,
            rooms=margins(*random.integers(0, 20, 4)) if random.random() < 0.5 else NO_ROOM,
            fill=float(random.uniform(0.2, 1)) if random.random() < 0.5 else None,
            enlarge=random.random() < 0.5,
            align=get_args(Align)[random.integers(0, 9)],
        )
        found = find(alpha, wish)
        assert 0 <= found.box[0] < found.box[2] <= height and 0 <= found.box[1] < found.box[3] <= width
        colour, on_canvas = laid_out(found, np.zeros((height, width, 3), np.uint8), alpha)
        assert colour.shape[:2] == on_canvas.shape
        assert on_canvas.shape == found.canvas == (wish.canvas or found.canvas)
        assert ground(found, np.zeros((height, width, 3), np.uint8)).shape[:2] == found.canvas
