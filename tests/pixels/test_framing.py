"""Boxes, margins, scale and position; a shadow; firmer mattes."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.errors import OptionError
from cutaway.lengths import Length, read_lengths
from cutaway.pixels import framing
from cutaway.pixels.cutout_resize import resize_cutout
from cutaway.pixels.shadow import drop_shadow
from cutaway.pixels.solid import smooth_mask, solid


def square(size: int = 40, *, box: tuple[int, int, int, int] = (10, 15, 30, 25)) -> np.ndarray:
    alpha = np.zeros((size, size), np.float32)
    alpha[box[0] : box[2], box[1] : box[3]] = 1
    return alpha


def test_the_box_of_a_subject() -> None:
    assert framing.subject_box(square()) == (10, 15, 30, 25)
    assert framing.subject_box(np.zeros((4, 4), np.float32)) is None
    haze = square() + 0.04
    assert framing.subject_box(np.minimum(haze, 1).astype(np.float32)) == (10, 15, 30, 25)


def test_hair_counts_and_a_far_haze_does_not() -> None:
    alpha = square(200, box=(50, 60, 150, 140))
    alpha[46:50, 100] = 0.2  # a hair
    alpha[:20, :30] = 0.3  # haze in a corner
    assert framing.subject_box(alpha) == (45, 60 - 5, 150, 140)
    assert framing.visible_box(alpha) == (0, 0, 150, 140)
    faint = np.full((5, 7), 0.2, np.float32)
    assert framing.subject_box(faint) == (0, 0, 5, 7)


@pytest.mark.parametrize(
    ("text", "counts", "found"),
    [
        ("10px", (1, 2, 4), (Length(10),)),
        ("5%", (1,), (Length(5, "%"),)),
        ("1 2.5% 3px,4", (4,), (Length(1), Length(2.5, "%"), Length(3), Length(4))),
    ],
)
def test_lengths(text: str, counts: tuple[int, ...], found: tuple[Length, ...]) -> None:
    assert read_lengths(text, counts=counts) == found


@pytest.mark.parametrize("text", ["", "ten", "1 2 3", "1em", "1px%", "nan", "1e5", "9" * 30])
def test_what_is_no_length(text: str) -> None:
    with pytest.raises(OptionError, match="lengths such as"):
        read_lengths(text, counts=(1, 2, 4))


@pytest.mark.parametrize(
    ("lengths", "wanted"),
    [
        ([Length(3)], (3, 3, 3, 3)),
        ([Length(10, "%")], (2, 1, 2, 1)),
        ([Length(1), Length(2)], (1, 2, 1, 2)),
        ([Length(1), Length(2), Length(3), Length(4)], (1, 2, 3, 4)),
        ([Length(900)], (500, 500, 500, 500)),
    ],
)
def test_margins_go_round_as_in_css(lengths: list[Length], wanted: tuple[float, ...]) -> None:
    assert framing.margins_px(lengths, (10, 15, 30, 25), most=500) == wanted


def test_a_box_grows_and_never_vanishes() -> None:
    assert framing.grown((10, 10, 20, 20), (1, 2, 3, 4)) == (9, 6, 23, 22)
    assert framing.grown((10, 10, 20, 20), (-9, -9, -9, -9)) == (19, 19, 20, 20)


def test_a_region_in_any_order_of_its_corners() -> None:
    quarter = read_lengths("0% 0% 50% 50%", counts=(4,))
    assert framing.region(quarter, (40, 60)) == (0, 0, 20, 30)
    assert framing.region(read_lengths("50 40 10 20", counts=(4,)), (40, 60)) == (20, 10, 40, 50)
    assert framing.is_inside((0, 0, 40, 60), (40, 60))
    assert not framing.is_inside((0, 0, 41, 60), (40, 60))
    assert not framing.is_inside((-1, 0, 4, 6), (40, 60))


def test_cutting_beyond_the_picture_gives_nothing_there() -> None:
    alpha = square()
    part = framing.cut(alpha, (-5, -5, 15, 45))
    assert part.shape == (20, 50)
    assert part[:5].sum() == part[:, :5].sum() == part[:, 45:].sum() == 0
    assert part.sum() == 5 * 10
    assert framing.cut(np.dstack([alpha] * 3), (50, 50, 60, 60)).sum() == 0


@pytest.mark.parametrize("size", [(3000, 4000), (1, 10_000_000), (7919, 7907), (10, 10)])
def test_a_size_within_a_limit(size: tuple[int, int]) -> None:
    small = framing.within(size, 250_000)
    assert small[0] * small[1] <= 250_000 or min(small) == 1
    assert small[0] <= size[0] and small[1] <= size[1]
    if size == (3000, 4000):
        assert small == (433, 577)


def test_scale_and_position() -> None:
    assert framing.scale_to_fill((20, 10), (100, 100), 0.5) == pytest.approx(2.5)
    assert framing.corner((20, 10), (100, 100), (0, 0)) == (0, 0)
    assert framing.corner((20, 10), (100, 100), (1, 1)) == (80, 90)
    assert framing.corner((20, 10), (100, 100), (0.5, 0.25)) == (20, 45)


def test_resizing_a_cut_out_keeps_hidden_colours_out_of_its_edge() -> None:
    alpha = square()
    pixels = np.where(alpha[..., None] > 0, np.uint8(200), np.uint8(0)).repeat(3, axis=2)
    small, small_alpha = resize_cutout(pixels, alpha, (13, 13))
    assert (small[small_alpha > 0.01] == 200).all()
    assert 0 < small_alpha[small_alpha > 0].min() < 0.5  # there is an edge
    same, _ = resize_cutout(pixels, alpha, (40, 40))
    assert same is pixels


def test_a_drop_shadow_lies_below_and_beside() -> None:
    shadow = drop_shadow(square(80, box=(20, 20, 60, 60)), offset_px=(6, 3), blur_px=3, opacity=0.5)
    assert shadow.shape == (80, 80)
    assert 0.49 < shadow.max() <= 0.5
    assert shadow[64, 40] > 0.1 > shadow[20, 40]
    ys, xs = np.indices(shadow.shape)
    assert (ys * shadow).sum() / shadow.sum() == pytest.approx(45.5, abs=0.3)
    assert (xs * shadow).sum() / shadow.sum() == pytest.approx(42.5, abs=0.3)


def test_solid_fills_glass_and_keeps_the_outline() -> None:
    alpha = square(80, box=(20, 20, 60, 60))
    alpha[35:45, 35:45] = 0.6  # a pane
    alpha[20, 20:60] = 0.7  # a soft rim
    alpha[5, 5] = 0.3  # haze
    firm = solid(alpha, edge_px=3)
    assert (firm[30:50, 30:50] == 1).all()
    assert firm[20, 40] == np.float32(0.7)
    assert firm[5, 5] == 0


def test_a_smooth_mask_is_hard_and_without_specks() -> None:
    alpha = square(80, box=(20, 20, 60, 60))
    alpha[5, 5] = 1
    mask = smooth_mask(alpha * np.float32(0.9))
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert mask[5, 5] == 0 and mask[40, 40] == 1
