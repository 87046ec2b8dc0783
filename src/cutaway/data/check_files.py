"""Open every photo and mask of a data set once, and keep the few numbers that a check needs."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from cutaway.data.hashing import dhash, thumbnail
from cutaway.data.masks import Counts, MaskReading, RawMask, count_values, read_raw
from cutaway.data.pairs import Pair
from cutaway.errors import CutawayError, DataError
from cutaway.media.images import read_image
from cutaway.media.opening import open_picture
from cutaway.types import Size

Progress = Callable[[int, int], None]
"""Is told (done, all) after each pair."""
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PhotoFacts:
    """What is kept of a photo: its upright size, a checksum of its pixels, and what it looks like (`hashing`)."""

    size: Size
    checksum: int
    hash: int
    thumb: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class MaskFacts:
    """What is kept of a mask: its size and its values, in the whole picture and along its border.

    `voc` says that it is a palette picture in the colours of PASCAL VOC.
    """

    size: Size
    counts: Counts
    border: Counts
    voc: bool = False


@dataclass(frozen=True, eq=False)
class Looked:
    """What was seen of one pair.

    Attributes:
        pair: the two files.
        photo, mask: None where they cannot be read.
        unreadable: why, a line each.
        misfit: why the mask does not belong to a photo of this size; empty if it does.
    """

    pair: Pair
    photo: PhotoFacts | None
    mask: MaskFacts | None
    unreadable: tuple[str, ...] = ()
    misfit: str = ""


@dataclass(frozen=True, eq=False)
class Opened:
    """A pair that can be opened and whose mask has its photo's size."""

    pair: Pair
    photo: PhotoFacts
    mask: MaskFacts


def opened(seen: Sequence[Looked]) -> list[Opened]:
    """The pairs that are fit for use, as far as one can tell without knowing how their masks are read."""
    return [
        Opened(s.pair, s.photo, s.mask)
        for s in seen
        if s.photo is not None and s.mask is not None and not s.misfit
    ]


def look_at_all(pairs: Sequence[Pair], *, progress: Progress | None = None) -> list[Looked]:
    """Open all pairs in threads, as many pictures at a time as there are processors; about 3 KB are kept of each."""
    seen: list[Looked] = []
    pool = ThreadPoolExecutor(max_workers=min(os.cpu_count() or 1, 8), thread_name_prefix="check")
    try:
        for looked in pool.map(look_at, pairs):
            seen.append(looked)
            if progress is not None:
                progress(len(seen), len(pairs))
    finally:  # when interrupted, forget those that have not begun
        pool.shutdown(cancel_futures=True)
    return seen


def look_at(pair: Pair) -> Looked:
    """Open one pair; what is wrong with its files is said in the result, not raised."""
    problems: list[str] = []
    photo, mask = _tried(look_at_photo, pair.image, problems), _tried(look_at_masks, pair, problems)
    misfit = "" if photo is None or mask is None else _misfit(pair.image, photo.size, mask.size)
    return Looked(pair, photo, mask, tuple(problems), misfit)


def _tried(read: Callable[[S], T], source: S, problems: list[str]) -> T | None:
    try:
        return read(source)
    except CutawayError as error:
        problems.append(f"{error}")
        return None


def look_at_photo(path: Path) -> PhotoFacts:
    """Read a photo and keep the facts.

    Raises:
        ImageError: it cannot be read.
    """
    frame = read_image(path)
    checksum = zlib.crc32(np.ascontiguousarray(frame.pixels).data)
    return PhotoFacts(frame.size, checksum, dhash(frame.pixels), thumbnail(frame.pixels))


def look_at_masks(pair: Pair) -> MaskFacts:
    """Read a pair's mask, or all of its masks as one, and keep the facts.

    Raises:
        DataError: one cannot be read, or they are of different sizes.
    """
    raws = [read_raw(path, reading=pair.reading) for path in pair.masks]
    for path, raw in zip(pair.masks, raws, strict=True):
        if raw.values.shape != raws[0].values.shape:
            raise DataError(f"{pair.id}: the masks {pair.mask.name} and {path.name} are of different sizes")
    mask = _as_one(raws, pair.reading)
    border = np.concatenate([mask[0], mask[-1], mask[1:-1, 0], mask[1:-1, -1]])
    return MaskFacts(
        (mask.shape[0], mask.shape[1]), _kept(mask), _kept(border), voc=all(raw.voc for raw in raws)
    )


def _as_one(raws: Sequence[RawMask], reading: MaskReading | None) -> npt.NDArray[np.uint8]:
    """At each pixel the value that is most of a subject; while it is not known which that is, the largest."""
    alpha = np.arange(256) if reading is None else reading.table()
    merged = raws[0].values
    for raw in raws[1:]:
        merged = np.where(alpha[raw.values] > alpha[merged], raw.values, merged)
    return merged


def _kept(values: npt.NDArray[np.uint8]) -> Counts:
    return count_values(values).astype(np.uint32)


def _misfit(photo: Path, size: Size, mask: Size) -> str:
    """What is the matter with a mask whose size is not its photo's."""
    if size == mask:
        return ""
    text = f"the mask is {shown_size(mask)}, the photo {shown_size(size)}"
    if mask == size[::-1] and _stored_size(photo) == mask:
        return f"{text}: it was drawn before the photo's EXIF rotation was applied; turn the mask likewise"
    if _same_aspect(size, mask):
        return f"{text}: the same picture in another size; resize one to the other"
    return text


def _same_aspect(one: Size, other: Size) -> bool:
    """Whether one is the other scaled, up to rounding to whole pixels."""
    small, large = sorted((one, other))
    return abs(large[0] * small[1] / large[1] - small[0]) <= 1


def _stored_size(path: Path) -> Size:
    with open_picture(path) as opened:
        return opened.image.height, opened.image.width


def shown_size(size: Size) -> str:
    """(height, width) as people write it."""
    return f"{size[1]}×{size[0]}"
