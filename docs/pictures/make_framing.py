"""Draw docs/pictures/framing.jpg: what framing, shadows, outlines and presets make of the example photos."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import cutaway

ROOT = Path(__file__).parent.parent.parent
CELL, LABEL, GAP, CHECK, COLUMNS = 250, 34, 8, 10, 4
CLEAN: dict[str, object] = {"refine": True, "foreground": True}
SHEET: list[tuple[str, dict[str, object]]] = [
    ("chelsea", {"crop": True, "margin": "5%", "background": "#e8e2d8"}),
    ("coffee", {"canvas": "400x400", "fill": 85, "background": "white", "shadow": "drop"}),
    ("coffee", {"canvas": "1:1", "fill": 60, "align": "bottom-left", "background": "#88b0a8"}),
    ("coffee", {"margin": "auto", "outline": "2%,white", "shadow": "drop:angle=135"}),
    ("astronaut", {"canvas": "16:9", "background": "blur"}),
    (
        "astronaut",
        {"canvas": "400x400", "fill": 80, "align": "right", "background": "gradient:white,#88aacc"},
    ),
    ("astronaut", {"canvas": "4:5", "margin": "8%", "outline": "6,#f2b632", "background": "#30475e"}),
    ("astronaut", {"preset": "passport", "canvas": "400x400"}),
]


def cell(name: str, settings: dict[str, object], remover: cutaway.Remover) -> Image.Image:
    """One result, on a checkerboard where it is transparent, above the options that made it."""
    options = cutaway.Options.from_mapping({**CLEAN, **settings})
    made = (
        remover.remove(ROOT / "examples" / "photos" / f"{name}.jpg", options=options).to_pil().convert("RGBA")
    )
    made.thumbnail((CELL, CELL), Image.Resampling.LANCZOS)
    y, x = np.mgrid[: made.height, : made.width] // CHECK
    board = Image.fromarray(np.where((x + y) % 2, 255, 204).astype(np.uint8)).convert("RGBA")
    board.alpha_composite(made)
    found = Image.new("RGB", (CELL, CELL + LABEL), "#f4f4f4")
    found.paste(board.convert("RGB"), ((CELL - made.width) // 2, (CELL - made.height) // 2))
    words = [f"--{k}" if v is True else f"--{k} {v}" for k, v in settings.items()]
    lines = [" ".join(words[: len(words) // 2 + 1]), " ".join(words[len(words) // 2 + 1 :])]
    ImageDraw.Draw(found).text((4, CELL + 4), "\n".join(lines), fill="black", font=ImageFont.load_default(11))
    return found


def main() -> None:
    """Write the picture."""
    with cutaway.Remover() as remover:
        cells = [cell(name, settings, remover) for name, settings in SHEET]
    rows = -(-len(cells) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (CELL + GAP) - GAP, rows * (CELL + LABEL + GAP) - GAP), "white")
    for number, one in enumerate(cells):
        sheet.paste(one, (number % COLUMNS * (CELL + GAP), number // COLUMNS * (CELL + LABEL + GAP)))
    sheet.save(Path(__file__).parent / "framing.jpg", quality=85)


if __name__ == "__main__":
    main()
