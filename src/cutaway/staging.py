"""The subject on its canvas: framed as the options say, then with outline and shadow, at last under a logo."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, cos, radians, sin
from typing import cast

import numpy as np

from cutaway.errors import OptionError
from cutaway.lengths import Length
from cutaway.looks import MAX_CANVAS_PX, Dress, Framing, Logo
from cutaway.making import unit
from cutaway.pixels.placing import (
    NO_ROOM,
    SIDES,
    Placement,
    Room,
    Rooms,
    Side,
    Wish,
    cut_sides,
    laid_out,
    place,
    rooms_of,
    subject_area,
)
from cutaway.types import Box, Cutout, Floats, Frame, Pixels, Size

LOGO_GAP = 0.03
"""Room between a logo and the picture's edges, as a share of the shorter side."""
SHADOW_REACH = 3.0
"""How many standard deviations of its blur a shadow is seen to reach."""
NOTICED = 1.005
"""A subject enlarged by more than this is worth a warning."""


def placement_of(
    alpha: Floats, framing: Framing, dress: Dress, *, below: Size | None
) -> tuple[Placement | None, tuple[str, ...]]:
    """Where the photo goes on the canvas that was asked for, and what should be said about that.

    Args:
        alpha: the subject's, as large as the photo.
        framing: what was asked for.
        dress: what margins that are "auto" have to hold.
        below: (height, width) of the background picture, where that is the canvas.

    Returns:
        The placement, None if the photo stays as it is; and warnings.

    Raises:
        OptionError: the canvas would be far too large.
    """
    if framing.is_plain and below is None:
        return None, ()
    size = (alpha.shape[0], alpha.shape[1])
    sides = cut_sides(alpha)
    box = subject_area(alpha, sides)
    wish = _wish(framing, dress, size, box, below=below)
    _refuse_margins_without_room(wish)
    found = place(size, box or (0, 0, *size), sides, wish)
    _refuse_giants(found.canvas, size)
    by_subject = framing.by_subject or below is not None
    warnings = _warnings(found, framing) if box else ("there is no subject in the photo to frame",)
    return (None if found.leaves(size) else found), warnings if box or by_subject else ()


def _wish(framing: Framing, dress: Dress, size: Size, box: Box | None, *, below: Size | None) -> Wish:
    kind = "background" if below is not None else framing.canvas.kind
    canvas = {"size": framing.canvas.size, "background": below}.get(kind)
    if kind == "photo" and not framing.follows_subject:
        canvas = size
    return Wish(
        canvas=canvas,
        ratio=framing.canvas.ratio if kind == "ratio" else None,
        whole=box is None or not (framing.by_subject or kind == "background"),
        rooms=_rooms(framing, dress, box or (0, 0, *size)),
        fill=framing.fill,
        enlarge=kind == "size",
        align=framing.align or "center",
    )


def _rooms(framing: Framing, dress: Dress, box: Box) -> Rooms:
    if framing.margins is None:
        return NO_ROOM
    if framing.margins != "auto":
        return rooms_of(framing.margins, box)
    longer = max(box[2] - box[0], box[3] - box[1])
    return cast(Rooms, tuple(_room(needed, longer) for needed in _needs(dress)))


def _needs(dress: Dress) -> list[list[tuple[Length, float]]]:
    """What outline and shadow take up on each side: lengths, each so many times."""
    around = [(dress.outline.width, 1.0)] if dress.outline else []
    shadow = dress.shadow
    if shadow.kind == "none":
        return [around] * 4
    around = [*around, (shadow.softness, SHADOW_REACH)]
    if shadow.kind == "contact":
        return [around, around, [*around, (shadow.distance, 0.5)], around]
    right, down = sin(radians(shadow.angle)), -cos(radians(shadow.angle))
    falls = dict(zip(SIDES, (-down, -right, down, right), strict=True))
    return [[*around, (shadow.distance, max(0.0, falls[side]))] for side in SIDES]


def _room(needed: list[tuple[Length, float]], longer_px: float) -> Room:
    return Room(
        fixed_px=sum(times * length.value for length, times in needed if length.unit == "px"),
        scaled_px=sum(times * length.of(longer_px) for length, times in needed if length.unit == "%"),
    )


def _refuse_margins_without_room(wish: Wish) -> None:
    for axis in (0, 1):
        taken = wish.rooms[axis].fixed_px + wish.rooms[axis + 2].fixed_px
        if wish.canvas is not None and wish.fill is None and taken >= wish.canvas[axis]:
            height, width = wish.canvas
            raise OptionError(
                f"the margins leave nothing of a canvas of {width} x {height} pixels: make them smaller"
            )


def _refuse_giants(canvas: Size, photo: Size) -> None:
    if canvas[0] * canvas[1] > max(MAX_CANVAS_PX, photo[0] * photo[1]):
        raise OptionError(
            f"the result would have {canvas[1]} x {canvas[0]} pixels, more than {MAX_CANVAS_PX // 10**6} megapixels: "
            "choose smaller margins, a larger fill or a canvas in pixels"
        )


def _warnings(found: Placement, framing: Framing) -> tuple[str, ...]:
    said = []
    if found.scale > NOTICED:
        said.append(
            f"the subject was enlarged {found.scale:.2f} times to fill the canvas, beyond what the photo shows: use a "
            "larger photo or a smaller canvas"
        )
    for axis in (0, 1):
        first, last = SIDES[axis], SIDES[axis + 2]
        cut = [side for side in (first, last) if side in found.cut_sides]
        start, length = (found.top, found.left)[axis], found.size[axis]
        if len(cut) == 2 and (start > 0 or start + length < found.canvas[axis]):
            said.append(
                f"the photo cuts the subject off at {first} and {last}: its straight edges can be seen"
            )
        if len(cut) == 1 and _contradicts(framing, axis, cut[0]):
            said.append(f"the photo cuts the subject off at the {cut[0]}, so it stays at that edge")
    return tuple(said)


def _contradicts(framing: Framing, axis: int, cut: Side) -> bool:
    if framing.align is None:
        return False
    asked = [side for side in (SIDES[axis], SIDES[axis + 2]) if side in framing.align.split("-")]
    return asked != [cut] and (bool(asked) or framing.align == "center")


def framed(cutout: Cutout, placement: Placement | None) -> Cutout:
    """A cut-out on the canvas of a placement."""
    if placement is None:
        return cutout
    pixels, alpha = laid_out(placement, cutout.pixels, cutout.alpha)
    return replace(cutout, pixels=pixels, alpha=alpha)


def dressed(cutout: Cutout, dress: Dress) -> Cutout:
    """A cut-out with its outline, and with the shadow of both; the canvas does not grow."""
    if dress.only_logo:
        return cutout
    from cutaway.pixels.framing import box_size, grown, subject_box

    box = subject_box(cutout.alpha)
    if box is None:
        return cutout
    longer = max(box_size(box))
    reach = [ceil(room.fixed_px + room.scaled_px) for room in (_room(n, longer) for n in _needs(dress))]
    top, left, bottom, right = grown(box, (reach[0], reach[3], reach[2], reach[1]))
    height, width = cutout.size
    area = np.s_[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    pixels, alpha = cutout.pixels.copy(), cutout.alpha.copy()
    pixels[area], alpha[area] = _dressed(pixels[area], alpha[area], dress, longer)
    return replace(cutout, pixels=pixels, alpha=alpha)


def _dressed(pixels: Pixels, alpha: Floats, dress: Dress, longer_px: int) -> tuple[Pixels, Floats]:
    from cutaway.pixels.composite import over_translucent

    if dress.outline is not None:
        from cutaway.pixels.outline import outline

        red, green, blue, opacity = dress.outline.colour
        line = outline(alpha, width_px=max(0.5, dress.outline.width.of(longer_px)))
        line *= np.float32(opacity / 255)
        pixels, alpha = over_translucent(pixels, alpha, (red, green, blue), background_alpha=line)
    if dress.shadow.kind != "none":
        shadow = _shadow(alpha, dress, longer_px)
        pixels, alpha = over_translucent(pixels, alpha, (0, 0, 0), background_alpha=shadow)
    return pixels, alpha


def _shadow(alpha: Floats, dress: Dress, longer_px: int) -> Floats:
    from cutaway.pixels.shadow import contact_shadow, drop_shadow

    shadow = dress.shadow
    blur_px, distance = max(0.3, shadow.softness.of(longer_px)), shadow.distance.of(longer_px)
    if shadow.kind == "contact":
        return contact_shadow(alpha, height_px=max(1.0, distance), blur_px=blur_px, opacity=shadow.opacity)
    turn = radians(shadow.angle)
    offset = round(-cos(turn) * distance), round(sin(turn) * distance)
    return drop_shadow(alpha, offset_px=offset, blur_px=blur_px, opacity=shadow.opacity)


def with_logo(picture: Frame | Cutout, logo: Logo, mark: Frame) -> Frame | Cutout:
    """A picture with a logo laid over it.

    Args:
        picture: in sRGB.
        logo: where it goes and how large it is.
        mark: the logo itself, in sRGB.
    """
    from cutaway.pixels.composite import over_translucent, to_depth
    from cutaway.pixels.cutout_resize import resize_cutout
    from cutaway.pixels.framing import corner, fractions

    gap = round(LOGO_GAP * min(picture.size))
    inside = max(1, picture.size[0] - 2 * gap), max(1, picture.size[1] - 2 * gap)
    scale = min(
        logo.share * picture.size[1] / mark.size[1], inside[0] / mark.size[0], inside[1] / mark.size[1]
    )
    size = max(1, round(mark.size[0] * scale)), max(1, round(mark.size[1] * scale))
    opacity = np.ones(mark.size, np.float32) if mark.alpha is None else unit(mark.alpha)
    colour, opacity = resize_cutout(to_depth(mark.pixels, picture.pixels), opacity, size)
    top, left = corner(size, inside, fractions(logo.place))
    area = np.s_[top + gap : top + gap + size[0], left + gap : left + gap + size[1]]
    pixels = picture.pixels.copy()
    if isinstance(picture, Frame):
        pixels[area], _ = over_translucent(colour, opacity, pixels[area], background_alpha=1.0)
        return replace(picture, pixels=pixels)
    alpha = picture.alpha.copy()
    pixels[area], alpha[area] = over_translucent(colour, opacity, pixels[area], background_alpha=alpha[area])
    return replace(picture, pixels=pixels, alpha=alpha)
