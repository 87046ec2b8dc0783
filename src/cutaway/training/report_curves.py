"""Line charts as inline SVG for the training report: axes, ticks, legend, gaps where a value is missing, no script."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from cutaway.evaluation.html import Html, classed, element, together

Point: TypeAlias = tuple[float, float]

WIDTH, HEIGHT = 400, 250
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 20, 40
"""Margins around the plot, in units of the drawing; at phone width one is a little less than a pixel."""
STYLES = 4
"""Lines that the style sheet can tell apart."""
MOST_POINTS = 400
"""A line of more is thinned: the drawing is no wider than this."""
HUGE = 1e100
"""Values from here on are no more drawn than infinity is."""
MOST_DOTS = 40
"""Lines of more points are drawn without dots."""


@dataclass(frozen=True)
class Series:
    """A line: what it is called, and (x, y) in the order of x; a y that is NaN or beyond all bounds leaves a gap."""

    label: str
    points: tuple[Point, ...]

    @property
    def finite(self) -> list[Point]:
        """The points that can be drawn."""
        return [point for point in self.points if _drawable(point)]


@dataclass(frozen=True)
class Axis:
    """A range of values with round numbers to mark on it; `log` if equal factors are equally far apart."""

    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    def share(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high end."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return (at - low) / (high - low)


def line_chart(title: str, series: Sequence[Series], *, log: bool = False, best: float | None = None) -> Html:
    """A chart of up to four lines over epochs, with a legend if there are several; a sentence while there is no value.

    Args:
        title: what is shown, with its unit.
        series: the lines; those without any finite value are left out.
        log: a logarithmic scale, if all values are above zero.
        best: the epoch to mark.
    """
    heading = classed("div", "title", title)
    kept = [one for one in series if one.finite][:STYLES]
    if not kept:
        return classed("figure", "chart", heading, classed("p", "faint", "nothing measured yet"))
    x, y = _axes(kept, log=log)
    label = f"{title}: " + "; ".join(f"{one.label} {one.finite[-1][1]:.4g} at the end" for one in kept)
    drawn = element(
        "svg",
        _grid(x, y),
        _best(x, best),
        *(_line(one, number, x, y) for number, one in enumerate(kept)),
        attributes={"viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": label},
    )
    return classed("figure", "chart", heading, drawn, _legend(kept) if len(kept) > 1 else "")


def _axes(series: Sequence[Series], *, log: bool) -> tuple[Axis, Axis]:
    points = [point for one in series for point in one.finite]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    whole = linear_axis(min(xs), max(xs), least_step=1, about=8, rounded=False)
    if log and min(ys) > 0:
        return whole, log_axis(min(ys), max(ys))
    return whole, linear_axis(min(ys), max(ys))


def linear_axis(
    low: float, high: float, *, about: int = 5, least_step: float = 0.0, rounded: bool = True
) -> Axis:
    """An axis over [low, high] with ticks at 1, 2 or 5 times a power of ten.

    Args:
        low, high: the values to cover, may be equal.
        about: how many ticks to aim at.
        least_step: ticks no closer than this: 1 for whole numbers.
        rounded: let the axis begin and end at a tick.
    """
    if high - low <= 1e-9 * abs(high):
        margin = (abs(low) * 0.05 or 0.1) if rounded else 0.5
        low, high = low - margin, high + margin
    step = max(least_step, _round_step((high - low) / about))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = [number * step for number in range(first, last + 1)]
    if rounded:
        return Axis(ticks[0], ticks[-1], tuple(ticks))
    return Axis(low, high, tuple(tick for tick in ticks if low <= tick <= high))


def _round_step(step: float) -> float:
    """The next 1, 2 or 5 times a power of ten that is no smaller."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * (1 - 1e-9))


def log_axis(low: float, high: float) -> Axis:
    """A logarithmic axis over [low, high], both above zero, from a power of ten to another, at most seven ticks."""
    first = math.floor(math.log10(low) + 1e-9)
    last = max(first + 1, math.ceil(math.log10(high) - 1e-9))
    every = -(-(last - first) // 6)
    return Axis(10.0**first, 10.0**last, tuple(10.0**k for k in range(first, last + 1, every)), log=True)


def tick_text(value: float, axis: Axis) -> str:
    """A tick's number, with the decimals that its neighbours need."""
    step = abs(axis.ticks[1] - axis.ticks[0]) if len(axis.ticks) > 1 else 1.0
    if not axis.log and abs(value) < step / 1e6:
        value = 0.0  # what is left of adding steps up, or -0
    if axis.log or step < 5e-5 or abs(value) >= 1e5:
        mantissa, _, exponent = f"{value:.3g}".partition("e")
        return f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def _across(axis: Axis, value: float) -> float:
    return LEFT + axis.share(value) * (WIDTH - LEFT - RIGHT)


def _down(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM)


def _grid(x: Axis, y: Axis) -> Html:
    """Frame, horizontal lines, tick numbers and the name of the x axis."""
    floor = HEIGHT - BOTTOM
    parts = [_path("axis", f"M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}")]
    for tick in y.ticks:
        down = _down(y, tick)
        parts.append(_path("grid", f"M{LEFT} {down:.1f}H{WIDTH - RIGHT}"))
        parts.append(_text(LEFT - 6, down + 4, tick_text(tick, y), anchor="end"))
    for tick in x.ticks:
        across = _across(x, tick)
        parts.append(_path("axis", f"M{across:.1f} {floor}v4"))
        parts.append(_text(across, floor + 17, tick_text(tick, x), anchor="middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "epoch", anchor="middle"))
    return together(*parts)


def _best(x: Axis, epoch: float | None) -> Html:
    """A vertical line at the best epoch."""
    if epoch is None or not x.low <= epoch <= x.high:
        return Html()
    across = _across(x, epoch)
    name = _text(min(across, WIDTH - 16), TOP - 5, "best", anchor="middle")
    return together(_path("best", f"M{across:.1f} {TOP}V{HEIGHT - BOTTOM}"), name)


def _line(series: Series, number: int, x: Axis, y: Axis) -> Html:
    points = _thinned(series.points)
    pieces = [[(_across(x, a), _down(y, b)) for a, b in piece] for piece in _pieces(points, log=y.log)]
    strokes = "".join("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in piece) for piece in pieces)
    few = len(points) <= MOST_DOTS
    dots = [
        _dot(point, number, x, y, series.label) for point in points if few and _drawable(point, log=y.log)
    ]
    lone = [] if few else [_circle(piece[0], number) for piece in pieces if len(piece) == 1]
    return together(_path(f"line s{number}", strokes), *dots, *lone)


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    every = -(-len(points) // MOST_POINTS)
    return points if every <= 1 else [*points[:-1:every], points[-1]]


def _drawable(point: Point, *, log: bool = False) -> bool:
    return abs(point[1]) < HUGE and not (log and point[1] <= 0)


def _pieces(points: Sequence[Point], *, log: bool) -> Iterable[list[Point]]:
    """Runs of points with nothing missing between them."""
    for good, run in groupby(points, key=lambda point: _drawable(point, log=log)):
        if good:
            yield list(run)


def _dot(point: Point, number: int, x: Axis, y: Axis, label: str) -> Html:
    """A dot that tells its value to a pointer resting on it."""
    told = element("title", f"epoch {point[0]:g}, {label}: {point[1]:.4g}")
    return _circle((_across(x, point[0]), _down(y, point[1])), number, told)


def _circle(at: Point, number: int, *children: str) -> Html:
    place = {"cx": f"{at[0]:.1f}", "cy": f"{at[1]:.1f}", "r": "2.8"}
    return element("circle", *children, attributes={"class": f"d{number}", **place})


def _path(classes: str, drawing: str) -> Html:
    return element("path", attributes={"class": classes, "d": drawing})


def _text(x: float, y: float, words: str, *, anchor: str) -> Html:
    return element("text", words, attributes={"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor})


def _legend(series: Sequence[Series]) -> Html:
    names = []
    for number, one in enumerate(series):
        stroke = _path(f"line s{number}", "M0 4H30")
        sample = element("svg", stroke, attributes={"viewBox": "0 0 30 8", "aria-hidden": "true"})
        names.append(element("span", sample, one.label))
    return classed("figcaption", "legend", *names)
