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
from cutaway.options import FORMATS, Options, OutputFormat
from cutaway.types import Cutout, Floats, Frame, Matte, Pixels

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
        matte: how much of each pixel is subject, as the network answered.
        cutout: the photo's pixels and profile with the matte as alpha, times the alpha the photo already had.
        options: what was asked for.
        behind: a background given as a picture in memory; it comes before `options.background`.
    """

    frame: Frame
    matte: Matte
    cutout: Cutout
    options: Options
    behind: Frame | None = None
    _kept: Backgrounds = field(default_factory=lambda: Kept(2), repr=False)

    @cached_property
    def picture(self) -> Picture:
        """What the options ask for, made when it is first wanted.

        A `Cutout` on no background or on a translucent one, a `Matte` for `mask_only`, else a `Frame`. A
        transparent result keeps the photo's pixels and colour profile; on a new background all becomes sRGB.

        Raises:
            ImageError: the background picture cannot be read.
        """
        if self.options.mask_only:
            return Matte(self.cutout.alpha)
        if self.behind is None and self.options.backdrop.kind == "none":
            return self.cutout
        return self._laid_over()

    def _laid_over(self) -> Frame | Cutout:
        from cutaway.pixels.composite import over_colour, over_picture, over_translucent

        subject, alpha = _in_srgb(self.frame, "the photo"), self.cutout.alpha
        backdrop = self.options.backdrop
        red, green, blue, opacity = backdrop.colour
        if self.behind is not None or backdrop.kind == "picture":
            return self._over_frame(subject)
        if backdrop.kind == "blur":
            pixels = over_picture(subject.pixels, alpha, self._blurred(subject))
        elif opacity < 255:
            pixels, alpha = over_translucent(
                subject.pixels, alpha, (red, green, blue), background_alpha=opacity / 255
            )
            return Cutout(pixels, alpha, subject.metadata, subject.time)
        else:
            pixels = over_colour(subject.pixels, alpha, (red, green, blue))
        return replace(subject, pixels=pixels, alpha=None)

    def _over_frame(self, subject: Frame) -> Frame | Cutout:
        """Over a picture, scaled and cropped to cover; translucent where the picture is."""
        from cutaway.pixels.composite import over_picture, over_translucent
        from cutaway.pixels.resize import fit_cover

        behind = self.behind or self._background_file()
        below = fit_cover(behind.pixels, subject.size)
        if behind.alpha is None:
            return replace(subject, pixels=over_picture(subject.pixels, self.cutout.alpha, below), alpha=None)
        below_alpha = unit(fit_cover(behind.alpha, subject.size))
        pixels, alpha = over_translucent(
            subject.pixels, self.cutout.alpha, below, background_alpha=below_alpha
        )
        return Cutout(pixels, alpha, subject.metadata, subject.time)

    def _background_file(self) -> Frame:
        """The background picture in sRGB, decoded once for all photos."""
        path = self.options.backdrop.picture
        changed = 0.0
        with contextlib.suppress(OSError):  # reading it tells better what is wrong
            changed = os.stat(path).st_mtime  # noqa: PTH116 - the path may hold anything
        return self._kept.get((path, changed), lambda: _in_srgb(read_photo(path), "the background"))

    def _blurred(self, subject: Frame) -> Pixels:
        from cutaway.pixels.blur import blur_background

        sigma_px = self.options.backdrop.blur_px or max(1.0, 0.02 * max(subject.size))
        not_background = self.matte.alpha
        if subject.alpha is not None:  # what the photo itself hides has no colour to blur
            not_background = np.maximum(not_background, 1 - unit(subject.alpha))
        return blur_background(subject.pixels, not_background, sigma_px=sigma_px)

    def over(self, background: str | AnyPicture) -> Result:
        """The same subject on another background.

        Args:
            background: what the `background` option takes (a colour, "blur", a path, ...), or a picture: a
                path object, bytes, a Pillow image or an array.

        Raises:
            OptionError: a string that is none of these.
            ImageError: the picture cannot be read.
        """
        if isinstance(background, str):
            options = self.options.with_changes({"mask_only": False, "background": background})
            return replace(self, options=options, behind=None)
        options = self.options.with_changes({"mask_only": False, "background": "none"})
        return replace(self, options=options, behind=_in_srgb(read_photo(background), "the background"))

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
