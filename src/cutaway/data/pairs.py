"""Find the image+mask pairs of a data set: `images/` and `masks/` side by side, files paired by their stem."""

from __future__ import annotations

import hashlib
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


def scan(folder: Path) -> Scan:
    """List pairs and orphans of one data folder.

    A data folder holds `images/` and `masks/`, or any number of folders that do, at any depth.

    Raises:
        DataError: the folder does not exist, or no `images/` + `masks/` is in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; a data set is a folder with images/ and masks/ in it")
    sets = sorted(p.parent for p in folder.rglob("images") if p.is_dir() and (p.parent / "masks").is_dir())
    if not sets:
        raise DataError(
            f"{folder} holds no data set: expected images/ and masks/ "
            "with files of the same stem (images/cat.jpg, masks/cat.png)"
        )
    return _join(_scan_set(s, "" if s == folder else s.relative_to(folder).as_posix() + "/") for s in sets)


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


def _by_stem(root: Path) -> tuple[dict[str, Path], list[tuple[Path, ...]]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if not hidden and path.suffix.lower() in PICTURE_SUFFIXES and path.is_file():
            found.setdefault(_key(path, root), []).append(path)
    return {k: v[0] for k, v in found.items()}, [tuple(v) for v in found.values() if len(v) > 1]


def find_pairs(folders: Path | Sequence[Path]) -> list[Pair]:
    """All usable pairs of one or several data folders, sorted by id.

    With several folders each id is prefixed by its folder's name.

    Raises:
        DataError: a folder holds no data set, or no pair was found, or two pairs have the same id.
    """
    if isinstance(folders, Path):
        pairs = list(scan(folders).pairs)
    else:
        many = len(folders) > 1
        pairs = [
            Pair(f"{f.name}/{p.id}" if many else p.id, p.image, p.mask)
            for f in folders
            for p in scan(f).pairs
        ]
    if not pairs:
        raise DataError(f"no image has a mask of the same stem under {folders}")
    ids = [p.id for p in pairs]
    twice = {i for i in ids if ids.count(i) > 1} if len(set(ids)) < len(ids) else set()
    if twice:
        raise DataError(
            f"two pairs have the same name {sorted(twice)[0]!r}; give the data folders different names"
        )
    return sorted(pairs)


def split_pairs(pairs: Sequence[Pair], *, validation: float, seed: int) -> tuple[list[Pair], list[Pair]]:
    """Split into (training, validation) by a hash of seed and id, so that adding pictures moves no other one.

    Args:
        pairs: at least two.
        validation: share for validation, above 0 and below 1; at least one picture stays on each side.
        seed: another seed, another split.
    """
    if len(pairs) < 2:
        raise DataError(f"training needs at least 2 pairs, one of them for validation; found {len(pairs)}")
    ranked = sorted(pairs, key=lambda p: hashlib.sha256(f"{seed}:{p.id}".encode()).digest())
    count = min(max(1, round(len(ranked) * validation)), len(ranked) - 1)
    return sorted(ranked[count:]), sorted(ranked[:count])
