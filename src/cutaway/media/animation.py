"""Animations: GIF, WebP and APNG through Pillow, which knows all three and their transparency."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image, ImageSequence

from cutaway.errors import ImageError, OptionError, OutputError
from cutaway.media.colour import to_8_bits
from cutaway.media.files import AnyPath, printable
from cutaway.media.lossy import gif_image
from cutaway.media.video.codecs import LOSSLESS, parse_quality
from cutaway.media.video.colour import Colour
from cutaway.media.video.encode import Picture, to_steps, without_hidden
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.read import EVERYTHING, Part
from cutaway.media.video.whole import WholeFile
from cutaway.pixels.resize import resize
from cutaway.types import Frame, Matte, Metadata

FORMATS = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG"}
"""Suffix to Pillow's name of the format."""

_MS = Fraction(1, 1000)
_TICKS = {"GIF": Fraction(1, 100), "WEBP": _MS, "PNG": _MS}
"""The unit in which each format counts a picture's duration."""
_DEFAULT_MS = 100
"""A duration of 0 means this to browsers."""
MAX_PIXELS = 600_000_000
"""Pillow writes an animation from all its pictures at once: more pixels than this are refused."""


class AnimationReader:
    """An animation, opened; iterate over it once for its frames.

    Args:
        path: a GIF, WebP or (A)PNG file.
        part: which frames, and how large.

    Raises:
        ImageError: it cannot be read.
        OptionError: `part` begins behind its end.
    """

    def __init__(self, path: AnyPath, part: Part = EVERYTHING) -> None:
        self.path, self.part = Path(path), part
        self.damaged, self.missing = 0, 0.0
        try:
            self._image = Image.open(path)
            count = int(getattr(self._image, "n_frames", 1))
            self._image.load()  # a WebP tells a picture's duration only then
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ImageError(f"{printable(path)} cannot be read as an animation: {error}") from error
        first = self._duration(self._image)
        self.info = VideoInfo(
            size=part.limited((self._image.height, self._image.width)),
            rate=1 / (first * part.every),
            time_base=_MS,
            frames=-(-count // part.every) if part.start is None and part.end is None else None,
            colour=Colour("rgb", True),
            transparent=self._image.has_transparency_data,
        )

    @staticmethod
    def _duration(image: Image.Image) -> Fraction:
        """How long the current picture is shown; APNG in Pillow gives it as a float."""
        return Fraction(round(float(image.info.get("duration") or _DEFAULT_MS))) * _MS

    def __iter__(self) -> Iterator[Frame]:
        """The frames; times begin at 0."""
        time, index, cut = Fraction(0), 0, None
        start, end = self.part.start or Fraction(0), self.part.end
        for image in self._images():
            length = self._duration(image)
            if time >= start and (end is None or time < end):
                cut = time if cut is None else cut
                if index % self.part.every == 0:
                    yield self._frame(image, time - cut)
                index += 1
            time += length
        if cut is None:
            raise OptionError(f"start ({float(start):g} s) lies behind the end of {printable(self.path)}")

    def _images(self) -> Iterator[Image.Image]:
        try:
            for image in ImageSequence.Iterator(self._image):
                image.load()
                yield image
        except (OSError, ValueError, SyntaxError) as error:
            raise ImageError(f"{printable(self.path)} is damaged: {error}") from error

    def _frame(self, image: Image.Image, time: Fraction) -> Frame:
        clear = image.has_transparency_data
        array = np.asarray(image.convert("RGBA" if clear else "RGB"))
        array = cast(Any, resize(array, self.info.size))
        own = np.ascontiguousarray(array[..., 3]) if clear else None
        return Frame(np.ascontiguousarray(array[..., :3]), own, Metadata(source=str(self.path)), time)

    def close(self) -> None:
        """Close the file."""
        self._image.close()


class AnimationWriter:
    """An animation that appears under its name when it is complete.

    Pillow wants all pictures at once, so they are kept, as small as they can be, until `finish`.

    Args:
        path: .gif, .webp or .apng.
        info: of the video whose frames were worked on.
        quality: 0..100 or "lossless"; it matters to WebP alone.
        overwrite: whether a file of that name may be replaced.

    Raises:
        OutputExistsError: the file is there and may not be replaced.
    """

    def __init__(
        self, path: AnyPath, info: VideoInfo, *, quality: str | int = LOSSLESS, overwrite: bool = False
    ) -> None:
        self._format = FORMATS[Path(path).suffix.lower()]
        self._file = WholeFile(path, overwrite=overwrite)
        self._quality = quality
        self._last = 1 / info.rate
        self._images: list[Image.Image] = []
        self._times: list[Fraction] = []
        self.notes: list[str] = []

    def write(self, picture: Picture, time: Fraction) -> None:
        """Add a picture, shown from `time` seconds on.

        Raises:
            OutputError: the animation becomes too large to be kept in memory.
        """
        image = self._image(picture)
        if (len(self._images) + 1) * image.width * image.height > MAX_PIXELS:
            self.abandon()
            raise OutputError(
                "the animation is too large: shorten it with --start, --end, --every or --max-size, "
                "or write a video"
            )
        self._images.append(image)
        self._times.append(time)

    def _image(self, picture: Picture) -> Image.Image:
        if isinstance(picture, Matte):
            return Image.fromarray(to_steps(picture.alpha))
        pixels = to_8_bits(picture.pixels)
        if isinstance(picture, Frame):
            return Image.fromarray(pixels)
        alpha = to_steps(picture.alpha)
        if self._format == "GIF":
            return gif_image(np.dstack([pixels, alpha]))
        return Image.fromarray(np.dstack([without_hidden(pixels, alpha), alpha]))

    def finish(self) -> None:
        """Write the file.

        Raises:
            OutputError: it cannot be written.
        """
        options: dict[str, Any] = {"duration": self._durations(), "loop": 0}
        if self._format == "GIF":
            options.update(disposal=2, optimize=False)
        elif self._format == "WEBP":
            lossless = self._quality == LOSSLESS
            quality = {} if lossless else {"quality": parse_quality(self._quality)}
            options.update(lossless=lossless, exact=True, alpha_quality=100, **quality)
        try:
            first, *rest = self._images
            with self._file.temporary.open("wb") as stream:
                first.save(stream, self._format, save_all=True, append_images=rest, **options)
        except (OSError, ValueError) as error:
            self.abandon()
            raise OutputError(f"cannot write {printable(self._file.path)}: {error}") from error
        self._file.finish()

    def _durations(self) -> list[int]:
        """Milliseconds of each picture, rounded so that the errors do not add up."""
        tick = _TICKS[self._format]
        start = self._times[0]
        ends = [*self._times[1:], self._times[-1] + self._last]
        marks = [round((time - start) / tick) for time in [start, *ends]]
        return [max(1, after - before) * int(tick / _MS) for before, after in pairwise(marks)]

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._images.clear()
        self._file.drop()
