"""A contact sheet: photo, truth, matte and their difference side by side, to see what the numbers mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.types import Floats

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

Picture: TypeAlias = npt.NDArray[np.uint8]

HEADINGS = ("photo", "truth", "matte", "red: missed, blue: too much")
MISSED = (235, 40, 40)
TOO_MUCH = (40, 110, 255)
PAPER, INK, FAINT = (250, 250, 248), (30, 30, 30), (120, 120, 118)
GAP_PX, MARGIN_PX, LINE_PX, TEXT_PX = 4, 20, 22, 14


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
        size = _fit(self.photo.shape[:2], cell_px)
        return SheetRow(
            np.asarray(_resize(self.photo, size), np.uint8),
            np.asarray(_resize(self.truth, size), np.float32),
            np.asarray(_resize(self.matte, size), np.float32),
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
        shown = _shorten(text, draw, cell_px)
        draw.text((left + number * (cell_px + GAP_PX), MARGIN_PX), shown, fill=FAINT, font=_font())


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
    draw.text(below, _shorten(row.caption, draw, 4 * cell_px), fill=INK, font=_font())


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(TEXT_PX)


def _shorten(text: str, draw: ImageDraw.ImageDraw, width_px: int) -> str:
    """The text on one line, with dots in its middle where it is wider than `width_px`."""
    text = " ".join(text.split())
    shown, cut = text, 0
    while draw.textlength(shown, font=_font()) > width_px and cut < len(text):
        cut += 1
        half = (len(text) - cut) // 2
        shown = text[:half] + "..." + text[half + cut :]
    return shown


def _fit(size: tuple[int, ...], cell_px: int) -> tuple[int, int]:
    """(height, width) that fills a square of `cell_px` and keeps the proportions, at least 1×1."""
    factor = cell_px / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _resize(picture: Picture | Floats, size: tuple[int, int]) -> npt.NDArray[np.generic]:
    import cv2

    shrinks = picture.shape[0] > size[0] or picture.shape[1] > size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size[1], size[0]), interpolation=method))
