"""Grounds for training pictures, and subjects laid on them.

Plain functions on uint8 pictures (H, W, 3) and uint8 mattes (H, W), 0..255; all chance comes from the generator that
is passed in.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.types import Box

Picture = npt.NDArray[np.uint8]
Rng = np.random.Generator
Source = Callable[[Rng], "tuple[Picture, Picture | None]"]
"""Gives another picture with its matte; None for one that is known to be empty."""


def subject_box(matte: Picture) -> Box | None:
    """(top, left, bottom, right) around everything above half, None if there is nothing."""
    rows, columns = np.flatnonzero((matte >= 128).any(axis=1)), np.flatnonzero((matte >= 128).any(axis=0))
    if rows.size == 0:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def crop_resize(picture: Picture, box: Box, size: int) -> Picture:
    """Cut a box out and bring it to size × size."""
    top, left, bottom, right = box
    shrinks = (bottom - top) * (right - left) > size * size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(
        cv2.resize(picture[top:bottom, left:right], (size, size), interpolation=method), dtype=np.uint8
    )


def random_background(
    source: tuple[Picture, Picture | None], rng: Rng, *, size: int, tries: int = 4
) -> Picture | None:
    """A size × size piece of another picture that shows (almost) none of its subject; None if none was found.

    Args:
        source: a picture and its matte; None for a picture that is known to be empty.
        rng: source of all chance.
        size: side in pixels.
        tries: how many pieces to look at.
    """
    picture, matte = source
    height, width = picture.shape[:2]
    for attempt in range(tries):
        share = rng.uniform(0.3, 1.0) if matte is None else rng.uniform(0.2, 0.8) / (1 + attempt / 2)
        h, w = min(max(8, int(height * share)), height), min(max(8, int(width * share)), width)
        y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        if matte is None or float(matte[y : y + h, x : x + w].mean()) < 0.01 * 255:
            return crop_resize(picture, (y, x, y + h, x + w), size)
    return None


PATTERNED = 0.3
"""How often a drawn ground has stripes, checks or coarse noise: what a network that never saw them takes for a find."""


def drawn_background(rng: Rng, *, size: int) -> Picture:
    """A plain, graded, noisy or patterned ground, for when no photo will do; studio walls and cloths look like this."""
    if rng.random() < PATTERNED:
        return _pattern(rng, size=size)
    ends = rng.uniform(0, 255, (2, 3))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    ramp = np.clip(0.5 + (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)), 0, 1)[..., None]
    ground = ends[0] + (ends[1] - ends[0]) * ramp * rng.uniform(0, 1)
    grain = cv2.resize(
        rng.normal(0, rng.uniform(0, 20), (size // 8, size // 8, 3)).astype(np.float32), (size, size)
    )
    return np.asarray(np.clip(ground + grain, 0, 255), dtype=np.uint8)


def _pattern(rng: Rng, *, size: int) -> Picture:
    """Two colours in stripes or checks of any direction, or mixed by noise of some grain."""
    one, other = rng.uniform(0, 255, (2, 3)).astype(np.float32)
    cell = np.exp(rng.uniform(np.log(1), np.log(size / 4)))
    kind = rng.integers(3)
    if kind == 0:
        side = max(2, round(size / cell))
        mix = cv2.resize(
            rng.random((side, side, 3 if rng.random() < 0.5 else 1)).astype(np.float32), (size, size)
        )
        mix = np.atleast_3d(mix)
    else:
        angle = rng.uniform(0, np.pi)
        y, x = np.mgrid[:size, :size].astype(np.float32)
        down, across = (
            np.floor((np.cos(a) * x + np.sin(a) * y) / (cell + 1)) for a in (angle, angle + np.pi / 2)
        )
        mix = ((down + (across if kind == 1 else 0)) % 2)[..., None]
    return np.asarray(np.clip(one + (other - one) * mix, 0, 255), dtype=np.uint8)


def lay_over(picture: Picture, matte: Picture, *, background: Picture, rng: Rng) -> Picture:
    """The subject on another background, its edge softened a little and its light moved towards the new scene's."""
    alpha = cv2.GaussianBlur(matte, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)[..., None] / 255
    if rng.random() < 0.5:  # hide what is left of the old background along the edge
        alpha = np.clip(alpha * 1.6 - 0.6, 0, 1)
    subject = picture.astype(np.float32)
    subject += rng.uniform(0, 0.25) * (background.mean(axis=(0, 1)) - subject.mean(axis=(0, 1)))
    mixed = alpha * subject + (1 - alpha) * background
    return np.asarray(np.clip(mixed + 0.5, 0, 255), dtype=np.uint8)
