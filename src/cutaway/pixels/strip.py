"""Pictures side by side: how a result is compared with what it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np

from cutaway.pixels.composite import to_depth
from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels

LINE_PX = 10
"""Width of the line between two pictures."""
LINE_GREY = 128
"""Its value of 255 in each channel: it shows on white and on black alike."""


def strip(pictures: Sequence[Pixels]) -> Pixels:
    """Put pictures in one row, with a grey line between every two.

    Args:
        pictures: one or more, uint8 or uint16 (h, w, 3). The first one's height and depth hold for all: the others
            are scaled to that height, proportions kept.

    Returns:
        (H, sum of the widths + 10 for each line, 3), type of the first picture.
    """
    first = pictures[0]
    line = to_depth(np.full((first.shape[0], LINE_PX, 3), LINE_GREY, np.uint8), first)
    row: list[Pixels] = [first]
    for picture in pictures[1:]:
        row += [line, to_depth(_as_high(picture, first.shape[0]), first)]
    return cast(Pixels, np.concatenate(row, axis=1))


def _as_high(picture: Pixels, height: int) -> Pixels:
    return resize(picture, (height, max(1, round(picture.shape[1] * height / picture.shape[0]))))


def grey(alpha: Floats, like: Pixels) -> Pixels:
    """A matte as a grey picture of the depth of `like`: 0 black, 1 white, (H, W) to (H, W, 3)."""
    top = np.float32(np.iinfo(like.dtype).max)
    plane = np.rint(alpha * top).astype(like.dtype)
    return cast(Pixels, np.repeat(plane[..., None], 3, axis=2))
