"""Making the picture that the options ask for, out of a photo and its matte.

`Result` says what can be asked for; here is how it is done, one function for each kind of picture.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from cutaway.kept import Kept
from cutaway.types import Cutout, Floats, Frame, Matte, Pixels

if TYPE_CHECKING:
    from cutaway.media.images import AnyPicture
    from cutaway.result import Result

    Photo: TypeAlias = AnyPicture | Frame

Picture: TypeAlias = Frame | Cutout | Matte
Backgrounds: TypeAlias = Kept[tuple[str, float], Frame]
"""Pictures from files, in sRGB, by path and time of change."""

log = logging.getLogger(__name__)


class Made(NamedTuple):
    """A picture, and what its maker should know about it, one sentence each."""

    picture: Picture
    warnings: tuple[str, ...] = ()


def make(result: Result) -> Made:
    """Make what the options ask for.

    Raises:
        ImageError: the background picture cannot be read.
    """
    return Made(_picture(result))


def _picture(result: Result) -> Picture:
    if result.options.show == "strip":
        return _strip(result)
    if result.options.mask_only:
        return Matte(result.cutout.alpha)
    if result.options.effect != "none":
        return _with_effect(result)
    if result.backdrop.kind == "none":
        pixels = _own_colour(result, result.cutout.pixels)
        return result.cutout if pixels is result.cutout.pixels else replace(result.cutout, pixels=pixels)
    return _laid_over(result)


def _own_colour(result: Result, pixels: Pixels) -> Pixels:
    """The photo's pixels, in whatever colour space, with the subject's own colour along its edge."""
    if not result.options.foreground:
        return pixels
    from cutaway.pixels.foreground import foreground

    return foreground(pixels, result.matte.alpha, shown=result.cutout.alpha)


def _strip(result: Result) -> Frame:
    """Photo, matte and result in one row; what is transparent lies on white."""
    from cutaway.pixels.strip import grey, strip

    photo = in_srgb(result.frame, "the photo")
    cutout = replace(result.cutout, pixels=photo.pixels, metadata=photo.metadata)
    options = result.options.with_changes({"show": "result"})
    made = replace(result, frame=photo, cutout=cutout, options=options).picture
    shown = [on_white(photo), grey(result.cutout.alpha, photo.pixels), on_white(made)]
    return replace(photo, pixels=strip(shown), alpha=None)


def _with_effect(result: Result) -> Frame:
    """The photo, changed: what hides goes by the network's answer itself, whatever is feathered or transparent."""
    from cutaway.pixels.effects import blur_subject, grey_background, pixelate_subject

    photo, matte = on_white(result.frame), result.matte.alpha
    if result.options.effect == "blur-subject":
        pixels = blur_subject(photo, matte)
    elif result.options.effect == "pixelate-subject":
        pixels = pixelate_subject(photo, matte)
    else:
        pixels = grey_background(photo, result.cutout.alpha)
    return replace(result.frame, pixels=pixels, alpha=None)


def _laid_over(result: Result) -> Frame | Cutout:
    from cutaway.pixels.composite import over_colour, over_picture, over_translucent

    if result.backdrop.kind == "original":
        return replace(result.frame, pixels=on_white(result.frame), alpha=None)
    photo, alpha = in_srgb(result.frame, "the photo"), result.cutout.alpha
    subject = replace(photo, pixels=_own_colour(result, photo.pixels))
    red, green, blue, opacity = result.backdrop.colour
    if result.backdrop.kind == "picture":
        return _over_picture(result, subject)
    if result.backdrop.kind == "blur":
        pixels = over_picture(subject.pixels, alpha, _blurred(result, photo))
    elif result.backdrop.kind in ("gradient", "checker"):
        from cutaway.pixels.grounds import computed

        behind = computed(result.backdrop, subject.size, like=subject.pixels)
        pixels = over_picture(subject.pixels, alpha, behind)
    elif opacity < 255:
        pixels, alpha = over_translucent(
            subject.pixels, alpha, (red, green, blue), background_alpha=opacity / 255
        )
        return Cutout(pixels, alpha, subject.metadata, subject.time)
    else:
        pixels = over_colour(subject.pixels, alpha, (red, green, blue))
    return replace(subject, pixels=pixels, alpha=None)


def _over_picture(result: Result, subject: Frame) -> Frame | Cutout:
    """Over a picture, one of the two brought to the other's size; translucent where the picture is."""
    from cutaway.pixels.composite import over_picture, over_translucent
    from cutaway.pixels.layout import fitted, placed

    behind, fit, position = _background_picture(result), result.backdrop.fit, result.backdrop.position
    pixels, alpha, below, below_alpha = subject.pixels, result.cutout.alpha, behind.pixels, behind.alpha
    if result.backdrop.canvas == "background":
        pixels, alpha = placed(pixels, alpha, behind.size)
    else:
        below = fitted(below, subject.size, fit=fit, position=position)
        below_alpha = (
            None if below_alpha is None else fitted(below_alpha, subject.size, fit=fit, position=position)
        )
    if below_alpha is None:
        return replace(subject, pixels=over_picture(pixels, alpha, below), alpha=None)
    pixels, alpha = over_translucent(pixels, alpha, below, background_alpha=unit(below_alpha))
    return Cutout(pixels, alpha, subject.metadata, subject.time)


def _background_picture(result: Result) -> Frame:
    """The background picture in sRGB; a file is decoded once for all photos."""
    path = result.backdrop.picture
    if isinstance(path, Frame):
        return path
    changed = 0.0
    with contextlib.suppress(OSError):  # reading it tells better what is wrong
        changed = os.stat(path).st_mtime  # noqa: PTH116 - the path may hold anything
    return result._kept.get((path, changed), lambda: in_srgb(read_photo(path), "the background"))


def _blurred(result: Result, subject: Frame) -> Pixels:
    from cutaway.pixels.blur import blur_background

    sigma_px = result.backdrop.blur_px or max(1.0, 0.02 * max(subject.size))
    not_background = result.matte.alpha
    if subject.alpha is not None:  # what the photo itself hides has no colour to blur
        not_background = np.maximum(not_background, 1 - unit(subject.alpha))
    return blur_background(subject.pixels, not_background, sigma_px=sigma_px)


def read_photo(photo: Photo) -> Frame:
    """A photo in any of the shapes it may have, as a frame."""
    if isinstance(photo, Frame):
        return photo
    from cutaway.media.images import read_image

    return read_image(photo)


def in_srgb(frame: Frame, what: str) -> Frame:
    """The same picture in sRGB; `what` names it in the log."""
    from cutaway.media.colour import to_srgb

    converted = to_srgb(frame)
    if converted.pixels is not frame.pixels:
        log.info("%s was converted from its own colour profile to sRGB", what)
    return converted


def on_white(picture: Picture) -> Pixels:
    """The colours of a photo or a result; what is transparent lies on white."""
    from cutaway.pixels.composite import over_colour

    assert not isinstance(picture, Matte)
    if picture.alpha is None:
        return picture.pixels
    alpha = picture.alpha if isinstance(picture, Cutout) else unit(picture.alpha)
    return over_colour(picture.pixels, alpha, (255, 255, 255))


def unit(alpha: Pixels) -> Floats:
    """uint8 or uint16 to float32 in [0, 1]."""
    return alpha.astype(np.float32) / np.float32(np.iinfo(alpha.dtype).max)
