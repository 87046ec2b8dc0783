"""Pairs named in a list file: a .csv or .tsv with the columns image and mask."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cutaway.data.described import read_dataset_toml
from cutaway.data.layouts import Pair, Problem, Scan
from cutaway.data.readings import parse_reading
from cutaway.errors import DataError

LIST_SUFFIXES = frozenset({".csv", ".tsv"})
SEPARATORS = ("\t", ",", ";")
SNIFFED_LINES = 20
"""How many lines are looked at to find the separator."""


@dataclass(frozen=True)
class _Row:
    """A line with its number and its two files, or what is wrong with it."""

    line: int
    image: Path
    masks: tuple[Path, ...]
    problem: Problem | None = None


def scan_list(path: Path, *, name: str = "") -> Scan:
    """List the pairs of a list file, and which of its lines cannot be used.

    A line names an image, then its mask or masks, in further columns or in one separated by ";". Columns are
    separated by tabs, commas or semicolons, whichever makes sense of the lines. A header with the names image and
    mask may come first; columns of other names are then left out. Relative paths start where the list lies. A
    dataset.toml next to the list says how its masks are read.

    Args:
        path: the .csv or .tsv file, UTF-8.
        name: what ids begin with.

    Raises:
        DataError: the file cannot be read, is empty or no list, or the dataset.toml next to it is no good.
    """
    lines = _read(path)
    try:
        rows = list(_rows(lines, _separator(lines, path.parent), path.parent))
    except csv.Error as error:
        raise DataError(f"{path} is no list of files: {error}") from error
    described = read_dataset_toml(path.parent)
    used, repeated = _without_repeats([row for row in rows if row.problem is None])
    ids = _ids([row.image for row in used], f"{name}/" if name else "")
    reading = parse_reading(described.reading) if described else None
    return Scan(
        tuple(
            Pair(id_, row.image, row.masks[0], row.masks[1:], reading)
            for id_, row in zip(ids, used, strict=True)
        ),
        problems=(*(row.problem for row in rows if row.problem), *repeated),
        described=(described,) if described else (),
    )


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such list file") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text in UTF-8; save the list as CSV in UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    if not any(line.strip() for line in lines):
        raise DataError(
            f"{path} is empty; a list names an image and its mask on each line: cat.jpg,cat-mask.png"
        )
    return lines


def _separator(lines: Sequence[str], folder: Path) -> str:
    """The separator with which most lines begin with a file that exists, then with which most have two columns."""
    some = [line for line in lines if line.strip()][:SNIFFED_LINES]

    def fits(separator: str) -> tuple[int, int]:
        rows = [row for row in csv.reader(some, delimiter=separator) if len(row) > 1]
        return sum(_path(row[0], folder).is_file() for row in rows), len(rows)

    return max(SEPARATORS, key=fits)


def _rows(lines: Sequence[str], separator: str, folder: Path) -> Iterator[_Row]:
    reader = csv.reader(lines, delimiter=separator)
    image, masks, width = 0, list[int](), 1
    for number, cells in enumerate(reader):
        row = [cell.strip() for cell in cells]
        header = _header(row) if number == 0 else None
        if header is not None:
            (image, masks), width = header, len(row)
        elif any(row):  # columns beyond the header's are further masks
            named = [row[i] for i in (image, *masks, *range(width, len(row))) if i < len(row)]
            yield _row(reader.line_num, named, folder)


def _header(row: Sequence[str]) -> tuple[int, list[int]] | None:
    """Which column holds the image and which the masks; None if this line does not name them."""
    names = [cell.casefold() for cell in row]
    images = [i for i, n in enumerate(names) if n in ("image", "images", "photo", "image_path")]
    masks = [i for i, n in enumerate(names) if n.startswith("mask") and not Path(n).suffix]
    return (images[0], masks) if images and masks else None


def _row(line: int, cells: Sequence[str], folder: Path) -> _Row:
    image = _path(cells[0], folder) if cells and cells[0] else None
    masks = tuple(
        _path(name, folder) for cell in cells[1:] for name in map(str.strip, cell.split(";")) if name
    )
    if image is None or not masks:
        what = "no image" if image is None else "no mask"
        problem = Problem("list-lines", f"line {line}: {what} ({', '.join(cells)})")
        return _Row(line, folder, (), problem)
    gone = [path for path in (image, *masks) if not path.is_file()]
    if gone:
        names = ", ".join(_short(path, folder) for path in gone)
        return _Row(line, image, masks, Problem("list-missing", f"line {line}: no such file: {names}"))
    return _Row(line, image, masks)


def _path(name: str, folder: Path) -> Path:
    """A path as the list gives it; one written on Windows is understood everywhere."""
    path = folder / name.strip()
    return path if "\\" not in name or path.exists() else folder / name.strip().replace("\\", "/")


def _short(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def _without_repeats(rows: Sequence[_Row]) -> tuple[list[_Row], list[Problem]]:
    """Each image once, where it comes first."""
    first: dict[Path, _Row] = {}
    problems = []
    for row in rows:
        earlier = first.setdefault(Path(os.path.normpath(row.image)), row)
        if earlier is not row:
            other = "" if earlier.masks == row.masks else ", with another mask"
            text = f"line {row.line}: {row.image.name} is already in line {earlier.line}{other}"
            problems.append(Problem("list-repeats", text))
    return list(first.values()), problems


def _ids(images: Sequence[Path], prefix: str) -> list[str]:
    """An id for each image: its path below the folder all lie in, with its suffix only where that tells two apart."""
    whole = [Path(os.path.normpath(image.absolute())) for image in images]
    try:
        root = os.path.commonpath([path.parent for path in whole])
        paths = [path.relative_to(root) for path in whole]
    except ValueError:  # no image, or on several drives
        paths = [path.relative_to(path.anchor) for path in whole]
    stems = [path.with_suffix("").as_posix() for path in paths]
    count = Counter(stems)
    return [prefix + (s if count[s] == 1 else p.as_posix()) for s, p in zip(stems, paths, strict=True)]
