"""The results that a person should look at: those whose confidence is low."""

from __future__ import annotations

from pathlib import Path

from cutaway.cli.console import Console
from cutaway.cli.naming import Destination
from cutaway.cli.report import Outcome
from cutaway.errors import OptionError, OutputError
from cutaway.media.files import write_atomic

MOST_LISTED = 20
"""So many are named at the end; the report and the folder have them all."""


class Review:
    """Gathers doubtful results.

    Args:
        below: results with a confidence below this are doubtful, 0 to 1; None takes none.
        folder: where a copy of each goes; None copies nothing.
        destination: where results go; a copy keeps its place below the results' folder.

    Raises:
        OptionError: `below` is no share, or there is a folder and nothing to put into it.
    """

    def __init__(self, below: float | None, folder: Path | None, destination: Destination) -> None:
        if folder is not None and below is None:
            raise OptionError("--review-to needs --review-below: say which confidence is too low")
        if below is not None and not 0 < below <= 1:
            raise OptionError(f"--review-below must be above 0 and at most 1, not {below:g}")
        if folder is not None and destination.kind == "stdout":
            raise OptionError(
                "--review-to copies results, and stdout leaves none to copy: give a file with -o"
            )
        self._below = below
        self._folder = folder
        self._top = destination.path if destination.kind == "folder" else None
        self._doubtful: list[Outcome] = []
        self._taken: set[Path] = set()

    def add(self, outcome: Outcome) -> None:
        """Look at what became of a photo, and copy its result if that is doubtful.

        Raises:
            OutputError: it cannot be copied.
        """
        if self._below is None or outcome.confidence is None or outcome.confidence >= self._below:
            return
        self._doubtful.append(outcome)
        if self._folder is not None and outcome.output is not None:
            result = Path(outcome.output)
            try:
                write_atomic(self._place(result), result.read_bytes(), overwrite=True)
            except OSError as error:
                raise OutputError(
                    f"{result} cannot be copied for review: {error.strerror or error}"
                ) from error

    def _place(self, result: Path) -> Path:
        """Where a copy goes; two of one name from different folders are told apart by a number."""
        assert self._folder is not None
        if self._top is not None:
            return self._folder / result.relative_to(self._top)
        place, number = self._folder / result.name, 1
        while place in self._taken:
            number += 1
            place = self._folder / f"{result.stem}~{number}{result.suffix}"
        self._taken.add(place)
        return place

    def say(self, console: Console) -> None:
        """Name the doubtful results, the worst first."""
        if not self._doubtful:
            return
        worst = sorted(self._doubtful, key=lambda outcome: (outcome.confidence or 0.0, outcome.input))
        where = "" if self._folder is None else f"; copies are in {self._folder}"
        console.say(f"{len(worst)} to look at (confidence below {self._below:g}){where}:")
        for outcome in worst[:MOST_LISTED]:
            console.say(f"{outcome.confidence:.2f}  {outcome.output}")
        if len(worst) > MOST_LISTED:
            console.say(f"and {len(worst) - MOST_LISTED} more; --report names them all")
