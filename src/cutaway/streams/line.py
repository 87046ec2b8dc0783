"""Iterators that run side by side, each in a thread of its own, with bounded queues between them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

_T = TypeVar("_T")

_POLL_S = 0.1
"""How often a waiting thread looks whether all should stop; a blocked `get` would not hear Ctrl-C on Windows."""
_JOIN_S = 30.0


@dataclass(frozen=True)
class _Failure:
    error: BaseException


class _Stopped(Exception):
    """Someone else ended the line."""


_END = object()


class Line:
    """A production line: every iterator handed to `ahead` works in its own thread, some items ahead of its reader.

    An error anywhere comes out at the end of the line, where it is raised; leaving the `with` block stops all
    threads, whatever they wait for.

    Args:
        depth: how many items may wait between two stages.
    """

    def __init__(self, depth: int = 4) -> None:
        self._depth = depth
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def ahead(self, items: Iterable[_T], *, name: str) -> Iterator[_T]:
        """The same items in the same order, made in another thread."""
        waiting: queue.Queue[Any] = queue.Queue(self._depth)
        thread = threading.Thread(
            target=self._work, args=(items, waiting), name=f"cutaway {name}", daemon=True
        )
        self._threads.append(thread)
        thread.start()
        return self._taken(waiting)

    def _work(self, items: Iterable[Any], waiting: queue.Queue[Any]) -> None:
        try:
            for item in items:
                self._put(waiting, item)
            self._put(waiting, _END)
        except _Stopped:
            return
        except BaseException as error:  # raised again where the line ends
            try:
                self._put(waiting, _Failure(error))
            except _Stopped:
                return

    def _put(self, waiting: queue.Queue[Any], item: Any) -> None:
        while not self._stop.is_set():
            try:
                return waiting.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
        raise _Stopped

    def _taken(self, waiting: queue.Queue[Any]) -> Iterator[Any]:
        while True:
            item = self._get(waiting)
            if item is _END:
                return
            if isinstance(item, _Failure):
                raise item.error
            yield item

    def _get(self, waiting: queue.Queue[Any]) -> Any:
        while not self._stop.is_set():
            try:
                return waiting.get(timeout=_POLL_S)
            except queue.Empty:
                continue
        raise _Stopped

    def close(self) -> None:
        """Stop all threads and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
