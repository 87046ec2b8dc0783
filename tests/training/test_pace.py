"""How long it will take: said once, from the first steps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cutaway.training.pace import Pace, duration


def _ticking(step_s: float, *, first_s: float = 0.0) -> Iterator[float]:
    """A clock that is asked once at the start and once a step."""
    now = 100.0
    yield now
    now += first_s
    while True:
        now += step_s
        yield now


def _said(pace: Pace, steps: int) -> list[tuple[int, str]]:
    told = [(n, pace.step(last=n == steps)) for n in range(1, steps + 1)]
    return [(n, text) for n, text in told if text]


def test_after_ten_steps_without_the_first() -> None:
    pace = Pace(steps=180, epochs=30, clock=_ticking(1.0, first_s=9).__next__)
    assert _said(pace, 180) == [(10, "an epoch takes about 3 min without validation, 30 epochs about 1.5 h")]


def test_after_twenty_seconds() -> None:
    pace = Pace(steps=4, epochs=2, clock=_ticking(15.0).__next__)
    assert _said(pace, 4) == [(2, "an epoch takes about 60 s without validation, 2 epochs about 2 min")]


@pytest.mark.parametrize("steps", [1, 3])
def test_at_the_end_of_a_short_epoch(steps: int) -> None:
    pace = Pace(steps=steps, epochs=1, clock=_ticking(1.0).__next__)
    assert _said(pace, steps) == [
        (steps, f"an epoch takes about {steps} s without validation, 1 epoch about {steps} s")
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1 s"), (59.6, "60 s"), (89, "89 s"), (91, "2 min"), (3600, "60 min"), (9000, "2.5 h")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
