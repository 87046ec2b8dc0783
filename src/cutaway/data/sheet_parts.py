"""The small parts that contact sheets are drawn with: cells of one size, captions of one line, and their colours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.types import Floats, Size

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

Picture: TypeAlias = npt.NDArray[np.uint8]

PAPER, INK, FAINT, ALARM = (250, 250, 248), (30, 30, 30), (120, 120, 118), (190, 40, 30)
TEXT_PX = 14


@cache
def sheet_font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font of all captions, which comes with Pillow."""
    from PIL import ImageFont

    return ImageFont.load_default(TEXT_PX)


def shorten(text: str, draw: ImageDraw.ImageDraw, *, width_px: int) -> str:
    """The text on one line, with dots in its middle where it is wider than `width_px`."""
    text = " ".join(text.split())
    shown, cut = text, 0
    while draw.textlength(shown, font=sheet_font()) > width_px and cut < len(text):
        cut += 1
        half = (len(text) - cut) // 2
        shown = text[:half] + "..." + text[half + cut :]
    return shown


def fit(size: Size, *, cell_px: int) -> Size:
    """(height, width) that fills a square of `cell_px` and keeps the proportions, at least 1×1."""
    factor = cell_px / max(size)
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def resize_picture(picture: Picture, size: Size) -> Picture:
    """A picture, uint8 (H, W, 3), brought to (height, width): by area where it shrinks, else bilinear."""
    return np.asarray(_resize(picture, size), np.uint8)


def resize_matte(matte: Floats, size: Size) -> Floats:
    """A matte, float32 (H, W), brought to (height, width): by area where it shrinks, else bilinear."""
    return np.asarray(_resize(matte, size), np.float32)


def _resize(picture: Picture | Floats, size: Size) -> npt.NDArray[np.generic]:
    shrinks = picture.shape[0] > size[0] or picture.shape[1] > size[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (size[1], size[0]), interpolation=method))
