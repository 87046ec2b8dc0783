"""How long an epoch will take, said once, after the first steps of a run."""

from __future__ import annotations

import time
from collections.abc import Callable

from cutaway.data.check_text import count

STEPS = 10
SECONDS = 20.0
"""It is said after so many steps or seconds, whichever comes first, and at the latest at the end of an epoch."""


class Pace:
    """Times the first steps of a run.

    Args:
        steps: steps an epoch.
        epochs: epochs still to be done, this one included.
        clock: seconds that only grow.
    """

    def __init__(self, *, steps: int, epochs: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._steps, self._epochs, self._clock = steps, epochs, clock
        self._began = clock()
        self._first_done = self._began
        self._done = 0
        self._said = False

    def step(self, *, last: bool = False) -> str:
        """Count a step; the sentence to say now, or "" ; `last` is the epoch's last step.

        The first step is left out where there are others: it waits for the first samples and warms everything up.
        """
        now = self._clock()
        self._done += 1
        if self._done == 1:
            self._first_done = now
        enough = self._done >= STEPS or (self._done > 1 and now - self._began >= SECONDS)
        if self._said or not (enough or last):
            return ""
        self._said = True
        timed = max(1, self._done - 1)
        seconds = (now - (self._first_done if self._done > 1 else self._began)) / timed * self._steps
        return (
            f"an epoch takes about {duration(seconds)} without validation, "
            f"{count(self._epochs, 'epoch')} about {duration(seconds * self._epochs)}"
        )


def duration(seconds: float) -> str:
    """ "40 s", "3 min" or "1.5 h": as much as one wants to know."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
