"""What has been labelled already: `confidence.csv`, a line for each photo, and `label.json`, the settings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from cutaway.errors import DataError, OutputError, OutputExistsError
from cutaway.media.files import printable, write_atomic

TABLE, SETTINGS = "confidence.csv", "label.json"


@dataclass(frozen=True)
class Row:
    """One labelled photo.

    Attributes:
        photo: its path below the folder of photos, with "/" between.
        confidence: agreement times certainty.
        agreement, certainty: see `label_views.Seen`.
        subject: the subject's share of its area.
    """

    photo: str
    confidence: float
    agreement: float
    certainty: float
    subject: float


_HEAD = [f.name for f in fields(Row)]


def begin(dst: Path, settings: Mapping[str, Any]) -> dict[str, Row]:
    """Begin a set, or go on with one.

    Args:
        dst: its folder; new, empty, or one that `begin` made with the same settings.
        settings: what the mattes depend on, as JSON takes it.

    Returns:
        What has been labelled already, by the name of the photo.

    Raises:
        OutputExistsError: the folder holds something else.
        DataError: it was begun with other settings, which are named.
        OutputError: nothing can be written there.
    """
    path = dst / SETTINGS
    try:
        earlier = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        _require_empty(dst)
        write_atomic(
            path, (json.dumps(settings, indent=1, ensure_ascii=False) + "\n").encode(), overwrite=False
        )
        return {}
    except (OSError, ValueError) as error:
        raise DataError(f"{printable(path)} cannot be read ({error}); give a new folder") from error
    _require_same(earlier, json.loads(json.dumps(settings)), dst)
    rows = _read(dst / TABLE)
    write(dst, rows.values())  # without what a killed run left half-written
    return rows


def _require_empty(dst: Path) -> None:
    try:
        others = sorted(p.name for p in dst.iterdir() if not p.name.startswith("."))
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot write {printable(dst)}: {error.strerror or error}") from error
    if others:
        raise OutputExistsError(
            f"{printable(dst)} holds {printable(others[0])!r} and was not made by 'cutaway label': give a new folder"
        )


def _require_same(earlier: Any, settings: Mapping[str, Any], dst: Path) -> None:
    before = earlier if isinstance(earlier, dict) else {}
    changed = [name for name in settings if before.get(name) != settings[name]]
    if changed:
        told = ", ".join(f"{n} was {_short(before.get(n))}, now {_short(settings[n])}" for n in changed)
        raise DataError(f"{printable(dst)} was begun with other settings ({told}): give a new folder")


def _short(value: Any) -> str:
    """A setting for a message; a model's whole description by its name."""
    return repr(value["name"] if isinstance(value, dict) and "name" in value else value)


def _read(path: Path) -> dict[str, Row]:
    """All whole lines; the last one of a killed run may not be."""
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return {}
    whole = text[: text.rfind("\n") + 1]
    rows = {}
    for cells in csv.reader(io.StringIO(whole, newline="")):
        with suppress(ValueError):  # the head, or a damaged line
            photo, *numbers = cells
            rows[photo] = Row(photo, *map(float, numbers)) if len(numbers) == 4 else _refuse()
    return rows


def _refuse() -> Row:
    raise ValueError("a damaged line")


def append(dst: Path, row: Row) -> None:
    """Note one more photo; its files are there already."""
    path = dst / TABLE
    try:
        head = [] if path.is_file() else [_HEAD]
        with path.open("ab") as file:
            file.write(_lines([*head, _cells(row)]))
    except OSError as error:
        raise OutputError(f"cannot write {printable(path)}: {error.strerror or error}") from error


def write(dst: Path, rows: Iterable[Row]) -> None:
    """The whole table anew, the least confident photo first."""
    ordered = sorted(rows, key=lambda row: (row.confidence, row.photo))
    write_atomic(dst / TABLE, _lines([_HEAD, *map(_cells, ordered)]), overwrite=True)


def _cells(row: Row) -> list[str]:
    photo, *numbers = astuple(row)
    return [photo, *(f"{number:.4f}" for number in numbers)]


def _lines(rows: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")
