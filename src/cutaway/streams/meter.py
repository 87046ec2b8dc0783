"""How quickly pictures come out, and how old they are by then."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

KEPT = 20_000
"""So many of the last ages are kept: eleven minutes at 30 pictures a second."""


@dataclass(frozen=True)
class Pace:
    """What a meter has seen.

    Attributes:
        pictures: how many were shown.
        rate: pictures in a second between the first and the last one; 0 for fewer than two.
        p50_ms, p95_ms: the age in milliseconds that half of the pictures, or 95 % of them, do not exceed.
    """

    pictures: int
    rate: float
    p50_ms: float
    p95_ms: float

    def __str__(self) -> str:
        """ "25.0 pictures/s, latency 41 ms (p50), 58 ms (p95)"."""
        return f"{self.rate:.1f} pictures/s, latency {self.p50_ms:.0f} ms (p50), {self.p95_ms:.0f} ms (p95)"


class Meter:
    """Is told of every picture that was shown, by any thread.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ages: deque[float] = deque(maxlen=KEPT)
        self._count = 0
        self._first = self._last = 0.0

    def shown(self, captured: float) -> None:
        """A picture whose frame arrived at the time `captured`, on the meter's clock, can be seen now."""
        with self._lock:
            now = self._clock()
            self._first = self._first if self._count else now
            self._last = now
            self._count += 1
            self._ages.append(now - captured)

    def pace(self) -> Pace:
        """What was seen so far; all zero if nothing was."""
        with self._lock:
            ages, count, span = sorted(self._ages), self._count, self._last - self._first
        rate = (count - 1) / span if count > 1 and span > 0 else 0.0
        return Pace(count, rate, 1000 * percentile(ages, 50), 1000 * percentile(ages, 95))


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value that `percent` of all values do not exceed.

    Args:
        values: sorted.
        percent: above 0, up to 100.

    Returns:
        0 if there are no values.
    """
    if not values:
        return 0.0
    return values[max(0, math.ceil(percent / 100 * len(values)) - 1)]
