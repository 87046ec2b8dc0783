"""Draw docs/pictures/edges.jpg: cut-outs before and after `--refine` and `--foreground`, on new grounds, enlarged.

The upper rows are parts of the example photos, cut out by the built-in model; the lower ones are drawn subjects over
coloured walls, of which the matte is known and is shrunk to what a network would answer.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cutaway import Options, Remover
from cutaway.engines.fake import FakeEngine
from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels
from cutaway.weights.spec import ModelSpec

ROOT = Path(__file__).parent.parent.parent
CELL, LABEL, GAP = 220, 18, 6
PARTS = [("astronaut", (88, 60, 110), "#2f6f4f"), ("coffee", (330, 40, 110), "#7a1f3d")]
"""A photo, left and top and side of its part, the new background."""
DRAWN = [((150, 95, 50), (40, 170, 70), "white"), ((240, 225, 190), (200, 40, 40), "#20304a")]
"""Colours of the subject and of the wall, the new background."""
STEPS: list[tuple[str, dict[str, object]]] = [
    ("neither", {"refine": False, "foreground": False}),
    ("--refine", {"refine": True, "foreground": False}),
    ("--refine --foreground", {"refine": True, "foreground": True}),
]


def strands(side: int) -> Floats:
    """A head with strands that leave it."""
    rng, plane = np.random.default_rng(2), np.zeros((side, side), np.uint8)
    centre, radius = side / 2, side * 0.24
    cv2.circle(plane, (round(centre), round(side * 0.62)), round(radius), 255, -1, cv2.LINE_AA)
    for angle in rng.uniform(-np.pi, 0, 150):
        tip, bend = radius * rng.uniform(1.2, 1.7), rng.normal(0, 0.12)
        root, turned = radius * 0.9, angle + bend
        ends = (root * np.cos(angle), root * np.sin(angle)), (tip * np.cos(turned), tip * np.sin(turned))
        start, end = ((round(16 * (centre + x)), round(16 * (side * 0.62 + y))) for x, y in ends)
        cv2.line(plane, start, end, 255, 2, cv2.LINE_AA, 4)
    return np.asarray(plane / np.float32(255), np.float32)


def drawn(
    subject: tuple[int, int, int], wall: tuple[int, int, int], *, side: int = 660
) -> tuple[Pixels, Remover]:
    """A photo of strands before a wall, and a remover that answers as a network of 96 px would."""
    alpha = strands(side)
    shade = np.linspace(0.75, 1.2, side)[:, None, None]
    mixed = alpha[..., None] * np.array(subject) * shade + (1 - alpha[..., None]) * np.array(wall)
    grain = np.random.default_rng(0).normal(0, 2, (side, side, 1))
    answer = np.asarray(cv2.GaussianBlur(resize(alpha, (96, 96)), (0, 0), 0.7), np.float32)[None, None]
    spec = ModelSpec(name="drawn", size=96, stride=8)
    options = Options(zoom="off")
    return np.rint(np.clip(mixed + grain, 0, 255)).astype(np.uint8), Remover(
        engine=FakeEngine(lambda _: answer, spec=spec), options=options
    )


def row(photo: Pixels, box: tuple[int, int, int], background: str, remover: Remover) -> list[Image.Image]:
    """The part of the photo, and what becomes of it step by step."""
    left, top, side = box
    made = [photo]
    for _, settings in STEPS:
        options = Options.from_mapping({"background": background, "zoom": remover.options.zoom, **settings})
        made.append(remover.remove(photo, options=options).to_numpy())
    parts = (Image.fromarray(np.ascontiguousarray(p[top : top + side, left : left + side])) for p in made)
    return [part.resize((CELL, CELL), Image.Resampling.BICUBIC) for part in parts]


def main() -> None:
    """Write the picture."""
    rows = []
    with Remover() as remover:
        for name, box, background in PARTS:
            photo = np.asarray(Image.open(ROOT / "examples" / "photos" / f"{name}.jpg").convert("RGB"))
            rows.append(row(photo, box, background, remover))
    for subject, wall, background in (
        ((150, 95, 50), (40, 170, 70), "white"),
        ((240, 225, 190), (200, 40, 40), "#20304a"),
    ):
        photo, fake = drawn(subject, wall)
        rows.append(row(photo, (120, 60, 330), background, fake))
    sheet = Image.new("RGB", (4 * (CELL + GAP) - GAP, LABEL + len(rows) * (CELL + GAP) - GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for number, text in enumerate(["photo", *(name for name, _ in STEPS)]):
        pen.text((number * (CELL + GAP) + 2, 1), text, fill="black", font=font)
    for down, cells in enumerate(rows):
        for across, cell in enumerate(cells):
            sheet.paste(cell, (across * (CELL + GAP), LABEL + down * (CELL + GAP)))
    sheet.save(Path(__file__).parent / "edges.jpg", quality=85)


if __name__ == "__main__":
    main()
