"""Draw docs/pictures/contact-sheet-*.jpg: twelve held-out photos on four backgrounds, ours above rembg's.

    python docs/pictures/make_contact_sheet.py --rembg-python OTHER/bin/python --u2net-home MODELS

Both are run as they come: `cutaway.Remover()` and `rembg.remove(photo)`; then both cut-outs are laid on the same
backgrounds in the same way. How the photos were picked: `pick_held_out.py`. `--photos FOLDER` takes others.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import cutaway

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from contestants import environment

HERE = Path(__file__).parent
CELL, GAP, HEAD, CHECK, A_SHEET = (308, 232), 10, 34, 10, 6
QUALITY = 80  # keeps each sheet below 900 kB
COLOUR = (226, 62, 110)
DARK, LIGHT = (16, 34, 66), (250, 214, 140)


def grounds(size: tuple[int, int]) -> list[Image.Image]:
    """A checkerboard for what is transparent, white, a colour, a gradient from dark to light."""
    y, x = np.mgrid[: size[1], : size[0]]
    board = np.where((x // CHECK + y // CHECK) % 2, 255, 204)
    across = (x / size[0] + y / size[1])[..., None] / 2
    gradient = np.asarray(DARK) * (1 - across) + np.asarray(LIGHT) * across
    drawn = [np.repeat(board[..., None], 3, axis=2), gradient]
    checker, graded = (Image.fromarray(np.rint(one).astype(np.uint8)) for one in drawn)
    plain = [Image.new("RGB", size, colour) for colour in ("white", COLOUR)]
    return [checker, *plain, graded]


def shown(picture: Image.Image) -> Image.Image:
    """As large as a cell has room for, enlarged or made smaller."""
    scale = min(CELL[0] / picture.width, CELL[1] / picture.height)
    size = round(picture.width * scale), round(picture.height * scale)
    return picture.resize(size, Image.Resampling.LANCZOS)


def row(cutout: Image.Image) -> list[Image.Image]:
    """A cut-out on each of the backgrounds, laid at its own size and then brought to the cell's."""
    size = shown(cutout).size
    found = []
    for ground in grounds(size):
        below = ground.resize(cutout.size, Image.Resampling.NEAREST).convert("RGBA")
        below.alpha_composite(cutout)
        found.append(below.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    return found


def block(photo: Image.Image, ours: Image.Image, theirs: Image.Image, *, their_name: str) -> Image.Image:
    """One photo with its two rows."""
    first, width = shown(photo), CELL[0]
    height = max(first.height, 160)
    found = Image.new("RGB", (5 * (width + GAP) + GAP, 2 * (height + GAP) + GAP), "#f4f4f4")
    draw, font = ImageDraw.Draw(found), ImageFont.load_default(17)
    found.paste(first, (GAP + (width - first.width) // 2, GAP))
    draw.text((GAP + 4, height + 3 * GAP), "above: Cutaway", fill="#0b6b46", font=font)
    draw.text((GAP + 4, height + 3 * GAP + 24), f"below: {their_name}", fill="#9c2f10", font=font)
    for line, cutout in enumerate((ours, theirs)):
        for column, cell in enumerate(row(cutout), start=1):
            x = GAP + column * (width + GAP) + (width - cell.width) // 2
            found.paste(cell, (x, GAP + line * (height + GAP)))
    return found


def sheet(blocks: list[Image.Image]) -> Image.Image:
    """The blocks below one another, under the names of the columns."""
    height = HEAD + sum(one.height + GAP for one in blocks) - GAP
    found = Image.new("RGB", (blocks[0].width, height), "white")
    draw, y = ImageDraw.Draw(found), HEAD
    for column, name in enumerate(("photo", "transparent", "white", "a colour", "a gradient")):
        x = GAP + column * (CELL[0] + GAP) + 4
        draw.text((x, 7), name, fill="black", font=ImageFont.load_default(18))
    for one in blocks:
        found.paste(one, (0, y))
        y += one.height + GAP
    return found


def main() -> None:
    """Cut everything out twice and write the sheets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rembg-python", type=Path, required=True, help="interpreter of rembg's environment")
    parser.add_argument("--rembg-model", default="u2net", help="its own default")
    parser.add_argument("--u2net-home", type=Path, help="folder of rembg's models")
    parser.add_argument("--photos", type=Path, default=HERE / "held_out")
    parser.add_argument("-o", "--output", type=Path, default=HERE)
    asked = parser.parse_args()
    photos = sorted(path for path in asked.photos.iterdir() if path.suffix in (".webp", ".jpg", ".png"))
    with tempfile.TemporaryDirectory() as folder, cutaway.Remover() as remover:
        script = HERE.parents[1] / "benchmarks" / "_rembg_cutouts.py"
        command = [asked.rembg_python, script, asked.rembg_model, folder, *photos]
        subprocess.run(command, env=environment(2, asked.u2net_home), check=True, timeout=600)
        blocks = [
            block(
                Image.open(photo).convert("RGB"),
                remover.remove(photo).to_pil(),
                Image.open(Path(folder) / f"{photo.stem}.png").convert("RGBA"),
                their_name=f"rembg, {asked.rembg_model}",
            )
            for photo in photos
        ]
    for number, start in enumerate(range(0, len(blocks), A_SHEET), start=1):
        made = sheet(blocks[start : start + A_SHEET])
        made.save(asked.output / f"contact-sheet-{number}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
