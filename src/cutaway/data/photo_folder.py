"""The photos in a folder, before anybody knows anything about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cutaway.data.layouts import PICTURE_SUFFIXES, is_hidden
from cutaway.errors import DataError
from cutaway.media.files import printable


def find_photos(folder: Path, *, leave_out: Path | None = None) -> list[Path]:
    """All pictures below a folder, sorted; hidden files and folders, and what lies in `leave_out`, are skipped.

    Raises:
        DataError: it is no folder, or there are none in it.
    """
    if not folder.is_dir():
        raise DataError(f"{printable(folder)} is not a folder: give a folder of photos")
    found = sorted(_pictures(folder, None if leave_out is None else leave_out.resolve()))
    if not found:
        raise DataError(f"{printable(folder)} holds no photos ({', '.join(sorted(PICTURE_SUFFIXES))})")
    return found


def read_names(path: Path) -> list[str]:
    """The names that a list file holds, one a line; empty lines and those that begin with "#" are remarks.

    Raises:
        DataError: it cannot be read, or holds no name.
    """
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the list {printable(path)} cannot be read: {error}") from error
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise DataError(f"the list {printable(path)} holds no name")
    return names


def _pictures(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    for path in folder.rglob("*"):
        taken = path.suffix.lower() in PICTURE_SUFFIXES and not is_hidden(path, folder) and path.is_file()
        if taken and not (leave_out and path.resolve().is_relative_to(leave_out)):
            yield path
