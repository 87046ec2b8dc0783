"""PASCAL VOC segmentation: JPEGImages, SegmentationClass (palette PNG) and ImageSets/Segmentation/{train,val}.txt.

In a mask 0 is background, 1 to 20 are the classes in alphabetical order, and 255 ("void") is the outline that nobody
decided on: it becomes 128. Where some classes are chosen, the outlines of all others become background.
Source: the VOC2012 development kit (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np

from cutaway.data.masks import read_mask
from cutaway.data.prepare.common import (
    SUBJECT,
    Found,
    Grey,
    Item,
    Job,
    by_stem,
    folders_with,
    titled,
    wrong_source,
)
from cutaway.data.readings import MaskReading, parse_reading
from cutaway.types import Size

SPLITS = ("train", "val")
_MASKS = "SegmentationClass"
_WANTED = "JPEGImages/, SegmentationClass/ and ImageSets/Segmentation/train.txt or val.txt"


def find(job: Job) -> Found:
    """List the photos of the official sets that have a mask.

    Raises:
        DataError: the source is not laid out like VOC, or has no class of a given name.
    """
    reading = parse_reading(":".join(["voc", *([",".join(job.wishes.names)] if job.wishes.names else [])]))
    assert reading is not None  # only "auto" is
    roots = folders_with(job.src, _MASKS)
    items = [item for root in roots for item in _items(root, reading, job, name=root.name * (len(roots) > 1))]
    if not items:
        raise wrong_source(job.src, "voc", _WANTED)
    return Found(
        items,
        source=titled("PASCAL VOC segmentation", job.wishes.names),
        reading="matting-trimap",
        drop_empty=True,
    )


def _items(root: Path, reading: MaskReading, job: Job, *, name: str) -> list[Item]:
    photos, masks = by_stem(root / "JPEGImages", job.troubles), by_stem(root / _MASKS, job.troubles)
    items = []
    for split in SPLITS:
        for stem in _listed(root / "ImageSets" / "Segmentation" / f"{split}.txt"):
            missing = stem not in photos, stem not in masks
            if all(missing):
                job.troubles.add("missing", stem)
            elif any(missing):
                job.troubles.add("masks-without-photo" if missing[0] else "photos-without-mask", stem)
            else:
                where = f"{name}/{split}" if name else split
                items.append(Item(stem, photos[stem], partial(_mask, masks[stem], reading), where))
    return items


def _listed(path: Path) -> list[str]:
    """The stems in a list, one a line; none if there is no such list."""
    return path.read_text("utf-8-sig", errors="replace").split() if path.is_file() else []


def _mask(path: Path, reading: MaskReading, _: Size) -> Grey:
    mask = (read_mask(path, reading=reading) * 255 + 0.5).astype(np.uint8)
    return _without_foreign_outlines(mask) if reading.values else mask


def _without_foreign_outlines(mask: Grey) -> Grey:
    """Void that touches no subject belongs to something else, and becomes background."""
    number, labels = cv2.connectedComponents((mask > 0).astype(np.uint8))
    has_subject = np.zeros(number, bool)
    has_subject[labels[mask == SUBJECT]] = True
    return np.where(has_subject[labels], mask, np.uint8(0))
