"""Score a model on image+mask pairs, by the very path that users get, and write down what came out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeAlias

import cv2
import numpy as np

from cutaway.data.masks import MaskReading, read_matte, with_readings
from cutaway.data.pairs import DEFAULT_SUBDIRS, Pair, find_pairs
from cutaway.data.samples import load_photo
from cutaway.errors import CutawayError, DataError
from cutaway.evaluation.html_pictures import SIDE_PX, Example, extremes
from cutaway.evaluation.html_report import render
from cutaway.evaluation.metrics import measure
from cutaway.evaluation.report import Row, Summary
from cutaway.evaluation.sheet import SheetRow, contact_sheet
from cutaway.media.files import write_atomic
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.types import Floats, Matte, Size

Readings: TypeAlias = Mapping[str, MaskReading | None]
"""How the masks of each pair are meant, by its id; None where no mask of its set can be opened."""
Progress = Callable[[int, int], None]
"""Called as progress(done, total) after each picture."""

WORST = 12
"""Pictures on the contact sheet."""
CELL_PX = 220
ASPECT_SLACK = 0.02
"""How far a mask's proportions may be from its photo's, as a share: roundings are no error, a turn is."""


class MakesMattes(Protocol):
    """The part of `cutaway.Remover` that is judged here."""

    def matte(self, photo: Path) -> Matte:
        """The matte of a photo, at the photo's size."""


def evaluate(
    data: Sequence[Path],
    *,
    out: Path,
    options: Options | None = None,
    masks: str = "auto",
    subdirs: Sequence[str] = DEFAULT_SUBDIRS,
    progress: Progress | None = None,
) -> Summary:
    """Score a model on every pair of the data folders and write report.html, scores.json, scores.md and worst.png.

    Args:
        data: folders with images/ and masks/ or in another layout that `data check` knows, or list files.
        out: folder for the four files; made if missing, files of these names are replaced.
        options: which model, and what runs it; None is the built-in one as it comes.
        masks: how mask values are meant; "auto" asks the set's dataset.toml, or looks at all of its masks.
        subdirs: what the two folders are called.
        progress: told after each picture.

    Returns:
        All scores; a pair that failed is in `Summary.failed` and did not stop the others.

    Raises:
        DataError: no pair was found, or masks allow more than one meaning.
        ModelError: the model cannot be opened.
        OutputError: the results cannot be written.
    """
    pairs = find_pairs(data, subdirs=subdirs)
    readings = mask_readings(pairs, masks=masks)
    asked = options or Options()
    remover = Remover(options=asked)
    rows, worst = score_pairs(remover, pairs, readings=readings, progress=progress)
    summary = Summary(asked.model, remover.spec, tuple(rows))
    examples = chosen(remover, pairs, summary, readings=readings)
    _write(out, summary, worst, examples=examples)
    return summary


def mask_readings(pairs: Iterable[Pair], *, masks: str = "auto") -> Readings:
    """How each pair's masks are meant: as given, else as its data folder says, else inferred from all of its set.

    Raises:
        DataError: `masks` is no reading, or the values of a set allow more than one meaning.
    """
    return {pair.id: pair.reading for pair in with_readings(pairs, given=masks)}


def score_pairs(
    remover: MakesMattes,
    pairs: Sequence[Pair],
    *,
    readings: Readings,
    progress: Progress | None = None,
) -> tuple[list[Row], list[SheetRow]]:
    """Score each pair; also the worst by IoU, worst first, shrunk for the contact sheet."""
    rows: list[Row] = []
    worst: list[tuple[float, SheetRow]] = []
    for done, pair in enumerate(pairs, start=1):
        try:
            row, shown = score_pair(remover, pair, reading=readings[pair.id])
            rows.append(row)
            worst = sorted([*worst, shown], key=lambda item: item[0])[:WORST]
        except (CutawayError, OSError, MemoryError) as error:
            rows.append(Row(pair.id, error=f"{error}" or type(error).__name__))
        if progress is not None:
            progress(done, len(pairs))
    return rows, [shown for _, shown in worst]


def score_pair(
    remover: MakesMattes, pair: Pair, *, reading: MaskReading | None
) -> tuple[Row, tuple[float, SheetRow]]:
    """One pair's scores at the mask's own size, and its IoU with its row for a contact sheet.

    Raises:
        CutawayError: photo or mask cannot be read, or their proportions differ.
    """
    truth, matte = _truth_and_matte(remover, pair, reading=reading)
    scores = measure(matte, truth)
    found = scores.values["iou"]
    shown = SheetRow(load_photo(pair.image), truth, matte, f"IoU {found:.3f}   {pair.id}")
    return Row(pair.id, scores), (found, shown.shrunk(CELL_PX))


def _truth_and_matte(
    remover: MakesMattes, pair: Pair, *, reading: MaskReading | None
) -> tuple[Floats, Floats]:
    truth = read_matte(replace(pair, reading=reading))
    return truth, to_size(remover.matte(pair.image).alpha, (truth.shape[0], truth.shape[1]))


def chosen(
    remover: MakesMattes,
    pairs: Iterable[Pair],
    summary: Summary,
    *,
    readings: Readings,
) -> list[Example]:
    """The best, the median and the worst by IoU, four of each at most, with their mattes made once more.

    Keeping every picture until the ranking is known would fill the memory; twelve mattes more take a moment.
    """
    by_id = {pair.id: pair for pair in pairs}
    scored = [(row.id, row.scores.values) for row in summary.rows if row.scores is not None]
    return [
        _example(word, remover, by_id[name], scores=values, readings=readings)
        for word, (name, values) in extremes(scored, score=lambda item: item[1]["iou"])
    ]


def _example(
    word: str,
    remover: MakesMattes,
    pair: Pair,
    *,
    scores: dict[str, float],
    readings: Readings,
) -> Example:
    try:
        truth, matte = _truth_and_matte(remover, pair, reading=readings[pair.id])
        row = SheetRow(load_photo(pair.image), truth, matte).shrunk(SIDE_PX)
    except (CutawayError, OSError, MemoryError) as error:  # it went well a minute ago: say so and go on
        return Example(word, pair.id, scores, None, error=f"{error}" or type(error).__name__)
    return Example(word, pair.id, scores, row)


def to_size(matte: Floats, size: Size) -> Floats:
    """The matte at the mask's size: bilinear, or by area where it shrinks. The mask itself is never resized.

    Raises:
        DataError: the proportions differ, so that mask and photo cannot be of the same picture.
    """
    have, want = matte.shape[:2], size
    if have == want:
        return matte
    if abs(have[0] * want[1] / (have[1] * want[0]) - 1) > ASPECT_SLACK + 1 / min(want):
        raise DataError(f"the mask is {want[1]}×{want[0]} and the photo {have[1]}×{have[0]} (width×height)")
    shrinks = have[0] > want[0] or have[1] > want[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(matte, (want[1], want[0]), interpolation=method), np.float32)


def _write(out: Path, summary: Summary, worst: Sequence[SheetRow], *, examples: Sequence[Example]) -> None:
    picture = io.BytesIO()
    contact_sheet(worst, cell_px=CELL_PX).save(picture, format="png")
    write_atomic(out / "worst.png", picture.getvalue(), overwrite=True)
    write_atomic(out / "report.html", render(summary, examples), overwrite=True)
    write_atomic(out / "scores.md", summary.markdown().encode(), overwrite=True)
    write_atomic(out / "scores.json", summary.to_json().encode(), overwrite=True)
