"""A matte put in order: holes filled, stray parts dropped, the edge moved or made hard. Soft edges stay soft.

What is subject and what is not is decided at half: alpha of 0.5 and more is inside.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.types import Floats, Mask

INSIDE = 0.5
"""Alpha from which a pixel is inside."""
FULL = 0.99
"""Alpha from which a pixel is no longer part of an edge."""
_STEP_PX = 3
"""A wide disc is made of discs of this radius: many small ones are far quicker than a large one."""


def fill_holes(alpha: Floats) -> Floats:
    """Make every hole part of the subject, with its soft rim.

    A hole is a 4-connected region below half that does not reach the photo's border. Where its rim runs into the
    subject's outer edge, only the region itself is filled.

    Args:
        alpha: float32 (H, W) in [0, 1].

    Returns:
        float32 (H, W), nowhere less than `alpha`; `alpha` itself if there is no hole.
    """
    below = np.asarray(alpha < INSIDE)
    labels, count = _regions(below)
    outside = np.zeros(count, np.bool_)
    outside[_on_border(labels)] = True
    outside[0] = False
    hole = below & ~outside[labels]
    if not hole.any():
        return alpha
    rims, count = _regions(np.asarray(alpha < FULL))
    closed = np.zeros(count, np.bool_)
    closed[rims[hole]] = True
    closed[rims[outside[labels]]] = False
    return np.where(hole | closed[rims], np.float32(1), alpha)


def keep_largest(alpha: Floats) -> Floats:
    """Drop all but the largest part of the subject.

    Parts are 8-connected regions of at least half. A softer pixel goes with the part that is nearest to it.

    Args:
        alpha: float32 (H, W) in [0, 1].

    Returns:
        float32 (H, W), nowhere more than `alpha`; `alpha` itself if there is no more than one part.
    """
    inside = np.asarray(alpha >= INSIDE)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
    if count <= 2:
        return alpha
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.where(_nearest(inside, np.asarray(labels, np.int32)) == largest, alpha, np.float32(0))


def parts(alpha: Floats, *, smallest: float) -> list[Mask]:
    """The separate parts of the subject, each as the mask of the pixels that go with it.

    Parts are those of `keep_largest`: 8-connected regions of at least half, and with each the softer pixels that are
    nearest to it.

    Args:
        alpha: float32 (H, W) in [0, 1].
        smallest: parts of less than this share of the largest one's area are specks, and left out; 0 to 1.

    Returns:
        Boolean (H, W) each, from left to right; none if nothing reaches half.
    """
    inside = np.asarray(alpha >= INSIDE)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside.view(np.uint8), connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = [n for n in range(1, count) if stats[n, cv2.CC_STAT_AREA] >= smallest * areas.max()]
    large.sort(key=lambda n: (stats[n, cv2.CC_STAT_LEFT], stats[n, cv2.CC_STAT_TOP]))
    if not large:
        return []
    nearest = _nearest(inside, np.asarray(labels, np.int32))
    return [np.asarray(nearest == n) for n in large]


def _nearest(inside: Mask, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """For each pixel the label of the nearest pixel inside."""
    outside = (~inside).view(np.uint8)
    _, sites = cv2.distanceTransformWithLabels(
        outside, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_site = np.zeros(int(sites.max()) + 1, np.int32)
    of_site[sites[inside]] = labels[inside]
    return np.asarray(of_site[sites], np.int32)


def _regions(mask: Mask) -> tuple[npt.NDArray[np.int32], int]:
    """4-connected regions: a label for each pixel, 0 where the mask is not, and the number of labels with that."""
    count, labels = cv2.connectedComponents(mask.view(np.uint8), connectivity=4)
    return np.asarray(labels, np.int32), count


def _on_border(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    return np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])


def threshold(alpha: Floats, *, level: float) -> Floats:
    """A hard edge: 1 where alpha is at least `level`, else 0."""
    return np.asarray(alpha >= np.float32(level), np.float32)


def grow(alpha: Floats, *, by_px: float) -> Floats:
    """Move the subject's edge outwards, or inwards where `by_px` is negative; as soft as it was.

    Grey dilation by a disc: each pixel takes the highest alpha within that distance, and the lowest to shrink. Parts of
    a pixel mix the two nearest whole radii. Nothing comes in over the photo's border, and a subject that touches it is
    not eaten from there.

    Args:
        alpha: float32 (H, W) in [0, 1].
        by_px: how far, in pixels of the photo.
    """
    if by_px < 0:
        return np.asarray(1 - grow(np.asarray(1 - alpha, np.float32), by_px=-by_px), np.float32)
    whole, part = int(by_px), np.float32(by_px % 1)
    grown = _dilated(alpha, whole)
    if part:
        grown = grown + part * (_dilated(grown, 1) - grown)
    return grown


def _dilated(alpha: Floats, radius: int) -> Floats:
    result = alpha
    for start in range(0, radius, _STEP_PX):
        side = 2 * min(_STEP_PX, radius - start) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        result = np.asarray(cv2.dilate(result, disc), np.float32).reshape(alpha.shape)
    return result
