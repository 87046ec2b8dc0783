"""From a photo to its canvas: what part of it is used, how large it becomes, and where it lies.

One scale for both directions, found from the matte alone; then each axis by itself. A subject that the photo's own
edge cuts off stays at that edge of the canvas, without a margin: half a person floats nowhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import cv2
import numpy as np

from cutaway.lengths import Length
from cutaway.pixels.cutout_resize import resize_cutout
from cutaway.pixels.framing import (
    SURE,
    box_size,
    cut,
    fractions,
    paste,
    subject_box,
    visible_box,
)
from cutaway.pixels.resize import resize
from cutaway.types import Align, Box, Floats, Pixels, Size

Side: TypeAlias = Literal["top", "left", "bottom", "right"]
SIDES: tuple[Side, ...] = ("top", "left", "bottom", "right")
"""In the order of a `Box`."""

EDGE_SHARE = 0.002
"""A subject that comes this near to the photo's edge, as a share of the longer side, is cut off by it,"""
CUT_SHARE = 0.05
"""if it touches it along more than this share of its own width or height."""


@dataclass(frozen=True)
class Room:
    """What is kept free on one side: pixels of the result, and pixels of the photo that are scaled along."""

    fixed_px: float = 0.0
    scaled_px: float = 0.0


Rooms: TypeAlias = tuple[Room, Room, Room, Room]
"""Of the four sides, in the order of a `Box`: top, left, bottom, right."""
NO_ROOM: Rooms = (Room(), Room(), Room(), Room())


@dataclass(frozen=True)
class Wish:
    """How a photo is to be framed.

    Attributes:
        canvas: the size of the result; None is whatever holds the content and its rooms.
        ratio: width / height that such a canvas is widened to; None leaves it.
        whole: whether the whole photo is the content, and not the subject's box.
        rooms: what is kept free around the content.
        fill: the share of the canvas that the content takes up, in the tighter direction; None leaves it to the rooms.
        enlarge: without `fill`, whether the content is made as large as a given canvas allows, or only as small.
        align: where the content lies in what is free.
    """

    canvas: Size | None = None
    ratio: float | None = None
    whole: bool = False
    rooms: Rooms = NO_ROOM
    fill: float | None = None
    enlarge: bool = False
    align: Align = "center"


@dataclass(frozen=True)
class Placement:
    """Where a part of the photo goes.

    Attributes:
        box: the part, within the photo.
        size: what it is resized to.
        canvas: (height, width) of the result.
        top, left: where the part begins on the canvas; where it is scaled it may reach a pixel beyond.
        scale: by how much it is resized.
        cut_sides: where the photo's edge cuts the subject off.
    """

    box: Box
    size: Size
    canvas: Size
    top: int = 0
    left: int = 0
    scale: float = 1.0
    cut_sides: tuple[Side, ...] = ()

    def leaves(self, size: Size) -> bool:
        """Whether a photo of that size stays as it is."""
        return self.box == (0, 0, *size) and self.size == self.canvas == size


def cut_sides(alpha: Floats) -> tuple[Side, ...]:
    """The edges of the photo that cut the subject off: where it surely reaches them, and not with a hair only.

    Args:
        alpha: float32 (H, W) in [0, 1].
    """
    near = max(1, round(EDGE_SHARE * max(alpha.shape)))
    lines = (alpha[:near].max(0), alpha[:, :near].max(1), alpha[-near:].max(0), alpha[:, -near:].max(1))
    if not any((line > SURE).any() for line in lines):
        return ()
    box = visible_box(alpha, threshold=SURE)
    assert box is not None
    height, width = box_size(box)
    return tuple(
        side
        for side, line, along in zip(SIDES, lines, (width, height, width, height), strict=True)
        if np.count_nonzero(line > SURE) > CUT_SHARE * along
    )


def subject_area(alpha: Floats, sides: tuple[Side, ...]) -> Box | None:
    """`subject_box`, reaching right up to the edges that cut the subject off; None if there is nothing."""
    box = subject_box(alpha)
    if box is None:
        return None
    ends = (0, 0, *alpha.shape)
    top, left, bottom, right = (
        end if side in sides else at for side, at, end in zip(SIDES, box, ends, strict=True)
    )
    return top, left, bottom, right


def rooms_of(margins: tuple[Length, ...], box: Box) -> Rooms:
    """One, two or four margins, in CSS's order, as rooms; per cent are of the box's height or width, before scaling."""
    spread = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 4: (0, 3, 2, 1)}[len(margins)]
    height, width = box_size(box)
    return cast(
        Rooms,
        tuple(
            Room(fixed_px=margins[i].value)
            if margins[i].unit == "px"
            else Room(scaled_px=margins[i].of(total))
            for i, total in zip(spread, (height, width, height, width), strict=True)
        ),
    )


def place(size: Size, box: Box, sides: tuple[Side, ...], wish: Wish) -> Placement:
    """Find where everything goes.

    Args:
        size: (height, width) of the photo.
        box: the subject's box; see `subject_area`.
        sides: `cut_sides`.
        wish: how it is to be framed.

    Returns:
        A placement of all of the photo that the canvas shows, not only of the box.
    """
    content = (0, 0, *size) if wish.whole else box
    down, across = (_axis(i, size[i], content, sides, wish) for i in (0, 1))
    canvas = wish.canvas or _canvas(down.extent, across.extent, wish.ratio)
    scale = _scale(down, across, wish)
    rows, columns = down.laid(scale, canvas[0]), across.laid(scale, canvas[1])
    return Placement(
        box=(rows.first, columns.first, rows.last, columns.last),
        size=(rows.length, columns.length),
        canvas=canvas,
        top=rows.start,
        left=columns.start,
        scale=scale,
        cut_sides=sides,
    )


def _scale(down: _Axis, across: _Axis, wish: Wish) -> float:
    """One number for both directions; 1 where the canvas follows the content."""
    if wish.canvas is None:
        return 1.0
    fits = min(down.fits(wish.canvas[0]), across.fits(wish.canvas[1]))
    return fits if wish.enlarge or wish.fill is not None else min(1.0, fits)


def _canvas(height: float, width: float, ratio: float | None) -> Size:
    """The smallest canvas that holds so much, widened to the ratio."""
    if ratio is not None:
        height, width = max(height, width / ratio), max(width, height * ratio)
    return max(1, round(height)), max(1, round(width))


@dataclass(frozen=True)
class _Stretch:
    """One axis of a placement: from which pixel of the photo to which, how long that becomes and where it starts."""

    first: int
    last: int
    length: int
    start: int


@dataclass(frozen=True)
class _Axis:
    """What is to be placed along one axis.

    Attributes:
        photo_px: length of the photo.
        first, last: the content's first pixel, and one past its last.
        before, after: what is kept free beside it.
        fill: the share of the canvas that the content takes up; None leaves it to the rooms.
        share: how much of the remaining free room lies before it, 0 to 1.
    """

    photo_px: int
    first: int
    last: int
    before: Room
    after: Room
    fill: float | None
    share: float

    @property
    def extent(self) -> float:
        """How long a canvas must be to hold content and rooms at their own size."""
        length = self.last - self.first
        if self.fill is not None:
            return length / self.fill
        return length + sum(room.fixed_px + room.scaled_px for room in (self.before, self.after))

    def fits(self, canvas_px: int) -> float:
        """The largest scale at which a canvas holds it."""
        length = self.last - self.first
        if self.fill is not None:
            return self.fill * canvas_px / length
        free = canvas_px - self.before.fixed_px - self.after.fixed_px
        return max(1.0, free) / max(1.0, length + self.before.scaled_px + self.after.scaled_px)

    def laid(self, scale: float, canvas_px: int) -> _Stretch:
        """Where the content goes, and with it as much of the photo around it as the canvas shows."""
        length = max(1, round((self.last - self.first) * scale))
        before, after = (room.fixed_px + room.scaled_px * scale for room in (self.before, self.after))
        start = round(before + (canvas_px - length - before - after) * self.share)
        start = max(0, min(start, canvas_px - length))
        ahead = min(self.first, max(0, math.ceil(start / scale)))
        beyond = min(self.photo_px - self.last, max(0, math.ceil((canvas_px - start - length) / scale)))
        ahead_px, beyond_px = round(ahead * scale), round(beyond * scale)
        return _Stretch(
            self.first - ahead, self.last + beyond, ahead_px + length + beyond_px, start - ahead_px
        )


def _axis(index: int, photo_px: int, content: Box, sides: tuple[Side, ...], wish: Wish) -> _Axis:
    first, last = SIDES[index] in sides, SIDES[index + 2] in sides
    nothing = Room()
    share = fractions(wish.align)[1 - index]
    return _Axis(
        photo_px=photo_px,
        first=content[index],
        last=content[index + 2],
        before=nothing if first or wish.fill is not None else wish.rooms[index],
        after=nothing if last or wish.fill is not None else wish.rooms[index + 2],
        fill=wish.fill,
        share=share if first == last else float(last),
    )


def laid_out(placement: Placement, pixels: Pixels, alpha: Floats) -> tuple[Pixels, Floats]:
    """A subject on its canvas, transparent where the photo does not reach.

    Args:
        placement: where it goes.
        pixels: the photo's colours, uint8 or uint16 (H, W, 3), straight.
        alpha: float32 (H, W) in [0, 1].

    Returns:
        Straight colour (h, w, 3), type of `pixels`, and alpha (h, w), as large as the canvas.
    """
    small, small_alpha = resize_cutout(cut(pixels, placement.box), cut(alpha, placement.box), placement.size)
    if placement.size == placement.canvas:
        return small, small_alpha
    colour, laid = np.zeros((*placement.canvas, 3), pixels.dtype), np.zeros(placement.canvas, np.float32)
    paste(colour, small, top=placement.top, left=placement.left)
    paste(laid, small_alpha, top=placement.top, left=placement.left)
    return colour, laid


def ground(placement: Placement, pixels: Pixels) -> Pixels:
    """A background of the photo's size on the same canvas; its edge is repeated where the photo does not reach.

    Args:
        placement: where the photo goes.
        pixels: uint8 or uint16 (H, W, 3).

    Returns:
        (h, w, 3), type of `pixels`.
    """
    small = resize(cut(pixels, placement.box), placement.size)
    (tall, wide), top, left = placement.canvas, placement.top, placement.left
    inside = small[max(0, -top) : tall - top, max(0, -left) : wide - left]
    above, beside = max(0, top), max(0, left)
    below, beyond = tall - above - inside.shape[0], wide - beside - inside.shape[1]
    padded: Any = cv2.copyMakeBorder(inside, above, below, beside, beyond, cv2.BORDER_REPLICATE)
    return cast(Pixels, padded)
