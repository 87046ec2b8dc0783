"""Draw microscope pictures of cells as biomedical sets come: a folder a picture, in it one mask file for each cell."""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 128


def draw_cell(rng: np.random.Generator) -> Image.Image:
    """The mask of one roundish cell somewhere in the picture."""
    mask = Image.new("L", (SIZE, SIZE))
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = rng.uniform(7, 14) * (1 + 0.12 * np.cos(angles * rng.integers(2, 5) + rng.uniform(0, 6)))
    x, y = rng.uniform(12, SIZE - 12, 2)
    ImageDraw.Draw(mask).polygon(
        list(zip(x + radius * np.cos(angles), y + radius * np.sin(angles), strict=True)), fill=255
    )
    return mask


def draw_picture(rng: np.random.Generator) -> tuple[Image.Image, list[Image.Image]]:
    """Bright cells on a dark, uneven, grainy ground, and one mask for each."""
    light = Image.fromarray(rng.integers(10, 60, (4, 4), dtype=np.uint8)).resize(
        (SIZE, SIZE), Image.Resampling.BICUBIC
    )
    masks = [draw_cell(rng) for _ in range(int(rng.integers(4, 11)))]
    for mask in masks:
        light.paste(int(rng.integers(90, 190)), mask=mask.filter(ImageFilter.GaussianBlur(1.2)))
    grain = rng.normal(0, 9, (SIZE, SIZE))
    return Image.fromarray(np.clip(np.asarray(light) + grain, 0, 255).astype(np.uint8)), masks


def draw_set(folder: Path, count: int = 30, *, seed: int = 0) -> None:
    """Write folder/cells-000/images/cells-000.png, folder/cells-000/masks/0.png, 1.png, ... and so on."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        name = f"cells-{number:03}"
        picture, masks = draw_picture(rng)
        for part in ("images", "masks"):
            (folder / name / part).mkdir(parents=True, exist_ok=True)
        picture.save(folder / name / "images" / f"{name}.png")
        for index, mask in enumerate(masks):
            mask.save(folder / name / "masks" / f"{index}.png")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "out" / "cells"
    draw_set(target)
    print(f"30 pictures in {target}")
