"""Score a model on image+mask pairs, by the very path that users get, and write down what came out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from cutaway.data.masks import MaskReading, histograms, infer_reading, parse_reading, read_mask
from cutaway.data.pairs import Pair, find_pairs
from cutaway.data.samples import load_photo
from cutaway.errors import CutawayError, DataError
from cutaway.evaluation.metrics import measure
from cutaway.evaluation.report import Row, Summary
from cutaway.evaluation.sheet import SheetRow, contact_sheet
from cutaway.media.files import write_atomic
from cutaway.options import DeviceName, Options
from cutaway.remover import Remover
from cutaway.types import Floats, Matte, Size

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
    model: str,
    out: Path,
    device: DeviceName = "auto",
    threads: int = 0,
    masks: str = "auto",
    progress: Progress | None = None,
) -> Summary:
    """Score a model on every pair of the data folders and write scores.json, scores.md and worst.png.

    Args:
        data: folders with images/ and masks/, or folders of such folders.
        model: a model's name or the path of a .onnx file.
        out: folder for the three files; made if missing, files of these names are replaced.
        device, threads: as in `cutaway.Options`.
        masks: how mask values are meant; "auto" looks at all of a set's masks.
        progress: told after each picture.

    Returns:
        All scores; a pair that failed is in `Summary.failed` and did not stop the others.

    Raises:
        DataError: no pair was found, or masks allow more than one meaning.
        ModelError: the model cannot be opened.
        OutputError: the results cannot be written.
    """

    pairs = find_pairs(data)
    readings = mask_readings(pairs, masks=masks)
    remover = Remover(model, Options(model=model, device=device, threads=threads))
    rows, worst = score_pairs(remover, pairs, readings=readings, progress=progress)
    summary = Summary(model, remover.spec, tuple(rows))
    _write(out, summary, worst)
    return summary


def mask_readings(pairs: Iterable[Pair], *, masks: str = "auto") -> dict[Path, MaskReading | None]:
    """How each mask folder's values are meant; None where no mask can be read, which each pair will then say.

    Raises:
        DataError: the values of a folder allow more than one meaning.
    """
    chosen = parse_reading(masks)
    folders: dict[Path, list[Path]] = {}
    for pair in pairs:
        folders.setdefault(pair.mask.parent, []).append(pair.mask)
    return {folder: chosen or _infer(folder, paths) for folder, paths in folders.items()}


def _infer(folder: Path, paths: Sequence[Path]) -> MaskReading | None:
    counts = [found for found in histograms(paths) if not isinstance(found, DataError)]
    try:
        return infer_reading(counts) if counts else None
    except DataError as error:
        raise DataError(f"{folder}: {error}") from error


def score_pairs(
    remover: MakesMattes,
    pairs: Sequence[Pair],
    *,
    readings: dict[Path, MaskReading | None],
    progress: Progress | None = None,
) -> tuple[list[Row], list[SheetRow]]:
    """Score each pair; also the worst by IoU, worst first, shrunk for the contact sheet."""
    rows: list[Row] = []
    worst: list[tuple[float, SheetRow]] = []
    for done, pair in enumerate(pairs, start=1):
        try:
            row, shown = score_pair(remover, pair, reading=readings[pair.mask.parent])
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
    truth = read_mask(pair.mask, reading=reading)
    matte = to_size(remover.matte(pair.image).alpha, (truth.shape[0], truth.shape[1]))
    scores = measure(matte, truth)
    found = scores.values["iou"]
    shown = SheetRow(load_photo(pair.image), truth, matte, f"IoU {found:.3f}   {pair.id}")
    return Row(pair.id, scores), (found, shown.shrunk(CELL_PX))


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


def _write(out: Path, summary: Summary, worst: Sequence[SheetRow]) -> None:
    picture = io.BytesIO()
    contact_sheet(worst, cell_px=CELL_PX).save(picture, format="png")
    write_atomic(out / "worst.png", picture.getvalue(), overwrite=True)
    write_atomic(out / "scores.md", summary.markdown().encode(), overwrite=True)
    write_atomic(out / "scores.json", summary.to_json().encode(), overwrite=True)
