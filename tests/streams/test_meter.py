"""Pace and age of live pictures, by hand."""

from __future__ import annotations

import pytest

from cutaway.streams.meter import Meter, percentile


def test_by_hand() -> None:
    now = iter([10.0, 10.5, 11.0, 12.0])
    meter = Meter(clock=lambda: next(now))
    for captured in (9.9, 10.3, 10.7, 11.0):
        meter.shown(captured)
    pace = meter.pace()
    assert (pace.pictures, pace.rate) == (4, 1.5)
    assert (pace.p50_ms, pace.p95_ms) == (pytest.approx(200), pytest.approx(1000))
    assert str(pace) == "1.5 pictures/s, latency 200 ms (p50), 1000 ms (p95)"


def test_nothing_and_one() -> None:
    meter = Meter(clock=lambda: 1.0)
    assert meter.pace().pictures == 0 and meter.pace().p95_ms == 0
    meter.shown(0.5)
    assert meter.pace().rate == 0 and meter.pace().p50_ms == 500


def test_percentiles_are_nearest_ranks() -> None:
    values = [float(i) for i in range(1, 21)]
    assert [percentile(values, p) for p in (5, 50, 95, 100)] == [1, 10, 19, 20]
