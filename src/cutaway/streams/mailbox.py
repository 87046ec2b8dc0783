"""Handing things over between two threads when only the newest one matters."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Generic, TypeVar

_T = TypeVar("_T")

_POLL_S = 0.1
"""How often a waiting thread looks up; a wait without an end would not hear Ctrl-C on Windows."""


class Mailbox(Generic[_T]):
    """Room for one thing, between a thread that puts and one that takes: what is not taken in time is replaced.

    Args:
        patient: wait until it is taken, so that nothing is lost.

    Attributes:
        dropped: how many were replaced before anybody took them.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self._patient = patient
        self._held: list[_T] = []
        self._closed = False
        self._changed = threading.Condition()
        self.dropped = 0

    def put(self, item: _T) -> bool:
        """Hand over the newest; False if the mailbox was closed and nobody will take it."""
        with self._changed:
            while self._patient and self._held and not self._closed:
                self._changed.wait(_POLL_S)
            if self._closed:
                return False
            self.dropped += len(self._held)
            self._held[:] = [item]
            self._changed.notify_all()
            return True

    def __iter__(self) -> Iterator[_T]:
        """What comes, one after the other, until the mailbox is closed and empty."""
        while True:
            with self._changed:
                while not self._held and not self._closed:
                    self._changed.wait(_POLL_S)
                if not self._held:
                    return
                item = self._held.pop()
                self._changed.notify_all()
            yield item

    def poll(self) -> _T | None:
        """What is there now, if anything."""
        with self._changed:
            item = self._held.pop() if self._held else None
            self._changed.notify_all()
            return item

    def close(self, *, empty: bool = False) -> None:
        """Say that nothing more comes.

        Args:
            empty: also throw away what has not been taken.
        """
        with self._changed:
            self._closed = True
            if empty:
                self._held.clear()
            self._changed.notify_all()
