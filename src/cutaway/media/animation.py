"""Animations: GIF, WebP, APNG and AVIF through Pillow, which knows them all and their transparency."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from PIL import Image, ImageSequence

from cutaway.errors import OptionError, OutputError
from cutaway.media.colour import to_8_bits, to_srgb
from cutaway.media.files import AnyPath, printable
from cutaway.media.lossy import AVIF_OPTIONS, gif_image
from cutaway.media.moving import begins_with_another, pictures_of, plays_of
from cutaway.media.opening import decoding, open_picture
from cutaway.media.video.codecs import LOSSLESS, parse_quality
from cutaway.media.video.colour import Colour
from cutaway.media.video.encode import Picture, to_steps, without_hidden
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.read import EVERYTHING, Part
from cutaway.media.video.whole import WholeFile
from cutaway.pixels.resize import resize
from cutaway.types import Frame, Matte, Metadata

FORMATS = {".gif": "GIF", ".webp": "WEBP", ".apng": "PNG", ".avif": "AVIF"}
"""Suffix to Pillow's name of the format."""

_MS = Fraction(1, 1000)
_TICKS = {"GIF": Fraction(1, 100), "WEBP": _MS, "PNG": _MS}
_PNG_LEVEL = 6
"""The unit in which each format counts a picture's duration."""
_DEFAULT_MS = 100
"""A duration of 0 means this to browsers."""
MAX_PIXELS = 600_000_000
"""Pillow writes an animation from all its pictures at once: more pixels than this are refused."""


class AnimationReader:
    """An animation, opened; iterate over it once for its frames.

    Args:
        source: a GIF, WebP, (A)PNG or AVIF file, or its bytes.
        part: which frames, and how large.

    Attributes:
        plays: how often it is shown; 0 for ever.
        length: seconds that have been iterated over so far.

    Raises:
        ImageError: it cannot be read.
        OptionError: `part` begins behind its end.
    """

    def __init__(self, source: AnyPath | bytes, part: Part = EVERYTHING) -> None:
        self.path = Path("picture") if isinstance(source, bytes) else Path(source)
        self.part = part
        self.damaged, self.missing, self.length = 0, 0.0, Fraction(0)
        with ExitStack() as stack:
            opened = stack.enter_context(open_picture(source))
            self._name, self._image = opened.name, opened.image
            with decoding(self._name):
                count = pictures_of(self._image)
                self._image.load()  # a WebP tells a picture's duration only then
            self._stack = stack.pop_all()
        first = self._duration(self._image)
        self.plays = plays_of(self._image)
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
                self.length = time - cut + length
                if index % self.part.every == 0:
                    yield self._frame(image, time - cut)
                index += 1
            time += length
        if cut is None:
            raise OptionError(f"start ({float(start):g} s) lies behind the end of {printable(self.path)}")

    def _images(self) -> Iterator[Image.Image]:
        with decoding(self._name):
            for index, image in enumerate(ImageSequence.Iterator(self._image)):
                image.load()
                if index or not begins_with_another(image):
                    yield image

    def _frame(self, image: Image.Image, time: Fraction) -> Frame:
        clear = image.has_transparency_data
        array = np.asarray(image.convert("RGBA" if clear else "RGB"))
        array = cast(Any, resize(array, self.info.size))
        own = np.ascontiguousarray(array[..., 3]) if clear else None
        profile = image.info.get("icc_profile") or None
        metadata = Metadata(icc_profile=profile, source=str(self.path))
        return Frame(np.ascontiguousarray(array[..., :3]), own, metadata, time)

    def close(self) -> None:
        """Close the file."""
        self._stack.close()


class AnimationPictures:
    """The pictures of an animation that is being made; Pillow wants all at once, so they are kept, as small as can be.

    Args:
        format: Pillow's name of the format, one of `FORMATS.values()`.
        quality: 0..100 or "lossless"; it matters to WebP and AVIF.
        plays: how often it is shown; 0 for ever.
        png_level: of APNG, 0 to 9.
    """

    def __init__(
        self, format: str, *, quality: str | int = LOSSLESS, plays: int = 0, png_level: int = _PNG_LEVEL
    ) -> None:
        self._format, self._quality, self._plays, self._png_level = format, quality, plays, png_level
        self._images: list[Image.Image] = []
        self._times: list[Fraction] = []
        self._profile: bytes | None = None

    def add(self, picture: Picture, time: Fraction) -> None:
        """Add a picture, shown from `time` seconds on.

        Raises:
            OutputError: the animation becomes too large to be kept in memory.
        """
        image = self._image(picture)
        if (len(self._images) + 1) * image.width * image.height > MAX_PIXELS:
            raise OutputError(
                "the animation is too large: shorten it with --start, --end, --every or --max-size of "
                "'cutaway video', or write a video"
            )
        self._images.append(image)
        self._times.append(time)

    def _image(self, picture: Picture) -> Image.Image:
        if isinstance(picture, Matte):
            return Image.fromarray(to_steps(picture.alpha))
        pixels, profile = picture.pixels, picture.metadata.icc_profile
        if self._format == "GIF":  # which has no place for a profile
            pixels = to_srgb(Frame(pixels, metadata=picture.metadata)).pixels
        else:
            self._profile = profile
        pixels = to_8_bits(pixels)
        if isinstance(picture, Frame):
            return Image.fromarray(pixels)
        alpha = to_steps(picture.alpha)
        if self._format == "GIF":
            return gif_image(np.dstack([pixels, alpha]))
        return Image.fromarray(np.dstack([without_hidden(pixels, alpha), alpha]))

    def write(self, stream: IO[bytes], *, end: Fraction) -> None:
        """Write the file; `end` is the time at which the last picture goes."""
        first, *rest = self._images
        options = {"duration": self._durations(end), **self._options()}
        first.save(stream, self._format, save_all=True, append_images=rest, **options)

    def _options(self) -> dict[str, Any]:
        if self._format == "GIF":
            again = {} if self._plays == 1 else {"loop": max(0, self._plays - 1)}
            return {"disposal": 2, "optimize": False, **again}
        options: dict[str, Any] = {"loop": self._plays, "icc_profile": self._profile or b""}
        lossless = self._quality == LOSSLESS
        if self._format == "PNG":
            options |= {"compress_level": self._png_level, "icc_profile": self._profile}
        elif self._format == "WEBP":
            quality = {} if lossless else {"quality": parse_quality(self._quality)}
            options |= {"lossless": lossless, "exact": True, "alpha_quality": 100, **quality}
        else:
            quality = {"quality": 100 if lossless else parse_quality(self._quality)}
            options |= {**AVIF_OPTIONS, **quality}
        return options

    def _durations(self, end: Fraction) -> list[int]:
        """Milliseconds of each picture, rounded so that the errors do not add up."""
        tick = _TICKS.get(self._format, _MS)
        start = self._times[0]
        marks = [round((time - start) / tick) for time in [*self._times, end]]
        return [max(1, after - before) * int(tick / _MS) for before, after in pairwise(marks)]

    @property
    def last_time(self) -> Fraction:
        """When the last picture begins."""
        return self._times[-1]

    def clear(self) -> None:
        """Forget the pictures."""
        self._images.clear()


class AnimationWriter:
    """An animation that appears under its name when it is complete.

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
        self._pictures = AnimationPictures(FORMATS[Path(path).suffix.lower()], quality=quality)
        self._file = WholeFile(path, overwrite=overwrite)
        self._last = 1 / info.rate
        self.notes: list[str] = []

    def write(self, picture: Picture, time: Fraction) -> None:
        """Add a picture, shown from `time` seconds on.

        Raises:
            OutputError: the animation becomes too large to be kept in memory.
        """
        try:
            self._pictures.add(picture, time)
        except OutputError:
            self.abandon()
            raise

    def finish(self) -> None:
        """Write the file.

        Raises:
            OutputError: it cannot be written.
        """
        try:
            with self._file.temporary.open("wb") as stream:
                self._pictures.write(stream, end=self._pictures.last_time + self._last)
        except (OSError, ValueError) as error:
            self.abandon()
            raise OutputError(f"cannot write {printable(self._file.path)}: {error}") from error
        self._file.finish()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._pictures.clear()
        self._file.drop()
