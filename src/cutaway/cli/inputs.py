"""From what was typed to the photos that were meant: files, folders and stdin."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from cutaway.errors import OptionError
from cutaway.options import FORMATS

PICTURE_KINDS = (
    "avif", "bmp", "dib", "gif", "heic", "heif", "jfif", "jpe", "jpeg", "jpg", "png", "tif", "tiff", "webp",
)  # fmt: skip
PICTURE_SUFFIXES = frozenset("." + s for s in PICTURE_KINDS)
"""What is taken for a picture inside a folder; a file that is named outright is judged by its content."""

RESULT_MARK = "-cutout"
"""Stands at the end of a result's stem when it lies beside its source."""
_RESULT_STEM = re.compile(rf"{RESULT_MARK}(-[1-9]\d*)?$")


class Photo(NamedTuple):
    """One photo to work on.

    Attributes:
        path: where it lies; None for stdin.
        under: the folder, relative to OUT, that its result keeps when OUT is a folder.
    """

    path: Path | None
    under: Path = Path()

    def __str__(self) -> str:
        return "-" if self.path is None else str(self.path)


class Problem(NamedTuple):
    """An input that cannot be worked on, and why."""

    input: str
    message: str


@dataclass
class Found:
    """What the arguments stand for: the photos in a stable order, and what is wrong with the rest."""

    photos: list[Photo] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    has_folder: bool = False


def is_result(name: str) -> bool:
    """Whether a file name is one that we give to results beside their sources (`photo-cutout.png`, `-cutout-2`)."""
    path = Path(name)
    return _RESULT_STEM.search(path.stem) is not None and path.suffix.lower().removeprefix(".") in FORMATS


def is_picture(name: str) -> bool:
    """Whether a file found in a folder is taken: a picture's suffix, not hidden and no result of ours."""
    return Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith(".") and not is_result(name)


def find_photos(inputs: Sequence[str], *, out: Path | None = None, apart: Path | None = None) -> Found:
    """Find the photos that the arguments stand for.

    Folders are searched with all their subfolders, sorted; hidden files and folders, results of earlier runs
    and everything below `out` and `apart` are left out. A link that leads back is not followed. No photo is
    taken twice.

    Args:
        inputs: files, folders, or "-" for stdin.
        out: the folder that results go to, if there is one.
        apart: another folder of which nothing is taken.

    Raises:
        OptionError: stdin is named twice.
    """
    if inputs.count("-") > 1:
        raise OptionError("'-' (stdin) can be read only once, but is given several times")
    found = Found()
    folders = sum(is_folder(text) for text in inputs)
    ours = [folder for folder in (out, apart) if folder is not None]
    for text in inputs:
        _add(text, found, ours=ours, keep_name=folders > 1)
    found.photos = _without_repeats(found.photos)
    return found


def is_folder(text: str) -> bool:
    """Whether an argument names a folder; an empty one names none (`Path` would take the current one)."""
    try:
        return bool(text) and Path(text).is_dir()
    except OSError:  # a name too long, for instance
        return False


def _add(text: str, found: Found, *, ours: Sequence[Path], keep_name: bool) -> None:
    if text == "-":
        found.photos.append(Photo(None))
        return
    problem, mode = _look_at(text)
    if problem:
        found.problems.append(Problem(text, problem))
    elif stat.S_ISDIR(mode):
        _add_folder(Path(text), found, ours=ours, keep_name=keep_name)
    else:
        found.photos.append(Photo(Path(text)))


def _look_at(text: str) -> tuple[str, int]:
    """What is wrong with a path ("" if nothing), and its mode bits."""
    if not text:
        return "an input is empty: give a file, a folder or - for stdin", 0
    try:
        return "", os.stat(text).st_mode  # noqa: PTH116 - a Path would drop a trailing slash
    except (FileNotFoundError, NotADirectoryError):
        return "no such file or folder", 0
    except (OSError, ValueError) as error:
        return f"cannot be looked at: {getattr(error, 'strerror', None) or error}", 0


def _add_folder(top: Path, found: Found, *, ours: Sequence[Path], keep_name: bool) -> None:
    found.has_folder = True
    before = len(found.photos) + len(found.problems)
    prefix = Path(Path(os.path.abspath(top)).name) if keep_name else Path()  # noqa: PTH100 - keeps links
    for folder, names in _walk(top, found, ours=ours):
        under = prefix / folder.relative_to(top)
        found.photos.extend(Photo(folder / name, under) for name in names)
    if len(found.photos) + len(found.problems) == before:
        message = f"no pictures in this folder (looked for {', '.join(PICTURE_KINDS)})"
        found.problems.append(Problem(str(top), message))


def _walk(top: Path, found: Found, *, ours: Sequence[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Each folder with the sorted names of its pictures; a real folder only once, so links cannot loop."""
    seen = {os.path.realpath(folder) for folder in ours} - {os.path.realpath(top)}
    for folder, subfolders, names in os.walk(top, followlinks=True, onerror=_note(found)):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        here = Path(folder)
        yield here, sorted(name for name in names if is_picture(name) and (here / name).is_file())


class _note:
    """Turns an error of `os.walk` into a problem, so that the rest of the tree is still searched."""

    def __init__(self, found: Found) -> None:
        self.found = found

    def __call__(self, error: OSError) -> None:
        self.found.problems.append(Problem(str(error.filename), f"cannot be searched: {error.strerror}"))


def _without_repeats(photos: list[Photo]) -> list[Photo]:
    """Each file once, where it was named first."""
    first: dict[str, Photo] = {}
    for photo in photos:
        first.setdefault("-" if photo.path is None else place(photo.path), photo)
    return list(first.values())


def place(path: Path) -> str:
    """Where a file lies, as a string to compare: its folder with links resolved, the file not followed."""
    return os.path.normcase(os.path.join(real_folder(path.parent), path.name))  # noqa: PTH118 - in hot loops


def real_folder(folder: Path) -> str:
    """A folder's path without links."""
    return _realpath(os.path.abspath(folder))  # noqa: PTH100 - the key must not depend on the current folder


@lru_cache(maxsize=1024)
def _realpath(absolute: str) -> str:
    return os.path.realpath(absolute)
