"""A contact sheet of a data set: photos, masks and overlays, the suspicious pairs first, to see what a check says."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

from cutaway.data.check_text import CheckReport, Finding
from cutaway.data.colour_maps import voc_colours
from cutaway.data.masks import MaskReading, read_indices, read_matte
from cutaway.data.pairs import Pair
from cutaway.data.samples import load_photo
from cutaway.data.sheet_parts import (
    ALARM,
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
from cutaway.errors import CutawayError, OptionError, OutputExistsError
from cutaway.media.files import printable, write_atomic
from cutaway.types import Floats

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

Cells: TypeAlias = tuple[Picture, Picture, Picture]
"""Photo, mask and overlay, each uint8 (H, W, 3)."""
PAIRS, SUSPICIOUS = 24, 16
"""How many pairs a sheet shows, and how many of them at most for a finding."""
CELL_PX, GAP_PX, MARGIN_PX, LINE_PX = 160, 4, 20, 19
COLUMNS = 3
LEGEND = 5
"""How many values the legend names."""
OUTLINE = (255, 60, 150)
GROUND_SHARE, GROUND = 0.35, (12, 36, 84)
"""On the overlay the background is its grey times this, on blue: black subjects stand out from it, and white ones."""
MISSING = 225
"""The grey of a picture that cannot be read."""


@dataclass(frozen=True)
class Shown:
    """A pair on the sheet, and what was found in it; empty where nothing was."""

    pair: Pair
    finding: str = ""


def write_sheet(report: CheckReport, path: Path, *, overwrite: bool = False) -> None:
    """Draw the sheet of a checked data set and write it as a PNG.

    Args:
        report: what `check` found.
        path: a name that ends in .png.
        overwrite: whether a file that is already there is replaced.

    Raises:
        OptionError: another suffix.
        OutputExistsError: the file is there and may not be replaced.
        OutputError: it cannot be written.
    """
    refuse_sheet(path, overwrite=overwrite)
    data = io.BytesIO()
    draw_sheet(choose(report), reading=report.reading).save(data, "PNG")
    write_atomic(path, data.getvalue(), overwrite=overwrite)


def refuse_sheet(path: Path, *, overwrite: bool) -> None:
    """Say before the work begins that a sheet could not be written; raises as `write_sheet` does."""
    if path.suffix.lower() != ".png":
        raise OptionError(f"a contact sheet is a PNG: give it a name such as sheet.png, not {path.name!r}")
    if path.exists() and not overwrite:
        raise OutputExistsError(f"{path} already exists: add --overwrite to replace it")


# -- which pairs -------------------------------------------------------------------------------------------------


def choose(report: CheckReport, *, pairs: int = PAIRS, suspicious: int = SUSPICIOUS) -> list[Shown]:
    """The pairs to show: those with findings first, some of each kind, then others, spread over all sets.

    Args:
        report: what `check` found.
        pairs: how many at most.
        suspicious: how many of them at most for a finding.
    """
    listed = {pair.id: pair for pair in report.listed}
    notes: dict[str, str] = {}
    for finding in report.findings:
        for id_ in finding.ids:
            notes.setdefault(id_, _note(id_, finding))
    kinds = [finding.ids for finding in report.findings if finding.ids]
    share = max(
        2, suspicious // max(len(kinds), 1)
    )  # two, so that a copy stands next to what it is a copy of
    named = dict.fromkeys([id_ for ids in kinds for id_ in ids[:share]] + [*_in_turns(kinds)])
    first = [Shown(listed[id_], notes[id_]) for id_ in named if id_ in listed][: min(suspicious, pairs)]
    clean = [pair for pair in report.listed if pair.id not in notes]
    return [*first, *map(Shown, _spread(clean, pairs - len(first)))]


def _in_turns(groups: Sequence[Sequence[str]]) -> Iterator[str]:
    """The first of each group, then the second of each, and so on."""
    for turn in range(max(map(len, groups), default=0)):
        yield from (group[turn] for group in groups if turn < len(group))


def _note(id_: str, finding: Finding) -> str:
    """What was found in this pair, short enough for a caption."""
    starts = (f"{id_}: ", f"{id_} ")
    about = next((n for n in finding.names if n.startswith(starts) or n.endswith(f" {id_}")), "")
    if not about and len(finding.names) == len(finding.ids):  # "path: what is wrong"
        about = finding.names[finding.ids.index(id_)].partition(": ")[2]
    detail = about.removeprefix(starts[0]).removeprefix(starts[1])
    return finding.kind.replace("-", " ") + (f": {detail}" if detail else "")


def _spread(pairs: Sequence[Pair], number: int) -> list[Pair]:
    """So many pairs, as equally many of each set as there are, evenly spaced within it."""
    sets: dict[str, list[Pair]] = {}
    for pair in pairs:
        sets.setdefault(pair.set, []).append(pair)
    turns = [*_in_turns([[name] * len(members) for name, members in sets.items()])][:number]
    return [
        members[i * len(members) // turns.count(name)]
        for name, members in sets.items()
        for i in range(turns.count(name))
    ]


# -- drawing -----------------------------------------------------------------------------------------------------


def draw_sheet(
    shown: Sequence[Shown], *, reading: MaskReading | None, columns: int = COLUMNS, cell_px: int = CELL_PX
) -> Image.Image:
    """Photo, mask and overlay of each pair, with its id and what was found in it below.

    Args:
        shown: the pairs, the first at the top left.
        reading: how the masks are read that come without a reading; None draws their values in colours.
        columns: how many pairs stand side by side.
        cell_px: side of the square that each of the three pictures fits into.

    Returns:
        An RGB picture.
    """
    from PIL import Image, ImageDraw

    values = [] if reading is not None else _values([one.pair for one in shown])
    cells = [cells_of(one.pair, reading=reading, values=values, cell_px=cell_px) for one in shown]
    columns = max(1, min(columns, len(shown)))
    lines = [range(i, min(i + columns, len(shown))) for i in range(0, len(shown), columns)]
    heights = [max(_height(cells[i], shown[i]) for i in line) for line in lines]
    group_px = 3 * (cell_px + GAP_PX) + MARGIN_PX
    size = (columns * group_px + MARGIN_PX, sum(heights) + LINE_PX + 2 * MARGIN_PX)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    top = MARGIN_PX + LINE_PX
    for line, height in zip(lines, heights, strict=True):
        for column, i in enumerate(line):
            at = (MARGIN_PX + column * group_px, top)
            _pictures(sheet, cells[i], at=at, step_px=cell_px + GAP_PX)
            below = (at[0], top + max(len(cell) for cell in cells[i]) + GAP_PX)
            _captions(draw, shown[i], at=below, width_px=group_px - MARGIN_PX)
        top += height
    for column in range(columns):
        _headings(draw, MARGIN_PX + column * group_px, cell_px=cell_px, values=values)
    return sheet


def _height(cells: Cells, one: Shown) -> int:
    """How many pixels a pair takes, with its captions and the space below."""
    return max(len(cell) for cell in cells) + (2 if one.finding else 1) * LINE_PX + 3 * GAP_PX


def _headings(draw: ImageDraw.ImageDraw, left: int, *, cell_px: int, values: Sequence[int]) -> None:
    """The titles of the three columns; over coloured values, each value in its colour."""
    for number, title in enumerate(("photo", "" if values else "mask", "overlay")):
        at = (left + number * (cell_px + GAP_PX), MARGIN_PX - GAP_PX)
        draw.text(at, title, fill=FAINT, font=sheet_font())
    x = float(left + cell_px + GAP_PX)
    for value, colour in zip(values[:LEGEND], _colours(len(values)), strict=False):
        draw.text((x, MARGIN_PX - GAP_PX), f"{value}", fill=(*map(int, colour),), font=sheet_font())
        x += draw.textlength(f"{value}  ", font=sheet_font())


def _pictures(sheet: Image.Image, cells: Cells, *, at: tuple[int, int], step_px: int) -> None:
    from PIL import Image

    for number, cell in enumerate(cells):
        sheet.paste(Image.fromarray(cell), (at[0] + number * step_px, at[1]))


def _captions(draw: ImageDraw.ImageDraw, one: Shown, *, at: tuple[int, int], width_px: int) -> None:
    for number, (text, colour) in enumerate(((one.pair.id, INK), (one.finding, ALARM))):
        text = printable(text).replace("×", "x")  # which the font has not
        shown = shorten(text, draw, width_px=width_px)
        draw.text((at[0], at[1] + number * LINE_PX), shown, fill=colour, font=sheet_font())


# -- the three pictures of a pair --------------------------------------------------------------------------------


def cells_of(pair: Pair, *, reading: MaskReading | None, values: Sequence[int], cell_px: int) -> Cells:
    """Photo, mask and overlay of a pair, each fit into a square; plain grey where it cannot be read.

    Args:
        pair: its own reading goes first.
        reading: how its masks are read else; None draws their values in colours.
        values: the values that have a colour.
        cell_px: the side of the square.
    """
    blank = np.full((cell_px * 2 // 3, cell_px, 3), MISSING, np.uint8)
    photo, way = _photo(pair, cell_px), pair.reading or reading
    try:
        matte = None if way is None else _matte(pair, way, cell_px)
        mask = _coloured_values(pair, values, cell_px) if matte is None else _as_picture(matte)
    except CutawayError:
        return blank if photo is None else photo, blank, blank
    if photo is None:
        return blank, mask, blank
    size = (photo.shape[0], photo.shape[1])
    if matte is not None:
        return photo, mask, overlay(photo, resize_matte(matte, size))
    mixed = cv2.addWeighted(photo, 0.5, resize_picture(mask, size), 0.5, 0)
    return photo, mask, np.asarray(mixed, np.uint8)


def _as_picture(matte: Floats) -> Picture:
    return np.rint(matte * 255).astype(np.uint8)[..., None].repeat(3, axis=2)


def _photo(pair: Pair, cell_px: int) -> Picture | None:
    try:
        photo = load_photo(pair.image)
    except CutawayError:
        return None
    return resize_picture(photo, fit((photo.shape[0], photo.shape[1]), cell_px=cell_px))


def _matte(pair: Pair, reading: MaskReading, cell_px: int) -> Floats:
    matte = read_matte(pair, reading=reading)
    return resize_matte(matte, fit((matte.shape[0], matte.shape[1]), cell_px=cell_px))


def _values(pairs: Sequence[Pair]) -> list[int]:
    """All values of the masks that can be read, sorted."""
    found: set[int] = set()
    for pair in pairs:
        with suppress(CutawayError):
            found.update(np.unique(read_indices(pair.mask, reading=pair.reading)).tolist())
    return sorted(found)


def _colours(number: int) -> Picture:
    """So many colours that can be told apart, the first black; uint8 (number, 3)."""
    codes = voc_colours()[:number]
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)


def _coloured_values(pair: Pair, values: Sequence[int], cell_px: int) -> Picture:
    """Each value of the first mask in its colour."""
    mask = read_indices(pair.mask)
    height, width = fit((mask.shape[0], mask.shape[1]), cell_px=cell_px)
    small = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(_colours(len(values))[np.searchsorted(values, small)], np.uint8)


def overlay(photo: Picture, matte: Floats) -> Picture:
    """The subject as it is, the background dark and blue, and the line where the matte crosses one half.

    Args:
        photo: uint8 (H, W, 3).
        matte: float32 (H, W) in [0, 1].

    Returns:
        uint8 (H, W, 3).
    """
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    alpha = matte[..., None]
    mixed = alpha * photo + (1 - alpha) * (GROUND_SHARE * grey + np.array(GROUND))
    inside = (matte >= 0.5).astype(np.uint8)
    line = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > inside
    mixed[line] = OUTLINE
    return np.asarray(np.clip(mixed + 0.5, 0, 255), np.uint8)
