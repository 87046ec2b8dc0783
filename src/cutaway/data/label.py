"""A model labels a folder of photos: a training set with a confidence for each photo, and the doubtful ones set apart.

DST/images/cat.jpg   DST/masks/cat.png     the set that `cutaway train` takes, described by DST/dataset.toml
DST/doubtful/        photos/ and mattes/   what the model was not sure of; put both back once you have corrected it
DST/confidence.csv   DST/review.png ...    what to look at first
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cutaway._version import __version__
from cutaway.data.described import write_dataset_toml
from cutaway.data.label_ledger import Row, append, begin, write
from cutaway.data.label_review import write_review
from cutaway.data.label_views import MOST_VIEWS, Seen, look
from cutaway.data.photo_folder import find_photos
from cutaway.errors import DataError, ImageError, ModelError, OptionError, OutputError
from cutaway.media.files import printable, write_atomic
from cutaway.media.images import read_image
from cutaway.remover import Remover

UNKNOWN = 128
"""The value of pixels about which the views disagree."""
DOUBTFUL = "doubtful"
_SURE_HOMES, _DOUBTFUL_HOMES = (
    ("images", "masks"),
    ("photos", "mattes"),
)  # other names, so that training skips them

Progress = Callable[[int, int], None]
"""Told how many photos are done and how many there are."""


@dataclass(frozen=True)
class Wishes:
    """How photos are to be labelled.

    Attributes:
        views: how often each photo is looked at, 1 to 6: as it is, mirrored, and both at two smaller scales.
        binary: masks of 0 and 255 instead of mattes.
        unknown: pixels about which the views disagree become 128.
        min_confidence: photos below it are doubtful, 0 to 1.
        subject: the smallest and the largest share of a photo that the subject may cover without being doubtful.

    Raises:
        OptionError: a value is out of its range.
    """

    views: int = 2
    binary: bool = False
    unknown: bool = False
    min_confidence: float = 0.0
    subject: tuple[float, float] = (0.0, 1.0)

    def __post_init__(self) -> None:
        if not 1 <= self.views <= MOST_VIEWS:
            raise OptionError(f"views must be between 1 and {MOST_VIEWS}, not {self.views}")
        if self.unknown and self.views < 2:
            raise OptionError("unknown pixels are those about which views disagree: ask for 2 views or more")
        if not 0 <= self.min_confidence <= 1:
            raise OptionError(f"min_confidence must be between 0 and 1, not {self.min_confidence:g}")
        least, most = self.subject
        if not 0 <= least <= most <= 1:
            raise OptionError(
                f"subject must be two shares from 0 to 1, the smaller first, not {least:g} {most:g}"
            )

    def is_sure(self, row: Row) -> bool:
        """Whether a photo may be learnt from."""
        return row.confidence >= self.min_confidence and self.subject[0] <= row.subject <= self.subject[1]

    @property
    def reading(self) -> str:
        """How the mask values are meant."""
        return "matting-trimap" if self.binary and self.unknown else "grey"


@dataclass
class Labelled:
    """What came of it.

    Attributes:
        rows: every photo that has been labelled, in this run and before.
        sure: how many of them are in the training set; the others are doubtful.
        new: how many of them this run labelled.
        failed: what could not be labelled, and why, one line each.
        review: the contact sheets.
    """

    rows: list[Row] = field(default_factory=list)
    sure: int = 0
    new: int = 0
    failed: list[str] = field(default_factory=list)
    review: list[Path] = field(default_factory=list)

    def text(self) -> str:
        """The whole in two lines for people."""
        confidence = [row.confidence for row in self.rows]
        middle = f", median confidence {np.median(confidence):.2f}" if confidence else ""
        lines = [f"{len(self.rows)} photos labelled, {self.new} of them now{middle}"]
        doubtful = len(self.rows) - self.sure
        lines.append(f"{self.sure} to train on, {doubtful} doubtful, {len(self.failed)} failed")
        return "\n".join(lines)


def label(
    photos: Path,
    dst: Path,
    *,
    remover: Remover,
    wishes: Wishes | None = None,
    progress: Progress | None = None,
) -> Labelled:
    """Let a model draw the masks of a folder of photos.

    What is there already is not done again, so that an interrupted run goes on; with other limits (confidence,
    subject) pairs only move between the set and `doubtful/`. Photos are copied byte for byte; their masks are upright,
    as the photos are shown.

    Args:
        photos: a folder, searched with its subfolders, which are kept.
        dst: a new folder, or that of an earlier run with the same model and settings.
        remover: the model, opened; its options say whether small subjects are looked at twice and edges refined.
        wishes: how to label; None for the defaults.
        progress: called after each photo.

    Raises:
        DataError: there are no photos, or `dst` was begun with other settings.
        OutputExistsError: `dst` holds something else.
        OutputError: the disk is full or the like.
    """
    wanted = wishes or Wishes()
    found, failed = _find(photos, leave_out=dst)
    rows = begin(dst, _settings(remover, wanted))
    result = Labelled(failed=failed)
    for number, photo in enumerate(found, 1):
        name = photo.relative_to(photos).as_posix()
        if not (name in rows and _settle(dst, rows[name], wanted)):
            try:
                rows[name] = _label(photo, name, dst=dst, remover=remover, wishes=wanted)
                result.new += 1
            except (ImageError, ModelError) as error:
                rows.pop(name, None)
                result.failed.append(f"{printable(name)}: {error}")
        if progress:
            progress(number, len(found))
    return _finished(result, rows, dst=dst, remover=remover, wishes=wanted)


def _find(photos: Path, *, leave_out: Path) -> tuple[list[Path], list[str]]:
    """The photos in a folder, and why some are left out: their masks would have the name of another's."""
    if photos.resolve().is_relative_to(leave_out.resolve()):
        raise DataError(f"{printable(leave_out)} holds the photos themselves: give a new folder for the set")
    found: dict[str, Path] = {}
    failed = []
    for path in find_photos(photos, leave_out=leave_out):
        stem = path.relative_to(photos).with_suffix("").as_posix()
        first = found.setdefault(stem.casefold(), path)
        if first is not path:
            failed.append(
                f"{printable(path.name)}: {printable(first.name)} has the same stem; rename one of the two"
            )
    return list(found.values()), failed


def _settings(remover: Remover, wishes: Wishes) -> dict[str, Any]:
    """All that the masks depend on."""
    options = remover.options
    return {
        "model": json.loads(remover.spec.to_json()),
        "views": wishes.views,
        "binary": wishes.binary,
        "unknown": wishes.unknown,
        "zoom": options.zoom,
        "refine": options.refine,
    }


def _label(photo: Path, name: str, *, dst: Path, remover: Remover, wishes: Wishes) -> Row:
    """Draw the mask of one photo and write both; the line in the table comes last, and says that they are whole."""
    try:
        data = photo.read_bytes()
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from error
    seen = look(read_image(data), matte_of=lambda frame: remover.matte(frame).alpha, views=wishes.views)
    row = Row(name, round(seen.confidence, 4), round(seen.agreement, 4), round(seen.certainty, 4),
              round(seen.subject, 4))  # fmt: skip
    image, mask = places(dst, row, sure=wishes.is_sure(row))
    write_atomic(mask, _png(mask_values(seen, binary=wishes.binary, unknown=wishes.unknown)), overwrite=True)
    write_atomic(image, data, overwrite=True)
    append(dst, row)
    return row


def mask_values(seen: Seen, *, binary: bool, unknown: bool) -> npt.NDArray[np.uint8]:
    """The mask to be written, uint8 (H, W): 0 background, 255 subject, `UNKNOWN` where views disagree, if wanted."""
    alpha = (seen.matte >= 0.5).astype(np.float32) if binary else seen.matte
    values = np.rint(alpha * 255).astype(np.uint8)
    if unknown:
        values[seen.disputed] = UNKNOWN
    return values


def _png(values: npt.NDArray[np.uint8]) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(values).save(data, "PNG")
    return data.getvalue()


def places(dst: Path, row: Row, *, sure: bool) -> tuple[Path, Path]:
    """Where a photo and its mask lie."""
    home, (images, masks) = (dst, _SURE_HOMES) if sure else (dst / DOUBTFUL, _DOUBTFUL_HOMES)
    return home / images / row.photo, (home / masks / row.photo).with_suffix(".png")


def _settle(dst: Path, row: Row, wishes: Wishes) -> bool:
    """Move a labelled photo and its mask where they belong under these wishes; False if they are not there."""
    sure = wishes.is_sure(row)
    for path, other in zip(places(dst, row, sure=sure), places(dst, row, sure=not sure), strict=True):
        if path.is_file():
            continue
        if not other.is_file():
            return False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            other.replace(path)
        except OSError as error:
            raise OutputError(f"cannot write {printable(path)}: {error.strerror or error}") from error
    return True


def _finished(
    result: Labelled, rows: dict[str, Row], *, dst: Path, remover: Remover, wishes: Wishes
) -> Labelled:
    """The table in order, the description and the sheets."""
    result.rows = sorted(rows.values(), key=lambda row: (row.confidence, row.photo))
    result.sure = sum(map(wishes.is_sure, result.rows))
    if not result.rows:
        return result
    write(dst, result.rows)
    write_dataset_toml(
        dst,
        reading=wishes.reading,
        source=f"masks drawn by model {remover.spec.name!r} ('cutaway label' {__version__}, views: {wishes.views})",
        licence=f"of the photos: their own; of the model: {remover.spec.licence or 'not told'}",
    )
    shown = [(row, places(dst, row, sure=wishes.is_sure(row))) for row in result.rows]
    result.review = write_review(dst, shown, reading=wishes.reading, is_sure=wishes.is_sure)
    return result
