"""Making the picture that a remove.bg request wants: find the subject, frame it, lay it over something, write it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cutaway.media.bundle import write_zip
from cutaway.media.encode import encode
from cutaway.options import Options
from cutaway.pixels import framing
from cutaway.pixels.composite import over_translucent
from cutaway.pixels.cutout_resize import resize_cutout
from cutaway.pixels.shadow import drop_shadow
from cutaway.pixels.solid import solid
from cutaway.remover import Remover
from cutaway.result import Result
from cutaway.server.pictures import Answer
from cutaway.server.problems import Problem
from cutaway.server.removebg.order import Order
from cutaway.server.removebg.table import MEGAPIXELS, PNG_MEGAPIXELS
from cutaway.server.work import Check
from cutaway.types import Box, Cutout, Floats, Frame, Matte, Pixels, Size

_SURE = 0.5
"""A photo in which no alpha reaches this has no subject."""
_MAX_MARGIN_PX = 500.0
_SOLID_EDGE = 0.004
_SHADOW_DOWN, _SHADOW_RIGHT, _SHADOW_BLUR = 0.02, 0.01, 0.015
"""Fractions of the result's longer side."""


@dataclass(frozen=True)
class Framed:
    """A subject in its final frame.

    Attributes:
        pixels: (h, w, 3), the subject's colour.
        alpha: (h, w).
        box: where the subject is in the photo that came in.
    """

    pixels: Pixels
    alpha: Floats
    box: Box


def make(
    order: Order, remover: Remover, photo: Frame, background: Frame | None, *, full_size: bool, check: Check
) -> Answer:
    """Make the answer.

    Args:
        order: what is wanted.
        remover: the model.
        photo: the photo, decoded.
        background: the background picture, decoded.
        full_size: do not hold the result to the megapixels of `size`.
        check: called between the steps.

    Raises:
        Problem: the region lies outside the photo or is empty, or there is no subject in it.
    """
    cutout = find_subject(order, remover, photo)
    check()
    framed = frame_subject(order, cutout, opaque=_is_opaque(order, background), full_size=full_size)
    check()
    pixels, alpha = framed.pixels, framed.alpha
    if order.shadow:
        pixels, alpha = with_shadow(pixels, alpha, opacity=order.shadow_opacity)
    picture = lay_over(order, replace(cutout, pixels=pixels, alpha=alpha), background)
    check()
    data, format = written(order.format, picture)
    return Answer(data, format, picture.size, _headers(order, framed.box))


def find_subject(order: Order, remover: Remover, photo: Frame) -> Cutout:
    """The cut-out of the whole photo, transparent outside the order's region.

    Raises:
        Problem: the region cannot be used, or there is no subject.
    """
    box = region_of(order, photo.size)
    top, left, bottom, right = box
    part = replace(
        photo,
        pixels=photo.pixels[top:bottom, left:right],
        alpha=None if photo.alpha is None else photo.alpha[top:bottom, left:right],
    )
    found = remover.remove(
        part, options=Options(refine=True, foreground=True)
    ).picture  # with the subject's own colour along its edge
    assert isinstance(found, Cutout)
    alpha = found.alpha if order.semitransparency else solid(found.alpha, edge_px=_edge_px(part.size))
    if not (alpha >= _SURE).any():
        raise Problem(400, "unknown_foreground", "nothing in the picture stands out from its background")
    if box == (0, 0, *photo.size):
        return replace(found, alpha=alpha)
    pixels, whole = photo.pixels.copy(), np.zeros(photo.size, np.float32)
    framing.paste(pixels, found.pixels, top=top, left=left)
    framing.paste(whole, alpha, top=top, left=left)
    return Cutout(pixels, whole, found.metadata)


def region_of(order: Order, size: Size) -> Box:
    """The order's region in pixels.

    Raises:
        Problem: it reaches beyond the photo, or is empty.
    """
    if order.roi is None:
        return 0, 0, *size
    box = framing.region(order.roi, size)
    if not framing.is_inside(box, size):
        raise Problem(400, "roi_exceeds_bounds", f"the picture has {size[1]} x {size[0]} pixels")
    if 0 in framing.box_size(box):
        raise Problem(400, "roi_region_empty", "its corners must differ in both directions")
    return box


def _edge_px(size: Size) -> int:
    return max(2, round(_SOLID_EDGE * max(size)))


def frame_subject(order: Order, cutout: Cutout, *, opaque: bool, full_size: bool) -> Framed:
    """Crop, scale, place and shrink the subject, resampling once.

    Args:
        order: what is wanted.
        cutout: the subject, as large as the photo.
        opaque: whether the result will have no transparency.
        full_size: as in `make`.
    """
    box = framing.subject_box(cutout.alpha) or (0, 0, *cutout.size)
    canvas_box = (0, 0, *cutout.size)
    if order.crop:
        canvas_box = framing.grown(box, framing.margins_px(order.margin, box, most=_MAX_MARGIN_PX))
    canvas = framing.box_size(canvas_box)
    size = framing.within(canvas, 1e6 * _megapixels(order, opaque=opaque, full_size=full_size))
    if order.scale is None and order.position is None:
        part = framing.cut(cutout.pixels, canvas_box), framing.cut(cutout.alpha, canvas_box)
        return Framed(*resize_cutout(*part, size), box)
    return Framed(*_placed(order, cutout, box=box, canvas_box=canvas_box, size=size), box)


def _placed(order: Order, cutout: Cutout, *, box: Box, canvas_box: Box, size: Size) -> tuple[Pixels, Floats]:
    """The subject alone, at its scale and position on an empty canvas."""
    subject, canvas = framing.box_size(box), framing.box_size(canvas_box)
    shrink = size[0] / canvas[0], size[1] / canvas[1]
    scale = 1.0 if order.scale is None else framing.scale_to_fill(subject, canvas, order.scale)
    wanted = max(1, round(subject[0] * scale * shrink[0])), max(1, round(subject[1] * scale * shrink[1]))
    part = framing.cut(cutout.pixels, box), framing.cut(cutout.alpha, box)
    small, small_alpha = resize_cutout(*part, wanted)
    if order.position is None:  # its middle stays where it was
        top = round(((box[0] + box[2]) / 2 - canvas_box[0]) * shrink[0] - wanted[0] / 2)
        left = round(((box[1] + box[3]) / 2 - canvas_box[1]) * shrink[1] - wanted[1] / 2)
    else:
        top, left = framing.corner(wanted, size, order.position)
    pixels, alpha = np.zeros((*size, 3), small.dtype), np.zeros(size, np.float32)
    framing.paste(pixels, small, top=top, left=left)
    framing.paste(alpha, small_alpha, top=top, left=left)
    return pixels, alpha


def _megapixels(order: Order, *, opaque: bool, full_size: bool) -> float:
    if full_size:
        return float("inf")
    is_png = order.format == "png" or (order.format == "auto" and not opaque)
    return min(MEGAPIXELS[order.size], PNG_MEGAPIXELS) if is_png else MEGAPIXELS[order.size]


def _is_opaque(order: Order, background: Frame | None) -> bool:
    if order.channels == "alpha":
        return False
    if background is not None:
        return background.alpha is None
    return order.colour is not None and order.colour[3] == 255


def with_shadow(pixels: Pixels, alpha: Floats, *, opacity: float) -> tuple[Pixels, Floats]:
    """A subject with a black drop shadow under it, below and to the right."""
    longer = max(alpha.shape)
    offset = round(_SHADOW_DOWN * longer), round(_SHADOW_RIGHT * longer)
    shadow = drop_shadow(alpha, offset_px=offset, blur_px=max(1.0, _SHADOW_BLUR * longer), opacity=opacity)
    return over_translucent(pixels, alpha, (0, 0, 0), background_alpha=shadow)


def lay_over(order: Order, cutout: Cutout, background: Frame | None) -> Frame | Cutout | Matte:
    """The finished picture."""
    matte = Matte(cutout.alpha)
    if order.channels == "alpha":
        return matte
    frame = Frame(cutout.pixels, metadata=cutout.metadata)
    result = Result(
        frame, matte, cutout, Options(foreground=False)
    )  # the cut-out's colour is its own already
    if background is not None:
        result = result.over(background)
    elif order.colour is not None and order.colour[3] > 0:
        result = result.over("#{:02x}{:02x}{:02x}{:02x}".format(*order.colour))
    return result.picture


def written(format: str, picture: Frame | Cutout | Matte) -> tuple[bytes, str]:
    """The file's bytes and its real format."""
    if format == "zip":
        return write_zip(picture), "zip"
    if format == "auto":
        format = "jpg" if isinstance(picture, Frame) else "png"
    return encode(picture, format=format), format


def _headers(order: Order, box: Box) -> dict[str, str]:
    height, width = framing.box_size(box)
    found = {
        "X-Credits-Charged": "0",
        "X-Foreground-Top": str(box[0]),
        "X-Foreground-Left": str(box[1]),
        "X-Foreground-Width": str(width),
        "X-Foreground-Height": str(height),
    }
    if order.type_level != "none":
        found["X-Type"] = "other" if order.type == "auto" else order.type
    if order.notes:
        found["X-Cutaway-Notes"] = "; ".join(order.notes)
    return found
