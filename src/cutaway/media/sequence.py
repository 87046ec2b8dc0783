"""Videos as folders: numbered PNGs out, pictures in the order of their names in."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from cutaway.errors import ImageError, OptionError, OutputExistsError
from cutaway.media.encode import encode
from cutaway.media.files import printable, write_atomic
from cutaway.media.images import read_image
from cutaway.media.video.colour import Colour
from cutaway.media.video.encode import Picture
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.read import EVERYTHING, Part
from cutaway.pixels.resize import resize
from cutaway.types import Frame

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".avif"})
NAME = "frame-{:06d}.png"


class SequenceReader:
    """A folder of pictures as a video of a fixed rate; numbers in names count as numbers (2 before 10).

    Args:
        path: the folder.
        part: which pictures, and how large.
        fps: pictures in a second.

    Raises:
        ImageError: there is no picture in it, or the first cannot be read.
        OptionError: `part` begins behind the end.
    """

    def __init__(self, path: Path, part: Part = EVERYTHING, *, fps: Fraction = Fraction(25)) -> None:
        self.path, self.part, self._fps = path, part, fps
        self.damaged, self.missing = 0, 0.0
        files = [f for f in path.iterdir() if f.suffix.lower() in SUFFIXES and not f.name.startswith(".")]
        if not files:
            raise ImageError(f"{printable(path)} holds no pictures to make a video of")
        wanted = [f for i, f in enumerate(sorted(files, key=_natural)) if self._is_wanted(Fraction(i) / fps)]
        if not wanted:
            raise OptionError(
                f"start ({float(part.start or 0):g} s) lies behind the end of {printable(path)}"
            )
        self._files = wanted[:: part.every]
        first = read_image(self._files[0])
        self.info = VideoInfo(
            size=part.limited(first.size),
            rate=fps / part.every,
            time_base=1 / fps,
            frames=len(self._files),
            colour=Colour("rgb", True),
            bits=8 * first.pixels.dtype.itemsize,
            transparent=first.alpha is not None,
        )

    def _is_wanted(self, time: Fraction) -> bool:
        return time >= (self.part.start or 0) and (self.part.end is None or time < self.part.end)

    def __iter__(self) -> Iterator[Frame]:
        """The frames; one that cannot be read is an error that names it."""
        for index, file in enumerate(self._files):
            frame = read_image(file)
            pixels = resize(frame.pixels, self.info.size)
            alpha = None if frame.alpha is None else resize(frame.alpha, self.info.size)
            yield Frame(pixels, alpha, frame.metadata, index * self.part.every / self._fps)

    def close(self) -> None:
        """Nothing is open."""


def _natural(path: Path) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name) if part
    ]


class SequenceWriter:
    """Numbered PNGs in a folder, each there complete or not at all.

    Args:
        path: the folder; it is made if need be.
        overwrite: whether PNGs of these names may be replaced.

    Raises:
        OutputExistsError: there are such PNGs and they may not be replaced.
    """

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self._folder, self._overwrite = path, overwrite
        if not overwrite and (path / NAME.format(0)).exists():
            raise OutputExistsError(
                f"{printable(path)} holds frames already; allow overwriting to replace them"
            )
        self._written: list[Path] = []
        self.notes: list[str] = []

    def write(self, picture: Picture, time: Fraction) -> None:
        """Add a picture; a folder keeps no time.

        Raises:
            OutputError: it cannot be written.
        """
        target = self._folder / NAME.format(len(self._written))
        write_atomic(target, encode(picture, format="png"), overwrite=self._overwrite)
        self._written.append(target)

    def finish(self) -> None:
        """All frames are there already."""

    def abandon(self) -> None:
        """Delete the frames that were written."""
        for file in self._written:
            with contextlib.suppress(OSError):
                file.unlink()
        self._written.clear()
        with contextlib.suppress(OSError):  # not empty: it was there before
            self._folder.rmdir()
