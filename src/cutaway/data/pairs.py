"""Find the image+mask pairs of a data set, in whichever of three layouts it lies, and split them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from cutaway.data.described import check_subdir
from cutaway.data.layouts import DEFAULT_SUBDIRS, PICTURE_SUFFIXES, Pair, Problem, Scan, scan_folder
from cutaway.data.lists import LIST_SUFFIXES, scan_list
from cutaway.errors import DataError

__all__ = ["DEFAULT_SUBDIRS", "PICTURE_SUFFIXES", "Pair", "Problem", "Scan", "find_pairs", "scan", "scan_all",
           "split_pairs"]  # fmt: skip


def scan(data: Path, *, name: str = "", subdirs: Sequence[str] = DEFAULT_SUBDIRS) -> Scan:
    """List pairs and orphans of one data folder or list file, before any picture is opened.

    Args:
        data: a folder in one of the layouts of `layouts`, or a .csv or .tsv file (`lists`).
        name: what ids of a set that lies in the folder itself begin with; those of sets below it begin with their path.
        subdirs: the names of the two folders; the default gives way to what a dataset.toml says.

    Raises:
        DataError: there is no such folder or file, or no data set in it, or its dataset.toml or list is no good.
    """
    if len(subdirs) != 2:
        raise DataError(
            f"subdirs must be two names, of the images' and of the masks' folder, not {len(subdirs)}"
        )
    for subdir in subdirs:
        check_subdir(subdir, what="subdirs")
    if data.suffix.lower() in LIST_SUFFIXES and not data.is_dir():
        return scan_list(data, name=name)
    return scan_folder(data, name=name, subdirs=(subdirs[0], subdirs[1]))


def scan_all(
    data: Path | Sequence[Path], *, subdirs: Sequence[str] = DEFAULT_SUBDIRS
) -> list[tuple[Path, Scan]]:
    """Each of the data folders and list files with what was found in it.

    Where several are given, the ids of one that is a set itself begin with its name, without suffix for a list.

    Raises:
        DataError: as `scan` does.
    """
    many = [data] if isinstance(data, Path) else list(data)
    return [(d, scan(d, name=_name(d) if len(many) > 1 else "", subdirs=subdirs)) for d in many]


def _name(data: Path) -> str:
    whole = data.resolve()
    return whole.stem if whole.suffix.lower() in LIST_SUFFIXES else whole.name


def find_pairs(data: Path | Sequence[Path], *, subdirs: Sequence[str] = DEFAULT_SUBDIRS) -> list[Pair]:
    """All usable pairs of one or several data folders and list files, sorted by id.

    Args:
        data: as in `scan`; where several are given, the ids of one that is a set itself begin with its name.
        subdirs: as in `scan`.

    Raises:
        DataError: a folder holds no data set, or no pair was found, or two pairs have the same id.
    """
    pairs = [p for _, found in scan_all(data, subdirs=subdirs) for p in found.pairs]
    if not pairs:
        raise DataError(f"no image has a mask of the same stem under {data}")
    twice = [name for name, count in Counter(p.id for p in pairs).items() if count > 1]
    if twice:
        raise DataError(f"two pairs have the same name {min(twice)!r}; give the data folders different names")
    return sorted(pairs)


def split_pairs(pairs: Sequence[Pair], *, validation: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Split into (training, validation) by a hash of seed and id: adding or removing pictures moves no other one.

    Args:
        pairs: at least two.
        validation: share for validation, above 0 and below 1; at least one picture stays on each side.
        seed: another seed, another split.
    """
    if len(pairs) < 2:
        raise DataError(f"training needs at least 2 pairs, one of them for validation; found {len(pairs)}")
    place = {p: _place(p.id, seed) for p in pairs}
    limit = max(validation, min(place.values()))
    held_out = {p for p in pairs if place[p] <= limit}
    if len(held_out) == len(pairs):
        held_out.remove(max(pairs, key=lambda p: place[p]))
    return sorted(set(pairs) - held_out), sorted(held_out)


def _place(name: str, seed: int) -> float:
    """A number in [0, 1) that looks random and depends on the name and the seed alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
