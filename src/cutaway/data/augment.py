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

from cutaway.data.grounds import (
    Picture,
    Rng,
    Source,
    crop_resize,
    drawn_background,
    lay_over,
    random_background,
    subject_box,
)
from cutaway.data.several import add_subjects
from cutaway.types import Box

ELSEWHERE = 0.5
"""How often several subjects stand on a ground without one, rather than beside the photo's own."""


@dataclass(frozen=True)
class Augmentation:
    """How strongly training pictures are varied; the chances are per picture, 0 to 1.

    Attributes:
        scale: side of the crop as a share of the photo's longer side, smallest and largest; from 1 up: the whole photo.
        stretch: largest change of the aspect ratio, as a factor.
        flip, colour, blur, noise, jpeg, coarse: chances of each.
        upside_down: chance that the picture stands on its head.
        several: chance that whole subjects of other photos are laid into the picture, each a subject of it, too.
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
    upside_down: float = 0.0
    several: float = 0.0

    @classmethod
    def none(cls) -> Augmentation:
        """No change at all: the whole photo, squeezed to the square."""
        return cls((1, 1), 1, flip=0, colour=0, blur=0, noise=0, jpeg=0, coarse=0, background=0, empty=0)


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
    """Out of focus, up to 2 pixels, or the camera moved, up to 9."""
    if rng.random() < 0.4:
        return np.asarray(cv2.filter2D(picture, -1, _streak(int(rng.integers(2, 5)), rng)), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 2.0)), dtype=np.uint8)


def _streak(radius: int, rng: Rng) -> npt.NDArray[np.float32]:
    """A line through the middle of a small square, in any direction: what a point becomes while the camera moves."""
    angle = rng.uniform(0, np.pi)
    end = np.round(radius * np.array([np.cos(angle), np.sin(angle)])).astype(int)
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    cv2.line(
        kernel,
        (int(radius - end[0]), int(radius - end[1])),
        (int(radius + end[0]), int(radius + end[1])),
        1.0,
    )
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


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
        image, truth = _empty(rng, size=size, other=other), np.zeros_like(truth)
    elif rng.random() < how.background:
        image = lay_over(image, truth, background=_ground(rng, size=size, other=other), rng=rng)
    elif how.several and rng.random() < how.several:
        if rng.random() < ELSEWHERE:
            image, truth = _ground(rng, size=size, other=other), np.zeros_like(truth)
        image, truth = add_subjects(image, truth, rng, other=other)
    if how.upside_down and rng.random() < how.upside_down:
        image, truth = np.ascontiguousarray(image[::-1]), np.ascontiguousarray(truth[::-1])
    if rng.random() < how.flip:
        image, truth = np.ascontiguousarray(image[:, ::-1]), np.ascontiguousarray(truth[:, ::-1])
    return degrade(image, rng, how=how), truth


def _empty(rng: Rng, *, size: int, other: Source) -> Picture:
    """A piece of a picture that is known to be empty, or a drawn ground."""
    source = other(rng)
    found = random_background(source, rng, size=size) if source[1] is None else None
    return drawn_background(rng, size=size) if found is None else found


def _ground(rng: Rng, *, size: int, other: Source) -> Picture:
    """A piece of any other picture beside its subject, or a drawn ground."""
    found = random_background(other(rng), rng, size=size)
    return drawn_background(rng, size=size) if found is None else found
