"""One photo's result and what can be made of it: a cut-out, a matte, a new background; arrays and files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

import numpy as np

from cutaway.errors import OptionError, OutputError
from cutaway.kept import Kept
from cutaway.looks import Dress, Logo, read_canvas, read_logo
from cutaway.making import Backgrounds, Made, Picture, in_srgb, make, read_photo
from cutaway.options import FORMATS, Options, OutputFormat
from cutaway.types import Backdrop, Canvas, Cutout, Fit, Frame, Mask, Matte, Pixels

if TYPE_CHECKING:
    from PIL import Image

    from cutaway.making import Photo

AnyPath: TypeAlias = str | os.PathLike[str]
SPECK = 0.02
"""A separate part of the subject is one of its own from this share of the largest part's area."""


class Mark(NamedTuple):
    """A logo in memory: where it goes, and the picture itself, in sRGB."""

    logo: Logo
    picture: Frame


@dataclass(frozen=True, eq=False)
class Result:
    """One photo, its matte, and the picture that the options ask for.

    The order of the steps is always the same: matte, cleaned, edge (these are done), the subject's own colour, crop and
    scale, its place on the canvas, outline and shadow, background, logo (docs/framing.md).

    Attributes:
        frame: the photo as read.
        matte: how much of each pixel is subject: the network's answer, refined and cleaned as the options say.
        cutout: the photo's pixels and profile; its alpha is the matte, its edge moved and feathered, times what alpha
            the photo had.
        options: what was asked for.
        behind: a background given as a picture in memory; it comes before `options.background`.
        mark: a logo given as a picture in memory, in sRGB; it comes before `options.logo`.
        remarks: what finding the subject left to say, one sentence each; part of `warnings`.
    """

    frame: Frame
    matte: Matte
    cutout: Cutout
    options: Options
    behind: Backdrop | None = None
    mark: Mark | None = None
    remarks: tuple[str, ...] = ()
    _kept: Backgrounds = field(default_factory=lambda: Kept(2), repr=False)

    @property
    def backdrop(self) -> Backdrop:
        """What lies behind the subject."""
        return self.behind or self.options.backdrop

    @property
    def dress(self) -> Dress:
        """Shadow, outline and logo."""
        dress = self.options.dress
        return dress if self.mark is None else dress._replace(logo=self.mark.logo)

    @property
    def picture(self) -> Picture:
        """What the options ask for, made when it is first wanted.

        A `Cutout` on no background or on a translucent one, a `Matte` for `mask_only`, else a `Frame`. A transparent
        result and an effect keep the photo's pixels and colour profile; on a new background and in a strip all becomes
        sRGB.

        Raises:
            ImageError: the background picture cannot be read.
        """
        return self._made.picture

    @property
    def confidence(self) -> float | None:
        """How far the matte can be trusted, in [0, 1]: the IoU with the truth that photos with such mattes had.

        0 where no subject was found; None where nobody knows.
        """
        return self.matte.confidence

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should look at before the picture is used, one sentence each; empty if all is well."""
        return self.remarks + self._made.warnings

    @cached_property
    def _made(self) -> Made:
        return make(self)

    def over(
        self,
        background: str | Photo,
        *,
        fit: Fit | None = None,
        position: str | None = None,
        canvas: str | None = None,
    ) -> Result:
        """The same subject on another background; a matte or an effect that was asked for is given up.

        Args:
            background: what the `background` option takes (a colour, "blur", a path, ...), or a picture: a
                path object, bytes, a Pillow image, an array or a frame.
            fit, position, canvas: see `cutaway.Options`; None keeps what was, `canvas` only if there is a picture.

        Raises:
            OptionError: a value is none of these, or `canvas` is "background" and there is no picture.
            ImageError: the picture cannot be read.
        """
        fit, was = fit or self.backdrop.fit, "background" if self.backdrop.canvas == "background" else None
        kept = canvas or was or self.options.canvas
        plain = "photo" if read_canvas(kept).kind == "background" else kept
        bare = {
            "mask_only": False,
            "effect": "none",
            "background": "transparent",
            "canvas": plain,
            "fit": fit,
        }
        options = self.options.with_changes(bare | ({} if position is None else {"position": position}))
        if not isinstance(background, str):
            picture = in_srgb(read_photo(background), "the background")
            own: Canvas = "background" if kept == "background" else "photo"
            return replace(
                self,
                options=options,
                behind=replace(options.backdrop, kind="picture", picture=picture, canvas=own),
            )
        options = options.with_changes({"background": "transparent" if background == "none" else background})
        if canvas is not None or options.backdrop.kind == "picture":
            options = options.with_changes({"canvas": kept})
        return replace(self, options=options, behind=None)

    def with_logo(self, logo: Photo, said: str = "") -> Result:
        """The same under a logo that is given as a picture.

        Args:
            logo: the picture: a path, bytes, a Pillow image, an array or a frame.
            said: its place and width as the `logo` option has them behind the path: "top-left,12%".

        Raises:
            OptionError: `said` is not that, or a matte was asked for.
            ImageError: the picture cannot be read.
        """
        place = logo_in_memory(self.options, said)
        return replace(self, mark=Mark(place, in_srgb(read_photo(logo), "the logo")))

    def each(self) -> list[Result]:
        """The separate subjects of the photo, each as a result of its own with the same options, from left to right.

        Parts smaller than a fiftieth of the largest one are specks and left out. A photo without a subject gives
        this very result alone.
        """
        from cutaway.pixels.cleanup import parts

        found = parts(self.cutout.alpha, smallest=SPECK)
        return [self._only(mask) for mask in found] if len(found) > 1 else [self]

    def _only(self, mask: Mask) -> Result:
        """The same with all else transparent."""
        matte = Matte(np.where(mask, self.matte.alpha, np.float32(0)))
        alpha = np.where(mask, self.cutout.alpha, np.float32(0))
        return replace(self, matte=matte, cutout=replace(self.cutout, alpha=alpha))

    def to_bytes(self, format: OutputFormat | None = None) -> bytes:
        """The picture as the bytes of a file; the format is this one, else the options', else png.

        Raises:
            OptionError: the format is unknown, or a quality or PNG level was asked for that it does not know.
            OutputError: the format cannot hold the picture.
        """
        from cutaway.writing import file_of

        return file_of(self, format or self.options.format or "png")

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


def logo_in_memory(options: Options, said: str) -> Logo:
    """The place and width of a logo that is given as a picture.

    Raises:
        OptionError: `said` is not PLACE,SCALE, or the options contradict a logo.
    """
    if options.mask_only:
        raise OptionError("mask_only writes the matte, which has no logo: leave out one of the two")
    return read_logo(said, in_memory=True)


def _same_file(path: str, source: str | None) -> bool:
    if source is None:
        return False
    try:
        return os.path.samefile(path, source)  # noqa: PTH121
    except (OSError, ValueError):
        return False
