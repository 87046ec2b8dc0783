"""The closer look: where it goes, and that it cannot be seen where it ends."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.pixels.zoom import MARGIN, MAX_SHARE, MIN_CELLS, MOST, blend, subject_boxes

SEEN = (60, 80)


def subject_box(alpha: np.ndarray, *, seen: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """The one box of what is one subject."""
    boxes = subject_boxes(alpha, seen=seen)
    assert len(boxes) <= 1
    return boxes[0] if boxes else None


def drawn(top: int, left: int, bottom: int, right: int, *, size: tuple[int, int] = (600, 800)) -> np.ndarray:
    """A matte with one full rectangle."""
    alpha = np.zeros(size, np.float32)
    alpha[top:bottom, left:right] = 1
    return alpha


def test_the_box_has_a_margin_of_a_share_of_its_longer_side() -> None:
    box = subject_box(drawn(200, 300, 500, 400), seen=SEEN)
    assert MARGIN * 300 == 15
    assert box == (200 - 15, 300 - 15, 500 + 15, 400 + 15)


def test_the_margin_has_a_few_pixels_and_a_cell_of_the_network_at_least() -> None:
    assert subject_box(drawn(200, 300, 250, 350), seen=SEEN) == (190, 290, 260, 360)
    assert subject_box(drawn(200, 300, 250, 350), seen=(600, 800)) == (196, 296, 254, 354)


def test_the_box_stays_within_the_photo() -> None:
    assert subject_box(drawn(0, 0, 300, 200), seen=SEEN) == (0, 0, 315, 215)
    assert subject_box(drawn(300, 600, 600, 800), seen=SEEN) == (285, 585, 600, 800)


def test_the_box_of_a_large_photo_is_even_so_that_it_can_be_halved() -> None:
    box = subject_box(drawn(601, 701, 1500, 1601, size=(2000, 2401)), seen=(200, 240))
    assert box == (554, 654, 1546, 1646) and all(side % 2 == 0 for side in box)
    edge = subject_box(drawn(601, 1701, 1500, 2401, size=(2000, 2401)), seen=(200, 240))
    assert edge is not None and edge[3] == 2401  # no further than the photo


def test_only_alpha_above_a_half_counts() -> None:
    alpha = drawn(200, 300, 500, 400)
    alpha[0, 0] = alpha[:100, 600:] = 0.5
    assert subject_box(alpha, seen=SEEN) == subject_box(drawn(200, 300, 500, 400), seen=SEEN)


def squares(*at: tuple[int, int], side: int = 100) -> np.ndarray:
    return np.maximum.reduce([drawn(top, left, top + side, left + side) for top, left in at])


def test_subjects_that_stand_apart_have_a_box_each() -> None:
    boxes = subject_boxes(squares((100, 100), (300, 400)), seen=SEEN)
    assert sorted(boxes) == [(90, 90, 210, 210), (290, 390, 410, 510)]
    assert len(subject_boxes(squares((0, 0), (0, 700), (500, 0), (500, 700)), seen=SEEN)) == MOST == 4


@pytest.mark.parametrize(
    "alpha",
    [
        squares((100, 100), (115, 205)),  # their boxes overlap
        squares((100, 100), (210, 100), (150, 210)),  # the third one's meets that of the first two
        np.maximum(squares((100, 100)), squares((100, 330), side=40)),  # one is a detail of the other
        np.maximum(squares((100, 100), side=30), squares((300, 400), side=50)),  # one is a speck
        squares((0, 0), (0, 300), (0, 600), (400, 0), (400, 300), side=60),  # a crowd
    ],
    ids=["near", "in a row", "a detail", "a speck", "a crowd"],
)
def test_else_they_share_a_box(alpha: np.ndarray) -> None:
    rows, columns = np.nonzero(alpha)
    box = subject_box(alpha, seen=SEEN)
    assert box is not None
    assert box[0] <= rows.min() and box[2] > rows.max() and box[1] <= columns.min() and box[3] > columns.max()


@pytest.mark.parametrize(
    "alpha",
    [
        np.zeros((600, 800), np.float32),
        np.full((600, 800), 0.5, np.float32),
        np.ones((600, 800), np.float32),
        drawn(10, 10, 590, 700),
        drawn(300, 300, 300 + 10 * (MIN_CELLS - 1), 310),
        np.ones((1, 1), np.float32),
        np.ones((1, 900), np.float32),
    ],
    ids=["nothing", "unsure", "all", "most", "a speck", "one pixel", "one row"],
)
def test_no_second_look_where_nothing_is_gained(alpha: np.ndarray) -> None:
    assert subject_box(alpha, seen=SEEN) is None


def test_a_photo_of_few_pixels_is_not_enlarged() -> None:
    assert subject_box(drawn(10, 10, 22, 22, size=(40, 40)), seen=SEEN) is None
    assert subject_box(drawn(10, 10, 28, 28, size=(40, 40)), seen=SEEN) is not None


def test_max_share_is_the_share_of_the_area_with_margin() -> None:
    inside = drawn(60, 60, 520, 700)
    box = subject_box(inside, seen=SEEN)
    assert box is not None
    assert (box[2] - box[0]) * (box[3] - box[1]) <= MAX_SHARE * inside.size
    assert subject_box(drawn(40, 40, 550, 740), seen=SEEN) is None


# --- blending -----------------------------------------------------------------------------------------------

BOX = (20, 30, 120, 180)


def noise(seed: int, size: tuple[int, int] = (150, 200)) -> np.ndarray:
    return np.random.default_rng(seed).random(size, np.float32)


def part(alpha: np.ndarray, box: tuple[int, int, int, int] = BOX) -> np.ndarray:
    top, left, bottom, right = box
    return alpha[top:bottom, left:right]


def test_both_count_the_same_within_the_box_and_the_first_alone_outside() -> None:
    first, second = noise(0), part(noise(1))
    result = blend(first, second, box=BOX)
    assert result.dtype == np.float32
    middle = slice(10, -10), slice(10, -10)
    odds = [
        (look[middle] + 0.02) / (1.02 - look[middle]) for look in (part(first).astype(np.float64), second)
    ]
    mean = np.sqrt(odds[0] * odds[1])
    np.testing.assert_allclose(part(result)[middle], 1.04 * mean / (1 + mean) - 0.02, atol=1e-5)
    plain = (part(first) + second)[middle] / 2
    clear = np.abs(plain - 0.5) > 1e-4
    np.testing.assert_array_equal((part(result)[middle] >= 0.5)[clear], (plain >= 0.5)[clear])
    outside = np.ones(first.shape, bool)
    part(outside)[:] = False
    np.testing.assert_array_equal(result[outside], first[outside])


def test_what_one_look_has_decided_and_the_other_does_not_dispute_stays_decided() -> None:
    def both(one: float, other: float) -> float:
        looks = (np.full((100, 100), look, np.float32) for look in (one, other))
        return float(blend(*looks, box=(0, 0, 100, 100))[50, 50])

    assert both(1, 0.5) == both(0.5, 1) == pytest.approx(0.893, abs=0.001)
    assert both(0, 0.5) == pytest.approx(0.107, abs=0.001)
    assert both(1, 0) == both(0, 1) == pytest.approx(0.5)
    assert both(0.3, 0.7) == pytest.approx(0.5)


def test_where_both_agree_nothing_changes_at_all() -> None:
    first = noise(0)
    np.testing.assert_array_equal(blend(first, part(first).copy(), box=BOX), first)


@pytest.mark.parametrize("box", [BOX, (0, 0, 100, 150), (50, 50, 150, 200), (0, 30, 150, 180)])
def test_no_seam_at_the_border_of_the_box(box: tuple[int, int, int, int]) -> None:
    """Two looks that contradict each other everywhere: the result steps gently all the same."""
    first = np.zeros((150, 200), np.float32)
    result = blend(first, np.ones((box[2] - box[0], box[3] - box[1]), np.float32), box=box)
    steepest = max(np.abs(np.diff(result, axis=0)).max(), np.abs(np.diff(result, axis=1)).max())
    assert steepest <= 0.5 / (0.04 * 150) + 1e-6


def test_at_the_photos_own_border_the_second_look_has_full_weight() -> None:
    first = np.zeros((150, 200), np.float32)
    result = blend(first, np.ones((100, 150), np.float32), box=(0, 0, 100, 150))
    np.testing.assert_allclose(result[:90, :140], 0.5, atol=1e-6)
    assert result[99, 50] == result[50, 149] == 0


def test_the_first_look_is_left_alone_unless_it_is_where_to_write() -> None:
    first, second = noise(0), part(noise(1))
    before = first.copy()
    fresh = blend(first, second, box=BOX)
    np.testing.assert_array_equal(first, before)
    elsewhere = np.empty_like(first)
    assert blend(first, second, box=BOX, out=elsewhere) is elsewhere
    np.testing.assert_array_equal(elsewhere, fresh)
    assert blend(first, second, box=BOX, out=first) is first
    np.testing.assert_array_equal(first, fresh)


def test_the_result_stays_between_both_looks() -> None:
    first = noise(0)
    second = np.rint(part(noise(1)))
    result = part(blend(first, second, box=BOX))
    assert (result >= np.minimum(part(first), second) - 1e-6).all()
    assert (result <= np.maximum(part(first), second) + 1e-6).all()
    assert result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (3, 3, 5, 4), (0, 0, 150, 200)])
def test_boxes_of_every_size(box: tuple[int, int, int, int]) -> None:
    first = noise(0)
    second = np.ones((box[2] - box[0], box[3] - box[1]), np.float32)
    assert np.isfinite(blend(first, second, box=box)).all()
