"""Line charts: ticks are round, lines lie where their values are, and gaps stay gaps."""

from __future__ import annotations

import math
import re

import pytest

from cutaway.evaluation.html import page
from cutaway.training.report_curves import (
    BOTTOM,
    HEIGHT,
    LEFT,
    MOST_POINTS,
    RIGHT,
    TOP,
    WIDTH,
    Series,
    line_chart,
    linear_axis,
    log_axis,
    tick_text,
)
from html_pages import Page


def line(*values: float, label: str = "IoU") -> Series:
    return Series(label, tuple(enumerate(values, start=1)))


def drawn(*series: Series, **how: float | bool) -> Page:
    return Page(page("t", line_chart("Overlap", series, **how)))  # type: ignore[arg-type]


def strokes(chart: Page) -> list[str]:
    return [a["d"] or "" for tag, a in chart.tags if tag == "path" and (a["class"] or "").startswith("line")]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0.812, 0.934, ["0.80", "0.85", "0.90", "0.95"]),
        (3.0, 3.0, ["2.8", "2.9", "3.0", "3.1", "3.2"]),
        (0.0, 0.0, ["-0.10", "-0.05", "0.00", "0.05", "0.10"]),
        (0.3, 0.1 + 0.2, ["0.28", "0.29", "0.30", "0.31", "0.32"]),
        (0.0, 0.002, ["0.0000", "0.0005", "0.0010", "0.0015", "0.0020"]),
        (1e-6, 3e-6, ["1e-6", "1.5e-6", "2e-6", "2.5e-6", "3e-6"]),
        (-0.4, 0.4, ["-0.4", "-0.2", "0.0", "0.2", "0.4"]),
        (0.0, 4e6, ["0", "1e6", "2e6", "3e6", "4e6"]),
    ],
)
def test_ticks_are_round_and_cover_the_values(low: float, high: float, ticks: list[str]) -> None:
    axis = linear_axis(low, high)
    shown = [tick_text(tick, axis) for tick in axis.ticks]
    assert shown == ticks
    assert axis.low <= low and high <= axis.high


def test_epochs_are_whole_numbers_and_the_axis_ends_with_them() -> None:
    axis = linear_axis(1, 3, least_step=1, rounded=False)
    assert (axis.low, axis.high, axis.ticks) == (1, 3, (1, 2, 3))
    assert linear_axis(1, 1, least_step=1, rounded=False).share(1) == 0.5
    assert len(linear_axis(0, 1000, about=8, least_step=1, rounded=False).ticks) <= 9


def test_a_logarithmic_axis_goes_from_power_to_power() -> None:
    axis = log_axis(2e-6, 1e-3)
    assert [tick_text(tick, axis) for tick in axis.ticks] == ["1e-6", "1e-5", "0.0001", "0.001"]
    assert axis.share(1e-6) == 0 and axis.share(1e-3) == pytest.approx(1)
    assert axis.share(1e-4) - axis.share(1e-5) == pytest.approx(1 / 3)
    assert len(log_axis(1e-30, 1.0).ticks) <= 7
    assert log_axis(1.0, 1.0).share(1.0) == 0
    far = log_axis(1e-36, 1.0)
    assert tick_text(far.ticks[0], far) == "1e-36"


def test_a_line_goes_from_corner_to_corner() -> None:
    (stroke,) = strokes(drawn(line(0.0, 1.0)))
    numbers = [float(n) for n in re.findall(r"[\d.]+", stroke)]
    assert numbers == [LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, TOP]


def test_a_missing_value_leaves_a_gap_and_a_lone_one_a_dot() -> None:
    chart = drawn(line(0.1, 0.2, math.nan, 0.4, math.inf, 0.5, 0.6))
    assert strokes(chart)[0].count("M") == 3
    assert chart.count("circle") == 5
    assert "nan" not in strokes(chart)[0] and "inf" not in strokes(chart)[0]


def test_on_a_logarithmic_scale_zero_turns_it_linear() -> None:
    assert "0.001" in drawn(line(1e-3, 1e-5), log=True).words
    assert "1e-5" in drawn(line(1e-3, 1e-5), log=True).words
    assert "1e-5" not in drawn(line(1e-3, 0.0), log=True).words


def test_long_lines_are_thinned_and_keep_their_end() -> None:
    values = [0.5] * 4999 + [1.0]
    (stroke,) = strokes(drawn(line(*values)))
    assert stroke.count("L") <= MOST_POINTS
    assert stroke.endswith(f"{WIDTH - RIGHT:.1f} {TOP:.1f}")
    lone = drawn(line(*([math.nan, 0.5, math.nan] * 30)))
    assert lone.count("circle") == 30


def test_lines_differ_in_class_and_are_named_where_there_are_several() -> None:
    chart = drawn(line(0.1, 0.2, label="a < b"), line(0.3, 0.4, label="c"))
    assert {a["class"] for tag, a in chart.tags if tag == "path"} >= {"line s0", "line s1"}
    assert "a < b" in chart.words and chart.count("figcaption") == 1
    assert drawn(line(0.1, 0.2)).count("figcaption") == 0


def test_the_chart_can_be_read_aloud_and_the_best_epoch_seen() -> None:
    chart = drawn(line(0.1, 0.9, 0.8), best=2)
    label = next(a["aria-label"] for tag, a in chart.tags if tag == "svg")
    assert label == "Overlap: IoU 0.8 at the end"
    assert " best " in chart.words
    assert " best " not in drawn(line(0.1), best=7).words and " best " not in drawn(line(0.1)).words


@pytest.mark.parametrize("series", [[], [line()], [line(math.nan)], [line(1e300, -1e300)]])
def test_nothing_to_draw_is_said(series: list[Series]) -> None:
    chart = drawn(*series)
    assert chart.count("svg") == 0 and "nothing measured yet" in chart.words
