"""A progress bar of one line: how many, how fast, how long still; on a terminal only, without colour."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

REDRAW_S = 0.1
BAR_WIDTH = 24


class Progress:
    """Counts steps towards a total and draws them.

    Args:
        total: number of steps.
        stream: where to draw; None draws nothing.
        start: steps that were done before, and do not count for the rate.
        clock: seconds that only grow, for the rate.
    """

    def __init__(
        self,
        total: int,
        stream: TextIO | None,
        *,
        start: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = total
        self.count = self._first = start
        self.note = ""
        """Shown at the end of the line."""
        self._stream = stream
        self._clock = clock
        self._began = clock()
        self._drawn_at = float("-inf")
        self._drawn = 0

    def step(self, *, worked: bool = True) -> None:
        """Count one more and draw, at most ten times a second; skipped work does not count for the rate."""
        self.count += 1
        self._first += not worked
        if self._clock() - self._drawn_at >= REDRAW_S or self.count == self.total:
            self.draw()

    def draw(self) -> None:
        """Draw the bar over what was drawn before."""
        if self._stream is None:
            return
        import shutil  # where nothing is drawn, its own imports would take longer than all the rest of this module

        columns = shutil.get_terminal_size().columns - 1
        line = self.line()[:columns]
        self._stream.write("\r" + line.ljust(self._drawn))
        self._stream.flush()
        self._drawn, self._drawn_at = len(line), self._clock()

    def clear(self) -> None:
        """Wipe the bar, so that a line can be printed in its place."""
        if self._stream is not None and self._drawn:
            self._stream.write("\r" + " " * self._drawn + "\r")
            self._stream.flush()
            self._drawn, self._drawn_at = 0, float("-inf")

    def line(self) -> str:
        """The bar as text: "[######------] 12/24  3.1/s  0:04 left"."""
        filled = BAR_WIDTH * self.count // max(self.total, 1)
        bar = "#" * filled + "-" * (BAR_WIDTH - filled)
        elapsed = self._clock() - self._began
        done = self.count - self._first
        rate = done / elapsed if done and elapsed > 0 else 0.0
        left = f"{rate:.1f}/s  {_minutes((self.total - self.count) / rate)} left" if rate else "..."
        return f"[{bar}] {self.count}/{self.total}  {left}  {self.note}".rstrip()


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
