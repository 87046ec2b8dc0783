"""COCO instances: one JSON with images, categories and annotations, and the photos in a folder of their own.

Format: https://cocodataset.org/#format-data. Outlines are polygons or run lengths; regions marked `iscrowd` hold many
objects that nobody told apart, and some that are not there: they become 128, unknown, unless an object lies on them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from cutaway.data.prepare.common import (
    SUBJECT,
    UNKNOWN,
    Found,
    Grey,
    Item,
    Job,
    inside,
    read_json,
    require_known,
    titled,
    visible_files,
    wrong_source,
)
from cutaway.data.prepare.drawing import as_points, polygon, run_lengths, unpack_counts
from cutaway.errors import DataError
from cutaway.types import Mask, Size

Annotation = Mapping[str, Any]
_KEYS = ("images", "annotations", "categories")
_WANTED = "a JSON with images, annotations and categories (annotations/instances_*.json) beside the photos"


def find(job: Job) -> Found:
    """List the photos with the chosen categories' annotations; several JSON files become several sets.

    Raises:
        DataError: there is no instances JSON, no category of a given name, or not one of the photos.
    """
    files = _instances_files(job.src)
    if not files:
        raise wrong_source(job.src, "coco", _WANTED)
    items = [item for path, data in files for item in _items(path, data, job, split=_split(path, len(files)))]
    if not items:
        raise wrong_source(
            job.src, "coco", "the photos that the JSON names (in images/, or a folder called as the set)"
        )
    return Found(
        items,
        source=titled("COCO instances", job.wishes.names),
        reading="matting-trimap",
        drop_empty=True,
    )


def _instances_files(src: Path) -> list[tuple[Path, dict[str, Any]]]:
    """The JSON files that hold instances, with their content; the others (captions, key points) are passed over.

    Raises:
        DataError: the source is a file that is no JSON.
    """
    if src.is_file():
        data = read_json(src)
        return [(src, data)] if _is_instances(data) else []
    paths = (
        [p for p in visible_files(src, {".json"}) if len(p.relative_to(src).parts) <= 2]
        if src.is_dir()
        else []
    )
    official = [p for p in paths if p.name.startswith("instances")]
    read = ((path, read_json(path)) for path in official or paths)
    return [(path, data) for path, data in read if _is_instances(data)]


def _is_instances(data: Any) -> bool:
    """Whether there is at least one annotation to draw, or none at all."""
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in _KEYS):
        return False
    if not all(isinstance(entry, dict) for key in _KEYS for entry in data[key]):
        return False
    return not data["annotations"] or any("segmentation" in a for a in data["annotations"])


def _split(path: Path, files: int) -> str:
    """ "val2017" for instances_val2017.json, "train" for train/_annotations.coco.json; empty if it is the only file."""
    if files == 1:
        return ""
    name = path.stem.removeprefix("instances_")
    return path.parent.name if name.startswith("_") else name


def _items(path: Path, data: dict[str, Any], job: Job, *, split: str) -> list[Item]:
    chosen = _categories(data, job.wishes.names)
    drawn: dict[str, list[Annotation]] = defaultdict(list)
    for annotation in data["annotations"]:
        if str(annotation.get("category_id")) in chosen:
            drawn[str(annotation.get("image_id"))].append(annotation)
    folders = _photo_folders(path, job.src)
    items = []
    for image in data["images"]:
        name, size = str(image.get("file_name", "")), _size(image)
        photo = next((p for folder in folders if (p := inside(folder, name))), None)
        if photo is None or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            job.troubles.add("masks-without-photo", name)
            continue
        annotations = drawn.get(str(image.get("id")), [])
        _note(annotations, name, job)
        stem = PurePosixPath(name.replace("\\", "/")).with_suffix("").as_posix()
        items.append(Item(stem, photo, partial(_draw, annotations), split, size, stored=True))
    return items


def _categories(data: dict[str, Any], names: Sequence[str]) -> set[str]:
    """The ids of the chosen categories; of all of them if none was chosen."""
    require_known(names, {str(c.get("name")) for c in data["categories"]})
    return {str(c.get("id")) for c in data["categories"] if not names or str(c.get("name")) in names}


def _photo_folders(path: Path, src: Path) -> list[Path]:
    """Where the photos of a JSON may lie, the likeliest first."""
    name = path.stem.removeprefix("instances_")
    root = src if src.is_dir() else path.parent.parent if path.parent.name == "annotations" else path.parent
    folders = [
        root / name,
        root / "images" / name,
        root / "images",
        path.parent / "images",
        path.parent,
        root,
    ]
    return [folder for folder in folders if folder.is_dir()]


def _size(image: Mapping[str, Any]) -> Size | None:
    height, width = image.get("height"), image.get("width")
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _note(annotations: Sequence[Annotation], name: str, job: Job) -> None:
    if any(a.get("iscrowd") for a in annotations):
        job.troubles.add("crowd", name)
    if any(not a.get("segmentation") for a in annotations):
        job.troubles.add("no-outline", name)


def _draw(annotations: Sequence[Annotation], size: Size) -> Grey:
    """All annotations of a photo in one mask.

    Raises:
        DataError: one of them is damaged.
    """
    mask = np.zeros(size, np.uint8)
    for annotation in sorted(
        annotations, key=lambda a: not a.get("iscrowd")
    ):  # crowds first, objects over them
        inside_it = _region(annotation.get("segmentation"), size)
        mask[inside_it] = UNKNOWN if annotation.get("iscrowd") else SUBJECT
    return mask


def _region(segmentation: Any, size: Size) -> Mask:
    """One segmentation: a list of polygons, or run lengths as numbers or as a compressed string.

    Raises:
        DataError: it is none of these, or of another size than the photo.
    """
    if isinstance(segmentation, dict):
        if segmentation.get("size") != list(size):
            raise DataError(
                f"run lengths for {segmentation.get('size')}, not for {list(size)} (height, width)"
            )
        counts = segmentation.get("counts")
        if isinstance(counts, str):
            return run_lengths(unpack_counts(counts), size)
        if isinstance(counts, list) and all(type(n) is int for n in counts):
            return run_lengths(counts, size)
        raise DataError("run lengths are neither numbers nor a text")
    region = np.zeros(size, bool)
    for outline in segmentation or ():
        region |= polygon(as_points(outline), size)
    return region
