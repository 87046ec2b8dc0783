"""Pictures in reports: which are chosen, and that they stay small and right."""

from __future__ import annotations

import base64
import math

import cv2
import numpy as np
import pytest

from cutaway.evaluation.html import page
from cutaway.evaluation.html_pictures import (
    LIMIT_BYTES,
    SIDE_PX,
    Example,
    example_figure,
    extremes,
    gallery,
    image,
)
from cutaway.evaluation.sheet import MISSED, TOO_MUCH, SheetRow
from html_pages import Page


def row(height: int = 300, width: int = 400) -> SheetRow:
    truth = np.zeros((height, width), np.float32)
    truth[:, : width // 2] = 1
    return SheetRow(np.full((height, width, 3), (200, 100, 50), np.uint8), truth, truth[:, ::-1].copy())


def pixels_of(source: str | None) -> np.ndarray:
    kind, _, data = (source or "").partition(",")
    assert kind == "data:image/jpeg;base64"
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    return decoded[..., ::-1]


def images(figure: str) -> list[dict[str, str | None]]:
    return [a for tag, a in Page(page("t", figure)).tags if tag == "img"]


def test_the_best_come_first_then_the_middle_then_the_worst() -> None:
    chosen = extremes([5, 1, 9, 3, 7, 2, 8, 4, 6], score=float, shown=2)
    assert chosen == [("best", 9), ("best", 8), ("median", 6), ("median", 5), ("worst", 2), ("worst", 1)]


@pytest.mark.parametrize("count", range(15))
def test_any_number_is_chosen_from_and_none_twice(count: int) -> None:
    chosen = extremes(list(range(count)), score=float)
    values = [value for _, value in chosen]
    assert values == sorted(set(values), reverse=True)
    assert len(chosen) == min(count, 12)
    assert [word for word, _ in chosen] == sorted(word for word, _ in chosen)  # best, median, worst
    assert count == 0 or chosen[-1] == ("worst", 0)


def test_no_number_is_the_worst() -> None:
    assert extremes([0.5, math.nan, 0.9], score=float, shown=1)[-1][0] == "worst"
    assert math.isnan(extremes([0.5, math.nan, 0.9], score=float, shown=1)[-1][1])


def test_an_image_is_in_the_page_and_has_its_colours() -> None:
    wanted = np.full((40, 60, 3), (200, 100, 50), np.uint8)
    (shown,) = images(image(wanted, "a < b"))
    assert (shown["alt"], shown["width"], shown["height"]) == ("a < b", "60", "40")
    assert np.abs(pixels_of(shown["src"]).astype(int) - wanted).max() <= 3


def test_noise_is_compressed_until_it_is_small() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE_PX, SIDE_PX, 3), np.uint8)
    (shown,) = images(image(noise, "noise"))
    assert len(shown["src"] or "") <= LIMIT_BYTES * 4 / 3 + 40


def test_a_figure_has_four_views_no_larger_than_allowed_and_its_scores() -> None:
    example = Example("worst", "cats/a", {"iou": 0.25, "mae": math.nan}, row(900, 300))
    figure = example_figure(example)
    photo, truth, matte, difference = images(figure)
    for view in photo, truth, matte, difference:
        assert (view["height"], view["width"]) == ("256", "85")
    read = Page(page("t", figure))
    assert "worst : cats/a (IoU 0.250, MAE nan)" in read.words
    shown = pixels_of(difference["src"])
    assert np.abs(shown[128, 20].astype(int) - MISSED).max() < 25
    assert np.abs(shown[128, 65].astype(int) - TOO_MUCH).max() < 25
    assert pixels_of(truth["src"])[128, 20].min() > 240 and pixels_of(matte["src"])[128, 20].max() < 15


def test_mattes_that_are_no_numbers_are_drawn_as_nothing() -> None:
    bad = SheetRow(row().photo, row().truth, np.full((300, 400), np.nan, np.float32))
    assert pixels_of(images(example_figure(Example("worst", "a", {}, bad)))[2]["src"]).max() < 5


def test_a_picture_that_cannot_be_had_is_named() -> None:
    read = Page(page("t", gallery([Example("best", "a", {"iou": 0.9}, None, error="a.jpg is <gone>")])))
    assert read.count("img") == 0
    assert "cannot be shown: a.jpg is <gone>" in read.words


def test_the_legend_names_both_colours() -> None:
    made = gallery([])
    for colour in MISSED, TOO_MUCH:
        assert f"rgb({', '.join(map(str, colour))})" in made
    assert "missed" in made and "too much" in made
