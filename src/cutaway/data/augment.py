"""Vary a training picture: crop, flip, light, blur, JPEG, and the subject laid on another background.

Plain functions on uint8 pictures (H, W, 3) and uint8 mattes (H, W), 0..255. All chance comes from the generator that
is passed in, so a sample depends on its seed and on nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.types import Box

Picture = npt.NDArray[np.uint8]
Rng = np.random.Generator


@dataclass(frozen=True)
class Augmentation:
    """How strongly training pictures are varied; the chances are per picture, 0 to 1.

    Attributes:
        scale: side of the crop as a share of the photo's longer side, smallest and largest; from 1 up: the whole photo.
        stretch: largest change of the aspect ratio, as a factor.
        flip, colour, blur, noise, jpeg, coarse: chances of each.
        background: chance that the subject is laid on another background.
        empty: chance of a picture without any subject (needs pictures known to be empty).
    """

    scale: tuple[float, float] = (0.45, 1.15)
    stretch: float = 1.3
    flip: float = 0.5
    colour: float = 0.8
    blur: float = 0.12
    noise: float = 0.12
    jpeg: float = 0.25
    coarse: float = 0.1
    background: float = 0.35
    empty: float = 0.02

    @classmethod
    def none(cls) -> Augmentation:
        """No change at all: the whole photo, squeezed to the square."""
        return cls((1, 1), 1, flip=0, colour=0, blur=0, noise=0, jpeg=0, coarse=0, background=0, empty=0)


def subject_box(matte: Picture) -> Box | None:
    """(top, left, bottom, right) around everything above half, None if there is nothing."""
    rows, columns = np.flatnonzero((matte >= 128).any(axis=1)), np.flatnonzero((matte >= 128).any(axis=0))
    if rows.size == 0:
        return None
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def random_window(matte: Picture, rng: Rng, *, how: Augmentation) -> Box:
    """A crop around some point of the subject, never beyond the photo: a large one is squeezed instead."""
    height, width = matte.shape
    top, left, bottom, right = subject_box(matte) or (0, 0, height, width)
    side = rng.uniform(*how.scale) * max(height, width)
    aspect = np.exp(rng.uniform(-1, 1) * np.log(how.stretch)) ** 0.5
    h, w = min(max(side / aspect, 8), height), min(max(side * aspect, 8), width)
    y = _place(rng.uniform(top, bottom), h, height)
    x = _place(rng.uniform(left, right), w, width)
    y, x = int(y), int(x)
    return y, x, min(y + max(1, round(h)), height), min(x + max(1, round(w)), width)


def _place(centre: float, length: float, whole: int) -> float:
    """Start of a stretch of `length` around `centre`, kept inside 0..whole."""
    return min(max(centre - length / 2, 0.0), whole - length)


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


def drawn_background(rng: Rng, *, size: int) -> Picture:
    """A plain, graded or noisy ground, for when no photo will do; studio walls look like this."""
    ends = rng.uniform(0, 255, (2, 3))
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    ramp = np.clip(0.5 + (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.5)), 0, 1)[..., None]
    ground = ends[0] + (ends[1] - ends[0]) * ramp * rng.uniform(0, 1)
    grain = cv2.resize(
        rng.normal(0, rng.uniform(0, 20), (size // 8, size // 8, 3)).astype(np.float32), (size, size)
    )
    return np.asarray(np.clip(ground + grain, 0, 255), dtype=np.uint8)


def lay_over(picture: Picture, matte: Picture, *, background: Picture, rng: Rng) -> Picture:
    """The subject on another background, its edge softened a little and its light moved towards the new scene's."""
    alpha = cv2.GaussianBlur(matte, (0, 0), rng.uniform(0.4, 1.2)).astype(np.float32)[..., None] / 255
    if rng.random() < 0.5:  # hide what is left of the old background along the edge
        alpha = np.clip(alpha * 1.6 - 0.6, 0, 1)
    subject = picture.astype(np.float32)
    subject += rng.uniform(0, 0.25) * (background.mean(axis=(0, 1)) - subject.mean(axis=(0, 1)))
    mixed = alpha * subject + (1 - alpha) * background
    return np.asarray(np.clip(mixed + 0.5, 0, 255), dtype=np.uint8)


def vary_colour(picture: Picture, rng: Rng) -> Picture:
    """Brightness, contrast, gamma, saturation and white balance, as one table look-up and one blend with grey."""
    levels = np.arange(256, dtype=np.float32)[:, None] / 255
    levels = levels ** np.exp(rng.uniform(-0.3, 0.3))
    levels = (levels - 0.5) * rng.uniform(0.75, 1.25) + 0.5 + rng.uniform(-0.12, 0.12)
    levels = levels * rng.uniform(0.9, 1.1, 3)
    table = np.clip(levels * 255 + 0.5, 0, 255).astype(np.uint8).reshape(256, 1, 3)
    picture = np.asarray(cv2.LUT(picture, table), dtype=np.uint8)
    keep = 0.0 if rng.random() < 0.05 else rng.uniform(0.5, 1.3)  # now and then no colour at all
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(picture, keep, grey, 1 - keep, 0), dtype=np.uint8)


def blur(picture: Picture, rng: Rng) -> Picture:
    """Out of focus, up to 2 pixels."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0)), dtype=np.uint8)


def noise(picture: Picture, rng: Rng) -> Picture:
    """Sensor noise of up to 5 % of white."""
    grain = rng.normal(0, rng.uniform(2, 13), picture.shape).astype(np.float32)
    return np.asarray(np.clip(picture + grain + 0.5, 0, 255), dtype=np.uint8)


def jpeg(picture: Picture, rng: Rng) -> Picture:
    """Compressed hard and opened again."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


def coarse(picture: Picture, rng: Rng) -> Picture:
    """Shrunk up to threefold and enlarged again, like a small picture from the web."""
    size = picture.shape[0]
    small = max(16, int(size / rng.uniform(1.2, 3.0)))
    shrunk = cv2.resize(picture, (small, small), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(shrunk, (size, size), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def degrade(picture: Picture, rng: Rng, *, how: Augmentation) -> Picture:
    """Everything that changes the picture and leaves the matte as it is."""
    steps: tuple[tuple[float, Callable[[Picture, Rng], Picture]], ...] = (
        (how.colour, vary_colour),
        (how.coarse, coarse),
        (how.blur, blur),
        (how.noise, noise),
        (how.jpeg, jpeg),
    )
    for chance, step in steps:
        if rng.random() < chance:
            picture = step(picture, rng)
    return picture


Source = Callable[[Rng], "tuple[Picture, Picture | None]"]


def augment(
    picture: Picture, matte: Picture, *, size: int, rng: Rng, how: Augmentation, other: Source
) -> tuple[Picture, Picture]:
    """One training sample.

    Args:
        picture: uint8 (H, W, 3).
        matte: uint8 (H, W), 0..255.
        size: side of the sample in pixels.
        rng: source of all chance.
        how: strengths and chances.
        other: gives another picture with its matte (None: known to be empty) to take backgrounds from.

    Returns:
        uint8 (size, size, 3) and uint8 (size, size).
    """
    box = random_window(matte, rng, how=how)
    image, truth = crop_resize(picture, box, size), crop_resize(matte, box, size)
    if how.empty and rng.random() < how.empty:
        source = other(rng)
        ground = random_background(source, rng, size=size) if source[1] is None else None
        image, truth = (
            ground if ground is not None else drawn_background(rng, size=size),
            np.zeros_like(truth),
        )
    elif rng.random() < how.background:
        ground = random_background(other(rng), rng, size=size)
        image = lay_over(
            image,
            truth,
            background=ground if ground is not None else drawn_background(rng, size=size),
            rng=rng,
        )
    if rng.random() < how.flip:
        image, truth = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(truth[:, ::-1])
    return degrade(image, rng, how=how), truth
