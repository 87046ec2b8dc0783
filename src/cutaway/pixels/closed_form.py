"""Closed-form matting: alpha in the uncertain band from the photo's colours alone, for hair and fur.

Levin, Lischinski and Weiss, A Closed-Form Solution to Natural Image Matting (PAMI 2008): in every 3 x 3 window alpha is
nearly a linear function of colour. The alpha that breaks this least, and is 0 and 1 where the matte is sure, solves a
sparse linear system. It is never written down here: its product with a vector is made of box filters, as He, Sun and
Tang found (Fast Matting Using Large Kernel Matting Laplacian Matrices, CVPR 2010); conjugate gradients need no more.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.refine import NETWORK_BLUR_PX, refine
from cutaway.pixels.resize import resize
from cutaway.types import Box, Floats, Mask, Pixels, Size

WORKING_PX = 800
"""The system is solved on a picture of at most this longer side, cut to the uncertain band."""
SURE = 0.05
"""Alpha this close to 0 or 1 is known, ..."""
BAND = 0.006
"""... unless it is this near, as a share of the longer side, to alpha that is not."""
FLATNESS = 1e-6
"""Levin's epsilon: a variance of colour in the unit range."""
TOLERANCE = 3e-3
"""Conjugate gradients end when the residual has fallen to this share, ..."""
MOST_STEPS = 150
"""... or after so many steps."""

_PAIRS = (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)
_Doubles = npt.NDArray[np.float64]


def matted(pixels: Pixels, alpha: Floats) -> Floats | None:
    """Find a matte's uncertain band anew from the photo.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3).
        alpha: its matte, float32 (H, W) in [0, 1], from which the trimap is made.

    Returns:
        float32 (H, W) in [0, 1], as `alpha` where that was sure; None where the trimap is empty or full: nothing is
        uncertain, or there is no sure subject or no sure background to learn from.
    """
    size = _working(alpha.shape)
    small = resize(alpha, size)
    unknown = uncertain(small)
    box = _around(unknown)
    known = small[~unknown]
    if box is None or not (known > 0.5).any() or not (known < 0.5).any():
        return None
    part = slice(box[0], box[2]), slice(box[1], box[3])
    colours = resize(pixels, size)[part].astype(np.float64) / np.iinfo(pixels.dtype).max
    found = small.copy()
    found[part] = solve(colours, np.where(unknown, small, np.rint(small))[part], unknown[part])
    whole = alpha.shape[0], alpha.shape[1]
    fine = np.clip(resize(found if size == whole else _blurred(found), whole), 0, 1)
    fine = refine(pixels, fine, seen=size, out=fine)
    weight = np.clip(resize(unknown.astype(np.float32), whole), 0, 1)
    return np.asarray(alpha + weight * (fine - alpha), np.float32)


def _blurred(found: Floats) -> Floats:
    """As blurred as `refine` expects what it enlarges to be."""
    return np.asarray(cv2.GaussianBlur(found, (0, 0), NETWORK_BLUR_PX), np.float32).reshape(found.shape)


def _working(size: tuple[int, ...]) -> Size:
    shrink = min(1.0, WORKING_PX / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def uncertain(alpha: Floats) -> Mask:
    """The trimap's unknown part: what is neither sure subject nor sure background, and what is near it."""
    between = ((alpha > SURE) & (alpha < 1 - SURE)).view(np.uint8)
    reach = max(1, round(BAND * max(alpha.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(between, disc) > 0).reshape(alpha.shape)


def _around(mask: Mask) -> Box | None:
    """The box of a mask with two pixels around it: what its windows see."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    if width == 0:
        return None
    bottom, right = min(mask.shape[0], top + height + 2), min(mask.shape[1], left + width + 2)
    return max(0, top - 2), max(0, left - 2), bottom, right


def solve(colours: _Doubles, alpha: Floats, unknown: Mask) -> Floats:
    """Alpha where it is unknown, by conjugate gradients with the diagonal as preconditioner.

    Args:
        colours: (h, w, 3) in [0, 1].
        alpha: what is known, and elsewhere what to begin with, (h, w).
        unknown: where it is to be found.

    Returns:
        float32 (h, w) in [0, 1]; a picture of fewer than three rows or columns has no window and stays.
    """
    if min(alpha.shape) < 3:
        return alpha
    found = alpha.astype(np.float64)
    laplacian = Laplacian(colours)
    scale = 1 / np.maximum(laplacian.diagonal, 1e-9)
    residual = np.where(unknown, -laplacian.times(found), 0)
    direction = scale * residual
    energy = float((residual * direction).sum())
    enough = energy * TOLERANCE**2
    for _ in range(MOST_STEPS):
        if energy <= enough:
            break
        along = np.where(unknown, laplacian.times(direction), 0)
        step = energy / float((direction * along).sum())
        found += step * direction
        residual -= step * along
        towards = scale * residual
        energy, before = float((residual * towards).sum()), energy
        direction = towards + energy / before * direction
    return np.clip(found, 0, 1).astype(np.float32)


class Laplacian:
    """The matting Laplacian of a picture, known by what it makes of a vector.

    Its entries (i, j) are the sum over all windows k that hold both pixels of
    δ_ij - (1 + (I_i - μ_k)ᵀ (Σ_k + ε/9)⁻¹ (I_j - μ_k)) / 9. Windows lie wholly inside the picture.

    Args:
        colours: (h, w, 3) in [0, 1], at least three pixels a side.
    """

    def __init__(self, colours: _Doubles) -> None:
        self._colours = [np.ascontiguousarray(colours[..., channel]) for channel in range(3)]
        self._means = [_mean(plane) for plane in self._colours]
        inside = np.zeros(colours.shape[:2])
        inside[1:-1, 1:-1] = 1
        rr, rg, rb, gg, gb, bb = (
            _mean(self._colours[i] * self._colours[j])
            - self._means[i] * self._means[j]
            + (i == j) * FLATNESS / 9
            for i, j in _PAIRS
        )
        inverse = [gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg]
        inverse += [rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg]
        share = inside / (rr * inverse[0] + rg * inverse[1] + rb * inverse[2])
        self._inverse = [plane * share for plane in inverse]
        self._inside, self._count = inside, 9 * _mean(inside)

    def times(self, values: _Doubles) -> _Doubles:
        """The Laplacian times a vector, which is (h, w) as the picture.

        In each window the linear function a · colour + b that fits the vector best is found; what comes back is, summed
        over the windows of a pixel, how far the vector is from these functions.
        """
        mean = _mean(values)
        shared = [_mean(c * values) - m * mean for c, m in zip(self._colours, self._means, strict=True)]
        slopes = self._solved(shared)
        offset = mean * self._inside
        left = self._count * values
        for slope, colour, m in zip(slopes, self._colours, self._means, strict=True):
            offset -= slope * m
            left -= 9 * _mean(slope) * colour
        return left - 9 * _mean(offset)

    def _solved(self, right: list[_Doubles]) -> list[_Doubles]:
        """(Σ_k + ε/9)⁻¹ times a vector in every window, 0 where there is no window."""
        rr, rg, rb, gg, gb, bb = self._inverse
        x, y, z = right
        return [rr * x + rg * y + rb * z, rg * x + gg * y + gb * z, rb * x + gb * y + bb * z]

    @property
    def diagonal(self) -> _Doubles:
        """Its entries (i, i)."""
        linear = self._solved(self._means)
        bent = np.zeros_like(self._count)
        for plane, (i, j) in zip(self._inverse, _PAIRS, strict=True):
            bent += (1 if i == j else 2) * 9 * _mean(plane) * self._colours[i] * self._colours[j]
        constant = np.zeros_like(bent)
        for slope, colour, m in zip(linear, self._colours, self._means, strict=True):
            bent -= 2 * 9 * _mean(slope) * colour
            constant += slope * m
        return self._count - (self._count + bent + 9 * _mean(constant)) / 9


def _mean(plane: _Doubles) -> _Doubles:
    """Mean over 3 x 3 pixels, 0 beyond the border."""
    return np.asarray(cv2.blur(plane, (3, 3), borderType=cv2.BORDER_CONSTANT), np.float64)
