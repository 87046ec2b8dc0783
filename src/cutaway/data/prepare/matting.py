"""Sets of photos with soft alpha mattes in two folders, such as P3M-10k, AIM-500, AM-2k and PPM-100.

Their folders go by several names (`original`, `blurred_image`, `image`; `mask`, `alpha`) and lie in the source or up
to two folders below; the trimaps and face masks beside them are not needed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cutaway.data.masks import read_indices
from cutaway.data.pairs import PICTURE_SUFFIXES
from cutaway.data.prepare.common import (
    CONVERTED_SUFFIXES,
    Found,
    Grey,
    Item,
    Job,
    by_stem,
    folders_with,
    match_stems,
    wrong_source,
)
from cutaway.types import Size

PHOTO_FOLDERS = ("original", "original_image", "image", "images", "blurred_image")
MATTE_FOLDERS = ("alpha", "alphas", "matte", "mattes", "mask", "masks")
"""Names of the two folders; of several that are there, the first."""


def find(job: Job) -> Found:
    """Match photos and mattes in the source and in the folders below it, each of which becomes a set.

    Raises:
        DataError: no folder holds photos and mattes.
    """
    homes = [home for home in _homes(job.src) if _one(home, MATTE_FOLDERS)]
    if not homes:
        wanted = f"a folder of photos ({', '.join(PHOTO_FOLDERS)}) beside one of mattes ({', '.join(MATTE_FOLDERS)})"
        raise wrong_source(job.src, "matting", wanted)
    items = [item for home in homes for item in _items(home, job)]
    return Found(items, source="photos with alpha mattes", classes=1)


def _homes(src: Path) -> list[Path]:
    return sorted({home for name in PHOTO_FOLDERS for home in folders_with(src, name)})


def _one(home: Path, names: tuple[str, ...]) -> Path | None:
    return next((home / name for name in names if (home / name).is_dir()), None)


def _items(home: Path, job: Job) -> list[Item]:
    photos, mattes = _one(home, PHOTO_FOLDERS), _one(home, MATTE_FOLDERS)
    assert photos is not None  # it is a home because of these
    assert mattes is not None
    found = by_stem(photos, job.troubles, suffixes=PICTURE_SUFFIXES | CONVERTED_SUFFIXES)
    alphas = by_stem(mattes, job.troubles)
    split = "" if home == job.src else home.relative_to(job.src).as_posix()
    return [
        Item(stem, found[stem], partial(_matte, alphas[stem]), split)
        for stem in match_stems(found, alphas, job.troubles)
    ]


def _matte(path: Path, _: Size) -> Grey:
    return read_indices(path)
