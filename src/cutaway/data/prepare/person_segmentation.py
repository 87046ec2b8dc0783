"""Photos and masks in two folders, as person-segmentation sets come: `images/*.jpg`, `masks/*.png`, 0/1 or 0/255."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from cutaway.data.masks import read_mask, reading_for
from cutaway.data.pairs import PICTURE_SUFFIXES
from cutaway.data.prepare.common import (
    CONVERTED_SUFFIXES,
    Found,
    Grey,
    Item,
    Job,
    by_stem,
    match_stems,
    wrong_source,
)
from cutaway.data.readings import MaskReading
from cutaway.types import Size


def find(job: Job) -> Found:
    """Match photos and masks by their stems; how the masks are meant is told from all of them together.

    Raises:
        DataError: there are no such folders, or the masks' values allow more than one meaning (`--masks` answers).
    """
    images, masks = job.src / "images", job.src / "masks"
    if not images.is_dir() or not masks.is_dir():
        raise wrong_source(job.src, "person-segmentation", "images/ and masks/ with files of the same stems")
    photos = by_stem(images, job.troubles, suffixes=PICTURE_SUFFIXES | CONVERTED_SUFFIXES)
    drawn = by_stem(masks, job.troubles)
    stems = match_stems(photos, drawn, job.troubles)
    if not stems:
        raise wrong_source(
            job.src, "person-segmentation", "photos in images/ and masks of the same stems in masks/"
        )
    reading = reading_for([drawn[stem] for stem in stems], given=job.wishes.masks)
    items = [Item(stem, photos[stem], partial(_mask, drawn[stem], reading)) for stem in stems]
    return Found(items, source="person segmentation, from folders of photos and masks")


def _mask(path: Path, reading: MaskReading, _: Size) -> Grey:
    return (read_mask(path, reading=reading) * 255 + 0.5).astype(np.uint8)
