"""The same work on many things, several at a time: whoever is free takes the next one."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")

_POLL_S = 0.1
"""How often a waiting reader wakes up; a blocked `get` would not hear Ctrl-C on Windows."""


@dataclass(frozen=True)
class _Failure:
    error: BaseException


_END, _GONE = object(), object()


class Crew(Generic[_T, _R]):
    """Does a piece of work on each item, in several threads; iterate over it for the results, in the order of arrival.

    An item is fetched when a worker is free for it, so that nothing piles up and the items may be endless. An error
    of the work or of the items lets the others finish what they have begun, and is then raised by the iteration.

    Args:
        items: what to work on; fetched by the workers, one at a time.
        work: called with each item, by several threads at once.
        workers: how many threads; with one all is done by the thread that iterates.
    """

    def __init__(self, items: Iterable[_T], work: Callable[[_T], _R], *, workers: int) -> None:
        self._items = iter(items)
        self._work = work
        self._workers = workers
        self._fetching = threading.Lock()
        self._stopped = threading.Event()
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def stop(self) -> None:
        """Begin nothing new; what is being worked on is finished, and its results still come."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped.is_set()

    def __iter__(self) -> Iterator[_R]:
        if self._workers <= 1:
            return self._alone()
        for number in range(self._workers):
            # Daemons: a second Ctrl-C must not wait for a photo, nor for a read of stdin that never ends.
            threading.Thread(target=self._run, name=f"cutaway worker {number}", daemon=True).start()
        return self._results()

    def _alone(self) -> Iterator[_R]:
        while (item := self._next()) is not _END:
            yield self._work(item)

    def _run(self) -> None:
        try:
            while (item := self._next()) is not _END:
                self._ready.put(self._work(item))
        except BaseException as error:  # raised again by the iteration
            self._ready.put(_Failure(error))
        finally:
            self._ready.put(_GONE)

    def _next(self) -> Any:
        with self._fetching:
            return _END if self._stopped.is_set() else next(self._items, _END)

    def _results(self) -> Iterator[_R]:
        working, failure = self._workers, None
        while working:
            told = self._told()
            if told is _GONE:
                working -= 1
            elif isinstance(told, _Failure):
                failure = failure or told
                self.stop()
            else:
                yield told
        if failure is not None:
            raise failure.error

    def _told(self) -> Any:
        while True:
            try:
                return self._ready.get(timeout=_POLL_S)
            except queue.Empty:
                continue


class Room:
    """So much of something for all workers together; who wants more than is free waits, first come, first served.

    Args:
        size: how much there is; a share larger than that has the room for itself.
    """

    def __init__(self, size: int) -> None:
        self._size = self._free = size
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    @contextmanager
    def share(self, wanted: int) -> Iterator[None]:
        """Hold a share of the room during the block."""
        wanted, ticket = min(wanted, self._size), object()
        with self._changed:
            self._waiting.append(ticket)
            try:
                self._changed.wait_for(lambda: self._waiting[0] is ticket and self._free >= wanted)
                self._free -= wanted
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._free += wanted
                self._changed.notify_all()


class Soon(Generic[_T]):
    """A value that is made in a thread of its own, so that who will need it can do something else first.

    Args:
        make: makes it; called once, by `begin` or else by the first `get`.
    """

    def __init__(self, make: Callable[[], _T]) -> None:
        self._make = make
        self._beginning = threading.Lock()
        self._thread: threading.Thread | None = None
        self._made: _T | _Failure | None = None

    def begin(self) -> None:
        """Let it be made, if it is not already."""
        with self._beginning:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cutaway opening", daemon=True)
                self._thread.start()

    def get(self) -> _T:
        """Wait for it; an error in its making is raised here, each time."""
        self.begin()
        assert self._thread is not None
        while self._thread.is_alive():
            self._thread.join(_POLL_S)
        made = self._made
        if isinstance(made, _Failure):
            raise made.error
        return made  # type: ignore[return-value]

    def _run(self) -> None:
        try:
            self._made = self._make()
        except BaseException as error:
            self._made = _Failure(error)
