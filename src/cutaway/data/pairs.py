"""Find the image+mask pairs of a data set: `images/` and `masks/` side by side, files paired by their stem."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutaway.errors import DataError

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"})


@dataclass(frozen=True, order=True)
class Pair:
    """A photo and its mask.

    Attributes:
        id: "stem", or "set/stem" where several sets lie under one folder; unique within a data set.
        image, mask: the two files.
    """

    id: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Scan:
    """What was found under a data folder, before any file was opened."""

    pairs: tuple[Pair, ...] = ()
    images_without_mask: tuple[Path, ...] = ()
    masks_without_image: tuple[Path, ...] = ()
    same_stem: tuple[tuple[Path, ...], ...] = field(default=())
    """files of one folder that share a stem (a.jpg and a.png): none of them is used."""


def scan(folder: Path, *, name: str = "") -> Scan:
    """List pairs and orphans of one data folder.

    A data folder holds `images/` and `masks/`, or any number of folders that do, at any depth.

    Args:
        folder: where to look.
        name: what ids of a set that lies in the folder itself begin with; those of sets below it begin with their path.

    Raises:
        DataError: the folder does not exist, or no `images/` + `masks/` is in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; a data set is a folder with images/ and masks/ in it")
    sets = sorted(
        p.parent
        for p in folder.rglob("images")
        if p.is_dir() and (p.parent / "masks").is_dir() and not _is_hidden(p.parent, folder)
    )
    if not sets:
        raise DataError(
            f"{folder} holds no data set: expected images/ and masks/ "
            "with files of the same stem (images/cat.jpg, masks/cat.png)"
        )
    names = {s: name if s == folder else s.relative_to(folder).as_posix() for s in sets}
    return _join(_scan_set(s, f"{names[s]}/" if names[s] else "") for s in sets)


def _join(scans: Iterable[Scan]) -> Scan:
    parts = list(scans)
    return Scan(
        tuple(p for s in parts for p in s.pairs),
        tuple(p for s in parts for p in s.images_without_mask),
        tuple(p for s in parts for p in s.masks_without_image),
        tuple(p for s in parts for p in s.same_stem),
    )


def _scan_set(folder: Path, prefix: str) -> Scan:
    images, twice_a = _by_stem(folder / "images")
    masks, twice_b = _by_stem(folder / "masks")
    skip = {_key(p, folder / "images") for t in twice_a for p in t} | {
        _key(p, folder / "masks") for t in twice_b for p in t
    }
    both = [k for k in images if k in masks and k not in skip]
    return Scan(
        tuple(Pair(prefix + k, images[k], masks[k]) for k in both),
        tuple(p for k, p in images.items() if k not in masks and k not in skip),
        tuple(p for k, p in masks.items() if k not in images and k not in skip),
        (*twice_a, *twice_b),
    )


def _key(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _is_hidden(path: Path, root: Path) -> bool:
    """Whether the path's name, or that of a folder between it and the root, begins with a dot."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _by_stem(root: Path) -> tuple[dict[str, Path], list[tuple[Path, ...]]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if not _is_hidden(path, root) and path.suffix.lower() in PICTURE_SUFFIXES and path.is_file():
            found.setdefault(_key(path, root), []).append(path)
    return {k: v[0] for k, v in found.items()}, [tuple(v) for v in found.values() if len(v) > 1]


def find_pairs(folders: Path | Sequence[Path]) -> list[Pair]:
    """All usable pairs of one or several data folders, sorted by id.

    Where several folders are given, the ids of one that is a set itself begin with its name.

    Raises:
        DataError: a folder holds no data set, or no pair was found, or two pairs have the same id.
    """
    many = [folders] if isinstance(folders, Path) else list(folders)
    pairs = [p for f in many for p in scan(f, name=f.resolve().name if len(many) > 1 else "").pairs]
    if not pairs:
        raise DataError(f"no image has a mask of the same stem under {folders}")
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
