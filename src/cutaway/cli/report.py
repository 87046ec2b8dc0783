"""What became of each photo, and the file that says so: one line of JSON per photo and a summary last."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, NamedTuple

from cutaway.errors import OptionError, OutputError
from cutaway.media.files import write_atomic

Status = Literal["done", "skipped", "failed"]


class Outcome(NamedTuple):
    """What became of one photo.

    Attributes:
        input: the photo as it was named; "-" for stdin.
        output: its result; "-" for stdout, None if it has none.
        status: "done", "skipped" (the result was already there) or "failed".
        width, height: of the result in pixels; None unless done.
        ms: milliseconds from opening the photo to the finished file; waiting for the model is left out.
        confidence: how far the result can be trusted, in [0, 1] (see `Result.confidence`); None where nobody knows.
        warning: what a person should look at, in one line; None if all is well.
        error: why it failed, in one line; None unless failed.
    """

    input: str
    output: str | None
    status: Status
    width: int | None = None
    height: int | None = None
    ms: int = 0
    confidence: float | None = None
    warning: str | None = None
    error: str | None = None


@dataclass
class Tally:
    """How many photos ended how.

    Attributes:
        done, skipped, failed: counts.
        left: photos that were not finished when the run stopped early.
        seconds: how long it all took.
        interrupted: whether the user stopped it.
        stopped: why the run stopped by itself before its end, in one line; None if it did not.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    left: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    stopped: str | None = None

    def count(self, status: Status) -> None:
        """Add one photo."""
        setattr(self, status, getattr(self, status) + 1)

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed, 2 nothing could be done, 130 interrupted."""
        if self.interrupted:
            return 130
        if not self.failed and not self.stopped:
            return 0
        return 1 if self.done + self.skipped else 2

    def __str__(self) -> str:
        parts = [f"{self.done} done"]
        parts += [f"{self.skipped} skipped (already there)"] if self.skipped else []
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.left} left"] if self.left else []
        return f"{', '.join(parts)} in {self.seconds:.1f} s"


class Report:
    """Writes outcomes to a .jsonl file as they come; without a path it writes nothing.

    The file is opened at once, so that a path that cannot be written fails before any work is done. A run that goes on
    where an earlier one ended, or was killed, keeps that one's lines of results that are still there: then there is one
    line for each photo again, whatever happened in between.

    Args:
        path: the file; None writes nothing.
        results: input and output of what this run would make; an earlier line of one of these is kept.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path | None, *, results: Collection[tuple[str, str]] = ()) -> None:
        self._path = path
        self._file: IO[str] | None = None
        self._kept: dict[str, Outcome] = {}
        if path is None:
            return
        try:
            if results and path.is_file():
                self._kept = {o.input: o for o in _done_before(path, frozenset(results))}
                text = "".join(_line(outcome._asdict()) for outcome in self._kept.values())
                write_atomic(path, text.encode(), overwrite=True)  # a kill in between must not lose a line
            self._file = path.open("a" if self._kept else "w", encoding="utf-8", newline="\n")
        except OSError as error:
            raise _unwritable(path, error) from error

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, outcome: Outcome) -> Outcome:
        """Write one photo's line and hand it to the operating system at once.

        Returns:
            The outcome; of a skipped one with what an earlier line, which is kept, knows about the result.
        """
        earlier = self._kept.get(outcome.input)
        if outcome.status == "skipped" and earlier is not None:
            return earlier._replace(status="skipped")
        self._write(outcome._asdict())
        return outcome

    def finish(self, tally: Tally) -> None:
        """Write the last line, {"summary": ...}."""
        self._write({"summary": {**asdict(tally), "seconds": round(tally.seconds, 3)}})

    def _write(self, value: dict[str, object]) -> None:
        if self._file is None or self._path is None:
            return
        try:
            self._file.write(_line(value))
            self._file.flush()
        except OSError as error:
            raise _unwritable(self._path, error) from error


def _line(value: dict[str, object]) -> str:
    return json.dumps(value) + "\n"


def _done_before(path: Path, results: frozenset[tuple[str, str]]) -> Iterator[Outcome]:
    """The lines of an earlier report that tell of wanted results that are there; a torn line is none."""
    known = set(Outcome._fields)
    for line in path.read_bytes().splitlines():
        try:
            value = json.loads(line)
            outcome = Outcome(**value) if value.keys() <= known else None
        except (ValueError, TypeError, AttributeError):
            continue
        if outcome is None or outcome.status != "done" or outcome.output is None:
            continue
        if (outcome.input, outcome.output) in results and os.path.lexists(outcome.output):
            yield outcome


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"the report {str(path)!r} cannot be written: {error.strerror or error}")


def refuse_input_as_report(path: Path | None, inputs: list[Path]) -> None:
    """Refuse a report that would be written over one of the photos.

    Raises:
        OptionError: it would.
    """
    if path is None or not path.exists():
        return
    if any(source.exists() and os.path.samefile(source, path) for source in inputs):  # noqa: PTH121
        raise OptionError(f"--report {str(path)!r} is one of the photos: give another name")
