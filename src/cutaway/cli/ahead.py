"""Before anything is done: what would be, and what cannot be watched."""

from __future__ import annotations

from collections.abc import Sequence

import click

from cutaway.cli.console import Console, one_line, print_error
from cutaway.cli.inputs import Found, Problem
from cutaway.cli.naming import Destination, Task, is_taken
from cutaway.cli.report import Tally
from cutaway.errors import OptionError


def say_what_would_be_done(
    tasks: Sequence[Task], problems: Sequence[Problem], console: Console, *, overwrite: bool
) -> int:
    """Print each photo and its result on stdout, what is wrong on stderr, and give the exit code.

    No photo is opened: one that turns out to be damaged is not foreseen.
    """
    tally = Tally()
    for problem in problems:
        tally.count("failed")
        print_error(f"{problem.input}: {problem.message}")
    for task in tasks:
        there = task.target is not None and not overwrite and is_taken(task.target)
        tally.count("skipped" if there else "done")
        result = "-" if task.target is None else str(task.target)
        click.echo(one_line(f"{task.photo} -> {result}{' (already there: skipped)' if there else ''}"))
    console.say(f"{tally.done} to do, {tally.skipped} already there, {tally.failed} cannot be done")
    return tally.exit_code


def refuse_watch(found: Found, destination: Destination, *, dry_run: bool) -> None:
    """Refuse to watch what never gets more photos, or to write them all to one place.

    Raises:
        OptionError: no input is a folder, the results go to one file or stdout, or nothing is to be done.
    """
    if dry_run:
        raise OptionError("--dry-run does nothing, and --watch goes on doing it: leave out one of the two")
    if not found.has_folder:
        raise OptionError("--watch needs a folder to watch: give one as an input")
    if destination.kind not in ("beside", "folder"):
        raise OptionError("--watch makes many results: give a folder with -o, or leave it out")
