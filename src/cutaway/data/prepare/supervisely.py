"""Supervisely project exports: meta.json, DATASET/img/PHOTO and DATASET/ann/PHOTO.json.

An annotation holds `objects`, each with a class title and either a bitmap (a PNG, deflated, in base64, with the place
of its top left corner), a polygon with holes, or a rectangle. Corners are pixels, which belong to the object.
Format: https://docs.supervisely.com/data-organization/00_ann_format_navi
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from cutaway.data.pairs import PICTURE_SUFFIXES
from cutaway.data.prepare.bitmaps import bitmap, from_base64, inflate
from cutaway.data.prepare.common import (
    CONVERTED_SUFFIXES,
    SUBJECT,
    Found,
    Grey,
    Item,
    Job,
    by_stem,
    folders_with,
    read_json,
    require_known,
    titled,
    visible_files,
    wrong_source,
)
from cutaway.data.prepare.drawing import as_points, paste, pixel_polygon
from cutaway.errors import DataError
from cutaway.types import Mask, Size

Object: TypeAlias = Mapping[str, Any]
_WANTED = "meta.json and DATASET/img/ with DATASET/ann/*.json"


def find(job: Job) -> Found:
    """List the photos of all datasets of a project with their annotations; several datasets become several sets.

    Raises:
        DataError: the source is no such export, or has no class of a given name.
    """
    homes = [home for home in folders_with(job.src, "ann") if (home / "img").is_dir()]
    known = _meta_titles(job.src)
    items = []
    for home in homes:
        split = home.relative_to(job.src).as_posix() if len(homes) > 1 else ""
        items += _items(home, job, split=split, known=known)
    if not items:
        raise wrong_source(job.src, "supervisely", _WANTED)
    require_known(job.wishes.names, known)
    return Found(items, source=titled("Supervisely project", job.wishes.names), drop_empty=True)


def _meta_titles(src: Path) -> set[str]:
    """The classes that meta.json names; none where there is no such file, as in older exports."""
    path = src / "meta.json"
    meta = read_json(path) if path.is_file() else {}
    classes = meta.get("classes", []) if isinstance(meta, dict) else []
    return {str(c["title"]) for c in classes if isinstance(c, dict) and "title" in c}


def _items(home: Path, job: Job, *, split: str, known: set[str]) -> list[Item]:
    """The annotated photos of one dataset; adds the classes they use to `known`."""
    photos = by_stem(home / "img", job.troubles, suffixes=PICTURE_SUFFIXES | CONVERTED_SUFFIXES)
    items, used = [], set()
    for path in visible_files(home / "ann", {".json"}):
        name = path.relative_to(home / "ann").as_posix()
        # older exports leave the photo's own suffix out of the annotation's name
        stem = next((s for s in (_stem(_stem(name)), _stem(name)) if s in photos), "")
        if not stem:
            job.troubles.add("masks-without-photo", name)
            continue
        used.add(stem)
        try:
            item = _item(stem, photos[stem], path, split=split, job=job, known=known)
        except DataError as error:
            job.troubles.add("bad-mask", f"{error}")
        else:
            items.append(item)
    for stem in photos.keys() - used:
        job.troubles.add("photos-without-mask", photos[stem].name)
    return items


def _stem(name: str) -> str:
    """The name without its last suffix; a dot in a folder's name is none."""
    head, dot, tail = name.rpartition(".")
    return head if dot and "/" not in tail else name


def _item(stem: str, photo: Path, path: Path, *, split: str, job: Job, known: set[str]) -> Item:
    """One photo; its annotation is read again when it is drawn, so that only one at a time is in memory."""
    objects, size = _read(path)
    known |= {_title(o) for o in objects}
    if any(_title(o) in (job.wishes.names or known) and not _has_area(o) for o in objects):
        job.troubles.add("no-outline", stem)
    return Item(stem, photo, partial(_draw, path, job.wishes.names), split, size, stored=True)


def _read(path: Path) -> tuple[list[Object], Size | None]:
    """The objects of an annotation and the size of its photo.

    Raises:
        DataError: it is no annotation.
    """
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("objects"), list):
        raise DataError(f"{path.name}: there are no objects in this annotation")
    size = data.get("size") or {}
    height, width = size.get("height"), size.get("width")
    told = (height, width) if isinstance(height, int) and isinstance(width, int) else None
    return [o for o in data["objects"] if isinstance(o, dict)], told


def _title(one: Object) -> str:
    return str(one.get("classTitle", ""))


def _outline(one: Object) -> Mapping[str, Any]:
    """{"exterior": ..., "interior": ...} of an object; empty if it has none."""
    holder = one.get("polygon") if isinstance(one.get("polygon"), dict) else one
    points = holder.get("points") if isinstance(holder, dict) else None
    return points if isinstance(points, dict) else {}


def _has_area(one: Object) -> bool:
    kind = one.get("geometryType", "")
    return bool(one.get("bitmap")) or (bool(_outline(one)) and kind not in ("line", "point"))


def _draw(path: Path, names: Sequence[str], size: Size) -> Grey:
    """All chosen objects of a photo in one mask.

    Raises:
        DataError: one of them is damaged.
    """
    region = np.zeros(size, bool)
    for one in _read(path)[0]:
        if _has_area(one) and (not names or _title(one) in names):
            region |= _region(one, size)
    return np.where(region, np.uint8(SUBJECT), np.uint8(0))


def _region(one: Object, size: Size) -> Mask:
    if one.get("bitmap"):
        return _bitmap(one["bitmap"], size)
    outline = _outline(one)
    corners = as_points(outline.get("exterior", []))
    if one.get("geometryType") == "rectangle" or len(corners) == 2:
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        corners = as_points([left, top, right, top, right, bottom, left, bottom])
    region = pixel_polygon(corners, size)
    for hole in outline.get("interior") or ():
        region &= ~pixel_polygon(as_points(hole), size)
    return region


def _bitmap(stored: Any, size: Size) -> Mask:
    try:
        left, top = (int(number) for number in stored["origin"])
        data = stored["data"]
    except (TypeError, KeyError, ValueError) as error:
        raise DataError("a bitmap has no origin or no data") from error
    return paste(bitmap(inflate(from_base64(data))), (top, left), size)
