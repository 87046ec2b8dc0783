"""Where each result goes and what it is called; names alone decide, so that a second run finds the same."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast

from cutaway.cli.console import is_terminal
from cutaway.cli.inputs import (
    RESULT_MARK,
    Found,
    Photo,
    Problem,
    is_folder,
    is_picture,
    is_result,
    place,
    real_folder,
)
from cutaway.errors import OptionError, OutputExistsError
from cutaway.media.files import suffix_format
from cutaway.options import FORMATS, OutputFormat

MAX_NAME_BYTES = 255
"""The longest file name that all common file systems take."""


class Destination(NamedTuple):
    """Where results go, and as what.

    Attributes:
        kind: "beside" the sources, into a "folder", into one "file", or to "stdout".
        format: one of `options.FORMATS`.
        path: the folder or file; None for the other two.
        each: whether every separate subject has a file of its own, NAME-1, NAME-2 and so on; a task's target is the
            first one, which is written last.
    """

    kind: Literal["beside", "folder", "file", "stdout"]
    format: OutputFormat
    path: Path | None = None
    each: bool = False


class Task(NamedTuple):
    """One photo and the file its result goes to (None: stdout)."""

    photo: Photo
    target: Path | None


def names_folder(output: str | None, inputs: Sequence[str]) -> bool:
    """Whether `-o` must mean a folder: it is one, ends in a slash, or more than one photo may go there."""
    if output is None or output == "-":
        return False
    slash = output.endswith(tuple(s for s in (os.sep, os.altsep) if s))
    return slash or is_folder(output) or len(inputs) > 1 or any(map(is_folder, inputs))


def choose_destination(
    output: str | None, *, format: OutputFormat | None, inputs: Sequence[str], found: Found
) -> Destination:
    """Decide where results go.

    Args:
        output: what was given with `-o`; None if nothing was.
        format: what was given with `--format`; None if nothing was.
        inputs: the arguments as they were typed.
        found: the photos they stand for.

    Raises:
        OptionError: the output cannot be meant: one file for several photos, binary onto a terminal, an
            unknown or contradicting suffix, the photo itself.
    """
    if any(photo.path is None for photo in found.photos) and is_terminal(sys.stdin):
        raise OptionError("stdin is a terminal: pipe a picture into it, or name a file")
    if output is None:
        return _without_output(format, found)
    if output == "-":
        return _to_stdout(format, found)
    if not output:
        raise OptionError("-o is empty: give a file, a folder or - for stdout")
    if names_folder(output, inputs):
        return _into_folder(output, format)
    return _into_file(output, format, found)


def for_each(destination: Destination) -> Destination:
    """The same destination, with a file for every separate subject.

    Raises:
        OptionError: it is stdout.
    """
    if destination.kind == "stdout":
        raise OptionError(
            "--each writes several files, and stdout takes one: give a folder or a file with -o"
        )
    path = destination.path
    if destination.kind == "file" and path is not None:
        path = path.with_name(f"{path.stem}-1{path.suffix}")
    return destination._replace(path=path, each=True)


def numbered(first: Path, number: int) -> Path:
    """The file of a later subject, named after that of the first one: mug-1.png, mug-2.png."""
    return first.with_name(f"{first.stem.removesuffix('-1')}-{number}{first.suffix}")


def _without_output(format: OutputFormat | None, found: Found) -> Destination:
    if all(photo.path is not None for photo in found.photos):
        return Destination("beside", format or "png")
    if len(found.photos) > 1:
        raise OptionError("'-' (stdin) has no place beside it for its result: give a folder with -o")
    return _to_stdout(format, found)


def _to_stdout(format: OutputFormat | None, found: Found) -> Destination:
    if len(found.photos) > 1 or found.has_folder:
        raise OptionError("stdout takes one result: give one photo, or a folder with -o")
    if is_terminal(sys.stdout):
        raise OptionError(
            "stdout is a terminal, a picture would garble it: give a file with -o, or pipe it on"
        )
    return Destination("stdout", format or "png")


def _into_folder(output: str, format: OutputFormat | None) -> Destination:
    path = Path(output)
    if not path.is_dir():
        if os.path.lexists(path):
            raise OptionError(f"-o {output!r} must be a folder for these inputs, but a file is there")
        if suffix_format(path) and not output.endswith(("/", os.sep)):
            raise OptionError(
                f"-o {output!r} names one picture, but a folder is needed: write {output + '/'!r} to mean one"
            )
    return Destination("folder", format or "png", path)


def _into_file(output: str, format: OutputFormat | None, found: Found) -> Destination:
    path = Path(output)
    if _is_terminal_device(path):
        raise OptionError(
            f"-o {output!r} is a terminal, a picture would garble it: give a file, or - and a pipe"
        )
    by_suffix = cast("OutputFormat | None", suffix_format(path))
    if by_suffix is None and format is None:
        raise OptionError(
            f"-o {output!r} does not say what to write: end it in .{' or .'.join(FORMATS)}, add --format, "
            f"or write {output + '/'!r} to mean a folder"
        )
    if by_suffix and format and by_suffix != format:
        raise OptionError(
            f"-o {output!r} and --format {format} contradict each other: leave out one of the two"
        )
    for photo in found.photos:
        if photo.path is not None and _same_file(photo.path, path):
            raise OptionError(
                f"-o {output!r} is the photo itself, and sources are never overwritten: give another name"
            )
    return Destination("file", by_suffix or format or "png", path)


def _is_terminal_device(path: Path) -> bool:
    """Whether a path leads to a terminal (`/dev/tty`, `/dev/stdout`)."""
    if not path.is_char_device():
        return False
    try:
        with path.open("wb", buffering=0) as stream:
            return is_terminal(stream)
    except OSError:
        return False


def _same_file(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121
    except OSError:
        return False


def refuse_existing(destination: Destination, *, overwrite: bool) -> None:
    """Refuse an explicit `-o FILE` that is already there.

    Raises:
        OutputExistsError: it is, and replacing it was not asked for.
    """
    path = destination.path
    if destination.kind == "file" and path is not None and not overwrite and is_taken(path):
        raise OutputExistsError(f"{path} already exists: add --overwrite to replace it")


def is_taken(path: Path) -> bool:
    """Whether something is there that a new file would replace; a pipe or device only lets bytes through."""
    if not os.path.lexists(path):
        return False
    return path.is_file() or path.is_dir() or not path.exists()


class Plan(NamedTuple):
    """What to do: the tasks, the inputs that cannot have a result, and our own results among the inputs."""

    tasks: list[Task]
    problems: list[Problem]
    left_out: list[Photo]


def plan(photos: Sequence[Photo], destination: Destination) -> Plan:
    """Give every photo its target.

    An input that is the result of another input (`cutaway *.png`, run twice) is left out. A photo whose
    result would replace a source, or take the place of another photo's result, is a problem.
    """
    names = _Names(photos)
    tasks = [Task(photo, _target(photo, destination, names)) for photo in photos]
    alike = _series if destination.each else str
    targets = {alike(place(task.target)) for task in tasks if task.target is not None}
    ours = {
        p for p in photos if p.path is not None and is_result(p.path.name) and alike(place(p.path)) in targets
    }
    left = [t for t in tasks if t.photo not in ours]
    return _without_clashes(left, [p for p in photos if p in ours], alike=alike)


def _series(path: str) -> str:
    """The name without its number: two of the same series might be written by one photo with several subjects."""
    return re.sub(r"-[1-9]\d*(\.[^.]*)?$", r"\1", path)


def _without_clashes(tasks: list[Task], left_out: list[Photo], *, alike: Callable[[str], str]) -> Plan:
    sources = {alike(_behind(t.photo.path)) for t in tasks if t.photo.path is not None}
    taken: dict[str, Task] = {}
    problems: list[Problem] = []
    for task in tasks:
        key = "" if task.target is None else place(task.target)
        if task.target is not None and alike(_behind(task.target)) in sources:
            problems.append(Problem(str(task.photo), f"its result would overwrite the source {task.target}"))
        elif key in taken:
            other = taken[key].photo
            problems.append(
                Problem(str(task.photo), f"its result would take the place of that of {other}: {task.target}")
            )
        else:
            taken[key] = task
    return Plan(list(taken.values()), problems, left_out)


def _behind(path: Path) -> str:
    """Where a file really lies, links followed to their end, as a string to compare."""
    return os.path.normcase(os.path.realpath(path)) if path.is_symlink() else place(path)


def _target(photo: Photo, destination: Destination, names: _Names) -> Path | None:
    if destination.kind == "stdout":
        return None
    if destination.kind == "file":
        return destination.path
    folder = photo.path.parent if photo.path is not None else Path()
    mark = RESULT_MARK
    if destination.path is not None:
        home, folder = folder, destination.path / photo.under
        beside = photo.path is not None and real_folder(home) == real_folder(folder)
        mark = RESULT_MARK if beside else ""
    number = "-1" if destination.each else ""
    return folder / _fitting(names.label(photo), f"{mark}{number}.{destination.format}")


class _Names:
    """What to call each photo's result, less mark and suffix; folders are read once."""

    def __init__(self, photos: Sequence[Photo]) -> None:
        self._given: dict[Path, set[str]] = {}
        for photo in photos:
            if photo.path is not None:
                self._given.setdefault(photo.path.parent, set()).add(photo.path.name)
        self._labels: dict[Path, dict[str, str]] = {}

    def label(self, photo: Photo) -> str:
        if photo.path is None:
            return "stdin"
        folder = photo.path.parent
        if folder not in self._labels:
            self._labels[folder] = labels(self._given[folder] | _pictures_in(folder))
        return self._labels[folder][photo.path.name]


def _pictures_in(folder: Path) -> set[str]:
    """The pictures that lie in a folder, given or not: names must not depend on what else is asked for."""
    try:
        return {name for name in os.listdir(folder) if is_picture(name)}  # noqa: PTH208
    except OSError:
        return set()


def labels(names: Iterable[str]) -> dict[str, str]:
    """A label for each file name of one folder, all different: its stem, or its whole name where stems clash.

    Capitals do not make a difference, since many file systems see none.
    """
    stems = {name: Path(name).stem for name in names}
    owners: dict[str, list[str]] = {}
    for name, stem in stems.items():
        owners.setdefault(stem.casefold(), []).append(name)
    whole = [name for group in owners.values() if len(group) > 1 for name in group]
    for name in whole:  # grows: a whole name may itself be somebody's stem ("a.jpg" and "a.jpg.webp")
        whole.extend(other for other in owners.get(name.casefold(), []) if other not in whole)
    return {**stems, **{name: name for name in whole}}


def _fitting(label: str, ending: str) -> str:
    """`label + ending`, shortened if no file system would take it; a digest keeps shortened names apart."""
    if len(os.fsencode(label + ending)) <= MAX_NAME_BYTES:
        return label + ending
    import hashlib  # brings OpenSSL in: 5 ms that only a very long name should cost

    digest = hashlib.sha256(os.fsencode(label)).hexdigest()[:8]
    while len(os.fsencode(f"{label}~{digest}{ending}")) > MAX_NAME_BYTES:
        label = label[:-1]
    return f"{label}~{digest}{ending}"
