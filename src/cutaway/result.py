"""One photo's result and what can be made of it: a cut-out, a matte, a new background; arrays and files."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, cast

import numpy as np

from cutaway.errors import OptionError, OutputError
from cutaway.options import FORMATS, Options, OutputFormat, check_choice
from cutaway.types import Backdrop, Canvas, Cutout, Fit, Floats, Frame, Matte, Pixels

if TYPE_CHECKING:
    from PIL import Image

    from cutaway.media.images import AnyPicture

    Photo: TypeAlias = AnyPicture | Frame

AnyPath: TypeAlias = str | os.PathLike[str]
Picture: TypeAlias = Frame | Cutout | Matte

log = logging.getLogger(__name__)

_K = TypeVar("_K", bound=Hashable)
_V = TypeVar("_V")


class Kept(Generic[_K, _V]):
    """The few values used last, each made once, whatever number of threads ask for it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[_K, _V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: _K, make: Callable[[], _V]) -> _V:
        """The value under `key`, made if it is not there."""
        with self._lock:
            if key not in self._values:
                self._values[key] = make()
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)
            return self._values[key]


Backgrounds: TypeAlias = Kept[tuple[str, float], Frame]
"""Background pictures in sRGB, by path and time of change."""


@dataclass(frozen=True, eq=False)
class Result:
    """One photo, its matte, and the picture that the options ask for.

    Attributes:
        frame: the photo as read.
        matte: how much of each pixel is subject: the network's answer, refined and cleaned as the options say.
        cutout: the photo's pixels and profile; its alpha is the matte, its edge moved and feathered, times what alpha
            the photo had.
        options: what was asked for.
        behind: a background given as a picture in memory; it comes before `options.background`.
    """

    frame: Frame
    matte: Matte
    cutout: Cutout
    options: Options
    behind: Backdrop | None = None
    _kept: Backgrounds = field(default_factory=lambda: Kept(2), repr=False)

    @property
    def backdrop(self) -> Backdrop:
        """What lies behind the subject."""
        return self.behind or self.options.backdrop

    @cached_property
    def picture(self) -> Picture:
        """What the options ask for, made when it is first wanted.

        A `Cutout` on no background or on a translucent one, a `Matte` for `mask_only`, else a `Frame`. A transparent
        result and an effect keep the photo's pixels and colour profile; on a new background and in a strip all becomes
        sRGB.

        Raises:
            ImageError: the background picture cannot be read.
        """
        if self.options.show == "strip":
            return self._strip()
        if self.options.mask_only:
            return Matte(self.cutout.alpha)
        if self.options.effect != "none":
            return self._with_effect()
        if self.backdrop.kind == "none":
            pixels = self._own_colour(self.cutout.pixels)
            return self.cutout if pixels is self.cutout.pixels else replace(self.cutout, pixels=pixels)
        return self._laid_over()

    def _own_colour(self, pixels: Pixels) -> Pixels:
        """The photo's pixels, in whatever colour space, with the subject's own colour along its edge."""
        if not self.options.foreground:
            return pixels
        from cutaway.pixels.foreground import foreground

        return foreground(pixels, self.matte.alpha, shown=self.cutout.alpha)

    def _strip(self) -> Frame:
        """Photo, matte and result in one row; what is transparent lies on white."""
        from cutaway.pixels.strip import grey, strip

        photo = _in_srgb(self.frame, "the photo")
        cutout = replace(self.cutout, pixels=photo.pixels, metadata=photo.metadata)
        options = self.options.with_changes({"show": "result"})
        made = replace(self, frame=photo, cutout=cutout, options=options).picture
        shown = [_on_white(photo), grey(self.cutout.alpha, photo.pixels), _on_white(made)]
        return replace(photo, pixels=strip(shown), alpha=None)

    def _with_effect(self) -> Frame:
        """The photo, changed: what hides goes by the network's answer itself, whatever is feathered or transparent."""
        from cutaway.pixels.effects import blur_subject, grey_background, pixelate_subject

        photo, matte = _on_white(self.frame), self.matte.alpha
        if self.options.effect == "blur-subject":
            pixels = blur_subject(photo, matte)
        elif self.options.effect == "pixelate-subject":
            pixels = pixelate_subject(photo, matte)
        else:
            pixels = grey_background(photo, self.cutout.alpha)
        return replace(self.frame, pixels=pixels, alpha=None)

    def _laid_over(self) -> Frame | Cutout:
        from cutaway.pixels.composite import over_colour, over_picture, over_translucent

        if self.backdrop.kind == "original":
            return replace(self.frame, pixels=_on_white(self.frame), alpha=None)
        photo, alpha = _in_srgb(self.frame, "the photo"), self.cutout.alpha
        subject = replace(photo, pixels=self._own_colour(photo.pixels))
        red, green, blue, opacity = self.backdrop.colour
        if self.backdrop.kind == "picture":
            return self._over_picture(subject)
        if self.backdrop.kind == "blur":
            pixels = over_picture(subject.pixels, alpha, self._blurred(photo))
        elif self.backdrop.kind in ("gradient", "checker"):
            from cutaway.pixels.grounds import computed

            behind = computed(self.backdrop, subject.size, like=subject.pixels)
            pixels = over_picture(subject.pixels, alpha, behind)
        elif opacity < 255:
            pixels, alpha = over_translucent(
                subject.pixels, alpha, (red, green, blue), background_alpha=opacity / 255
            )
            return Cutout(pixels, alpha, subject.metadata, subject.time)
        else:
            pixels = over_colour(subject.pixels, alpha, (red, green, blue))
        return replace(subject, pixels=pixels, alpha=None)

    def _over_picture(self, subject: Frame) -> Frame | Cutout:
        """Over a picture, one of the two brought to the other's size; translucent where the picture is."""
        from cutaway.pixels.composite import over_picture, over_translucent
        from cutaway.pixels.layout import fitted, placed

        behind, fit = self._background_picture(), self.backdrop.fit
        pixels, alpha, below, below_alpha = subject.pixels, self.cutout.alpha, behind.pixels, behind.alpha
        if self.backdrop.canvas == "background":
            pixels, alpha = placed(pixels, alpha, behind.size)
        else:
            below = fitted(below, subject.size, fit=fit)
            below_alpha = None if below_alpha is None else fitted(below_alpha, subject.size, fit=fit)
        if below_alpha is None:
            return replace(subject, pixels=over_picture(pixels, alpha, below), alpha=None)
        pixels, alpha = over_translucent(pixels, alpha, below, background_alpha=unit(below_alpha))
        return Cutout(pixels, alpha, subject.metadata, subject.time)

    def _background_picture(self) -> Frame:
        """The background picture in sRGB; a file is decoded once for all photos."""
        path = self.backdrop.picture
        if isinstance(path, Frame):
            return path
        changed = 0.0
        with contextlib.suppress(OSError):  # reading it tells better what is wrong
            changed = os.stat(path).st_mtime  # noqa: PTH116 - the path may hold anything
        return self._kept.get((path, changed), lambda: _in_srgb(read_photo(path), "the background"))

    def _blurred(self, subject: Frame) -> Pixels:
        from cutaway.pixels.blur import blur_background

        sigma_px = self.backdrop.blur_px or max(1.0, 0.02 * max(subject.size))
        not_background = self.matte.alpha
        if subject.alpha is not None:  # what the photo itself hides has no colour to blur
            not_background = np.maximum(not_background, 1 - unit(subject.alpha))
        return blur_background(subject.pixels, not_background, sigma_px=sigma_px)

    def over(
        self, background: str | Photo, *, fit: Fit | None = None, canvas: Canvas | None = None
    ) -> Result:
        """The same subject on another background; a matte or an effect that was asked for is given up.

        Args:
            background: what the `background` option takes (a colour, "blur", a path, ...), or a picture: a
                path object, bytes, a Pillow image, an array or a frame.
            fit, canvas: see `cutaway.Options`; None keeps what was, `canvas` only if there is a picture.

        Raises:
            OptionError: a value is none of these, or `canvas` is "background" and there is no picture.
            ImageError: the picture cannot be read.
        """
        check_choice("canvas", canvas)
        fit, kept = fit or self.backdrop.fit, canvas or self.backdrop.canvas
        bare = {"mask_only": False, "effect": "none", "background": "none", "canvas": "photo", "fit": fit}
        options = self.options.with_changes(bare)
        if not isinstance(background, str):
            picture = _in_srgb(read_photo(background), "the background")
            return replace(
                self, options=options, behind=Backdrop("picture", picture=picture, fit=fit, canvas=kept)
            )
        options = options.with_changes({"background": background})
        if canvas is not None or options.backdrop.kind == "picture":
            options = options.with_changes({"canvas": kept})
        return replace(self, options=options, behind=None)

    def to_bytes(self, format: OutputFormat | None = None) -> bytes:
        """The picture as the bytes of a file; the format is this one, else the options', else png.

        Raises:
            OptionError: the format is unknown.
            OutputError: the format cannot hold the picture.
        """
        from cutaway.media.encode import encode

        return encode(self.picture, format=format or self.options.format or "png")

    def save(self, path: AnyPath, *, overwrite: bool = True) -> None:
        """Write the picture to a file, whole or not at all.

        Args:
            path: the file; its suffix chooses the format unless the options do; png without a suffix.
            overwrite: replace a file of that name. The photo itself is never replaced.

        Raises:
            OptionError: the suffix is unknown.
            OutputExistsError: the file is there and `overwrite` is False.
            OutputError: it cannot be written, or is the very photo.
        """
        from cutaway.media.files import write_atomic

        name = os.fspath(path)
        if _same_file(name, self.frame.metadata.source):
            raise OutputError(
                f"{name!r} is the photo itself, which is never overwritten: choose another name"
            )
        write_atomic(path, self.to_bytes(self._format_for(name)), overwrite=overwrite)

    def _format_for(self, name: str) -> OutputFormat:
        from cutaway.media.files import suffix_format

        if self.options.format is not None:
            return self.options.format
        suffix = os.path.splitext(name)[1]  # noqa: PTH122
        if not suffix:
            return "png"
        known = suffix_format(name)
        if known is None:
            raise OptionError(f"{name!r}: the suffix {suffix!r} is not one of {', '.join(FORMATS)}")
        return cast(OutputFormat, known)

    def to_numpy(self) -> Pixels:
        """The picture as uint8 or uint16, like the photo.

        RGBA (H, W, 4) with straight alpha for a cut-out, RGB (H, W, 3) on a background, (H, W) for a matte.
        """
        picture, kind = self.picture, self.frame.pixels.dtype
        if isinstance(picture, Frame):
            return picture.pixels.copy()
        alpha: Pixels = np.rint(picture.alpha * np.float32(np.iinfo(kind).max)).astype(kind)
        if isinstance(picture, Matte):
            return alpha
        return cast(Pixels, np.dstack([picture.pixels, alpha]))

    def to_pil(self) -> Image.Image:
        """The picture as a Pillow image, RGBA, RGB or L, its colour profile in `info`; always 8 bit."""
        from PIL import Image

        from cutaway.media.colour import to_8_bits

        image = Image.fromarray(to_8_bits(self.to_numpy()))
        profile = None if isinstance(self.picture, Matte) else self.picture.metadata.icc_profile
        if profile is not None:
            image.info["icc_profile"] = profile
        return image


def read_photo(photo: Photo) -> Frame:
    """A photo in any of the shapes it may have, as a frame."""
    if isinstance(photo, Frame):
        return photo
    from cutaway.media.images import read_image

    return read_image(photo)


def _in_srgb(frame: Frame, what: str) -> Frame:
    from cutaway.media.colour import to_srgb

    converted = to_srgb(frame)
    if converted.pixels is not frame.pixels:
        log.info("%s was converted from its own colour profile to sRGB", what)
    return converted


def _on_white(picture: Picture) -> Pixels:
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


def _same_file(path: str, source: str | None) -> bool:
    if source is None:
        return False
    try:
        return os.path.samefile(path, source)  # noqa: PTH121
    except (OSError, ValueError):
        return False
