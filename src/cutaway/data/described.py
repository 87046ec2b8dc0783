"""`dataset.toml`: what a data folder says about itself, so that nobody has to say it again."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from cutaway.data.readings import parse_reading
from cutaway.errors import DataError, near_name
from cutaway.media.files import write_atomic

FILE_NAME = "dataset.toml"
_CONTROL = re.compile(r"[\x7f-\x9f]")


@dataclass(frozen=True)
class Described:
    """What a `dataset.toml` may say; a key that is left out has the value below.

    Attributes:
        images, masks: the names of the two folders, with "/" between where they lie deeper.
        reading: how mask values are meant, as after `--masks` (`masks.READINGS`).
        source: where the data set comes from, for people to read.
        licence: under which terms, for people to read.
        classes: how many classes the masks tell apart: 1 (a matte), 2 (subject or not) or 3 (with a border).
    """

    images: str = "images"
    masks: str = "masks"
    reading: str = "auto"
    source: str = ""
    licence: str = ""
    classes: int = 1

    @property
    def subdirs(self) -> tuple[str, str]:
        """The two folder names together."""
        return self.images, self.masks


def write_dataset_toml(
    folder: Path,
    *,
    reading: str,
    source: str,
    licence: str,
    classes: int = 1,
    images: str = "images",
    masks: str = "masks",
) -> None:
    """Write `dataset.toml` into a data folder, replacing the one that is there.

    Args:
        folder: the data folder, which holds the two folders named by `images` and `masks`.
        reading, source, licence, classes, images, masks: as in `Described`.

    Raises:
        DataError: a value that `read_dataset_toml` would refuse.
        OutputError: it cannot be written.
    """
    told = Described(images, masks, reading, source, licence, classes)
    values = {f.name: getattr(told, f.name) for f in fields(told)}
    _checked(values, folder / FILE_NAME)
    lines = [f"{name} = {_toml(value)}" for name, value in values.items()]
    write_atomic(folder / FILE_NAME, ("\n".join(lines) + "\n").encode(), overwrite=True)


def read_dataset_toml(folder: Path) -> Described | None:
    """What the folder's `dataset.toml` says; None if it has none.

    Raises:
        DataError: the file cannot be read, is no TOML, or holds an unknown key or an impossible value.
    """
    path = folder / FILE_NAME
    try:
        values = tomllib.loads(path.read_text("utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    return _checked(values, path)


def _checked(values: Mapping[str, Any], path: Path) -> Described:
    """The values as `Described`, each of its type and possible.

    Raises:
        DataError: it is not so.
    """
    known = {f.name: type(f.default) for f in fields(Described)}
    for name, value in values.items():
        if name not in known:
            valid = ", ".join(known)
            raise DataError(f"{path}: unknown key {name!r}.{near_name(name, known)} Valid keys: {valid}")
        if type(value) is not known[name]:
            kind = "a number" if known[name] is int else "a text in quotes"
            raise DataError(f"{path}: {name} must be {kind}, not {value!r}")
    told = Described(**values)
    if told.classes not in (1, 2, 3):
        raise DataError(f"{path}: classes must be 1, 2 or 3, not {told.classes}")
    for name, subdir in (("images", told.images), ("masks", told.masks)):
        check_subdir(subdir, what=f"{path}: {name}")
    try:
        parse_reading(told.reading)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    return told


def check_subdir(name: str, *, what: str) -> None:
    """Make sure that a folder's name can only mean a folder inside the data folder.

    Args:
        name: as the user wrote it.
        what: what the message begins with.

    Raises:
        DataError: it is empty, absolute, or leads upwards.
    """
    parts = re.split(r"[/\\]", name)
    if not name or Path(name).is_absolute() or any(part in ("", ".", "..") for part in parts):
        raise DataError(f"{what} must name a folder inside the data folder, such as 'images', not {name!r}")


def _toml(value: str | int) -> str:
    """A value as TOML: its basic strings are those of JSON, but for DEL, which must be escaped as well."""
    if isinstance(value, int):
        return str(value)
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
