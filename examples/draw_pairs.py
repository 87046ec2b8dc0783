"""Draw a small data set to try `cutaway train` with: bright leaves on busy grounds, images/ and masks/ side by side.

python draw_pairs.py FOLDER             masks of two values: 0 background, 255 subject
python draw_pairs.py FOLDER --border    masks of three: the outline, where one cannot be sure, is 128
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 160


def draw_pair(rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """A leaf-shaped subject on a blotchy ground, and its mask."""
    blotches = rng.integers(0, 150, (8, 8, 3), dtype=np.uint8)
    photo = Image.fromarray(blotches).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    mask = Image.new("L", (SIZE, SIZE))
    centre, reach = rng.uniform(0.35, 0.65, 2) * SIZE, rng.uniform(0.15, 0.35) * SIZE
    angles = np.linspace(0, 2 * np.pi, 60)
    radius = reach * (1 + 0.35 * np.cos(angles * rng.integers(2, 6) + rng.uniform(0, 6)))
    outline = np.stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1)
    ImageDraw.Draw(mask).polygon([tuple(p) for p in outline], fill=255)
    colour = tuple(int(c) for c in rng.integers(120, 255, 3))
    photo.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(0.8)))
    grain = rng.normal(0, 8, (SIZE, SIZE, 3))
    return Image.fromarray(np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8)), mask


def with_border(mask: Image.Image) -> Image.Image:
    """The mask with a band of 128 along its outline, five pixels wide."""
    outer, inner = mask.filter(ImageFilter.MaxFilter(5)), mask.filter(ImageFilter.MinFilter(5))
    band = np.where(np.asarray(outer) > np.asarray(inner), 128, np.asarray(mask))
    return Image.fromarray(band.astype(np.uint8))


def draw_set(folder: Path, count: int = 40, *, seed: int = 0, border: bool = False) -> None:
    """Write `count` pairs to folder/images and folder/masks."""
    rng = np.random.default_rng(seed)
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        photo, mask = draw_pair(rng)
        photo.save(folder / "images" / f"leaf-{number:03}.jpg", quality=92)
        mask = mask.point(lambda v: 255 if v >= 128 else 0)
        (with_border(mask) if border else mask).save(folder / "masks" / f"leaf-{number:03}.png")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--border"]
    target = Path(words[0]) if words else Path(__file__).parent / "out" / "leaves"
    draw_set(target, border="--border" in sys.argv)
    print(f"40 pairs in {target}")
