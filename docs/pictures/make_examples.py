"""Draw docs/pictures/examples.jpg: the example photos, their cut-outs on a checkerboard, and on a colour."""

from pathlib import Path

import numpy as np
from PIL import Image

import cutaway

ROOT = Path(__file__).parent.parent.parent
HEIGHT, GAP, CHECK = 300, 8, 12


def checker(size: tuple[int, int]) -> Image.Image:
    """A grey and white checkerboard, (width, height)."""
    y, x = np.mgrid[: size[1], : size[0]] // CHECK
    return Image.fromarray(np.where((x + y) % 2, 255, 204).astype(np.uint8)).convert("RGB")


def strip(photo: Path, remover: cutaway.Remover) -> Image.Image:
    """Photo, cut-out on a checkerboard, subject on a colour: one above the other."""
    result = remover.remove(photo)
    cutout = result.to_pil()
    board = checker(cutout.size)
    board.paste(cutout, mask=cutout.getchannel("A"))
    pictures = [Image.open(photo), board, result.over("#f2b632").to_pil()]
    width = round(HEIGHT * cutout.width / cutout.height)
    column = Image.new("RGB", (width, 3 * HEIGHT + 2 * GAP), "white")
    for row, picture in enumerate(pictures):
        column.paste(
            picture.convert("RGB").resize((width, HEIGHT), Image.Resampling.LANCZOS),
            (0, row * (HEIGHT + GAP)),
        )
    return column


def main() -> None:
    """Write the picture."""
    with cutaway.Remover() as remover:
        columns = [strip(p, remover) for p in sorted((ROOT / "examples" / "photos").glob("*.jpg"))]
    sheet = Image.new(
        "RGB", (sum(c.width for c in columns) + GAP * (len(columns) - 1), columns[0].height), "white"
    )
    left = 0
    for column in columns:
        sheet.paste(column, (left, 0))
        left += column.width + GAP
    sheet.save(Path(__file__).parent / "examples.jpg", quality=85)


if __name__ == "__main__":
    main()
