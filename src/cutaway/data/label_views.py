"""What a model thinks of a photo seen several times: mirrored, at other scales; and how much it agrees with itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import cv2
import numpy as np

from cutaway.pixels.confidence import agreement, certainty
from cutaway.types import Floats, Frame, Mask, Pixels

SCALES = (1.0, 3 / 4, 7 / 8)
"""How large the photo is shown, each time as it is and mirrored; a smaller one gets a margin of continued pixels."""
MOST_VIEWS = 2 * len(SCALES)
DISAGREE = 0.5
"""Views that differ by more than this in alpha do not agree whether a pixel is subject."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One photo as several views show it.

    Attributes:
        matte: the mean of the views' mattes, float32 (H, W) in [0, 1].
        low, high: the smallest and the largest alpha that any view gives, float32 (H, W).
    """

    matte: Floats
    low: Floats
    high: Floats

    @cached_property
    def agreement(self) -> float:
        """What all views hold for subject as a share of what any of them does (see `pixels.confidence`)."""
        return agreement(self.low, self.high)

    @cached_property
    def certainty(self) -> float:
        """The IoU that the matte itself expects of its mask (see `pixels.confidence`)."""
        return certainty(self.matte)

    @property
    def confidence(self) -> float:
        """Agreement times certainty, in [0, 1]."""
        return self.agreement * self.certainty

    @property
    def subject(self) -> float:
        """The subject's share of the photo's area, in [0, 1]."""
        return float(np.mean(self.matte >= 0.5))

    @property
    def disputed(self) -> Mask:
        """Where the views do not agree whether there is subject, boolean (H, W)."""
        return np.asarray(self.high - self.low > DISAGREE)


def look(frame: Frame, *, matte_of: Callable[[Frame], Floats], views: int) -> Seen:
    """See a photo several times.

    Args:
        frame: the photo.
        matte_of: a model: float32 (H, W) in [0, 1] of a frame of that size.
        views: how many, 1 to `MOST_VIEWS`: the photo, its mirror image, and both at the other `SCALES`.
    """
    ways = ((scale, mirrored) for scale in SCALES for mirrored in (False, True))
    mattes = _mattes(frame, [way for way, _ in zip(ways, range(views), strict=False)], matte_of)
    first = next(mattes)
    total, low, high = first.copy(), first.copy(), first.copy()
    for matte in mattes:
        total += matte
        np.minimum(low, matte, out=low)
        np.maximum(high, matte, out=high)
    return Seen(np.clip(total / np.float32(views), low, high), low, high)


def _mattes(
    frame: Frame, ways: list[tuple[float, bool]], matte_of: Callable[[Frame], Floats]
) -> Iterator[Floats]:
    for scale, mirrored in ways:
        pixels = frame.pixels[:, ::-1] if mirrored else frame.pixels
        down, across = (round((1 / scale - 1) / 2 * side) for side in frame.size)
        matte = matte_of(replace(frame, pixels=_with_margin(pixels, down, across), alpha=None))
        matte = matte[down : down + frame.size[0], across : across + frame.size[1]]
        yield matte[:, ::-1] if mirrored else matte


def _with_margin(pixels: Pixels, down: int, across: int) -> Pixels:
    """So many pixels more on each side: the outermost ones continued, so that a cut subject stays one subject."""
    if not (down or across):
        return cast(Pixels, np.ascontiguousarray(pixels))
    return cast(Pixels, cv2.copyMakeBorder(pixels, down, down, across, across, cv2.BORDER_REPLICATE))
