"""One photo from its file to its result, and what became of it; many may be under way at the same time."""

from __future__ import annotations

import contextlib
import errno
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cutaway.cli.naming import Destination, Task, is_taken, numbered
from cutaway.cli.report import Outcome
from cutaway.engines.open import import_for, open_as
from cutaway.errors import CutawayError, OutputError, OutputExistsError
from cutaway.formats import TABLE
from cutaway.media.files import write_atomic
from cutaway.streams.crew import Room, Soon

if TYPE_CHECKING:
    from cutaway.cli.inputs import Photo
    from cutaway.options import Options
    from cutaway.remover import Remover, Result
    from cutaway.types import Frame, Size

    _Read = Frame | Path | bytes | Exception
    """A photo that was read; an animation's file, or its bytes; or what is wrong with it."""

log = logging.getLogger(__name__)

Say: TypeAlias = Callable[[str], None]
"""Told a line for the user."""

ROOM_PX = 16_000_000
"""Pixels of photos that may be under way for each worker. A larger photo waits until the others leave it enough."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Maker:
    """Makes results; several threads may ask it at once.

    Args:
        options: the picture to be made, and the model that makes it.
        destination: where results go.
        overwrite: whether results that are already there are made anew.
        workers: how many threads will ask.
        say: called with a line for the user.
    """

    def __init__(
        self,
        options: Options,
        destination: Destination,
        *,
        overwrite: bool,
        workers: int,
        say: Say,
    ) -> None:
        self._options = options
        self._destination = destination
        self._overwrite = overwrite
        self._say = say
        self._room = Room(workers * ROOM_PX) if workers > 1 else None
        self._remover: Soon[Remover] = Soon(self._open)
        self.stopped: str | None = None
        """Why there is no use in going on, in one line; None as long as there is."""

    def close(self, *, at_once: bool = False) -> None:
        """There is nothing to close: what is under way ends with this process."""

    def _open(self) -> Remover:
        engine = open_as(self._options)
        from cutaway.remover import Remover

        return Remover(options=self._options, engine=engine)

    def make(self, task: Task) -> Outcome:
        """Make one result. Errors become a "failed" outcome; a full disk also sets `stopped`.

        The model is opened when the first photo wants it, and while that is being read: a run with nothing to do
        opens none.

        Raises:
            CutawayError: the model cannot be opened.
        """
        outcome = Outcome(str(task.photo), "-" if task.target is None else str(task.target), "skipped")
        if task.target is not None and not self._overwrite and is_taken(task.target):
            return outcome
        import_for(self._options)
        self._remover.begin()
        with self._space_for(task.photo):
            start = time.perf_counter()
            read = self._read(task.photo)
            reading_s = time.perf_counter() - start
            remover = self._remover.get()
            start = time.perf_counter() - reading_s
            try:
                made = self._make(remover, read, task.target, outcome)
            except OutputExistsError:  # another run was quicker
                made = outcome
            except Exception as error:
                if _disk_is_full(error):
                    self.stopped = "the disk is full"
                made = outcome._replace(status="failed", error=_reason(error))
        return made._replace(ms=round((time.perf_counter() - start) * 1000))

    def _space_for(self, photo: Photo) -> contextlib.AbstractContextManager[None]:
        """Wait until there is memory for a photo, which is held during the block.

        Where one is done after the other, there is nothing to wait for.
        """
        if self._room is None or photo.path is None:
            return contextlib.nullcontext()
        from cutaway.media.opening import pixels_claimed

        return self._room.share(pixels_claimed(photo.path))

    def _read(self, photo: Photo) -> _Read:
        """The photo, or what is wrong with it, which can wait until the model is known to be there."""
        from cutaway.media.images import read_image
        from cutaway.media.moving import count_pictures

        try:
            source = sys.stdin.buffer.read() if photo.path is None else photo.path
            pictures = count_pictures(source)
            if pictures > 1 and TABLE[self._destination.format].animated and not self._destination.each:
                return source
            if pictures > 1:
                kind = self._destination.format
                self._say(f"{photo} moves ({pictures} pictures), {kind} does not: the first is taken")
            return read_image(source)
        except Exception as error:
            return error

    def _make(self, remover: Remover, read: _Read, target: Path | None, outcome: Outcome) -> Outcome:
        """Make and write the result; what became of it is filled into the outcome."""
        if isinstance(read, Exception):
            raise read
        if isinstance(read, Path | bytes):
            from cutaway.streams.animated import cut_animation

            moving = cut_animation(read, remover, format=self._destination.format)
            self._write(moving.data, target)
            return outcome._replace(status="done", width=moving.size[1], height=moving.size[0])
        result = remover.remove(read)
        height, width = self._write_all(result, target)
        sure = None if result.confidence is None else round(result.confidence, 3)
        warnings = "; ".join([*(["no subject was found"] if sure == 0 else []), *result.warnings])
        return outcome._replace(
            status="done", width=width, height=height, confidence=sure, warning=warnings or None
        )

    def _write_all(self, result: Result, target: Path | None) -> Size:
        """Write the picture, or one for each subject; the first one last, so that it stands for all of them."""
        if not self._destination.each or target is None:
            self._write(result.to_bytes(self._destination.format), target)
            return result.picture.size
        subjects = result.each()
        files = [one.to_bytes(self._destination.format) for one in subjects]
        for number in range(len(files), 1, -1):
            path = numbered(target, number)
            if is_taken(path) and not self._overwrite:
                raise OutputError(f"{path} is in the way: move it, or add --overwrite to replace it")
        for number in range(len(files), 0, -1):
            self._write(files[number - 1], numbered(target, number))
        return subjects[0].picture.size

    def _write(self, data: bytes, target: Path | None) -> None:
        if target is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return
        write_atomic(target, data, overwrite=self._overwrite)


def _reason(error: Exception) -> str:
    """One line for an error; one that nobody foresaw says so, and is logged with its origin."""
    if isinstance(error, CutawayError):
        return str(error)
    if isinstance(error, MemoryError):
        return "not enough memory for this picture"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    log.info("unexpected error", exc_info=error)
    return f"unexpected {type(error).__name__}: {error}; run again with -v to see where"


def _disk_is_full(error: BaseException) -> bool:
    """Whether the error, or one that led to it, says that no space is left."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _FULL:
            return True
        cause = cause.__cause__
    return False
