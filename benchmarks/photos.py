"""A photo of any size to measure with: a real one brought to size, or one drawn with a photo's statistics."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

QUALITY = 92
GRAIN = 3.0
"""Standard deviation of the added noise, in steps of 1/255: an enlarged photo alone would be too smooth,
and JPEG and PNG cost more where there is grain."""


def write_photo(path: Path, megapixels: float, *, base: Path | None = None) -> Path:
    """Write a JPEG of about so many megapixels, the same bytes every time.

    Args:
        path: where to.
        megapixels: 1e6 pixels.
        base: a picture to make it from, its proportions kept; None draws one of 4:3.
    """
    if base is None:
        height, width = _size(3 / 4, megapixels)
        picture = draw(height, width)
    else:
        found = cv2.imread(str(base), cv2.IMREAD_COLOR)
        if found is None:
            raise SystemExit(f"{base} cannot be read as a picture")
        height, width = _size(found.shape[0] / found.shape[1], megapixels)
        picture = np.asarray(cv2.resize(found, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    noise = np.random.default_rng(7).normal(0, GRAIN, picture.shape[:2])[..., None]
    grained = np.clip(picture + noise, 0, 255).astype(np.uint8)
    path.write_bytes(cv2.imencode(".jpg", grained, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    return path


def _size(aspect: float, megapixels: float) -> tuple[int, int]:
    """(height, width) of about so many megapixels with height / width = aspect."""
    width = (megapixels * 1e6 / aspect) ** 0.5
    return max(1, round(width * aspect)), max(1, round(width))


def draw(height: int, width: int) -> npt.NDArray[np.uint8]:
    """A bright figure (head and shoulders) before a darker ground, both with a texture like that of photos.

    The texture is a sum of noise at octaves, each twice as coarse and twice as strong as the one before: the
    1/f amplitude spectrum of natural pictures (Field 1987).
    """
    ground = np.array((60, 75, 70), np.float32) + _octaves(height, width, seed=1) * 40
    figure = np.array((150, 175, 215), np.float32) + _octaves(height, width, seed=2) * 25
    mask = np.zeros((height, width), np.uint8)
    centre, unit = width // 2, min(height, width) / 10
    cv2.circle(mask, (centre, round(height * 0.36)), round(2 * unit), 255, -1)
    cv2.ellipse(mask, (centre, height), (round(3.6 * unit), round(4.2 * unit)), 0, 0, 360, 255, -1)
    alpha = cv2.GaussianBlur(mask, (0, 0), max(0.5, unit / 60)).astype(np.float32)[..., None] / 255
    return np.clip(alpha * figure + (1 - alpha) * ground, 0, 255).astype(np.uint8)


def _octaves(height: int, width: int, *, seed: int) -> npt.NDArray[np.float32]:
    """Noise (H, W, 3) with a 1/f spectrum, mean 0, deviation 1."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    step = 2
    while step < max(height, width):
        coarse = rng.normal(0, step, (height // step + 2, width // step + 2, 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        step *= 2
    return np.asarray((total - total.mean()) / max(float(total.std()), 1e-6), np.float32)
