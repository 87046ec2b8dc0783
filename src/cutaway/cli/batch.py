"""Works through many photos, several at a time; what goes wrong with one of them does not stop the rest."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import FrameType

from cutaway.cli.apart import PHOTOS_EACH, MakersApart
from cutaway.cli.console import Console, print_error
from cutaway.cli.inputs import Problem
from cutaway.cli.maker import Maker
from cutaway.cli.naming import Destination, Task
from cutaway.cli.progress import Progress
from cutaway.cli.report import Outcome, Report, Tally
from cutaway.cli.review import Review
from cutaway.cli.watch import Watch
from cutaway.engines.threads import usable_threads
from cutaway.media.files import remove_leftovers
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
        review: where to gather what a person should look at.
    """

    def __init__(
        self,
        options: Options,
        destination: Destination,
        *,
        overwrite: bool,
        console: Console,
        report: Report,
        review: Review,
    ) -> None:
        self._options = options
        self._destination = destination
        self._overwrite = overwrite
        self._console = console
        self._report = report
        self._review = review
        self.tally = Tally()

    def run(self, tasks: Sequence[Task] | Watch, problems: Sequence[Problem]) -> Tally:
        """Do the tasks, after saying what is wrong with the other inputs.

        Ctrl-C lets the photos that are under way be finished and written down; a second one does not. It is how a watch
        ends, and no interruption there.

        Raises:
            CutawayError: the model cannot be opened, or the report or a copy for review cannot be written.
        """
        start, tally = time.perf_counter(), self.tally
        count = None if isinstance(tasks, Watch) else len(tasks)
        total = (count or 0) + len(problems)
        self._single = count is not None and total == 1
        draws = self._console.shows_progress and count is not None and count > 1
        self._bar = Progress(count or 0, sys.stderr if draws else None)
        try:
            self._run(tasks, problems, count)
        except KeyboardInterrupt:
            tally.interrupted = True
        finally:
            self._bar.clear()
            if count is not None:
                tally.left = total - tally.done - tally.skipped - tally.failed
            tally.seconds = time.perf_counter() - start
            self._report.finish(tally)
        return tally

    def _run(self, tasks: Sequence[Task] | Watch, problems: Sequence[Problem], count: int | None) -> None:
        for problem in problems:
            self._settle(Outcome(problem.input, None, "failed", error=problem.message))
        for folder in {task.target.parent for task in tasks if task.target} if count and count > 1 else ():
            remove_leftovers(folder)
        self._bar.draw()
        workers, options = share_out(self._options, photos=count)
        kind = MakersApart if _pays_to_be_apart(options, workers, count) else Maker
        maker = kind(options, self._destination, overwrite=self._overwrite, workers=workers, say=self._say)
        crew = Crew(tasks, maker.make, workers=workers)

        def stop() -> None:
            crew.stop()
            if isinstance(tasks, Watch):
                tasks.stop()
            else:
                self.tally.interrupted = True

        finished = False
        try:
            with contextlib.nullcontext() if count == 1 else interrupt_calls(stop):
                for outcome in crew:
                    self._settle(outcome)
                    self._bar.step(worked=outcome.status != "skipped")
                    if maker.stopped:
                        self.tally.stopped = maker.stopped
                        crew.stop()
            finished = True
        finally:
            maker.close(at_once=not finished)

    def _say(self, text: str) -> None:
        self._bar.clear()
        self._console.say(text)

    def _settle(self, outcome: Outcome) -> None:
        """Count an outcome, write it down and say what has to be said."""
        self.tally.count(outcome.status)
        self._review.add(self._report.add(outcome))
        if outcome.status == "failed":
            self._bar.clear()
            print_error(_named(outcome.input, outcome.error or ""))
        elif self._single:
            self._console.say(_result_line(outcome))
        else:
            log.info("%s: %s (%d ms)", outcome.input, outcome.status, outcome.ms)


@contextlib.contextmanager
def interrupt_calls(stop: Callable[[], None]) -> Iterator[None]:
    """Within the block the first Ctrl-C calls a function instead of raising an error; the second one raises.

    Outside the main thread, where Python delivers no signals, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return

    def hear(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def share_out(options: Options, *, photos: int | None) -> tuple[int, Options]:
    """How many photos to work on at a time, and the options with the threads that each one's network then gets.

    Args:
        options: their `threads` are how many processors there are to share; 0 is all that this process may use.
        photos: how many there are; None if nobody knows.
    """
    available = options.threads or usable_threads()
    workers = available if photos is None else max(1, min(available, photos))
    return workers, options if workers == 1 else replace(options, threads=available // workers)


def _pays_to_be_apart(options: Options, workers: int, photos: int | None) -> bool:
    """Whether processes are quicker than threads: for many photos, and where no device is shared by all of them."""
    if workers == 1 or photos is None or photos < PHOTOS_EACH * workers:
        return False
    if not sys.executable or getattr(sys, "frozen", False):  # there is no Python that could be started
        return False
    from cutaway.engines.providers import runs_on_cpu

    return options.is_keyed or runs_on_cpu(options.device)


def _named(name: str, message: str) -> str:
    """The message, beginning with the photo's name unless it already says it."""
    return message if name in message else f"{name}: {message}"


def _result_line(outcome: Outcome) -> str:
    where = "stdout" if outcome.output == "-" else outcome.output
    if outcome.status == "skipped":
        return f"{where} is already there: skipped (--overwrite makes it anew)"
    return f"{where} ({outcome.width}×{outcome.height}, {outcome.ms / 1000:.1f} s)"
