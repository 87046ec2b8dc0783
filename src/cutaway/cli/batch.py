"""Works through many photos, several at a time; what goes wrong with one of them does not stop the rest."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import FrameType

from cutaway.cli.console import Console, print_error
from cutaway.cli.inputs import Problem
from cutaway.cli.maker import Maker
from cutaway.cli.naming import Destination, Task
from cutaway.cli.progress import Progress
from cutaway.cli.report import Outcome, Report, Tally
from cutaway.engines.threads import usable_threads
from cutaway.options import Options
from cutaway.streams.crew import Crew

log = logging.getLogger(__name__)


class Batch:
    """One run over many photos.

    With more photos than one, each processor works on a photo of its own: reading, network and writing of different
    photos overlap, and none of them waits for the others.

    Args:
        options: the picture to be made. Its `threads` are how many processors the whole run may use; 0 is all.
        destination: where results go.
        overwrite: whether results that are already there are made anew.
        console: where to say how it goes.
        report: where to write down how it went.
    """

    def __init__(
        self, options: Options, destination: Destination, *, overwrite: bool, console: Console, report: Report
    ) -> None:
        self._options = options
        self._destination = destination
        self._overwrite = overwrite
        self._console = console
        self._report = report
        self.tally = Tally()

    def run(self, tasks: Sequence[Task], problems: Sequence[Problem]) -> Tally:
        """Do the tasks, after saying what is wrong with the other inputs.

        Ctrl-C lets the photos that are under way be finished and written down; a second one does not.

        Raises:
            CutawayError: the model cannot be opened, or the report cannot be written.
        """
        start = time.perf_counter()
        total = len(tasks) + len(problems)
        self._single = total == 1
        self._bar = Progress(
            len(tasks), sys.stderr if len(tasks) > 1 and self._console.shows_progress else None
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
            self._report.finish(tally)
        return tally

    def _run(self, tasks: Sequence[Task], problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._settle(Outcome(problem.input, None, "failed", error=problem.message))
        self._bar.draw()
        workers, options = share_out(self._options, photos=len(tasks))
        maker = Maker(options, self._destination, overwrite=self._overwrite, workers=workers, say=self._say)
        crew = Crew(tasks, maker.make, workers=workers)
        with self._interrupt_stops(crew) if len(tasks) > 1 else contextlib.nullcontext():
            for outcome in crew:
                self._settle(outcome)
                self._bar.step(worked=outcome.status != "skipped")
                if maker.stopped:
                    self.tally.stopped = maker.stopped
                    crew.stop()

    @contextlib.contextmanager
    def _interrupt_stops(self, crew: Crew[Task, Outcome]) -> Iterator[None]:
        """Within the block the first Ctrl-C begins no more photos; the second one is heard at once.

        Outside the main thread, where Python delivers no signals, nothing changes.
        """
        before = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is not threading.main_thread() or not callable(before):
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            signal.signal(signal.SIGINT, before)
            self.tally.interrupted = True
            crew.stop()

        signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _say(self, text: str) -> None:
        self._bar.clear()
        self._console.say(text)

    def _settle(self, outcome: Outcome) -> None:
        """Count an outcome, write it down and say what has to be said."""
        self.tally.count(outcome.status)
        self._report.add(outcome)
        if outcome.status == "failed":
            self._bar.clear()
            print_error(_named(outcome.input, outcome.error or ""))
        elif self._single:
            self._console.say(_result_line(outcome))
        else:
            log.info("%s: %s (%d ms)", outcome.input, outcome.status, outcome.ms)


def share_out(options: Options, *, photos: int) -> tuple[int, Options]:
    """How many photos to work on at a time, and the options with the threads that each one's network then gets."""
    available = options.threads or usable_threads()
    workers = max(1, min(available, photos))
    return workers, options if workers == 1 else replace(options, threads=available // workers)


def _named(name: str, message: str) -> str:
    """The message, beginning with the photo's name unless it already says it."""
    return message if name in message else f"{name}: {message}"


def _result_line(outcome: Outcome) -> str:
    where = "stdout" if outcome.output == "-" else outcome.output
    if outcome.status == "skipped":
        return f"{where} is already there: skipped (--overwrite makes it anew)"
    return f"{where} ({outcome.width}×{outcome.height}, {outcome.ms / 1000:.1f} s)"
