"""The layouts in which image+mask pairs lie in folders, and how a folder's layout is found.

Side by side, files paired by their stem, here or in any folder below::

    ROOT/images/cat.jpg                 ROOT/masks/cat.png

One folder a picture, whose masks (one an object) are merged, as in the 2018 Data Science Bowl::

    ROOT/<id>/images/<id>.png           ROOT/<id>/masks/*.png
    ROOT/<id>/image.png                 ROOT/<id>/mask*.png

The third layout is a list file: `lists`.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cutaway.data.described import FILE_NAME, Described, read_dataset_toml
from cutaway.data.readings import MaskReading, parse_reading
from cutaway.errors import DataError

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"})
DEFAULT_SUBDIRS = ("images", "masks")


@dataclass(frozen=True, order=True)
class Pair:
    """A photo and its mask, or its masks where there is one for each object.

    Attributes:
        id: "stem", or "set/stem" where several sets lie under one folder; unique within a data set.
        image, mask: the two files; the first mask where there are several.
        more_masks: the others.
        reading: how these masks are meant, where that is known of this pair.
    """

    id: str
    image: Path
    mask: Path
    more_masks: tuple[Path, ...] = ()
    reading: MaskReading | None = field(default=None, compare=False)

    @property
    def masks(self) -> tuple[Path, ...]:
        """All masks, whose largest value at each pixel counts."""
        return (self.mask, *self.more_masks)

    @property
    def set(self) -> str:
        """The name of the set it belongs to: its id without the last part."""
        return self.id.rpartition("/")[0]


@dataclass(frozen=True)
class Problem:
    """Something wrong with a list file: a short name of its kind, for programs, and a text with the line's number."""

    kind: str
    text: str


@dataclass(frozen=True)
class Scan:
    """What was found under a data folder or in a list, before any picture was opened."""

    pairs: tuple[Pair, ...] = ()
    images_without_mask: tuple[Path, ...] = ()
    masks_without_image: tuple[Path, ...] = ()
    same_stem: tuple[tuple[Path, ...], ...] = field(default=())
    """files of one folder that share a stem (a.jpg and a.png): none of them is used."""
    problems: tuple[Problem, ...] = ()
    """lines of a list file that cannot be used."""
    described: tuple[Described, ...] = ()
    """what the dataset.toml files say."""


def scan_folder(folder: Path, *, name: str, subdirs: tuple[str, str]) -> Scan:
    """List pairs and orphans of one data folder; arguments and errors as in `pairs.scan`."""
    if not folder.is_dir():
        raise DataError(
            f"{folder} is not a folder; a data set is a folder with images/ and masks/ in it, or a .csv or .tsv list"
        )
    told = _read_described(folder)
    sets = _find_sets(folder, told, subdirs)
    pictures = {
        place: names for place, names in sets.items() if place != folder and _is_one_picture(place, names)
    }
    plain = {place: names for place, names in sets.items() if place not in pictures}
    scans = [_scan_set(place, names, _prefix(place, folder, name)) for place, names in plain.items()]
    scans.append(_scan_pictures(folder, pictures, name=name))
    scans.append(
        _scan_beside(folder, taken=[place / sub for place, names in sets.items() for sub in names], name=name)
    )
    found = _join(scans)
    if not (sets or found.pairs):
        raise DataError(_no_layout(folder, subdirs))
    pairs = tuple(replace(p, reading=_own_reading(p, folder, told)) for p in found.pairs)
    return replace(found, pairs=pairs, described=tuple(told.values()))


def _no_layout(folder: Path, subdirs: tuple[str, str]) -> str:
    images, masks = subdirs
    return (
        f"{folder} holds no data set: expected (1) {images}/ and {masks}/ with files of the same stem "
        f"({images}/cat.jpg, {masks}/cat.png; other folder names: --subdirs IMAGES MASKS), or (2) one folder a picture "
        f"(cat/{images}/cat.jpg with cat/{masks}/*.png, or cat/image.jpg with cat/mask*.png), "
        "or (3) instead of a folder a .csv or .tsv list with the columns image, mask"
    )


# -- dataset.toml ------------------------------------------------------------------------------------------------


def _read_described(root: Path) -> dict[Path, Described]:
    """What each folder's dataset.toml says, the root's first."""
    files = sorted(p for p in root.rglob(FILE_NAME) if not is_hidden(p.parent, root))
    told = {path.parent: read_dataset_toml(path.parent) for path in files}
    return {place: said for place, said in told.items() if said is not None}


def _nearest(place: Path, root: Path, told: Mapping[Path, Described]) -> Described | None:
    """What counts for a folder: its own dataset.toml, else that of the next one above it, up to the root."""
    for at in (place, *place.parents):
        if at in told:
            return told[at]
        if at == root:
            return None
    return None


def _own_reading(pair: Pair, root: Path, told: Mapping[Path, Described]) -> MaskReading | None:
    said = _nearest(pair.mask.parent, root, told)
    return parse_reading(said.reading) if said else None


# -- side by side ------------------------------------------------------------------------------------------------


def _find_sets(
    root: Path, told: Mapping[Path, Described], subdirs: tuple[str, str]
) -> dict[Path, tuple[str, str]]:
    """Every folder that holds the two folders, with their names; those given win over those a dataset.toml says."""
    given = subdirs != DEFAULT_SUBDIRS
    found = {}
    for names in {subdirs} if given else {subdirs, *(said.subdirs for said in told.values())}:
        for images in root.rglob(glob.escape(names[0])):
            place = images.parents[len(Path(names[0]).parts) - 1]
            said = _nearest(place, root, told)
            wanted = subdirs if given or said is None else said.subdirs
            if (
                wanted == names
                and images.is_dir()
                and (place / names[1]).is_dir()
                and not is_hidden(place, root)
            ):
                found[place] = names
    return dict(sorted(found.items()))


def _prefix(place: Path, root: Path, name: str) -> str:
    """What ids of a set begin with."""
    start = name if place == root else place.relative_to(root).as_posix()
    return f"{start}/" if start else ""


def _join(scans: Iterable[Scan]) -> Scan:
    parts = list(scans)
    return Scan(
        tuple(p for s in parts for p in s.pairs),
        tuple(p for s in parts for p in s.images_without_mask),
        tuple(p for s in parts for p in s.masks_without_image),
        tuple(p for s in parts for p in s.same_stem),
    )


def _scan_set(folder: Path, names: tuple[str, str], prefix: str) -> Scan:
    images, twice_a = _by_stem(folder / names[0])
    masks, twice_b = _by_stem(folder / names[1])
    skip = {_key(p, folder / names[0]) for t in twice_a for p in t} | {
        _key(p, folder / names[1]) for t in twice_b for p in t
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


def is_hidden(path: Path, root: Path) -> bool:
    """Whether the path's name, or that of a folder between it and the root, begins with a dot."""
    return any(part.startswith(".") for part in path.relative_to(root).parts)


def _by_stem(root: Path) -> tuple[dict[str, Path], list[tuple[Path, ...]]]:
    found: dict[str, list[Path]] = {}
    for path in sorted(root.rglob("*")):
        if _is_picture(path, root):
            found.setdefault(_key(path, root), []).append(path)
    return {k: v[0] for k, v in found.items()}, [tuple(v) for v in found.values() if len(v) > 1]


def _is_picture(path: Path, root: Path) -> bool:
    return path.suffix.lower() in PICTURE_SUFFIXES and not is_hidden(path, root) and path.is_file()


# -- one folder a picture ----------------------------------------------------------------------------------------


def _pictures(folder: Path) -> list[Path]:
    """The pictures right in a folder, sorted; none where there is no such folder."""
    return sorted(p for p in folder.iterdir() if _is_picture(p, folder)) if folder.is_dir() else []


def _is_one_picture(place: Path, names: tuple[str, str]) -> bool:
    """Whether a folder with images and masks is a picture of its own: one image, named as the folder or as no mask."""
    images, masks = _pictures(place / names[0]), _pictures(place / names[1])
    return len(images) == 1 and (
        images[0].stem == place.name or images[0].stem not in {m.stem for m in masks}
    )


def _scan_pictures(root: Path, pictures: Mapping[Path, tuple[str, str]], *, name: str) -> Scan:
    """Pairs of the folders that are a picture each; one without any mask, beside others, is an orphan."""
    pairs, orphans = [], set()
    for place, names in pictures.items():
        (image,), masks = _pictures(place / names[0]), _pictures(place / names[1])
        if masks:
            pairs.append(_merged(place, image, masks, root=root, name=name))
        else:
            orphans.add(image)
    for parent, names in {place.parent: names for place, names in pictures.items()}.items():
        for place in parent.iterdir():
            if place not in pictures and not is_hidden(place, root) and not (place / names[1]).is_dir():
                orphans.update(_pictures(place / names[0]))
    return Scan(tuple(pairs), tuple(sorted(orphans)))


def _merged(place: Path, image: Path, masks: Sequence[Path], *, root: Path, name: str) -> Pair:
    return Pair(_prefix(place.parent, root, name) + place.name, image, masks[0], tuple(masks[1:]))


def _scan_beside(root: Path, *, taken: Sequence[Path], name: str) -> Scan:
    """Pairs of the folders that hold image.* and mask*.* side by side, outside the folders that are taken."""
    images: dict[Path, list[Path]] = {}
    for path in sorted(root.rglob("image.*")):
        if path.parent != root and _is_picture(path, root) and not any(path.is_relative_to(t) for t in taken):
            images.setdefault(path.parent, []).append(path)
    masks = {place: [p for p in _pictures(place) if p.stem.lower().startswith("mask")] for place in images}
    single = [place for place in images if masks[place] and len(images[place]) == 1]
    if not any(masks.values()):
        return Scan()  # then these are pictures that happen to be called so
    return Scan(
        tuple(_merged(place, images[place][0], masks[place], root=root, name=name) for place in single),
        tuple(image for place in images if not masks[place] for image in images[place]),
        same_stem=tuple(tuple(images[place]) for place in images if len(images[place]) > 1 and masks[place]),
    )
