"""Measuring side by side: interleaved rounds, medians with their spread, ratios round by round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Samples = dict[str, list[float]]
"""Contestant to its measurements, one for each round, in order."""


@dataclass(frozen=True)
class Spread:
    """A middle value and how far the others lie from it."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Median, smallest and largest of at least one value."""
        return cls(median(values), min(values), max(values))

    def show(self, unit: str = "", *, digits: int = 3) -> str:
        """ "median unit (low to high)", with so many significant digits."""
        mid, low, high = (plain(value, digits) for value in (self.median, self.low, self.high))
        return f"{mid}{unit} ({low} to {high})"


def plain(value: float, digits: int) -> str:
    """A number with `digits` significant digits, never in scientific notation."""
    if value == 0:
        return "0"
    places = max(0, digits - len(str(int(abs(value)))) + (abs(value) < 1))
    return f"{value:.{places}f}"


def interleave(jobs: Mapping[str, Callable[[], float]], *, rounds: int) -> Samples:
    """Call every job once a round (A B C A B C ...), so that a busy spell of the machine hits all alike."""
    samples: Samples = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            samples[name].append(job())
    return samples


def ratios(samples: Samples, *, to: str) -> dict[str, Spread]:
    """How many times contestant `to` each other one took, round by round, as a spread over the rounds."""
    base = samples[to]
    return {
        name: Spread.of([value / reference for value, reference in zip(values, base, strict=True)])
        for name, values in samples.items()
        if name != to
    }


def summary(samples: Samples, *, to: str) -> dict[str, dict[str, object]]:
    """All of it for JSON: each contestant's rounds, spread, and ratio to `to`."""
    against = ratios(samples, to=to)
    return {
        name: {
            "rounds": values,
            **vars(Spread.of(values)),
            **({f"times_{to}": vars(against[name])} if name in against else {}),
        }
        for name, values in samples.items()
    }


def table(samples: Samples, *, to: str, title: str, unit: str) -> list[list[str]]:
    """Cells: contestant, median (low to high), and times `to` (low to high)."""
    against = ratios(samples, to=to)
    lines = [[title, unit, f"times {to}"]]
    for name, values in samples.items():
        lines.append(
            [name, Spread.of(values).show(), against[name].show(digits=2) if name in against else "1"]
        )
    return lines
