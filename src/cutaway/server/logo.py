"""An uploaded logo. `Options` name a logo by its file, so it lies in one of the server's own while it is laid."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cutaway.kept import Kept
from cutaway.looks import read_logo
from cutaway.options import Options
from cutaway.result import Result
from cutaway.server.pictures import read_upload


def check_logo(options: Options, said: str) -> None:
    """Say what is wrong with a logo before there is one.

    Args:
        options: the rest of what was asked for.
        said: its place and width as the form gave them, such as "top-left,12%"; "" for the usual ones.

    Raises:
        OptionError: the text is none, or the options contradict a logo.
    """
    read_logo(said, in_memory=True)
    named_logo(options, Path(__file__), said)  # any file that is there


@contextmanager
def with_logo(result: Result, logo: bytes | None, *, said: str, max_pixels: int) -> Iterator[Result]:
    """The result under its logo, for as long as the block lasts.

    Args:
        result: without a logo.
        logo: the picture's bytes; None leaves the result as it is.
        said: its place and width, checked by `check_logo`.
        max_pixels: larger pictures are refused.

    Raises:
        Problem: it is no picture, too large or damaged.
    """
    if logo is None:
        yield result
        return
    read_upload(logo, max_pixels=max_pixels, what="the logo")  # says what is wrong without the file's path
    with tempfile.TemporaryDirectory(prefix="cutaway-") as folder:
        path = Path(folder, "logo")
        path.write_bytes(logo)
        # with a memory of its own: one client's logo is not kept for the next
        yield replace(result, options=named_logo(result.options, path, said), _kept=Kept(1))


def named_logo(options: Options, path: Path, said: str) -> Options:
    """The options with a logo that lies in a file, at the place and of the width that the form said."""
    said = said.lstrip(", ")  # before it there is no name
    return options.with_changes({"logo": f"{path},{said}" if said else str(path)})
