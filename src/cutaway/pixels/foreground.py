"""The subject's own colour along its edge, so that nothing of the old background shines through.

A pixel of the edge shows a mixture: I = alpha · F + (1 - alpha) · B. A cut-out that keeps I carries the old background
along as a coloured fringe; it needs F.
"""

from __future__ import annotations

import cv2
import numpy as np

from cutaway.pixels.resize import resize
from cutaway.pixels.tiles import Tile, enlarged
from cutaway.types import Floats, Mask, Pixels

WIDE, NEAR = 90 / 1400, 6 / 1400
"""Radius of the first and of the second box blur as shares of the photo's longer side: the paper's 90 and 6 px on its
pictures, which are about 1400 px long."""
WORKING_PX = 1000
"""The blurs are made on a picture of at most this longer side: they hold no finer detail, the last step does."""
SURE = 0.95
"""Without a pixel of at least this alpha, the subject's colour is not known anywhere, and nothing is changed."""

_HAZE = 1 / 512
"""Alpha this close to 0 or 1 is written as exactly that in 8 bits: such a pixel keeps its colour."""


def foreground(pixels: Pixels, alpha: Floats, *, shown: Floats | None = None) -> Pixels:
    """Estimate the subject's own colour where it mixes with the background.

    Blur fusion in two passes: Forte and Pitié, Approximate Fast Foreground Colour Estimation (ICIP 2021). With a box
    blur of radius r, from F = B = I::

        F' = blur(F · alpha) / blur(alpha)              B' = blur(B (1 - alpha)) / blur(1 - alpha)
        F  = F' + alpha (I - alpha F' - (1 - alpha) B')

    first with a large r, then from that F and the B' of the first pass with a small one. The two blurs are made on a
    picture of at most 1000 px, the last line is computed at the photo's own resolution, tile by tile along the edge.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3), in any colour space.
        alpha: how much of each pixel's colour is the subject's, float32 (H, W) in [0, 1].
        shown: the alpha that the result will have, where that is another one, feathered say. Pixels beyond the
            subject that it shows get the colour of the nearest of it.

    Returns:
        Type and shape of `pixels`: F where alpha is below 1 and something is shown, elsewhere the photo's own values.
        `pixels` itself where there is no edge or nothing that is surely subject.
    """
    shown = alpha if shown is None else shown
    if alpha.max() < SURE or alpha.min() >= 1 - _HAZE:
        return pixels
    fields, result = _fields(pixels, alpha), None
    for tile, part in enlarged(
        fields, alpha.shape, wanted=lambda tile, _: bool(_mixed(alpha, shown, tile).any())
    ):
        result = pixels.copy() if result is None else result
        own = _fused(part[:3], part[3:], pixels[tile].transpose(2, 0, 1), alpha[tile])
        np.clip(np.rint(own, out=own), 0, np.iinfo(pixels.dtype).max, out=own)
        np.copyto(
            result[tile],
            own.astype(pixels.dtype).transpose(1, 2, 0),
            where=_mixed(alpha, shown, tile)[..., None],
        )
    return pixels if result is None else result


def _mixed(alpha: Floats, shown: Floats, tile: Tile) -> Mask:
    """Where the result shows a colour that is not the subject's alone."""
    return np.asarray((alpha[tile] < 1 - _HAZE) & (shown[tile] > _HAZE))


def _fields(pixels: Pixels, alpha: Floats) -> Floats:
    """F' and B' of the second pass at the working size, (6, h, w)."""
    shrink = min(1.0, WORKING_PX / max(alpha.shape))
    size = max(1, round(alpha.shape[0] * shrink)), max(1, round(alpha.shape[1] * shrink))
    cover = resize(alpha, size)
    photo = np.ascontiguousarray(resize(pixels, size).transpose(2, 0, 1)).astype(np.float32)
    longer = max(size)
    subject, behind = photo, photo
    for radius in WIDE, NEAR:
        near_subject = _weighted_mean(subject, cover, max(1, round(radius * longer)))
        behind = _weighted_mean(behind, 1 - cover, max(1, round(radius * longer)))
        subject = _fused(near_subject, behind, photo, cover)
    return np.concatenate([near_subject, behind])


def _weighted_mean(planes: Floats, weight: Floats, radius: int) -> Floats:
    """blur(plane · weight) / blur(weight), for each of three planes; the plane itself where nothing has weight."""
    total = _blur(weight, radius)
    known = total > 1e-6
    found = np.empty_like(planes)
    for plane, target in zip(planes, found, strict=True):
        np.divide(_blur(plane * weight, radius), total, out=target, where=known)
        np.copyto(target, plane, where=~known)
    return found


def _blur(plane: Floats, radius: int) -> Floats:
    side = 2 * radius + 1
    blurred = cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(blurred, np.float32).reshape(plane.shape)


def _fused(subject: Floats, behind: Floats, photo: Pixels | Floats, alpha: Floats) -> Floats:
    """F' + alpha (I - alpha F' - (1 - alpha) B'), planes first."""
    return np.asarray(subject + alpha * (photo - alpha * subject - (1 - alpha) * behind), np.float32)
