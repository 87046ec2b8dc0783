"""A contact sheet: photo, truth, matte and their difference side by side, to see what the numbers mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cutaway.data.sheet_parts import (
    FAINT,
    INK,
    PAPER,
    Picture,
    fit,
    resize_matte,
    resize_picture,
    sheet_font,
    shorten,
)
from cutaway.types import Floats

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

HEADINGS = ("photo", "truth", "matte", "red: missed, blue: too much")
MISSED = (235, 40, 40)
TOO_MUCH = (40, 110, 255)
GAP_PX, MARGIN_PX, LINE_PX = 4, 20, 22


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One picture on a sheet.

    Attributes:
        photo: uint8 (H, W, 3), sRGB.
        truth: float32 (H, W) in [0, 1].
        matte: float32 (H, W) in [0, 1]; truth and matte may be larger or smaller than the photo.
        caption: one line, shortened in its middle where it does not fit.
    """

    photo: Picture
    truth: Floats
    matte: Floats
    caption: str = ""

    def shrunk(self, cell_px: int) -> SheetRow:
        """The same row, small enough to keep many of them: every picture fits a square of `cell_px`."""
        size = fit((self.photo.shape[0], self.photo.shape[1]), cell_px=cell_px)
        return SheetRow(
            resize_picture(self.photo, size),
            resize_matte(self.truth, size),
            resize_matte(self.matte, size),
            self.caption,
        )


def difference(photo: Picture, truth: Floats, matte: Floats) -> Picture:
    """The photo in grey, with red where the subject was missed and blue where background was kept.

    Args:
        photo: uint8 (H, W, 3).
        truth, matte: float32 (H, W) in [0, 1].

    Returns:
        uint8 (H, W, 3).
    """
    weights = np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
    grey = 60 + 0.6 * (photo @ weights)[..., None].repeat(3, axis=2)
    missed, extra = np.clip(truth - matte, 0, 1)[..., None], np.clip(matte - truth, 0, 1)[..., None]
    mixed = (1 - missed - extra) * grey + missed * np.array(MISSED) + extra * np.array(TOO_MUCH)
    return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)


def contact_sheet(rows: Sequence[SheetRow], *, columns: int = 2, cell_px: int = 200) -> Image.Image:
    """Lay rows out on one picture, `columns` of them side by side, with headings and captions.

    Args:
        rows: top left first, then to the right; none gives an empty sheet.
        columns: how many rows of four cells stand side by side.
        cell_px: side of the square that each of the four pictures fits into.

    Returns:
        An RGB picture.
    """
    from PIL import Image, ImageDraw

    small = [row.shrunk(cell_px) for row in rows]
    columns = max(1, min(columns, len(small)))
    lines = [small[i : i + columns] for i in range(0, len(small), columns)]
    heights = [max(row.photo.shape[0] for row in line) + LINE_PX + 3 * GAP_PX for line in lines]
    group_px = 4 * (cell_px + GAP_PX) + MARGIN_PX
    sheet = Image.new("RGB", (columns * group_px + MARGIN_PX, sum(heights) + LINE_PX + 2 * MARGIN_PX), PAPER)
    draw = ImageDraw.Draw(sheet)
    for column in range(columns):
        _headings(draw, MARGIN_PX + column * group_px, cell_px=cell_px)
    top = MARGIN_PX + LINE_PX
    for line, height in zip(lines, heights, strict=True):
        for column, row in enumerate(line):
            _place(sheet, draw, row, at=(MARGIN_PX + column * group_px, top), cell_px=cell_px)
        top += height
    return sheet


def _headings(draw: ImageDraw.ImageDraw, left: int, *, cell_px: int) -> None:
    for number, text in enumerate(HEADINGS):
        shown = shorten(text, draw, width_px=cell_px)
        draw.text((left + number * (cell_px + GAP_PX), MARGIN_PX), shown, fill=FAINT, font=sheet_font())


def _place(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, row: SheetRow, *, at: tuple[int, int], cell_px: int
) -> None:
    """One row's four pictures with the caption below."""
    from PIL import Image

    left, top = at
    truth, matte = (
        np.rint(m * 255).astype(np.uint8)[..., None].repeat(3, axis=2) for m in (row.truth, row.matte)
    )
    for number, cell in enumerate((row.photo, truth, matte, difference(row.photo, row.truth, row.matte))):
        sheet.paste(Image.fromarray(cell), (left + number * (cell_px + GAP_PX), top))
    below = (left, top + row.photo.shape[0] + GAP_PX)
    draw.text(below, shorten(row.caption, draw, width_px=4 * cell_px), fill=INK, font=sheet_font())
