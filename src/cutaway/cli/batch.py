"""Works through the photos one after the other; what goes wrong with one of them does not stop the rest."""

from __future__ import annotations

import errno
import logging
import sys
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.cli.console import Console, print_error
from cutaway.cli.inputs import Problem
from cutaway.cli.naming import Destination, Task, is_taken, numbered
from cutaway.cli.progress import Progress
from cutaway.cli.report import Outcome, Report, Tally
from cutaway.errors import CutawayError, OutputError, OutputExistsError
from cutaway.formats import TABLE
from cutaway.media.files import write_atomic
from cutaway.media.moving import count_pictures
from cutaway.options import Options

if TYPE_CHECKING:
    from cutaway.remover import Remover, Result

log = logging.getLogger(__name__)

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Batch:
    """One run over many photos.

    Args:
        options: the picture to be made.
        destination: where results go.
        overwrite: whether results that are already there are made anew.
        console: where to say how it goes.
        report: where to write down how it went.
    """

    def __init__(
        self, options: Options, destination: Destination, *, overwrite: bool, console: Console, report: Report
    ) -> None:
        self.options = options
        self.destination = destination
        self.overwrite = overwrite
        self.console = console
        self.report = report
        self.tally = Tally()

    @cached_property
    def remover(self) -> Remover:
        """The model, opened when the first photo wants it: a run with nothing to do costs nothing."""
        from cutaway.remover import Remover

        return Remover(options=self.options)

    def run(self, tasks: Sequence[Task], problems: Sequence[Problem]) -> Tally:
        """Do the tasks in order, after saying what is wrong with the other inputs.

        Raises:
            CutawayError: the model cannot be opened, or the report cannot be written.
        """
        start = time.perf_counter()
        total = len(tasks) + len(problems)
        self._single = total == 1
        self._bar = Progress(
            len(tasks), sys.stderr if len(tasks) > 1 and self.console.shows_progress else None
        )
        try:
            self._run(tasks, problems)
        except KeyboardInterrupt:
            self.tally.interrupted = True
        finally:
            self._bar.clear()
            tally = self.tally
            tally.left = total - tally.done - tally.skipped - tally.failed
            tally.seconds = time.perf_counter() - start
            self.report.finish(tally)
        return tally

    def _run(self, tasks: Sequence[Task], problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._settle(Outcome(problem.input, None, "failed", error=problem.message))
        self._bar.draw()
        for task in tasks:
            outcome = self._do(task)
            self._settle(outcome)
            self._bar.step(worked=outcome.status != "skipped")
            if self.tally.stopped:
                return

    def _settle(self, outcome: Outcome) -> None:
        """Count an outcome, write it down and say what has to be said."""
        self.tally.count(outcome.status)
        self.report.add(outcome)
        if outcome.status == "failed":
            self._bar.clear()
            print_error(_named(outcome.input, outcome.error or ""))
        elif self._single:
            self.console.say(_result_line(outcome))
        else:
            log.info("%s: %s (%d ms)", outcome.input, outcome.status, outcome.ms)

    def _do(self, task: Task) -> Outcome:
        """Make one result. Errors become a "failed" outcome; a full disk also stops the run."""
        name, target = str(task.photo), "-" if task.target is None else str(task.target)
        if task.target is not None and not self.overwrite and is_taken(task.target):
            return Outcome(name, target, "skipped")
        remover = self.remover
        start = time.perf_counter()
        try:
            height, width = self._make(remover, task)
        except OutputExistsError:  # another run was quicker
            return Outcome(name, target, "skipped", ms=_ms_since(start))
        except Exception as error:
            if _disk_is_full(error):
                self.tally.stopped = "the disk is full"
            return Outcome(name, target, "failed", ms=_ms_since(start), error=_reason(error))
        return Outcome(name, target, "done", width, height, _ms_since(start))

    def _make(self, remover: Remover, task: Task) -> tuple[int, int]:
        source = _read_stdin() if task.photo.path is None else task.photo.path
        pictures = count_pictures(source)
        if pictures > 1 and TABLE[self.destination.format].animated and not self.destination.each:
            from cutaway.streams.animated import cut_animation

            moving = cut_animation(source, remover, format=self.destination.format)
            self._write(moving.data, task.target)
            return moving.size
        if pictures > 1:
            self._bar.clear()
            self.console.say(
                f"{task.photo} moves ({pictures} pictures), {self.destination.format} does not: the first is taken"
            )
        return self._write_all(remover.remove(source), task.target)

    def _write_all(self, result: Result, target: Path | None) -> tuple[int, int]:
        """Write the picture, or one for each subject; the first one last, so that it stands for all of them."""
        if not self.destination.each or target is None:
            self._write(result.to_bytes(self.destination.format), target)
            return result.picture.size
        subjects = result.each()
        files = [one.to_bytes(self.destination.format) for one in subjects]
        for number in range(len(files), 1, -1):
            path = numbered(target, number)
            if is_taken(path) and not self.overwrite:
                raise OutputError(f"{path} is in the way: move it, or add --overwrite to replace it")
        for number in range(len(files), 0, -1):
            self._write(files[number - 1], numbered(target, number))
        return subjects[0].picture.size

    def _write(self, data: bytes, target: Path | None) -> None:
        if target is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        write_atomic(target, data, overwrite=self.overwrite)


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read()


def _reason(error: Exception) -> str:
    """One line for an error; one that nobody foresaw says so, and is logged with its origin."""
    if isinstance(error, CutawayError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    log.info("unexpected error", exc_info=error)
    return f"unexpected {type(error).__name__}: {error}; run again with -v to see where"


def _disk_is_full(error: BaseException) -> bool:
    """Whether the error, or one that led to it, says that no space is left."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return True
        cause = cause.__cause__
    return False


def _named(name: str, message: str) -> str:
    """The message, beginning with the photo's name unless it already says it."""
    return message if name in message else f"{name}: {message}"


def _result_line(outcome: Outcome) -> str:
    where = "stdout" if outcome.output == "-" else outcome.output
    if outcome.status == "skipped":
        return f"{where} is already there: skipped (--overwrite makes it anew)"
    return f"{where} ({outcome.width}×{outcome.height}, {outcome.ms / 1000:.1f} s)"


def _ms_since(start: float) -> int:
    return round((time.perf_counter() - start) * 1000)
