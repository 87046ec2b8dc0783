"""Contact sheets of what a model has labelled, the least confident photos first."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

from cutaway.data.check_sheet import Shown, draw_sheet
from cutaway.data.label_ledger import Row
from cutaway.data.pairs import Pair
from cutaway.data.readings import parse_reading
from cutaway.media.files import write_atomic

PAGE, PAGES = 24, 4
"""Photos on a sheet, and how many sheets at most: nobody looks at more, and the least confident are on them."""


def write_review(
    dst: Path,
    shown: Sequence[tuple[Row, tuple[Path, Path]]],
    *,
    reading: str,
    is_sure: Callable[[Row], bool],
) -> list[Path]:
    """Draw `review.png`, `review-2.png` and so on: photo, mask and overlay, with the confidence below.

    Args:
        dst: the folder for them; sheets of an earlier run are replaced.
        shown: photos with the places of photo and mask, in order.
        reading: how the mask values are meant.
        is_sure: whether a photo is in the training set.

    Returns:
        The sheets that were written.
    """
    for old in dst.glob("review*.png"):
        old.unlink()
    sheets = []
    for page in range(min(PAGES, -(-len(shown) // PAGE))):
        pairs = [_cell(row, *files, is_sure=is_sure) for row, files in shown[page * PAGE : (page + 1) * PAGE]]
        data = io.BytesIO()
        draw_sheet(pairs, reading=parse_reading(reading)).save(data, "PNG")
        sheets.append(dst / ("review.png" if page == 0 else f"review-{page + 1}.png"))
        write_atomic(sheets[-1], data.getvalue(), overwrite=True)
    return sheets


def _cell(row: Row, image: Path, mask: Path, *, is_sure: Callable[[Row], bool]) -> Shown:
    told = f"confidence {row.confidence:.2f}" + ("" if is_sure(row) else ", doubtful")
    return Shown(Pair(row.photo, image, mask), told)
