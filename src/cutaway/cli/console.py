"""What is said to the user. Everything goes to stderr; stdout carries results alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Console:
    """How much to say: -1 errors only, 0 results and notes, 1 information, 2 everything."""

    verbosity: int = 0

    def say(self, text: str) -> None:
        """Print one line on stderr, unless only errors are wanted."""
        if self.verbosity >= 0:
            click.echo(one_line(text), err=True)

    @property
    def shows_progress(self) -> bool:
        """Whether a progress bar may be drawn: on a terminal, and not between log lines."""
        return self.verbosity == 0 and is_terminal(sys.stderr)


def open_console(verbose: int, quiet: bool) -> Console:
    """Make a console from the flags -v and -q, and send the package's log to stderr accordingly."""
    import logging

    verbosity = -1 if quiet else min(verbose, 2)
    log = logging.getLogger("cutaway")
    log.setLevel({-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}[verbosity])
    log.propagate = False
    handler = logging.StreamHandler(sys.stderr)
    detailed = "%(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(detailed if verbosity > 0 else "cutaway: %(message)s"))
    log.handlers[:] = [handler]
    return Console(verbosity)


def wants_traceback() -> bool:
    """Whether -v was given, so that an unexpected error should show where it came from."""
    import logging

    return logging.getLogger("cutaway").isEnabledFor(logging.INFO)


def volume_flags(function: _Function) -> _Function:
    """Give a command the flags -v/--verbose and -q/--quiet."""
    function = click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")(function)
    return click.option("-v", "--verbose", count=True, help="Say more; -vv says everything.")(function)


def print_error(text: str) -> None:
    """Print "cutaway: error: ..." as one line on stderr."""
    word = click.style("error:", fg="red") if _colour_wanted() else "error:"
    click.echo(f"cutaway: {word} {one_line(text)}", err=True)


def _colour_wanted() -> bool:
    """Colour on a terminal only, and never with NO_COLOR set to anything (https://no-color.org)."""
    return is_terminal(sys.stderr) and not os.environ.get("NO_COLOR")


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal; False for one that is closed or missing."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def one_line(text: str) -> str:
    """The text in one line; control characters and bytes of names that are not UTF-8 are escaped."""
    joined = " ".join(part.strip() for part in text.splitlines() if part.strip())
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in joined)
