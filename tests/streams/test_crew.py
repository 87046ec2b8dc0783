"""Work done by several threads: all of it, once, in bounded numbers, and never a wait without an end."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from cutaway.streams.crew import Crew, Room, Soon

PATIENCE_S = 20.0


def ended(action: Callable[[], object]) -> object:
    """What a call gives, made in a thread of its own; fails if it has not come back in time."""
    told: list[object] = []

    def run() -> None:
        try:
            told.append(action())
        except BaseException as error:
            told.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    assert told, "it hangs"
    return told[0]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_everything_is_done_once(workers: int) -> None:
    assert ended(lambda: sorted(Crew(range(40), lambda n: n * n, workers=workers))) == [
        n * n for n in range(40)
    ]


def test_one_worker_keeps_the_order_and_the_thread() -> None:
    here = threading.current_thread()
    assert list(Crew("abc", lambda c: (c, threading.current_thread() is here), workers=1)) == [
        ("a", True),
        ("b", True),
        ("c", True),
    ]


def test_several_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=PATIENCE_S)
    assert ended(lambda: len(list(Crew(range(3), lambda _: meeting.wait(), workers=3)))) == 3


def test_results_come_as_they_are_ready() -> None:
    first_seen = threading.Event()

    def work(name: str) -> str:
        if name == "slow":
            assert first_seen.wait(PATIENCE_S)
        return name

    def read() -> list[str]:
        order = []
        for name in Crew(["slow", "quick"], work, workers=2):
            order.append(name)
            first_seen.set()
        return order

    assert ended(read) == ["quick", "slow"]


def test_items_are_fetched_only_when_somebody_is_free() -> None:
    begun = itertools.count()
    fetched = 0
    may_go_on = threading.Event()

    def endless() -> Iterator[int]:
        nonlocal fetched
        for n in itertools.count():
            fetched += 1
            yield n

    def work(n: int) -> int:
        if next(begun) < 2:
            assert may_go_on.wait(PATIENCE_S)
        return n

    crew = Crew(endless(), work, workers=2)
    results = iter(crew)
    time.sleep(0.05)
    assert fetched <= 2
    crew.stop()
    may_go_on.set()
    assert len(ended(lambda: list(results))) <= 2  # type: ignore[arg-type]


def test_after_stop_the_begun_is_finished_and_nothing_else() -> None:
    done: list[int] = []

    def work(n: int) -> int:
        time.sleep(0.01)
        done.append(n)
        return n

    def read() -> list[int]:
        crew = Crew(range(1000), work, workers=3)
        told = []
        for n in crew:
            told.append(n)
            crew.stop()
        assert crew.is_stopped
        return told

    told = ended(read)
    assert sorted(told) == sorted(done)  # type: ignore[type-var]
    assert len(done) < 1000


@pytest.mark.parametrize("workers", [1, 4])
def test_an_error_of_the_work_comes_out(workers: int) -> None:
    def work(n: int) -> int:
        if n == 5:
            raise RuntimeError("five")
        return n

    error = ended(lambda: list(Crew(itertools.count(), work, workers=workers)))
    assert isinstance(error, RuntimeError)
    assert str(error) == "five"


@pytest.mark.parametrize("workers", [1, 4])
def test_an_error_of_the_items_comes_out_after_the_results(workers: int) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    told: list[int] = []
    error = ended(lambda: told.extend(Crew(broken(), lambda n: n, workers=workers)))
    assert isinstance(error, OSError)
    assert set(told) <= {1}


def test_leaving_early_leaves_nobody_stuck() -> None:
    def read() -> int:
        crew = Crew(itertools.count(), lambda n: n, workers=2)
        for n in crew:
            crew.stop()
            return n
        return -1

    assert isinstance(ended(read), int)


def test_room_is_never_overfull_and_the_large_go_alone() -> None:
    room, lock, inside, most = Room(10), threading.Lock(), [0, 0], 0

    def work(share: int) -> int:
        nonlocal most
        with room.share(share):
            with lock:
                inside[0] += min(share, 10)
                inside[1] += 1
                most = max(most, inside[0])
                assert share < 10 or inside[1] == 1
            time.sleep(0.002)
            with lock:
                inside[0] -= min(share, 10)
                inside[1] -= 1
        return share

    shares = [3, 8, 1, 50, 4, 4, 4, 10, 0, 2] * 3
    assert sorted(ended(lambda: list(Crew(shares, work, workers=6)))) == sorted(shares)  # type: ignore[call-overload]
    assert 4 <= most <= 10


def test_who_waits_for_much_is_not_overtaken() -> None:
    room, order = Room(4), []
    holding, waiting = threading.Event(), threading.Event()

    def hold() -> None:
        with room.share(3):
            holding.set()
            assert waiting.wait(PATIENCE_S)
            time.sleep(0.05)

    def take(share: int) -> None:
        with room.share(share):
            order.append(share)

    threads = [threading.Thread(target=hold, daemon=True)]
    threads[0].start()
    assert holding.wait(PATIENCE_S)
    for share in (4, 1):  # one would fit at once, but came second
        threads.append(threading.Thread(target=take, args=(share,), daemon=True))
        threads[-1].start()
        time.sleep(0.02)
    waiting.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == [4, 1]


def test_soon_is_made_once_beside_the_caller() -> None:
    calls, go = [], threading.Event()

    def make() -> int:
        calls.append(threading.current_thread())
        assert go.wait(PATIENCE_S)
        return 7

    value = Soon(make)
    assert calls == []
    value.begin()
    value.begin()
    go.set()
    assert (ended(value.get), ended(value.get)) == (7, 7)
    assert len(calls) == 1
    assert calls[0] is not threading.current_thread()


def test_soon_passes_its_error_on_to_everyone() -> None:
    def make() -> int:
        raise KeyError("no")

    value = Soon(make)
    assert isinstance(ended(value.get), KeyError)
    assert isinstance(ended(value.get), KeyError)
