"""Making the picture that the options ask for, out of a photo and its matte.

`Result` says what can be asked for; here is how it is done, one function for each kind of picture.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np

from cutaway.engines.threads import usable_threads
from cutaway.kept import Kept
from cutaway.types import Cutout, Floats, Frame, Matte, Pixels

if TYPE_CHECKING:
    from cutaway.media.images import AnyPicture
    from cutaway.pixels.placing import Placement
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

    The order is always the same: the subject's own colour, crop and scale, its place on the canvas, outline, shadow,
    background, logo.

    Raises:
        ImageError: the background picture or the logo cannot be read.
        OptionError: the canvas would be far too large.
    """
    if result.options.show == "strip":
        return _strip(result)
    if result.options.effect != "none":
        return Made(_with_logo(result, _with_effect(result)))
    photo = in_srgb(result.frame, "the photo") if _becomes_srgb(result) else result.frame
    placement, warnings = _placement(result)
    subject = _subject(result, photo, placement)
    if result.options.preset is not None:
        from cutaway.presets import remarks

        scale = 1.0 if placement is None else placement.scale
        warnings += remarks(result.options, subject.size, scale=scale)
    for warning in warnings:
        log.warning("%s", f"{photo.metadata.source}: {warning}" if photo.metadata.source else warning)
    if result.options.mask_only:
        return Made(Matte(subject.alpha), warnings)
    return Made(_with_logo(result, _over_ground(result, subject, photo, placement)), warnings)


def layers(result: Result) -> tuple[Cutout | None, Cutout, Frame | Cutout | None]:
    """Logo, subject and background of a result, each alone on the whole canvas; None for what it does not have."""
    photo = in_srgb(result.frame, "the photo") if _becomes_srgb(result) else result.frame
    placement, _ = _placement(result)
    subject = _subject(result, photo, placement)
    hidden = replace(subject, alpha=np.zeros_like(subject.alpha))
    logo = None if result.dress.logo is None else _with_logo(result, hidden)
    ground = None if result.backdrop.kind == "none" else _over_ground(result, hidden, photo, placement)
    return cast(Cutout | None, logo), subject, ground


def _strip(result: Result) -> Made:
    """Photo, matte and result in one row; what is transparent lies on white."""
    from cutaway.pixels.strip import grey, strip

    photo = in_srgb(result.frame, "the photo")
    cutout = replace(result.cutout, pixels=photo.pixels, metadata=photo.metadata)
    options = result.options.with_changes({"show": "result"})
    made = make(replace(result, frame=photo, cutout=cutout, options=options))
    shown = [on_white(photo), grey(result.cutout.alpha, photo.pixels), on_white(made.picture)]
    return Made(replace(photo, pixels=strip(shown), alpha=None), made.warnings)


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


def _becomes_srgb(result: Result) -> bool:
    """Whether anything is added that has colours of its own; else the photo keeps its pixels and profile."""
    dress = result.dress
    return result.backdrop.kind not in ("none", "original") or bool(dress.outline or dress.logo)


def _placement(result: Result) -> tuple[Placement | None, tuple[str, ...]]:
    in_background = result.backdrop.canvas == "background"
    if result.options.framing.is_plain and not in_background:
        return None, ()
    from cutaway.staging import placement_of

    below = _background_picture(result).size if in_background else None
    return placement_of(result.cutout.alpha, result.options.framing, result.dress, below=below)


def _subject(result: Result, photo: Frame, placement: Placement | None) -> Cutout:
    """The subject on its canvas, with its own colour, outline and shadow."""
    pixels = photo.pixels if photo is not result.frame else result.cutout.pixels
    if result.backdrop.kind != "original" and not result.options.mask_only:
        pixels = _own_colour(result, pixels)
    subject = replace(result.cutout, pixels=pixels, metadata=photo.metadata)
    if placement is None and result.dress.only_logo:
        return subject
    from cutaway.staging import dressed, framed

    return dressed(framed(subject, placement), result.dress)


def _own_colour(result: Result, pixels: Pixels) -> Pixels:
    """The photo's pixels, in whatever colour space, with the subject's own colour along its edge."""
    if not result.options.foreground:
        return pixels
    from cutaway.pixels.foreground import foreground

    threads = result.options.threads or usable_threads()
    own = foreground(pixels, result.matte.alpha, shown=result.cutout.alpha, threads=threads)
    return _without_spill(result, own) if result.options.is_keyed else own


def _without_spill(result: Result, pixels: Pixels) -> Pixels:
    """The subject's colours without the light of the screen that it stood before."""
    from cutaway.engines.chroma import read_screen
    from cutaway.pixels.chroma import screen_of, without_spill

    screen = read_screen(result.options.model) or screen_of(result.frame.pixels)
    return pixels if screen is None else without_spill(pixels, result.matte.alpha, screen)


def _over_ground(
    result: Result, subject: Cutout, photo: Frame, placement: Placement | None
) -> Frame | Cutout:
    """The subject laid over what the options want behind it."""
    kind = result.backdrop.kind
    if kind == "none":
        return subject
    if kind == "original":
        return _over_original(result, subject, photo, placement)
    if kind == "colour":
        return _over_colour(subject, result.backdrop.colour)
    if kind == "picture":
        return _over_picture(result, subject)
    return _over_opaque(subject, _computed(result, subject, photo, placement))


def _computed(result: Result, subject: Cutout, photo: Frame, placement: Placement | None) -> Pixels:
    """A gradient or checkerboard as large as the canvas, or the photo blurred, in its own place on it."""
    if result.backdrop.kind != "blur":
        from cutaway.pixels.grounds import computed

        return computed(result.backdrop, subject.size, like=subject.pixels)
    blurred = _blurred(result, photo)
    if placement is None:
        return blurred
    from cutaway.pixels.placing import ground

    return ground(placement, blurred)


def _over_original(
    result: Result, subject: Cutout, photo: Frame, placement: Placement | None
) -> Frame | Cutout:
    """The photo with its own background; transparent where the canvas is larger."""
    from cutaway.pixels.composite import over_translucent

    whole = Cutout(on_white(photo), np.ones(photo.size, np.float32), photo.metadata, photo.time)
    if placement is not None:
        from cutaway.staging import framed

        whole = framed(whole, placement)
    pixels, alpha = whole.pixels, whole.alpha
    if not result.dress.only_logo:
        pixels, alpha = over_translucent(subject.pixels, subject.alpha, pixels, background_alpha=alpha)
    if alpha.min() < 1:
        return replace(whole, pixels=pixels, alpha=alpha)
    return Frame(pixels, metadata=photo.metadata, time=photo.time)


def _over_colour(subject: Cutout, colour: tuple[int, int, int, int]) -> Frame | Cutout:
    from cutaway.pixels.composite import over_colour, over_translucent

    *rgb, opacity = colour
    red, green, blue = rgb
    if opacity == 255:
        pixels = over_colour(subject.pixels, subject.alpha, (red, green, blue))
        return Frame(pixels, metadata=subject.metadata, time=subject.time)
    pixels, alpha = over_translucent(
        subject.pixels, subject.alpha, (red, green, blue), background_alpha=opacity / 255
    )
    return replace(subject, pixels=pixels, alpha=alpha)


def _over_picture(result: Result, subject: Cutout) -> Frame | Cutout:
    """Over a picture brought to the canvas's size; translucent where the picture is."""
    from cutaway.pixels.composite import over_translucent
    from cutaway.pixels.layout import fitted

    behind, fit, position = _background_picture(result), result.backdrop.fit, result.backdrop.position
    below = fitted(behind.pixels, subject.size, fit=fit, position=position)
    if behind.alpha is None:
        return _over_opaque(subject, below)
    below_alpha = unit(fitted(behind.alpha, subject.size, fit=fit, position=position))
    pixels, alpha = over_translucent(subject.pixels, subject.alpha, below, background_alpha=below_alpha)
    return replace(subject, pixels=pixels, alpha=alpha)


def _over_opaque(subject: Cutout, below: Pixels) -> Frame:
    from cutaway.pixels.composite import over_picture

    pixels = over_picture(subject.pixels, subject.alpha, below)
    return Frame(pixels, metadata=subject.metadata, time=subject.time)


def _with_logo(result: Result, picture: Frame | Cutout) -> Frame | Cutout:
    logo = result.dress.logo
    if logo is None:
        return picture
    from cutaway.staging import with_logo

    frame = in_srgb(Frame(picture.pixels, metadata=picture.metadata), "the result")
    picture = replace(picture, pixels=frame.pixels, metadata=frame.metadata)
    mark = result.mark.picture if result.mark else _kept_picture(result, logo.picture, "the logo")
    return with_logo(picture, logo, mark)


def _background_picture(result: Result) -> Frame:
    picture = result.backdrop.picture
    return picture if isinstance(picture, Frame) else _kept_picture(result, picture, "the background")


def _kept_picture(result: Result, path: str, what: str) -> Frame:
    """A picture from a file, in sRGB; decoded once for all photos."""
    changed = 0.0
    with contextlib.suppress(OSError):  # reading it tells better what is wrong
        changed = os.stat(path).st_mtime  # noqa: PTH116 - the path may hold anything
    return result._kept.get((path, changed), lambda: in_srgb(read_photo(path), what))


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
