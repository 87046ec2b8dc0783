"""A video as the background: looped if it is shorter, trimmed if it is longer, at its own frame rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from cutaway.errors import ImageError
from cutaway.streams.sources import Source, open_source
from cutaway.types import Frame


class VideoBehind:
    """Plays a background video along with another one.

    Args:
        path: the background video.
        begin: time at which it begins; None is the first that is asked for.

    Raises:
        ImageError: it cannot be read.
    """

    def __init__(self, path: Path, *, begin: Fraction | None = None) -> None:
        self._path = path
        self._source: Source | None = None
        self._frames: Iterator[Frame] = iter(())
        self._begin = begin
        self._round = Fraction(0)
        self._shown: Frame | None = None
        self._next: Frame | None = None
        self._first = Fraction(0)
        self._rewind()

    def at(self, time: Fraction) -> Frame:
        """The picture that the background shows at a time; times only grow."""
        self._begin = time if self._begin is None else self._begin
        wanted = time - self._begin
        while self._ends_by(wanted):
            self._advance()
        assert self._shown is not None
        return self._shown

    def _ends_by(self, wanted: Fraction) -> bool:
        return self._ending() <= wanted

    def _ending(self) -> Fraction:
        """When the shown picture ends, on the clock of `at`."""
        assert self._shown is not None and self._shown.time is not None and self._source is not None
        if self._next is not None and self._next.time is not None:
            return self._round + self._next.time - self._first
        return self._round + self._shown.time - self._first + 1 / self._source.info.rate

    def _advance(self) -> None:
        if self._next is None:
            self._round = self._ending()
            self._rewind()
        else:
            self._shown, self._next = self._next, next(self._frames, None)

    def _rewind(self) -> None:
        self.close()
        self._source = open_source(self._path)
        self._frames = iter(self._source)
        self._shown, self._next = next(self._frames, None), None
        if self._shown is None or self._shown.time is None:
            raise ImageError(f"the background {self._path.name!r} shows nothing")
        self._first = self._shown.time
        self._next = next(self._frames, None)

    def close(self) -> None:
        """Close the file."""
        if self._source is not None:
            self._source.close()
