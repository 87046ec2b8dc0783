"""Parts chosen by points, strokes that reach as far as the colours agree."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from cutaway.evaluation.metrics import iou
from cutaway.pixels.geodesic import distances, select, spread

SIZE = (160, 240)


def disc(x: float, y: float, radius: float, *, size: tuple[int, int] = SIZE) -> np.ndarray:
    rows, columns = np.mgrid[: size[0], : size[1]]
    return np.clip(radius - np.hypot(rows - y, columns - x) + 0.5, 0, 1).astype(np.float32)


def drawn(*subjects: tuple[np.ndarray, tuple[int, int, int]]) -> np.ndarray:
    photo = np.full((*SIZE, 3), (60, 70, 80), np.float32)
    for alpha, colour in subjects:
        photo += alpha[..., None] * (np.array(colour) - photo)
    noise = np.random.default_rng(0).normal(0, 2, SIZE)[..., None]
    return np.rint(np.clip(photo + noise, 0, 255)).astype(np.uint8)


LEFT, RIGHT = disc(70, 80, 40), disc(180, 80, 40)
APART = drawn((LEFT, (200, 60, 50)), (RIGHT, (60, 180, 60)))
BOTH = np.maximum(LEFT, RIGHT)


def test_distances_are_those_of_dijkstra() -> None:
    rng = np.random.default_rng(1)
    down = rng.uniform(0.1, 5, (11, 9)).astype(np.float32)
    across = rng.uniform(0.1, 5, (12, 8)).astype(np.float32)
    seeds = np.full((12, 9), np.inf, np.float32)
    seeds[3, 2], seeds[10, 7] = 0, 1.5
    found = distances(seeds, down=down, across=across)
    np.testing.assert_allclose(found, dijkstra(seeds, down, across), rtol=1e-5)


def dijkstra(seeds: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    best = seeds.astype(float).copy()
    queue = [(best[p], p) for p in np.ndindex(best.shape) if np.isfinite(best[p])]
    heapq.heapify(queue)
    while queue:
        far, (y, x) = heapq.heappop(queue)
        steps = [
            ((y + 1, x), down[y, x] if y < len(down) else None),
            ((y - 1, x), down[y - 1, x] if y else None),
            ((y, x + 1), across[y, x] if x < across.shape[1] else None),
            ((y, x - 1), across[y, x - 1] if x else None),
        ]
        for place, cost in steps:
            if cost is not None and far + cost < best[place]:
                best[place] = far + cost
                heapq.heappush(queue, (best[place], place))
    return best


def test_drop_removes_one_of_two_subjects_whole() -> None:
    found, lost = select(APART, BOTH, keep=[], drop=[(70, 80)])
    assert iou(found, RIGHT) >= 0.98
    assert found[:, :125].max() < 0.01
    assert lost == []


def test_keep_selects_one_of_two_subjects() -> None:
    found, lost = select(APART, BOTH, keep=[(70, 80)], drop=[])
    assert iou(found, LEFT) >= 0.98
    np.testing.assert_array_equal(found[:, :120], BOTH[:, :120])
    assert lost == []


def test_two_that_touch_are_divided_where_their_colours_change() -> None:
    left, right = disc(85, 80, 40), disc(155, 80, 40)
    photo = drawn((left, (200, 60, 50)), (right, (60, 180, 60)))
    both = np.maximum(left, right)
    found, _ = select(photo, both, keep=[(170, 80)], drop=[(60, 80)])
    assert iou(found, right) >= 0.97


def test_soft_edges_stay_soft() -> None:
    soft = np.clip(disc(180, 80, 40) * 0 + (44 - np.hypot(*np.ogrid[-80:80, -180:60])) / 8, 0, 1).astype(
        np.float32
    )
    found, _ = select(APART, np.maximum(LEFT, soft), keep=[(180, 80)], drop=[])
    np.testing.assert_allclose(found[:, 130:], soft[:, 130:], atol=1e-6)


def test_a_point_beside_a_part_means_it_and_one_far_from_all_is_not_heard() -> None:
    found, lost = select(APART, BOTH, keep=[(70, 37)], drop=[])
    assert iou(found, LEFT) >= 0.98
    assert lost == []
    found, lost = select(APART, BOTH, keep=[(125, 10)], drop=[])
    np.testing.assert_array_equal(found, BOTH)
    assert lost == [(125, 10)]


def test_an_empty_matte_has_no_parts() -> None:
    nothing = np.zeros(SIZE, np.float32)
    found, lost = select(APART, nothing, keep=[(5, 5)], drop=[(50, 50)])
    assert not found.any()
    assert len(lost) == 2


def stroke(x: slice, y: slice) -> np.ndarray:
    mask = np.zeros(SIZE, np.bool_)
    mask[y, x] = True
    return mask


NO = np.zeros(SIZE, np.bool_)


def test_a_stroke_brings_a_missed_subject_back_to_its_edge() -> None:
    """The network saw the left disc only; a short stroke in the right one fills it and stops where it ends."""
    found = spread(APART, LEFT, subject=stroke(slice(155, 205), slice(70, 90)), background=NO)
    assert iou(found, BOTH) >= 0.95
    np.testing.assert_array_equal(found[:, :60], LEFT[:, :60])


def test_a_stroke_takes_away_what_is_no_subject() -> None:
    found = spread(APART, BOTH, subject=NO, background=stroke(slice(155, 205), slice(70, 90)))
    assert iou(found, LEFT) >= 0.95


def test_what_was_painted_is_certain_and_a_stroke_that_agrees_changes_nothing_else() -> None:
    subject, background = stroke(slice(50, 80), slice(70, 90)), stroke(slice(5, 20), slice(5, 9))
    found = spread(APART, BOTH, subject=subject, background=background)
    assert found[subject].min() == 1
    assert found[background].max() == 0
    np.testing.assert_allclose(found, BOTH, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1)])
def test_any_size(size: tuple[int, int]) -> None:
    photo = np.zeros((*size, 3), np.uint8)
    alpha = np.ones(size, np.float32)
    assert select(photo, alpha, keep=[(0, 0)], drop=[])[0].shape == size
    assert spread(photo, alpha, subject=alpha > 2, background=alpha > 0.5).max() == 0
