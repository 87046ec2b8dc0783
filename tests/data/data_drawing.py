"""Small data sets, drawn on the spot: a helper module of the tests next to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def draw_photo(seed: int, *, height: int = 40, width: int = 60) -> np.ndarray:
    """A picture like no other: smooth random blotches, uint8 (H, W, 3)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def draw_mask(height: int = 40, width: int = 60, *, subject: int = 255, ground: int = 0) -> np.ndarray:
    """A hard disc in the middle, uint8 (H, W)."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) <= min(height, width) / 3
    return np.where(inside, np.uint8(subject), np.uint8(ground))


def save(path: Path, pixels: np.ndarray) -> Path:
    """Write a picture, and the folders it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def draw_set(folder: Path, count: int = 24, *, first: int = 0) -> Path:
    """A clean data set: `count` different photos (p000.png, ...), each with a 0/255 disc as its mask."""
    for number in range(first, first + count):
        save(folder / "images" / f"p{number:03}.png", draw_photo(number))
        save(folder / "masks" / f"p{number:03}.png", draw_mask())
    return folder
