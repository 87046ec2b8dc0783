"""Stages side by side: order kept, errors come out at the end, nobody hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from cutaway.streams.line import Line


def alive() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("cutaway")]


def test_everything_comes_in_order() -> None:
    with Line(2) as line:
        first = line.ahead(range(100), name="a")
        second = line.ahead((x * 2 for x in first), name="b")
        assert list(second) == list(range(0, 200, 2))
    assert alive() == []


def test_no_stage_runs_away() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    with Line(3) as line:
        items = line.ahead(source(), name="a")
        next(items)
        time.sleep(0.05)
        assert len(made) <= 6


@pytest.mark.parametrize("where", ["first", "second", "reader"])
def test_an_error_anywhere_ends_all(where: str) -> None:
    def broken(name: str, items: Iterator[int]) -> Iterator[int]:
        for i in items:
            if name == where and i == 5:
                raise ValueError(f"broken in {name}")
            yield i

    def endless() -> Iterator[int]:
        i = 0
        while True:
            yield i
            i += 1

    def run() -> None:
        with Line(2) as line:
            first = line.ahead(broken("first", endless()), name="a")
            second = line.ahead(broken("second", first), name="b")
            for _ in broken("reader", second):
                pass

    with pytest.raises(ValueError, match=f"broken in {where}"):
        run()
    assert alive() == []


def test_leaving_early_stops_threads_that_wait() -> None:
    forever = threading.Event()

    def slow() -> Iterator[int]:
        yield 1
        forever.wait(0.2)
        yield 2

    with Line(1) as line:
        last = line.ahead(line.ahead(slow(), name="a"), name="b")
        assert next(last) == 1
    assert alive() == []
