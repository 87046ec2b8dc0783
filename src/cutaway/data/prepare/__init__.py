"""Turn public data sets into folders that `cutaway train` takes: one file for each format, one registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cutaway.data.check import check as check_set
from cutaway.data.check_text import CheckReport
from cutaway.data.prepare import (
    coco,
    labelme,
    matting,
    oxford_pets,
    person_segmentation,
    supervisely,
    voc,
)
from cutaway.data.prepare.common import Found, Job, Progress, Wishes
from cutaway.data.prepare.report import Prepared, Troubles
from cutaway.data.prepare.write import staging, write_sets
from cutaway.errors import OptionError, unknown_name

__all__ = ["FORMATS", "Format", "Prepared", "Progress", "Wishes", "prepare"]


@dataclass(frozen=True)
class Format:
    """A kind of data set that can be prepared.

    Attributes:
        find: looks at the source and says what is there.
        about: one line for people.
        wishes: the names of the `Wishes` that concern it.
    """

    find: Callable[[Job], Found]
    about: str
    wishes: frozenset[str] = frozenset()


_BY_CLASS = frozenset({"names", "empty"})

FORMATS: dict[str, Format] = {
    "oxford-pets": Format(
        oxford_pets.find,
        "the Oxford-IIIT Pet set: its two archives, or images/ and annotations/",
        frozenset({"classes", "download", "url"}),
    ),
    "person-segmentation": Format(
        person_segmentation.find,
        "images/*.jpg and masks/*.png with 0/1 or 0/255",
        frozenset({"masks"}),
    ),
    "supervisely": Format(
        supervisely.find, "a project export: meta.json, DATASET/img and DATASET/ann", _BY_CLASS
    ),
    "coco": Format(coco.find, "instances JSON and its photos: polygons and run lengths", _BY_CLASS),
    "voc": Format(voc.find, "JPEGImages, SegmentationClass and ImageSets", _BY_CLASS),
    "labelme": Format(labelme.find, "*.json beside the photos, or with these inside", _BY_CLASS | {"holes"}),
    "matting": Format(matting.find, "photos and alpha mattes in two folders (P3M, AIM-500, AM-2k)"),
}
"""Every format by its name."""

_FLAGS = {
    "names": "--class",
    "holes": "--hole",
    "classes": "--classes",
    "masks": "--masks",
    "empty": "--empty",
    "download": "--download",
    "url": "--url",
}


def prepare(
    name: str,
    src: Path,
    *,
    dst: Path,
    wishes: Wishes | None = None,
    check: bool = True,
    progress: Progress | None = None,
) -> Prepared:
    """Make a data set that `cutaway train` takes from one in its published form.

    Photos are copied as they are, masks become grey PNG (0 background, 255 subject, 128 unknown) of the upright
    photo's size. All is made in a hidden folder inside `dst` and moved into place at the end, so that `dst` holds the
    whole set or nothing.

    Args:
        name: one of `FORMATS`.
        src: the folder or file as it was downloaded.
        dst: a new or empty folder; gets `images/` and `masks/`, or a folder with these for each of the set's parts.
        wishes: what can be chosen; None for the usual.
        check: whether the result is looked through as `cutaway data check` does.
        progress: called with (step, done, all).

    Raises:
        OptionError: there is no such format, or it has no such choice.
        DataError: the source is not of this format, or nothing in it can be used.
        OutputExistsError: `dst` holds something already.
        OutputError: `dst` cannot be written.
    """
    wishes = wishes or Wishes()
    chosen = _chosen_format(name, wishes)
    tell = progress or _say_nothing
    troubles = Troubles()
    with staging(dst) as work:
        found = chosen.find(Job(src, wishes, work / ".scratch", troubles, tell))
        sets = write_sets(found, work, troubles=troubles, empty=wishes.empty, progress=tell)
    checks = {part: _checked(dst / part, found.reading, tell) for part in sets} if check else {}
    return Prepared(name, dst, sets, troubles.findings(), checks)


def _say_nothing(step: str, done: int, total: int) -> None:
    pass


def _checked(folder: Path, reading: str, tell: Progress) -> CheckReport:
    return check_set(folder, masks=reading, progress=lambda done, total: tell("check", done, total))


def _chosen_format(name: str, wishes: Wishes) -> Format:
    if name not in FORMATS:
        raise OptionError(unknown_name("data set format", name, FORMATS))
    for wish, flag in _FLAGS.items():
        if getattr(wishes, wish) != getattr(Wishes(), wish) and wish not in FORMATS[name].wishes:
            takers = ", ".join(other for other, form in FORMATS.items() if wish in form.wishes)
            raise OptionError(f"{flag} means nothing for {name}; it is for {takers}")
    if wishes.classes not in (2, 3):
        raise OptionError(f"--classes must be 2 or 3, not {wishes.classes}")
    if wishes.url and not wishes.download:
        raise OptionError("--url needs --download")
    return FORMATS[name]
