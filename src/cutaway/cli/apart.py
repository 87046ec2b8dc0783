"""Photos made by several processes, because the many small steps along an edge would have threads wait for each other.

Python lets one thread at a time work on its objects. The network, reading and writing do not need it; the steps along
the edge of a subject are many and short, and two photos' steps stand in each other's way.
"""

from __future__ import annotations

import contextlib
import logging
import pickle
import subprocess
import sys
import threading
from typing import IO, cast

from cutaway.cli.maker import Maker, Say
from cutaway.cli.naming import Destination, Task, is_taken
from cutaway.cli.report import Outcome
from cutaway.cli.worker import Made, Orders, Said, send
from cutaway.options import Options

PHOTOS_EACH = 24
"""From so many photos for each worker on, processes pay for their start."""
_PATIENCE_S = 5.0
"""How long a process may take to end when there is nothing left to do."""


class MakersApart(Maker):
    """Makes results as its base does, but each thread that asks has a process of its own for it."""

    def __init__(
        self, options: Options, destination: Destination, *, overwrite: bool, workers: int, say: Say
    ) -> None:
        super().__init__(options, destination, overwrite=overwrite, workers=workers, say=say)
        level = logging.getLogger("cutaway").getEffectiveLevel()
        self._orders = Orders(options, destination, overwrite, level)
        self._own = threading.local()
        self._all: list[_Process] = []

    def make(self, task: Task) -> Outcome:
        """Make one result. Errors become a "failed" outcome, the end of a process too; a full disk also sets `stopped`.

        Raises:
            CutawayError: the model cannot be opened.
        """
        if task.photo.path is None or task.target is None:
            return super().make(task)
        if not self._overwrite and is_taken(task.target):
            return Outcome(str(task.photo), str(task.target), "skipped")
        with self._space_for(task.photo):
            made = self._process().make(task, self._say)
        if made is None:
            code = self._forget()
            return Outcome(
                str(task.photo), str(task.target), "failed",
                error=f"the process that worked on it ended ({code}), perhaps for want of memory",
            )  # fmt: skip
        self.stopped = self.stopped or made.stopped
        if isinstance(made.outcome, Exception):
            raise made.outcome
        return made.outcome

    def close(self, *, at_once: bool = False) -> None:
        """Let the processes end: those that work on something after that, or at once."""
        for process in list(self._all):
            process.close(at_once=at_once)

    def _process(self) -> _Process:
        process: _Process | None = getattr(self._own, "process", None)
        if process is None:
            process = self._own.process = _Process(self._orders)
            self._all.append(process)
        return process

    def _forget(self) -> str:
        """Have done with the process that ended, and say how it did."""
        process: _Process = self._own.process
        del self._own.process
        self._all.remove(process)
        return process.close(at_once=True)


class _Process:
    """One `cutaway.cli.worker`, which the same thread always asks."""

    def __init__(self, orders: Orders) -> None:
        # not -m, which would look for modules among the photos first
        run = f"import sys; sys.path[:] = {sys.path!r}; from cutaway.cli.worker import main; main()"
        command = [sys.executable, "-P", "-c", run]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._to, self._from = (cast(IO[bytes], s) for s in (self._process.stdin, self._process.stdout))
        with contextlib.suppress(OSError):  # it ended: the first task will tell
            send(self._to, orders)

    def make(self, task: Task, say: Say) -> Made | None:
        """What came of a task; None if the process ended."""
        try:
            send(self._to, task)
            while not isinstance(told := pickle.load(self._from), Made):
                if isinstance(told, Said):
                    say(told.text)
                else:
                    logging.getLogger(told.name).handle(told)
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        return told

    def close(self, *, at_once: bool) -> str:
        """Let it end, and say how it did."""
        with contextlib.suppress(OSError):
            self._to.close()
        if at_once:
            with contextlib.suppress(
                subprocess.TimeoutExpired
            ):  # it may have ended by itself, which tells more
                self._process.wait(0.2)
            self._process.kill()
        try:
            code = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._from.close()
        return f"signal {-code}" if code < 0 else f"exit code {code}"
