"""Pictures and mattes in memory, and batches of augmented samples prepared ahead of time in threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.data.augment import Augmentation, augment
from cutaway.data.grounds import Picture, Rng
from cutaway.data.masks import MaskReading, read_matte
from cutaway.data.pairs import PICTURE_SUFFIXES, Pair
from cutaway.data.photo_folder import read_names
from cutaway.errors import DataError
from cutaway.media.colour import to_srgb
from cutaway.media.images import read_image

EMPTY_SHARE = 0.4
"""How often a background comes from the background folder rather than from another training photo."""

Loaded = tuple[Picture, Picture]
"""A photo, uint8 (H, W, 3), and its matte, uint8 (H, W) in 0..255."""


def load_photo(path: Path, *, longest: int | None = None) -> Picture:
    """A photo as sRGB uint8 (H, W, 3), shrunk so that its longer side is at most `longest`."""
    pixels = to_srgb(read_image(path)).pixels
    if pixels.dtype == np.uint16:
        pixels = (pixels / 257 + 0.5).astype(np.uint8)
    return shrink_to(np.asarray(pixels, dtype=np.uint8), longest)


def shrink_to(picture: Picture, longest: int | None) -> Picture:
    """Shrink so that the longer side is at most `longest`; smaller ones stay as they are."""
    height, width = picture.shape[:2]
    if longest is None or max(height, width) <= longest:
        return picture
    factor = longest / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def load_pair(pair: Pair, *, reading: MaskReading, longest: int | None = None) -> Loaded:
    """Photo and matte of one pair, of the same size.

    Args:
        pair: several masks are merged; its own reading, if it has one, goes first.
        reading: how the masks of pairs without one of their own are meant.
        longest: both are shrunk so that the longer side has at most so many pixels.

    Raises:
        DataError: the mask cannot be read, or its shape is not the photo's.
        ImageError: the photo cannot be read.
    """
    photo = load_photo(pair.image)
    matte = (read_matte(pair, reading=reading) * 255 + 0.5).astype(np.uint8)
    if matte.shape != photo.shape[:2]:
        raise DataError(
            f"{pair.id}: the mask is {matte.shape[1]}×{matte.shape[0]} "
            f"but the photo is {photo.shape[1]}×{photo.shape[0]} (width×height)"
        )
    return shrink_to(photo, longest), shrink_to(matte, longest)


class PairCache:
    """Decoded pairs, kept in memory up to a budget, decoded each time beyond it. Safe to share between threads."""

    def __init__(
        self, pairs: Sequence[Pair], *, reading: MaskReading, longest: int, budget_bytes: int
    ) -> None:
        self.pairs = list(pairs)
        self._reading, self._longest = reading, longest
        self._left = budget_bytes
        self._kept: dict[int, Loaded] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Loaded:
        if index in self._kept:
            return self._kept[index]
        loaded = load_pair(self.pairs[index], reading=self._reading, longest=self._longest)
        size = loaded[0].nbytes + loaded[1].nbytes
        with self._lock:
            if self._left >= size and index not in self._kept:
                self._left -= size
                self._kept[index] = loaded
        return loaded


class Sampler:
    """Augmented samples by number: sample n of epoch e is the same whenever and in whatever thread it is made."""

    def __init__(
        self,
        cache: PairCache,
        *,
        size: int,
        seed: int,
        how: Augmentation,
        backgrounds: Sequence[Picture] = (),
    ) -> None:
        self.cache, self.size, self.seed, self.how = cache, size, seed, how
        self.backgrounds = list(backgrounds)

    def order(self, epoch: int, count: int) -> npt.NDArray[np.int64]:
        """Which pair each of the epoch's `count` samples shows: every pair once before any comes again."""
        rng = np.random.default_rng((self.seed, epoch))
        rounds = -(-count // len(self.cache))
        return np.concatenate([rng.permutation(len(self.cache)) for _ in range(rounds)])[:count]

    def sample(self, index: int, *, epoch: int, number: int) -> Loaded:
        """Pair `index` as sample `number` of `epoch`: uint8 (size, size, 3) and uint8 (size, size)."""
        rng = np.random.default_rng((self.seed, epoch, number))
        photo, matte = self.cache[index]
        return augment(photo, matte, size=self.size, rng=rng, how=self.how, other=self._other)

    def _other(self, rng: Rng) -> tuple[Picture, Picture | None]:
        if self.backgrounds and rng.random() < EMPTY_SHARE:
            return self.backgrounds[int(rng.integers(len(self.backgrounds)))], None
        return self.cache[int(rng.integers(len(self.cache)))]


def load_backgrounds(folder: Path, *, longest: int, exclude: Path | None = None) -> list[Picture]:
    """All pictures of a folder, to lay subjects on.

    Args:
        folder: searched at any depth.
        longest: pictures are shrunk so that the longer side has at most so many pixels.
        exclude: a list of file names to leave out (see `read_names`), such as scenes to measure with.

    Raises:
        DataError: there is none, or the list cannot be read, names none of them, or leaves none.
    """
    files = sorted(
        p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES and not p.name.startswith(".")
    )
    if not files:
        raise DataError(f"{folder} holds no picture to use as background")
    return [load_photo(p, longest=longest) for p in (_without(files, exclude) if exclude else files)]


def _without(files: Sequence[Path], exclude: Path) -> list[Path]:
    names = set(read_names(exclude))
    kept = [p for p in files if p.name not in names]
    if len(kept) == len(files):
        raise DataError(
            f"{exclude} names none of the {len(files)} backgrounds: is it the list for this folder?"
        )
    if not kept:
        raise DataError(f"{exclude} names every background: there is none left to lay subjects on")
    return kept


def ahead(jobs: Sequence[Callable[[], Loaded]], *, workers: int, depth: int) -> Iterator[Loaded]:
    """Results of the jobs in order, at most `depth` of them made ahead of time; an error in a job is raised here."""
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="samples") as pool:
        waiting: deque[Future[Loaded]] = deque()
        todo = iter(jobs)
        try:
            for job in todo:
                waiting.append(pool.submit(job))
                if len(waiting) >= depth:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
