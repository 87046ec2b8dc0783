"""Write what a reader found, so that the new set is there complete or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from cutaway.data.described import write_dataset_toml
from cutaway.data.prepare.common import SUBJECT, Found, Grey, Item, Progress
from cutaway.data.prepare.photos import Photo, png_bytes, read_photo
from cutaway.data.prepare.report import Troubles
from cutaway.errors import DataError, ImageError, OutputError, OutputExistsError
from cutaway.media.files import printable, write_atomic
from cutaway.media.images import turned
from cutaway.types import Size

STAGING = ".preparing"
"""Where the set is made, inside its own folder; one that a killed run left is removed by the next."""


@contextlib.contextmanager
def staging(dst: Path) -> Iterator[Path]:
    """A folder to make the set in; when all went well its content moves up into `dst`, else nothing stays.

    Raises:
        OutputExistsError: `dst` holds something already, or is a file.
        OutputError: nothing can be written there.
    """
    _require_empty(dst)
    made, work = not dst.exists(), dst / STAGING
    with _told(dst):
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
    try:
        yield work
        with _told(dst):
            for path in sorted(work.iterdir()):
                if not path.name.startswith("."):
                    path.rename(dst / path.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if made:
            with contextlib.suppress(OSError):  # only if nothing is in it
                dst.rmdir()


def _require_empty(dst: Path) -> None:
    if os.path.lexists(dst) and not dst.is_dir():
        raise OutputExistsError(f"{printable(dst)} is a file; the new set needs a folder of its own")
    with _told(dst):
        others = [p.name for p in dst.iterdir() if p.name != STAGING] if dst.is_dir() else []
    if others:
        raise OutputExistsError(
            f"{printable(dst)} is not empty ({printable(min(others))}); give a new folder or empty that one"
        )


@contextlib.contextmanager
def _told(dst: Path) -> Iterator[None]:
    """Whatever the file system refuses becomes an OutputError of one line."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot write {printable(dst)}: {error.strerror or error}") from error


def write_sets(
    found: Found, folder: Path, *, troubles: Troubles, empty: bool, progress: Progress
) -> dict[str, int]:
    """Write all photos and masks with a `dataset.toml` for each set.

    Args:
        found: what to write.
        folder: gets `images/` and `masks/`, or a folder with these for each set.
        troubles: what cannot be used is noted here and left out.
        empty: keep photos with an all-black mask even where the format would leave them out.
        progress: called after each photo.

    Returns:
        How many pairs each set got.

    Raises:
        DataError: not one pair could be written.
        OutputError: the disk is full or the like.
    """
    items = list(_without_namesakes(found.items, troubles))
    one = partial(_write, folder=folder, troubles=troubles, drop_empty=found.drop_empty and not empty)
    written: Counter[str] = Counter()
    pool = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8), thread_name_prefix="prepare")
    try:
        for number, (item, good) in enumerate(zip(items, pool.map(one, items), strict=True), 1):
            written[item.split] += good
            progress("photos", number, len(items))
    finally:  # when interrupted, forget those that have not begun
        pool.shutdown(cancel_futures=True)
    sets = {name: number for name, number in sorted(written.items()) if number}
    if not sets:
        raise DataError(_nothing(troubles))
    for name in sets:
        write_dataset_toml(
            folder / name,
            reading=found.reading,
            source=found.source,
            licence=found.licence,
            classes=found.classes,
            images="images",
            masks="masks",
        )
    return sets


def _nothing(troubles: Troubles) -> str:
    why = max(troubles.findings(), key=lambda finding: len(finding.names), default=None)
    if why is None:
        return "not one pair could be made: the set is empty"
    return f"not one pair could be made: {why.text}: {printable(why.names[0])}"


def _without_namesakes(items: Sequence[Item], troubles: Troubles) -> Iterator[Item]:
    """All but those whose files would overwrite another's, also where a file system knows no capitals."""
    seen: set[tuple[str, str]] = set()
    for item in items:
        key = item.split, item.stem.casefold()
        if key in seen:
            troubles.add("same-name", item.stem)
        else:
            yield item
        seen.add(key)


def _write(item: Item, *, folder: Path, troubles: Troubles, drop_empty: bool) -> bool:
    """Write one pair; False if it cannot be used, which is noted."""
    try:
        photo = read_photo(item.photo, name=_name(item))
    except ImageError as error:
        troubles.add("unreadable", f"{error}")
        return False
    try:
        mask = _upright_mask(item, photo, troubles)
    except (DataError, ImageError) as error:
        troubles.add("bad-mask", f"{item.stem}: {error}")
        return False
    if mask is None:
        return False
    if drop_empty and not (mask == SUBJECT).any():
        troubles.add("empty", item.stem)
        return False
    if photo.note:
        troubles.add(photo.note, f"{_name(item)} -> {photo.suffix}")
    home = folder / item.split
    write_atomic(home / "images" / (item.stem + photo.suffix), photo.data, overwrite=False)
    write_atomic(home / "masks" / f"{item.stem}.png", png_bytes(np.ascontiguousarray(mask)), overwrite=False)
    return True


def _name(item: Item) -> str:
    """What to call the photo, with the suffix it claims to have."""
    return item.stem + (item.photo.suffix if isinstance(item.photo, Path) else "")


def _upright_mask(item: Item, photo: Photo, troubles: Troubles) -> Grey | None:
    """The mask as the upright photo needs it; None if it belongs to a picture of another size, which is noted.

    Where a photo was stored lying, its EXIF says so; some annotations refer to the stored pixels and some to the
    upright picture. Their size tells which, or, where both are alike, what the format's programs do.
    """
    usual = photo.stored_size if item.stored else photo.size
    mask = None
    if item.size in (None, photo.size, photo.stored_size):
        mask = item.mask(item.size or usual)
    size = (item.size or (0, 0)) if mask is None else (mask.shape[0], mask.shape[1])
    if mask is None or size not in (photo.size, photo.stored_size):
        troubles.add("size", f"{item.stem}: the mask is {_shown(size)}, the photo {_shown(photo.size)}")
        return None
    as_stored = size == photo.stored_size if item.stored else size != photo.size
    return np.asarray(turned(mask, photo.orientation), dtype=np.uint8) if as_stored else mask


def _shown(size: Size) -> str:
    return f"{size[1]}×{size[0]}"
