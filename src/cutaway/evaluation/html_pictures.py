"""Examples in reports: photo, truth, matte and difference side by side, small and inside the page itself."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.evaluation.html import Html, classed, element, together
from cutaway.evaluation.sheet import MISSED, TOO_MUCH, SheetRow, difference

SIDE_PX = 256
"""Longest side of a picture in a report."""
SHOWN = 4
"""Pictures of each kind: best, median and worst."""
LIMIT_BYTES = 24_000
"""A picture's file is compressed until it is no larger: 12 examples of 4 views stay under 1.6 MB in base64."""
_QUALITIES = (85, 70, 50, 30, 10)
CAPTION = {"iou": "IoU", "dice": "Dice", "boundary_iou": "boundary IoU", "mae": "MAE"}
"""The scores below a picture, and what they are called."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Example:
    """One picture to show, or why it cannot be shown.

    Attributes:
        word: what it stands for: "best", "median" or "worst".
        id: the pair's.
        scores: each measure by name.
        views: photo, truth and matte; None if they could not be had.
        error: one line, where `views` is None.
    """

    word: str
    id: str
    scores: Mapping[str, float]
    views: SheetRow | None
    error: str = ""


def extremes(items: Sequence[T], *, score: Callable[[T], float], shown: int = SHOWN) -> list[tuple[str, T]]:
    """Up to `shown` each of the best, the middle and the worst, in this order, none of them twice.

    Args:
        items: in any order.
        score: more is better; NaN is worse than everything.
        shown: at most this many of each kind; of fewer than 3 · shown items, a third each.
    """
    ranked = sorted(items, key=lambda item: _worst_if_nan(score(item)), reverse=True)
    count = min(shown, -(-len(ranked) // 3))
    middle = (len(ranked) - count) // 2
    kinds = {
        "worst": range(len(ranked) - count, len(ranked)),
        "best": range(count),
        "median": range(middle, middle + count),
    }
    word_of: dict[int, str] = {}
    for word, places in kinds.items():  # where a few are all there is, the worst are most worth a look
        word_of.update({place: word for place in places if place not in word_of})
    return [(word_of[place], ranked[place]) for place in sorted(word_of)]


def _worst_if_nan(value: float) -> float:
    return -math.inf if math.isnan(value) else value


def legend() -> Html:
    """What the colours of a difference mean."""
    return classed(
        "div", "legend",
        element("span", _swatch(MISSED), "missed: subject that the matte lost"),
        element("span", _swatch(TOO_MUCH), "too much: background that the matte kept"),
    )  # fmt: skip


def _swatch(colour: tuple[int, int, int]) -> Html:
    style = f"background: rgb({', '.join(map(str, colour))})"
    return element("span", attributes={"class": "swatch", "style": style})


def gallery(examples: Sequence[Example]) -> Html:
    """All examples under each other, with the colours explained first."""
    return together(legend(), *(example_figure(example) for example in examples))


def example_figure(example: Example) -> Html:
    """One example: a caption with its scores, and four views."""
    scores = ", ".join(
        f"{name} {example.scores[key]:.3f}" for key, name in CAPTION.items() if key in example.scores
    )
    caption = element("figcaption", element("strong", example.word), f": {example.id} ({scores})")
    if example.views is None:
        return classed("figure", "example", caption, element("p", f"cannot be shown: {example.error}"))
    return classed("figure", "example", caption, _views(example.views.shrunk(SIDE_PX), example.id))


def _views(row: SheetRow, name: str) -> Html:
    truth, matte = _finite(row.truth), _finite(row.matte)
    views = {
        "photo": row.photo,
        "truth": np.rint(truth * 255).astype(np.uint8),
        "matte": np.rint(matte * 255).astype(np.uint8),
        "difference": difference(row.photo, truth, matte),
    }
    cells = (element("div", image(pixels, f"{word} of {name}"), word) for word, pixels in views.items())
    return classed("div", "views", *cells)


def _finite(matte: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.clip(np.nan_to_num(matte), 0, 1).astype(np.float32)


def image(pixels: npt.NDArray[np.uint8], alt: str) -> Html:
    """A picture inside the page, uint8 (H, W, 3) sRGB or (H, W) grey, at most `LIMIT_BYTES` large."""
    data = base64.b64encode(_jpeg(pixels)).decode("ascii")
    size = {"width": pixels.shape[1], "height": pixels.shape[0]}
    return element("img", attributes={"src": f"data:image/jpeg;base64,{data}", "alt": alt, **size})


def _jpeg(pixels: npt.NDArray[np.uint8]) -> bytes:
    """JPEG at the best quality that keeps to the limit."""
    stored = pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1])  # OpenCV has BGR
    for quality in _QUALITIES:
        data = bytes(cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])
        if len(data) <= LIMIT_BYTES:
            break
    return data
