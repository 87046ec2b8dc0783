"""The Oxford-IIIT Pet set (Parkhi, Vedaldi, Zisserman, Jawahar, "Cats and Dogs", CVPR 2012).

Two archives: `images.tar.gz` with `images/*.jpg` and stray `.mat` files, `annotations.tar.gz` with
`annotations/trimaps/*.png` (1 subject, 2 background, 3 border, beside hidden `._*.png` of a Mac), `list.txt`,
`trainval.txt` and `test.txt`. Some photos are GIF or PNG under the name .jpg, some JPEGs are damaged, and some photos
have no trimap. Page: https://www.robots.ox.ac.uk/~vgg/data/pets/
"""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from cutaway.data.masks import read_indices
from cutaway.data.prepare.archive import unpack
from cutaway.data.prepare.common import (
    SUBJECT,
    UNKNOWN,
    Found,
    Grey,
    Item,
    Job,
    Progress,
    by_stem,
    match_stems,
    wrong_source,
)
from cutaway.data.prepare.report import Troubles
from cutaway.errors import DataError, DownloadError
from cutaway.media.files import printable
from cutaway.types import Size
from cutaway.weights.download import fetch

URL = "https://thor.robots.ox.ac.uk/~vgg/data/pets/"
ARCHIVES = {  # MD5, as known to others' loaders of this set: second-hand, the set's page gives none
    "images.tar.gz": "5c4f3ee8e5d25df40f4fd59a7f44e54c",
    "annotations.tar.gz": "95a8c909bbe2e81eed6a22bccdf3f68f",
}
"""The two archives and their MD5 checksums."""
LISTS = ("trainval", "test")
LICENCE = "CC BY-SA 4.0"
_WANTED = "images.tar.gz and annotations.tar.gz, or images/ and annotations/trimaps/"
_LAST_TRIMAP_VALUE = 3


def find(job: Job) -> Found:
    """List the photos that have a trimap, in the official split.

    Raises:
        DataError: the source holds neither archives nor folders, an archive is damaged, or a split list is missing.
        DownloadError: the archives cannot be fetched.
    """
    if job.wishes.download:
        download(job.src, url=job.wishes.url or URL, progress=job.progress)
    images, annotations = _folders(job)
    photos = by_stem(images, job.troubles)
    trimaps = by_stem(annotations / "trimaps", job.troubles)
    split = _read_lists(annotations, job.troubles, known=photos.keys() | trimaps.keys())
    items = []
    for stem in match_stems(photos, trimaps, job.troubles):
        if stem in split:
            draw = partial(_mask, trimaps[stem], job.wishes.classes)
            items.append(Item(stem, photos[stem], draw, split[stem]))
        else:
            job.troubles.add("no-split", photos[stem].name)
    three = job.wishes.classes == 3
    return Found(
        items,
        source="The Oxford-IIIT Pet Dataset, https://www.robots.ox.ac.uk/~vgg/data/pets/",
        licence=LICENCE,
        reading="matting-trimap" if three else "grey",
        classes=job.wishes.classes,
    )


def download(folder: Path, *, url: str = URL, progress: Progress) -> None:
    """Fetch the two archives into a folder, unless they are there; a broken download goes on where it stopped.

    Args:
        folder: gets the archives; made if it is not there.
        url: the address that they lie under.
        progress: told (archive, bytes here, bytes in all).

    Raises:
        DownloadError: an archive cannot be fetched, or is not the official one.
    """
    for name, md5 in ARCHIVES.items():
        path = folder / name
        was_there = path.is_file()
        fetch(url.rstrip("/") + "/" + name, path, progress=partial(progress, name))
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
        if found == md5:
            continue
        if not was_there:
            path.unlink()
        then = "remove it and try again" if was_there else "try again"
        raise DownloadError(
            f"{printable(path)} is not the official archive: its MD5 is {found}, not {md5}; {then}"
        )


def _folders(job: Job) -> tuple[Path, Path]:
    """images/ and annotations/, unpacked into the scratch folder where the source has only the archives.

    Raises:
        DataError: neither is there.
    """
    return _folder(job, "images", must_have="."), _folder(job, "annotations", must_have="trimaps")


def _folder(job: Job, name: str, *, must_have: str) -> Path:
    folder, archive = job.src / name, job.src / f"{name}.tar.gz"
    if not (folder / must_have).is_dir() and archive.is_file():
        size = archive.stat().st_size
        tell = partial(_tell, job.progress, f"unpack {archive.name}", size)
        unpack(archive, job.scratch, wanted=_is_wanted, progress=tell)
        folder = job.scratch / name
    if not (folder / must_have).is_dir():
        raise wrong_source(job.src, "oxford-pets", _WANTED)
    return folder


def _tell(progress: Progress, step: str, total: int, done: int) -> None:
    progress(step, done, total)


def _is_wanted(path: PurePosixPath) -> bool:
    """Photos, trimaps and lists, and neither hidden files nor MATLAB's."""
    folders = ("images",), ("annotations",), ("annotations", "trimaps")
    hidden = path.name.startswith(".")
    return path.parts[:-1] in folders and not hidden and path.suffix.lower() in (".jpg", ".png", ".txt")


def _read_lists(annotations: Path, troubles: Troubles, *, known: set[str]) -> dict[str, str]:
    """The set ("trainval" or "test") of each stem, from lines such as "Abyssinian_100 1 1 1".

    Raises:
        DataError: a list is missing.
    """
    split: dict[str, str] = {}
    for name in LISTS:
        path = annotations / f"{name}.txt"
        try:
            lines = path.read_text("utf-8-sig", errors="replace").splitlines()
        except OSError as error:
            raise DataError(f"{printable(path)} cannot be read: the official split is in it") from error
        stems = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
        split |= dict.fromkeys(stems, name)
    for stem in split.keys() - known:
        troubles.add("missing", stem)
    return split


def _mask(path: Path, classes: int, _: Size) -> Grey:
    """A trimap file as a mask.

    Raises:
        DataError: it cannot be read or holds other values than 1, 2 and 3.
    """
    values = read_indices(path)
    if values.min(initial=1) < 1 or values.max(initial=1) > _LAST_TRIMAP_VALUE:
        raise DataError(f"{printable(path.name)} is no trimap of 1, 2 and 3")
    border = UNKNOWN if classes == 3 else SUBJECT
    return np.array([0, SUBJECT, 0, border], np.uint8)[values]
