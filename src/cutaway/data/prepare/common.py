"""What the readers of all formats share: what they are asked, what they find, and how files are matched up."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.data.pairs import PICTURE_SUFFIXES
from cutaway.data.prepare.report import Troubles
from cutaway.errors import DataError, unknown_name
from cutaway.media.files import printable
from cutaway.types import Size

Grey: TypeAlias = npt.NDArray[np.uint8]
"""A mask as it is written: (H, W), 0 background, 255 subject, 128 unknown."""
Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told (step, done, all): the step's name, and how far it is."""

SUBJECT, UNKNOWN = 255, 128
ELSEWHERE = "see the set's page"
"""The licence of a set that can come from anywhere."""
CONVERTED_SUFFIXES = frozenset({".heic", ".heif", ".jp2", ".ppm", ".pgm", ".tga"})
"""Photos of these are converted, because training does not look for them."""
_SHOWN = 6


@dataclass(frozen=True)
class Wishes:
    """What can be chosen about a preparation; each format knows which of these concern it.

    Attributes:
        names: the classes that are subject; none means all of them.
        holes: labels that are cut out of the subject.
        classes: 2 (subject, background) or 3 (and the border between them).
        masks: how mask values are meant (`data.masks.READINGS`).
        empty: whether photos without any of the classes are taken as well, with a black mask.
        download: whether the archives are fetched first.
        url: where from; empty for the official address.
    """

    names: tuple[str, ...] = ()
    holes: tuple[str, ...] = ()
    classes: int = 2
    masks: str = "auto"
    empty: bool = False
    download: bool = False
    url: str = ""


@dataclass(frozen=True)
class Job:
    """One preparation: where from, what is wished, and where a reader may put files that are needed on the way."""

    src: Path
    wishes: Wishes
    scratch: Path
    troubles: Troubles
    progress: Progress


@dataclass(frozen=True)
class Item:
    """One photo and how its mask is made.

    Attributes:
        stem: its name in the new set, without suffix, with "/" where it lies in a folder of `images/`.
        photo: its file, or a function that gives its bytes.
        mask: makes the mask; is told the (H, W) to draw at, which those who read a file may ignore.
        split: the set it belongs to ("train"); empty if there is only one.
        size: the (H, W) that the annotation says the photo has; None if it does not say.
        stored: whether the mask refers to the pixels as they are stored, before EXIF turns them, where the size
            does not tell.
    """

    stem: str
    photo: Path | Callable[[], bytes]
    mask: Callable[[Size], Grey]
    split: str = ""
    size: Size | None = None
    stored: bool = False


@dataclass(frozen=True)
class Found:
    """Everything a reader found in its source.

    Attributes:
        items: photos with their masks.
        source, licence: where the set comes from and under which terms, for `dataset.toml`.
        reading: how the masks that are written are to be read.
        classes: 1 for mattes, 2 for subject or not, 3 where the border is a class of its own.
        drop_empty: whether photos without a subject (no 255 in the mask) are left out.
    """

    items: Sequence[Item]
    source: str
    licence: str = ELSEWHERE
    reading: str = "grey"
    classes: int = 2
    drop_empty: bool = False


# -- finding files -----------------------------------------------------------------------------------------------


def wrong_source(src: Path, name: str, wanted: str) -> DataError:
    """The error for a source that is not of the format: what was looked for, and what is there."""
    return DataError(f"{printable(src)} holds no {name} set: looked for {wanted}; found {_listing(src)}")


def _listing(src: Path) -> str:
    if not src.is_dir():
        return "a file" if src.exists() else "no such folder"
    names = sorted(p.name + "/" * p.is_dir() for p in src.iterdir() if not p.name.startswith("."))
    rest = len(names) - _SHOWN
    shown = ", ".join(map(printable, names[:_SHOWN])) + (f" and {rest} more" if rest > 0 else "")
    return shown or "an empty folder"


def visible_files(root: Path, suffixes: Iterable[str]) -> list[Path]:
    """All files below a folder with one of the suffixes, sorted; nothing whose name or folder begins with a dot."""
    wanted = frozenset(suffixes)
    return sorted(
        p for p in root.rglob("*") if p.suffix.lower() in wanted and not _is_hidden(p, root) and p.is_file()
    )


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def folders_with(src: Path, child: str) -> list[Path]:
    """The source itself or the folders at most two below it that have a folder of this name in them, sorted."""
    found = [p.parent for depth in ("", "*/", "*/*/") for p in sorted(src.glob(depth + child)) if p.is_dir()]
    return [p for p in found if not _is_hidden(p, src)]


def by_stem(root: Path, troubles: Troubles, *, suffixes: Iterable[str] = PICTURE_SUFFIXES) -> dict[str, Path]:
    """The pictures of a folder by their path without suffix; of several that share it, the first."""
    found: dict[str, Path] = {}
    for path in visible_files(root, suffixes):
        relative = path.relative_to(root)
        if found.setdefault(relative.with_suffix("").as_posix(), path) != path:
            troubles.add("same-name", relative.as_posix())
    return found


def match_stems(photos: Mapping[str, Path], masks: Mapping[str, Path], troubles: Troubles) -> list[str]:
    """The stems on both sides; the others are noted, by the names of their files."""
    for name in photos.keys() - masks.keys():
        troubles.add("photos-without-mask", photos[name].name)
    for name in masks.keys() - photos.keys():
        troubles.add("masks-without-photo", masks[name].name)
    return [name for name in photos if name in masks]


def inside(folder: Path, name: str, *, within: Path | None = None) -> Path | None:
    """The file that an annotation names; None if it is not there or lies elsewhere: such names are not to be trusted.

    Args:
        folder: where the name begins.
        name: with "/" or a Windows backslash between folders.
        within: what the file must lie in; None for `folder`.
    """
    if "\0" in name or not name:
        return None
    path = folder / name.replace("\\", "/")
    try:
        return (
            path if path.is_file() and path.resolve().is_relative_to((within or folder).resolve()) else None
        )
    except OSError:  # a name that is too long, a loop of links
        return None


# -- annotations -------------------------------------------------------------------------------------------------


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DataError: it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{printable(path)}: cannot be read as JSON ({error})") from error


def require_known(names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse classes that the set does not have.

    Raises:
        DataError: there is no such class; names those there are.
    """
    there = sorted(set(known))
    for name in names:
        if name not in there:
            raise DataError(unknown_name("class", name, there))


def titled(title: str, names: Sequence[str]) -> str:
    """The set's name with the classes that were chosen, for `dataset.toml`."""
    return f"{title}: {', '.join(names)}" if names else title
