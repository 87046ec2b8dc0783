"""labelme: one JSON a photo with shapes drawn by hand, beside the photo or with it inside.

Shapes are polygons, rectangles (two corners), circles (centre and a point on the edge) and masks (a PNG in base64
laid at the first corner). Coordinates are those of the upright photo, as labelme shows it; where the size says
otherwise, those of the stored pixels. Format: https://github.com/wkentaro/labelme
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cutaway.data.pairs import PICTURE_SUFFIXES
from cutaway.data.prepare.bitmaps import bitmap, from_base64
from cutaway.data.prepare.common import (
    CONVERTED_SUFFIXES,
    SUBJECT,
    Found,
    Grey,
    Item,
    Job,
    Wishes,
    inside,
    read_json,
    require_known,
    titled,
    visible_files,
    wrong_source,
)
from cutaway.data.prepare.drawing import as_points, circle, paste, polygon, rectangle
from cutaway.errors import DataError, ImageError
from cutaway.types import Mask, Size

Shape: TypeAlias = Mapping[str, Any]
NOT_SUBJECT = ("_background_", "__ignore__")
"""Labels that labelme itself uses for what is no object; left out unless they are asked for."""
_LEAST_POINTS = {"polygon": 3, "rectangle": 2, "circle": 2, "mask": 1}
"""The shapes that have an area, and how many points each needs."""
_WANTED = "*.json with shapes, beside their photos or with imageData in them"


def find(job: Job) -> Found:
    """List the photos of all labelme files of a folder.

    Raises:
        DataError: there is no labelme file, or no label of a given name.
    """
    paths = visible_files(job.src, {".json"}) if job.src.is_dir() else []
    labels: set[str] = set()
    items = [item for path in paths if (item := _tried(path, job, labels))]
    if not labels and not items:
        raise wrong_source(job.src, "labelme", _WANTED)
    require_known((*job.wishes.names, *job.wishes.holes), labels)
    return Found(items, source=titled("labelme", job.wishes.names), drop_empty=True)


def _tried(path: Path, job: Job, labels: set[str]) -> Item | None:
    """One photo and its shapes, its labels added to `labels`; None for other JSON and for what has no photo."""
    try:
        data = read_json(path)
    except DataError as error:
        job.troubles.add("bad-mask", f"{error}")
        return None
    shapes = _shapes(data)
    if shapes is None:
        return None
    labels |= {_label(shape) for shape in shapes}
    photo = _photo(path, data, job.src)
    if photo is None:
        job.troubles.add("masks-without-photo", path.name)
        return None
    stem = path.relative_to(job.src).with_suffix("").as_posix()
    if any(_kind(shape) not in _LEAST_POINTS for shape in shapes):
        job.troubles.add("no-outline", stem)
    return Item(stem, photo, partial(_draw, path, job.wishes), size=_size(data))


def _shapes(data: Any) -> list[Shape] | None:
    """The shapes of a labelme file; None if it is another kind of JSON."""
    shapes = data.get("shapes") if isinstance(data, dict) else None
    return [shape for shape in shapes if isinstance(shape, dict)] if isinstance(shapes, list) else None


def _label(shape: Shape) -> str:
    return str(shape.get("label", ""))


def _kind(shape: Shape) -> str:
    """What sort of shape it is; the oldest files do not say, and mean polygons."""
    return str(shape.get("shape_type") or "polygon")


def _size(data: Mapping[str, Any]) -> Size | None:
    height, width = data.get("imageHeight"), data.get("imageWidth")
    return (height, width) if isinstance(height, int) and isinstance(width, int) else None


def _photo(path: Path, data: Mapping[str, Any], src: Path) -> Path | Callable[[], bytes] | None:
    """The photo's file, or a function that unpacks it from the JSON; None if there is neither."""
    named = inside(path.parent, str(data.get("imagePath") or ""), within=src)
    if named is not None:
        return named
    suffixes = sorted(PICTURE_SUFFIXES | CONVERTED_SUFFIXES)
    beside = next((p for suffix in suffixes if (p := path.with_suffix(suffix)).is_file()), None)
    return beside or (partial(_embedded, path) if data.get("imageData") else None)


def _embedded(path: Path) -> bytes:
    """The photo that lies in a labelme file.

    Raises:
        ImageError: it is no base64.
    """
    try:
        return from_base64(read_json(path)["imageData"])
    except DataError as error:
        raise ImageError(f"{path.name}: {error}") from error


def _draw(path: Path, wishes: Wishes, size: Size) -> Grey:
    """All chosen shapes of a photo in one mask, and the holes taken out of it.

    Raises:
        DataError: one of them is damaged.
    """
    shapes = [s for s in _shapes(read_json(path)) or () if _kind(s) in _LEAST_POINTS]
    not_subject = {*wishes.holes, *NOT_SUBJECT} - set(wishes.names)
    subject = [
        s for s in shapes if (_label(s) in wishes.names if wishes.names else _label(s) not in not_subject)
    ]
    region = _union(subject, size) & ~_union([s for s in shapes if _label(s) in wishes.holes], size)
    return np.where(region, np.uint8(SUBJECT), np.uint8(0))


def _union(shapes: Iterable[Shape], size: Size) -> Mask:
    region = np.zeros(size, bool)
    for shape in shapes:
        region |= _region(shape, size)
    return region


def _region(shape: Shape, size: Size) -> Mask:
    """One shape as a mask.

    Raises:
        DataError: it has too few points, or its mask is damaged.
    """
    points, kind = as_points(shape.get("points", [])), _kind(shape)
    if len(points) < _LEAST_POINTS[kind]:
        raise DataError(f"a {kind} {_label(shape)!r} has too few points")
    if kind == "mask":
        left, top = (int(number) for number in points[0])
        return paste(bitmap(from_base64(shape.get("mask"))), (top, left), size)
    if kind == "circle":
        return circle(points[0], points[1], size)
    return rectangle(points, size) if kind == "rectangle" else polygon(points, size)
