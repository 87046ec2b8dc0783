"""The matte's edge at the photo's own resolution.

A network answers at a few hundred pixels; enlarged, its edge is a ramp many pixels wide that cuts through hair and
corners. Along an edge, a photo's colours mostly mix subject and background in proportion to alpha, so that within a
small window alpha is a linear function of colour. That function is found at the network's size, where it is cheap, and
applied to the photo's own pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from cutaway.pixels.resize import resize
from cutaway.pixels.tiles import Enlargement, Tile
from cutaway.types import Floats, Pixels, Size

RADIUS = 2
"""Half width of a window in the network's pixels: 5 x 5. A smaller one follows finer structure, a larger one
less noise."""
FLATNESS = 1e-4
"""The filter's epsilon, a variance of colour in the unit range: what is flatter than this tells nothing. A photo whose
grain is stronger takes the variance of its grain, which would otherwise be seen in the alpha."""
NETWORK_BLUR_PX = 0.75
"""How blurred a network's answer is, in its own pixels. The photo is blurred as much before the two are compared:
where alpha is linear in colour, blurred alpha is linear in blurred colour, with the same coefficients."""
NOISE = 1e-4
"""Variance of alpha left unexplained that is no reason for doubt: one part in a hundred."""
SURE = 0.02
"""Alpha this close to 0 or 1 counts as decided; where all around is decided alike, nothing is touched."""
EVEN = 0.1
"""Where alpha varies by no more within a window, there is doubt or glass but no edge, and nothing is touched."""
FAINT = 0.02
"""Trust below this is none: it would change alpha by less than it is sure of."""
GRAIN_ROWS = 32
"""So many rows of a photo tell how strong its grain is."""

Indices: TypeAlias = npt.NDArray[np.intp]
"""Positions of pixels in a picture whose rows are joined."""

_REACH = RADIUS + 1 + 4
"""How far a pixel of the network's is influenced by others: window, mean over windows, blur of the photo."""


def refine(
    pixels: Pixels, alpha: Floats, *, seen: Size, small: Pixels | None = None, out: Floats | None = None
) -> Floats:
    """Draw a matte's edge where the photo's own pixels say it is.

    He and Sun, Fast Guided Filter (2015): in every window k, alpha ≈ a_k · colour + b_k with, by least squares,
    a_k = (Σ_k + ε)⁻¹ cov_k(colour, alpha) and b_k = mean_k(alpha) - a_k · mean_k(colour), found on pictures of `seen`
    size; then a and b are averaged over the windows, enlarged and applied to the photo. Three things are ours: the
    photo is blurred as the network's answer is before the fit (`NETWORK_BLUR_PX`), so that the function applied is as
    steep as the photo's edge; windows count by how well they fit; and the result leans on the plain matte where colour
    explains little of alpha, as on a flat colour.

    Only tiles that hold an edge are computed, so that time and memory follow the length of the outline.

    Args:
        pixels: the photo, uint8 or uint16 (H, W, 3).
        alpha: its matte, enlarged linearly, float32 (H, W) in [0, 1].
        seen: (height, width) at which the network answered.
        small: the photo at that size, if it is at hand: spares shrinking it again.
        out: the array to write to; `alpha` itself spares a copy. None makes a new one.

    Returns:
        float32 (H, W) in [0, 1]; the very values of `alpha` away from edges, and everywhere if the photo is no larger
        than what the network saw.
    """
    result = alpha.copy() if out is None else out
    if result is not alpha and out is not None:
        np.copyto(result, alpha)
    size = min(seen[0], alpha.shape[0]), min(seen[1], alpha.shape[1])
    if alpha.size <= size[0] * size[1]:
        return result
    lines = _lines(pixels, alpha, size, small)
    if lines is None:
        return result

    def work(tile: Tile, part: Floats) -> None:
        result[tile] = _applied(part, pixels[tile], alpha[tile])

    Enlargement(lines, (alpha.shape[0], alpha.shape[1])).each(work, wanted=lines[4])
    return result


def _lines(pixels: Pixels, alpha: Floats, size: Size, small: Pixels | None) -> Floats | None:
    """The linear functions at the network's size: (5, h, w) of trust times a (3) and b, and trust itself; None without
    an edge."""
    sampled = cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_LINEAR)
    answer = np.asarray(sampled, np.float32).reshape(size)
    edge = _edge(answer)
    box = _around(edge)
    if box is None:
        return None
    small = resize(pixels, size) if small is None or small.shape[:2] != size else small
    lines = np.zeros((5, *size), np.float32)
    lines[:, *box] = _trusted_lines(
        _guide(small[box]), answer[box], edge[box], flat=max(FLATNESS, _grain(pixels))
    )
    return lines


def _around(edge: Floats) -> tuple[slice, slice] | None:
    """The part of a picture that holds all of an edge and what its windows see; None without an edge."""
    left, top, width, height = cv2.boundingRect((edge > 0).view(np.uint8))
    if width == 0:
        return None
    return (
        slice(max(0, top - _REACH), min(edge.shape[0], top + height + _REACH)),
        slice(max(0, left - _REACH), min(edge.shape[1], left + width + _REACH)),
    )


def _trusted_lines(guide: Floats, answer: Floats, edge: Floats, *, flat: float) -> Floats:
    """(5, h, w): trust times a and b, and trust; 0 away from the edge.

    Means over windows are found everywhere at once, all else only in the windows that a pixel of the edge lies in.
    """
    inside = np.flatnonzero(edge)
    near = np.flatnonzero(cv2.dilate(edge, np.ones((3, 3), np.uint8)))
    slopes, offset, spread, left = _fit(_window_means(guide, answer), near, flat=flat)
    weight = np.asarray(1 / (left + NOISE), np.float32)
    explained = np.asarray(np.clip((spread - left) / (spread + NOISE), 0, 1), np.float32)
    means = _means_of(
        [*(weight * plane for plane in (*slopes, offset, explained)), weight], near, answer.shape
    )
    *found, trust, total = (mean.take(inside) for mean in means)
    trust /= total
    trust *= trust > FAINT
    lines = np.zeros((5, answer.size), np.float32)
    for line, plane in zip(lines, (*(plane / total * trust for plane in found), trust), strict=True):
        line[inside] = plane
    return lines.reshape(5, *answer.shape)


def _means_of(values: Sequence[Floats], at: Indices, shape: tuple[int, ...]) -> list[Floats]:
    """The mean over the neighbours of each pixel, of planes that have these values there and are 0 elsewhere."""
    planes = []
    for value in values:
        plane = np.zeros(shape, np.float32)
        plane.reshape(-1)[at] = value
        planes.append(_mean(plane))
    return planes


def _guide(small: Pixels) -> Floats:
    """The photo as small and as blurred as the network's answer, (3, h, w) in [0, 1]."""
    unit = small.astype(np.float32)
    unit /= np.float32(np.iinfo(small.dtype).max)
    blurred = cv2.GaussianBlur(unit, (0, 0), NETWORK_BLUR_PX, borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(np.asarray(blurred, np.float32).reshape(unit.shape).transpose(2, 0, 1))


def _grain(pixels: Pixels) -> float:
    """Variance of the noise from pixel to pixel, unit range: the median of second differences along some rows, for
    which 6 · variance is expected, and 0.6745 standard deviations is a normal distribution's median distance."""
    rows = pixels[:: max(1, pixels.shape[0] // GRAIN_ROWS), :, 1].astype(np.float32)
    bends = np.abs(rows[:, 2:] - 2 * rows[:, 1:-1] + rows[:, :-2])
    if bends.size == 0:
        return 0.0
    middle = np.partition(bends, bends.size // 2, axis=None)[
        bends.size // 2
    ]  # np.median imports masked arrays
    deviation = float(middle) / np.iinfo(pixels.dtype).max / 0.6745
    return deviation**2 / 6


def _edge(answer: Floats) -> Floats:
    """1 where a window holds an edge, else 0: not all in it is decided alike, and alpha varies in it."""
    around = np.ones((2 * RADIUS + 1, 2 * RADIUS + 1), np.uint8)
    lowest, highest = cv2.erode(answer, around), cv2.dilate(answer, around)
    found = (lowest < 1 - SURE) & (highest > SURE) & (highest - lowest > EVEN)
    return np.asarray(found, np.float32).reshape(answer.shape)


def _mean(plane: Floats, radius: int = 1) -> Floats:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REFLECT), np.float32).reshape(
        plane.shape
    )


_PAIRS = (0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (0, 3), (1, 3), (2, 3), (3, 3)
"""Which of red, green, blue and alpha are multiplied with each other."""


def _window_means(guide: Floats, answer: Floats) -> list[Floats]:
    """The means of red, green, blue and alpha, then of the products `_PAIRS`, over every window."""
    planes = (*guide, answer)
    return [_mean(plane, RADIUS) for plane in (*planes, *(planes[i] * planes[j] for i, j in _PAIRS))]


def _fit(means: Sequence[Floats], at: Indices, *, flat: float) -> tuple[list[Floats], Floats, Floats, Floats]:
    """Least squares in some windows, n of them.

    Returns:
        a (three times n), b (n), the variance of alpha (n) and what of it the colours leave unexplained (n).
    """
    red, green, blue, alpha, *products = (mean.take(at) for mean in means)
    first = (red, green, blue, alpha)
    rr, rg, rb, gg, gb, bb, ra, ga, ba, aa = (
        product - first[i] * first[j] for product, (i, j) in zip(products, _PAIRS, strict=True)
    )
    epsilon = np.float32(flat)
    slopes = _solved([rr + epsilon, rg, rb, gg + epsilon, gb, bb + epsilon], [ra, ga, ba])
    a, b, c = slopes
    offset = alpha - a * red - b * green - c * blue
    spread = np.maximum(aa, np.float32(0))
    made = a * a * rr + b * b * gg + c * c * bb + 2 * (a * b * rg + a * c * rb + b * c * gb)
    left = spread - 2 * (a * ra + b * ga + c * ba) + made
    return slopes, offset, spread, np.maximum(left, np.float32(0))


def _solved(matrix: Sequence[Floats], right: list[Floats]) -> list[Floats]:
    """x of M x = right for a symmetric 3 x 3 matrix in every pixel, by cofactors."""
    rr, rg, rb, gg, gb, bb = matrix
    first = [gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg]
    second = [first[1], rr * bb - rb * rb, rb * rg - rr * gb]
    third = [first[2], second[2], rr * gg - rg * rg]
    determinant = rr * first[0] + rg * first[1] + rb * first[2]
    x, y, z = right
    return [
        np.asarray((a * x + b * y + c * z) / determinant, np.float32) for a, b, c in (first, second, third)
    ]


def _applied(part: Floats, pixels: Pixels, alpha: Floats) -> Floats:
    """trust · (a · colour + b) + (1 - trust) · alpha."""
    slopes = cv2.merge([part[0], part[1], part[2]])
    scale = np.full((1, 3), 1 / np.iinfo(pixels.dtype).max, np.float32)
    coloured = cv2.multiply(pixels, slopes, dtype=cv2.CV_32F)
    found = np.asarray(cv2.transform(coloured, scale), np.float32).reshape(alpha.shape)
    found += part[3]
    trust = np.minimum(part[4], np.float32(1), out=part[4])
    np.clip(found, 0, trust, out=found)
    found += alpha
    found -= trust * alpha
    return np.clip(found, 0, 1, out=found)
