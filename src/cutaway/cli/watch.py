"""Folders that are watched: photos that appear are tasks, until somebody says that it is enough."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from cutaway.cli.naming import Task

EVERY_S = 1.0
"""How often the folders are looked at."""
SHARE = 5
"""Between two looks passes at least this many times what a look takes, so that huge folders cost little."""
SETTLED_S = 2.0
"""A file that nobody has written to for so long is complete; of a newer one that is seen by the next look."""

_State = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""


class Watch:
    """Iterate over it for tasks, as photos appear; it ends when `stop` is called.

    A file that is still being written is waited for: its size and time must be the same at two looks. One that was
    changed after its turn has another turn. Looking needs nothing of the system but file names and times, so network
    drives and containers are watched as well.

    Args:
        look: finds all tasks that there are.
        every_s: seconds between two looks.
    """

    def __init__(self, look: Callable[[], list[Task]], *, every_s: float = EVERY_S) -> None:
        self._look = look
        self._every_s = every_s
        self._enough = threading.Event()
        self._seen: dict[Path, _State] = {}
        self._taken: dict[Path, _State] = {}

    def stop(self) -> None:
        """End the iteration, at once if it is waiting."""
        self._enough.set()

    def __iter__(self) -> Iterator[Task]:
        while not self._enough.is_set():
            start = time.monotonic()
            for task in self._look():
                if self._enough.is_set():
                    return
                if task.photo.path is not None and self._is_due(task.photo.path):
                    yield task
            self._enough.wait(max(self._every_s, SHARE * (time.monotonic() - start)))

    def _is_due(self, path: Path) -> bool:
        """Whether a file is complete and has not had its turn as it is now."""
        try:
            status = os.stat(path)  # noqa: PTH116 - for ten thousand files, once a second
        except OSError:  # gone again
            return False
        state = status.st_size, status.st_mtime_ns
        if state[0] == 0 or self._taken.get(path) == state:
            return False
        before, self._seen[path] = self._seen.get(path), state
        if before != state and abs(time.time() - status.st_mtime) < SETTLED_S:
            return False
        self._taken[path] = state
        return True
