"""More than one subject in a training picture: whole subjects of other photos, cut out and laid into this one."""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.data.grounds import Picture, Rng, Source, subject_box

MOST = 3
"""Most subjects that are added to one picture."""
TALL = (0.25, 0.95)
"""Height of an added subject as a share of the picture's; smaller ones are passers-by, which are background."""
EDGE_PX = 2
"""A subject that comes closer to its photo's edge than this is cut off by it."""
SMALLEST_PX = 400
"""A subject's box holds at least so many pixels of its photo."""
TRIES = 4
"""How many photos are looked at for a whole subject."""
LIGHT = 0.25
"""The subject's mean colour moves by at most this share of the way to the picture's."""


def add_subjects(picture: Picture, matte: Picture, rng: Rng, *, other: Source) -> tuple[Picture, Picture]:
    """Lay one to three subjects of other photos into a picture; each is a subject of it, too.

    Args:
        picture: uint8 (S, S, 3).
        matte: uint8 (S, S), 0..255.
        rng: source of all chance.
        other: gives another picture with its matte; what comes without one, or is cut off at its top or sides, is
            left out. A subject that its photo cuts off below stands at the bottom of this one.

    Returns:
        Picture and matte of the same sizes. Where subjects meet, the later one is in front.
    """
    for _ in range(int(rng.integers(1, MOST + 1))):
        found = whole_subject(rng, other=other)
        if found:
            picture, matte = _paste(picture, matte, found, rng)
    return picture, matte


def whole_subject(rng: Rng, *, other: Source) -> tuple[Picture, Picture, bool] | None:
    """The box of a subject that no edge of its photo cuts but the lower one, its matte, and whether that one does."""
    for _ in range(TRIES):
        photo, matte = other(rng)
        box = subject_box(matte) if matte is not None else None
        if matte is None or box is None:
            continue
        top, left, bottom, right = box
        height, width = matte.shape
        if (
            top < EDGE_PX
            or left < EDGE_PX
            or right > width - EDGE_PX
            or (bottom - top) * (right - left) < SMALLEST_PX
        ):
            continue
        around = np.s_[top - EDGE_PX : bottom + EDGE_PX, left - EDGE_PX : right + EDGE_PX]
        return photo[around], matte[around], bottom > height - EDGE_PX
    return None


def _paste(
    picture: Picture, matte: Picture, found: tuple[Picture, Picture, bool], rng: Rng
) -> tuple[Picture, Picture]:
    size = picture.shape[0]
    cut, alpha, stands = _sized(found, rng, size=size)
    h, w = alpha.shape
    y = size - h if stands else int(rng.integers(0, size - h + 1))
    x = int(rng.integers(-w // 4, size - w + w // 4 + 1))  # the sides may hide a quarter of it
    shown = np.s_[:, max(0, -x) : min(w, size - x)]
    place = np.s_[y : y + h, max(0, x) : min(size, x + w)]
    soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.4, 1.0)).astype(np.float32)[shown] / 255
    soft = np.clip(soft * 1.6 - 0.6, 0, 1)  # hides what is left of the old background along the edge
    subject = cut[shown].astype(np.float32)
    subject += rng.uniform(0, LIGHT) * (picture.mean(axis=(0, 1)) - subject.mean(axis=(0, 1)))
    picture, matte = picture.copy(), matte.copy()
    mixed = soft[..., None] * subject + (1 - soft[..., None]) * picture[place]
    picture[place] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    matte[place] = (255 * soft + (1 - soft) * matte[place] + 0.5).astype(np.uint8)
    return picture, matte


def _sized(found: tuple[Picture, Picture, bool], rng: Rng, *, size: int) -> tuple[Picture, Picture, bool]:
    """A subject as tall as chance wants it, a little wider or narrower, perhaps mirrored."""
    cut, alpha, stands = found
    height = size * rng.uniform(*TALL)
    width = min(height * cut.shape[1] / cut.shape[0] * np.exp(rng.uniform(-0.15, 0.15)), size * TALL[1])
    to = (max(8, round(width)), max(8, round(height)))
    method = cv2.INTER_AREA if cut.shape[0] > to[1] else cv2.INTER_LINEAR
    mirror = -1 if rng.random() < 0.5 else 1
    sized = [np.asarray(cv2.resize(part, to, interpolation=method), dtype=np.uint8) for part in (cut, alpha)]
    return sized[0][:, ::mirror], np.ascontiguousarray(sized[1][:, ::mirror]), stands
