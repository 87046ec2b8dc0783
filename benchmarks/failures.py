"""The worst pictures of a model on one sheet, for its card, or for looking only.

    python benchmarks/failures.py -o docs/pictures/failures.jpg        the example photos, least sure first
    python benchmarks/failures.py --data DATA/train/cats --limit 100   pairs, lowest IoU first
    python benchmarks/failures.py --data CATS OBJECTS --validation 0.06 --licence "WHOSE, TERMS" -o OUT.jpg

Without --data the photos of examples/photos are shown as photo, matte and cut-out on grey, those first of which the
model is least sure (the confidence of `cutaway label`). With --data, photos and masks as in `cutaway evaluate`: photo,
truth, matte and what is wrong; with --validation those alone that `cutaway train --validation` holds out. Photos of
other folders may not be shipped: such a sheet is written only to benchmarks/out, which git ignores, or outside the
repository, unless --licence says whose they are and on what terms they may be shown. That line stands below the sheet.
"""

from __future__ import annotations

import argparse
import io
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from provenance import ROOT
from quality import evenly, open_model, pairs_of

from cutaway.data.label_views import look
from cutaway.data.photo_folder import find_photos
from cutaway.data.samples import load_photo
from cutaway.data.sheet_parts import (
    FAINT,
    INK,
    PAPER,
    Picture,
    fit,
    resize_matte,
    resize_picture,
    sheet_font,
    shorten,
)
from cutaway.errors import CutawayError, DataError
from cutaway.evaluation.run import mask_readings, score_pairs
from cutaway.evaluation.sheet import MARGIN_PX, contact_sheet
from cutaway.media.files import write_atomic
from cutaway.remover import Remover
from cutaway.types import Floats, Frame

EXAMPLES = ROOT / "examples"
IGNORED = ROOT / "benchmarks" / "out"
GROUND = (128, 128, 128)
GAP_PX, LINE_PX = 6, 22


def refuse_shipping(folders: Sequence[Path], out: Path) -> None:
    """Keep pictures that may not be shipped out of the repository.

    Raises:
        DataError: some photos are not the examples, and the sheet would lie where git sees it.
    """
    where = out.resolve()
    if not where.is_relative_to(ROOT) or where.is_relative_to(IGNORED):
        return
    for photos in folders:
        if not photos.resolve().is_relative_to(EXAMPLES):
            raise DataError(
                f"photos of {photos} may not be shipped: write the sheet to {IGNORED} or elsewhere, "
                "or say with --licence on what terms they may"
            )


def with_line(sheet: Image.Image, text: str) -> Image.Image:
    """The sheet with text below, in as many lines as it needs."""
    length = ImageDraw.Draw(sheet).textlength(text, font=sheet_font())
    room = 0.95 * (sheet.width - 2 * MARGIN_PX)  # some letters are wider than the mean one
    lines = textwrap.wrap(text, max(1, int(len(text) * room / length)))
    made = Image.new("RGB", (sheet.width, sheet.height + len(lines) * LINE_PX), PAPER)
    made.paste(sheet)
    draw = ImageDraw.Draw(made)
    for number, line in enumerate(lines):
        draw.text((MARGIN_PX, sheet.height + number * LINE_PX), line, fill=FAINT, font=sheet_font())
    return made


def least_sure(remover: Remover, photos: Sequence[Path], *, count: int) -> list[tuple[float, Path, Floats]]:
    """Confidence, photo and matte of those of which the model is least sure."""
    seen = []
    for photo in photos:
        frame = Frame(load_photo(photo))
        found = look(frame, matte_of=lambda one: remover.matte(one).alpha, views=2)
        seen.append((found.confidence, photo, remover.matte(frame).alpha))
    return sorted(seen, key=lambda one: one[0])[:count]


def cells(photo: Picture, matte: Floats, *, cell_px: int) -> list[Picture]:
    """Photo, matte and cut-out on grey, each in a square of `cell_px`."""
    size = fit((photo.shape[0], photo.shape[1]), cell_px=cell_px)
    small, alpha = resize_picture(photo, size), resize_matte(matte, size)[..., None]
    cut = np.rint(alpha * small + (1 - alpha) * np.array(GROUND)).astype(np.uint8)
    return [small, np.rint(alpha * 255).astype(np.uint8).repeat(3, axis=2), cut]


def sheet(rows: Sequence[tuple[float, Path, Floats]], *, cell_px: int) -> Image.Image:
    """A line of three cells and a caption for each photo."""
    lines = [cells(load_photo(photo), matte, cell_px=cell_px) for _, photo, matte in rows]
    heights = [line[0].shape[0] + LINE_PX + GAP_PX for line in lines]
    made = Image.new("RGB", (3 * (cell_px + GAP_PX) + GAP_PX, sum(heights) + GAP_PX), PAPER)
    draw, top = ImageDraw.Draw(made), GAP_PX
    for (confidence, photo, _), line, height in zip(rows, lines, heights, strict=True):
        for number, cell in enumerate(line):
            made.paste(Image.fromarray(cell), (GAP_PX + number * (cell_px + GAP_PX), top))
        text = shorten(f"confidence {confidence:.2f}   {photo.stem}", draw, width_px=3 * cell_px)
        draw.text((GAP_PX, top + line[0].shape[0] + 2), text, fill=INK, font=sheet_font())
        top += height
    return made


def drawn(args: argparse.Namespace) -> Image.Image:
    """The sheet that was asked for.

    Raises:
        DataError: there are no photos, or it would be shipped and may not be.
        ModelError: the model cannot be opened.
    """
    source = args.data or [EXAMPLES / "photos"]
    if not args.licence:
        refuse_shipping(source, args.out)
    remover = open_model(args.model, device="cpu", threads=args.threads)
    if args.data is None:
        photos = evenly(find_photos(source[0]), args.limit)
        return sheet(least_sure(remover, photos, count=args.count), cell_px=args.cell)
    pairs = evenly(pairs_of(args.data, validation=args.validation), args.limit)
    rows, worst = score_pairs(remover, pairs, readings=mask_readings(pairs))
    for row in rows:
        if row.error:
            print(f"{row.id}: {row.error}", file=sys.stderr)
    made = contact_sheet(worst[: args.count], cell_px=args.cell)
    return with_line(made, args.licence) if args.licence else made


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--model", default="default", metavar="NAME|PATH")
    made.add_argument("--data", type=Path, nargs="+", help="photos and masks, for looking only")
    made.add_argument("--validation", type=float, metavar="SHARE", help="those that training holds out")
    made.add_argument("--licence", default="", metavar="TEXT", help="whose photos these are; below the sheet")
    made.add_argument(
        "--limit", type=int, default=0, metavar="N", help="look at N of them only, evenly spaced"
    )
    made.add_argument("--count", type=int, default=12, help="how many are shown, at most 12 with --data")
    made.add_argument("--cell", type=int, default=220, metavar="PX", help="side of one picture")
    made.add_argument("--threads", type=int, default=0)
    made.add_argument("-o", "--out", type=Path, default=IGNORED / "failures.jpg", metavar="FILE.jpg|png")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 2: nothing could be drawn."""
    args = parser().parse_args(argv)
    if args.out.suffix.lower() not in (".jpg", ".png"):
        print(f"failures.py: {args.out} is neither .jpg nor .png", file=sys.stderr)
        return 2
    data = io.BytesIO()
    try:
        kind = {"format": "jpeg", "quality": 85} if args.out.suffix.lower() == ".jpg" else {"format": "png"}
        drawn(args).save(data, **kind)
        write_atomic(args.out, data.getvalue(), overwrite=True)
    except CutawayError as error:
        print(f"failures.py: {error}", file=sys.stderr)
        return 2
    print(args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
