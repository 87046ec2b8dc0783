"""Distances along a picture's colours: which parts belong together, and how far a person's hint reaches.

A path is as long as it has pixels, and longer by every change of colour that it crosses; so distances are short within
an object and long across its edge.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.cleanup import INSIDE
from cutaway.pixels.resize import resize
from cutaway.types import Floats, Mask, Pixels, Size

WORKING_PX = 768
"""Which part is whose is decided on a picture of at most this longer side, ..."""
SPREAD_PX = 384
"""... and how far strokes reach on one of this."""
COLOUR = 400.0
"""To cross from black to white is as far as so many pixels."""
GRAIN = 0.015
"""A change of colour this small, of 1, is no change."""
EDGE = 40.0
"""And so is crossing the whole of the matte's own edge."""
REACH = 0.15
"""A stroke reaches at most so far, as a share of the longer side, where the matte is sure of the opposite."""
SURE = 0.9
"""The matte is sure where alpha is at least this, or at most 1 minus this."""
CORE = 0.75
"""The matte is changed in regions that hold a contradiction of at least this: not by strokes that agree with it."""
SNAP = 0.03
"""A point this close to a part, as a share of the longer side, means that part."""
_BLUR_PX = 0.75
_SWEEPS = 8
_WALL = 1e6

Point = tuple[float, float]
"""(x, y) in pixels of the photo."""


def distances(seeds: Floats, *, down: Floats, across: Floats) -> Floats:
    """Length of the shortest path to each pixel.

    Raster scans (Toivanen 1996; Criminisi, Sharp and Blake, GeoS, 2008) over 4-connected pixels. Within a row the
    minimum over all starting points is one running minimum: d_j = C_j + min over k <= j of (d_k - C_k), where C is the
    running sum of costs. Repeated until nothing changes, at most eight times.

    Args:
        seeds: what each pixel begins with, float32 (H, W): 0 at a source, infinity where there is none.
        down: cost of the step from each row to the next one, (H - 1, W).
        across: cost of the step from each column to the next one, (H, W - 1).
    """
    found = seeds.astype(np.float64)
    along = np.concatenate([np.zeros((len(across), 1)), np.cumsum(across, axis=1, dtype=np.float64)], axis=1)
    for _ in range(_SWEEPS):
        before = found.copy()
        for order in range(len(found)), range(len(found) - 1, -1, -1):
            last = -1
            for row in order:
                line = found[row]
                if last >= 0:
                    np.minimum(line, found[last] + down[min(row, last)], out=line)
                np.minimum(line, along[row] + np.minimum.accumulate(line - along[row]), out=line)
                backwards = (line + along[row])[::-1]
                np.minimum(line, np.minimum.accumulate(backwards)[::-1] - along[row], out=line)
                last = row
        if np.array_equal(before, found):
            break
    return found.astype(np.float32)


def _steps(planes: Floats, weight: float) -> tuple[Floats, Floats]:
    """Cost of each step down and across: weight times the greatest change among the planes (H, W, C)."""
    changes = (np.abs(np.diff(planes, axis=axis)).max(axis=2) for axis in (0, 1))
    down, across = (np.asarray(np.maximum(c - GRAIN, 0) * weight, np.float32) for c in changes)
    return down, across


def select(
    pixels: Pixels, alpha: Floats, *, keep: list[Point], drop: list[Point]
) -> tuple[Floats, list[Point]]:
    """Keep or drop the parts of a subject that some points lie in.

    A part is an 8-connected region of at least half. With a point to keep, only parts with such a point stay; a part
    with a point to drop goes; one with both is divided: each of its pixels goes with the point that is geodesically
    nearest. A softer pixel goes with the nearest part.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3).
        alpha: its matte, float32 (H, W) in [0, 1].
        keep, drop: points of the photo.

    Returns:
        float32 (H, W), nowhere more than `alpha`, and the points that have no part near them. If that is true of all
        points to keep, they are not heard.
    """
    size = _working(alpha.shape, WORKING_PX)
    inside = np.asarray(resize(alpha, size) >= INSIDE)
    _, labels = cv2.connectedComponents(inside.view(np.uint8), connectivity=8)
    nearest, far = _nearest(inside)
    owners = np.where(far <= 1 + SNAP * max(size), np.asarray(labels, np.int32).ravel()[nearest], 0)
    kept, lost_keep = _parts(keep, owners, alpha.shape)
    dropped, lost_drop = _parts(drop, owners, alpha.shape)
    both = set(kept.values()) & set(dropped.values())
    stays = np.isin(labels, list(kept.values())) if kept else inside
    stays &= ~np.isin(labels, list(set(dropped.values()) - both))
    if both:
        divided = np.isin(labels, list(both))
        stays = np.where(divided, _nearer(pixels, divided, kept, dropped), stays)
    chosen = np.asarray(stays, np.float32).ravel()[nearest]
    return alpha * np.clip(resize(chosen, (alpha.shape[0], alpha.shape[1])), 0, 1), lost_keep + lost_drop


def _working(size: tuple[int, ...], longest: int) -> Size:
    shrink = min(1.0, longest / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _nearest(inside: Mask) -> tuple[npt.NDArray[np.intp], Floats]:
    """For each pixel the flat index of the nearest one inside, and how far that is; far away where there is none."""
    if not inside.any():
        return np.zeros(inside.shape, np.intp), np.full(inside.shape, np.inf, np.float32)
    far, sites = cv2.distanceTransformWithLabels(
        (~inside).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    sites = np.asarray(sites)
    place = np.zeros(int(sites.max()) + 1, np.intp)
    place[sites[inside]] = np.flatnonzero(inside)
    return place[sites], np.asarray(far, np.float32)


_Cell = tuple[int, int]


def _parts(
    points: list[Point], owners: npt.NDArray[np.int32], size: tuple[int, ...]
) -> tuple[dict[_Cell, int], list[Point]]:
    """The part that each point means, by the cell of the working picture it lies in, and the points without one."""
    found, lost = {}, []
    for x, y in points:
        cell = int(y * owners.shape[0] / size[0]), int(x * owners.shape[1] / size[1])
        if owners[cell]:
            found[cell] = int(owners[cell])
        else:
            lost.append((x, y))
    return found, lost


def _nearer(pixels: Pixels, within: Mask, kept: dict[_Cell, int], dropped: dict[_Cell, int]) -> Mask:
    """Whether a point to keep is nearer than one to drop, on paths that do not leave the part."""
    down, across = _steps(_colours(pixels, within.shape), COLOUR)
    down += np.where(within[1:] & within[:-1], 1, _WALL).astype(np.float32)
    across += np.where(within[:, 1:] & within[:, :-1], 1, _WALL).astype(np.float32)
    to = []
    for cells in kept, dropped:
        seeds = np.full(within.shape, np.inf, np.float32)
        for cell in cells:
            seeds[cell] = 0
        to.append(distances(seeds, down=down, across=across))
    return np.asarray(to[0] <= to[1])


def _colours(pixels: Pixels, size: tuple[int, ...]) -> Floats:
    """The photo at a size, without its grain, in [0, 1]."""
    small = resize(pixels, (size[0], size[1])).astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _BLUR_PX), np.float32).reshape(small.shape)


def spread(pixels: Pixels, alpha: Floats, *, subject: Mask, background: Mask) -> Floats:
    """Let strokes that say what is subject and what is background reach as far as the photo's colours agree.

    Each pixel goes with what is geodesically nearest: a stroke, or the matte's own opinion, which however begins at a
    distance of `REACH`, so that a stroke is heard around it and no farther. What no stroke reaches keeps its alpha.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3).
        alpha: its matte, float32 (H, W) in [0, 1].
        subject, background: the strokes, (H, W).

    Returns:
        float32 (H, W): 1 under the subject's strokes and 0 under the background's; new edges follow the photo.
    """
    from cutaway.pixels.refine import refine

    size = _working(alpha.shape, SPREAD_PX)
    answer = resize(alpha, size)
    strokes = [np.asarray(resize(s.astype(np.float32), size) >= 0.3) for s in (subject, background)]
    changed, says = _heard(_colours(pixels, size), answer, *strokes)
    if changed.any():
        soft = cv2.GaussianBlur(np.where(changed, says, answer).astype(np.float32), (0, 0), _BLUR_PX)
        whole = alpha.shape[0], alpha.shape[1]
        fresh = np.clip(resize(np.asarray(soft, np.float32).reshape(size), whole), 0, 1)
        fresh = refine(pixels, fresh, seen=size, out=fresh)
        around = cv2.dilate(changed.view(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
        weight = np.clip(resize(around.reshape(size), whole), 0, 1)
        alpha = alpha + weight * (fresh - alpha)
    return np.where(subject, np.float32(1), np.where(background, np.float32(0), alpha))


def _heard(colours: Floats, answer: Floats, subject: Mask, background: Mask) -> tuple[Mask, Floats]:
    """Where a stroke is nearer than all else and says something else than the matte, and what it says: 1 or 0."""
    down, across = _steps(colours, COLOUR)
    edge_down, edge_across = _steps(answer[..., None], EDGE)
    costs = {"down": down + edge_down + 1, "across": across + edge_across + 1}
    begin = REACH * max(answer.shape)
    to_subject, to_background = (distances(_from(mask, 0), **costs) for mask in (subject, background))
    model = np.minimum(
        distances(_from(np.asarray(answer >= SURE), begin), **costs),
        distances(_from(np.asarray(answer <= 1 - SURE), begin), **costs),
    )
    for_subject = to_subject < np.minimum(to_background, model)
    for_background = to_background < np.minimum(to_subject, model)
    off = np.where(for_subject | for_background, np.abs(for_subject - answer), 0)
    return _with_core(np.asarray(off > 1 - CORE), np.asarray(off > CORE)), for_subject.astype(np.float32)


def _with_core(some: Mask, much: Mask) -> Mask:
    """The parts of the first mask that hold anything of the second."""
    count, labels = cv2.connectedComponents(some.view(np.uint8), connectivity=8)
    chosen = np.zeros(count, np.bool_)
    chosen[np.asarray(labels)[much]] = True
    chosen[0] = False
    return np.asarray(chosen[labels])


def _from(mask: Mask, begin: float) -> Floats:
    return np.where(mask, np.float32(begin), np.float32(np.inf))
