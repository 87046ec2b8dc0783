"""The network's stage of a video: several frames side by side, results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from cutaway.engines.threads import usable_threads
from cutaway.options import Options
from cutaway.types import Frame

if TYPE_CHECKING:
    from cutaway.remover import Remover
    from cutaway.result import Result

Timed = tuple["Result", Fraction]

MOST_SIDE_BY_SIDE = 8
"""Each frame being worked on needs memory of its own."""
LIGHT_PX = 288
"""A network that works at less than this, and looks once, leaves a core to decoding, composition and encoding: they
take as long as it does, and one thread more would only stand in the way. Measured on two cores at 720p, as shares of
what the parts' CPU time allows: `fast` 0.89 with one frame at a time, 0.86 with two; `default` 0.73 and 0.82."""


def open_for_video(options: Options) -> tuple[Remover, int]:
    """Open a model for the many frames of a video.

    A network that shares one frame among its threads waits for the slowest of them after every layer, and shares
    badly with decoder and encoder; several frames with a thread each do not (measured in `benchmarks/video.py`). On a
    graphics card one frame at a time is enough.

    Args:
        options: `threads` is the number of all threads together; 0 is one per core.

    Returns:
        The remover, and how many frames it should work on side by side.
    """
    from cutaway.remover import Remover

    threads = options.threads or usable_threads()
    workers = min(threads, MOST_SIDE_BY_SIDE) if options.device in ("auto", "cpu") else 1
    if workers == 1:
        return Remover(options=options), 1
    remover = Remover(options=replace(options, threads=threads // workers))
    is_light = options.zoom == "off" and remover.spec.size < LIGHT_PX
    return remover, workers - is_light if remover.device == "cpu" else 1


def removed(
    frames: Iterable[Frame], remover: Remover, options: Options, *, workers: int = 1
) -> Iterator[Timed]:
    """Take the background of each frame away.

    Args:
        frames: of one video, in order.
        remover: the opened model; one that remembers gets one frame after the other.
        options: the picture to be made.
        workers: frames worked on side by side.

    Yields:
        Results in the order of the frames, each with its frame's time.
    """
    own = remover.stream()
    if workers == 1 or own is not remover:
        for frame in frames:
            yield own.remove(frame, options=options), _time(frame)
        return
    waiting: deque[tuple[Future[Result], Fraction]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="cutaway network") as pool:
        for frame in frames:
            waiting.append((pool.submit(remover.remove, frame, options=options), _time(frame)))
            if len(waiting) > workers:
                yield _first(waiting)
        while waiting:
            yield _first(waiting)


def _first(waiting: deque[tuple[Future[Result], Fraction]]) -> Timed:
    future, time = waiting.popleft()
    return future.result(), time


def _time(frame: Frame) -> Fraction:
    assert frame.time is not None
    return frame.time
