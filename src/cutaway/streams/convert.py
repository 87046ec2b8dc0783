"""The way of a video: decode, network, compose, encode, all at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cutaway._version import __version__
from cutaway.errors import OptionError
from cutaway.media.video.codecs import suffix_of
from cutaway.media.video.encode import Picture, to_steps, without_hidden
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import Limits
from cutaway.options import Options
from cutaway.streams.behind import VideoBehind
from cutaway.streams.line import Line
from cutaway.streams.network import Timed, removed
from cutaway.streams.options import VideoOptions
from cutaway.streams.segments import Parts, SegmentedWriter
from cutaway.streams.sinks import Sink, check_target, open_sink
from cutaway.streams.sources import Source, open_source
from cutaway.types import Cutout, Floats, Frame, Matte

if TYPE_CHECKING:
    from cutaway.remover import Remover

WARM_FRAMES = 24
"""When a job is resumed, so many frames before its beginning are looked at again, for the matte's steadiness."""


@dataclass(frozen=True)
class Job:
    """One video to be made.

    Attributes:
        source: a video, an animation or a folder of pictures.
        target: its suffix decides what it becomes.
        options: what is made of each picture; `background` and the rest.
        video: everything that is about time and coding.
        behind: a video to be the background; it comes before `options.background`.
        folder: whether `target` is a folder of PNGs.
        overwrite: whether a result of that name may be replaced.
        resume: keep finished segments, and go on after those that are there.
        limits: what the source may be if a stranger sent it.

    Raises:
        OptionError: `resume` is wanted of something that is not one video file.
    """

    source: Path
    target: Path
    options: Options
    video: VideoOptions = field(default_factory=VideoOptions)
    behind: Path | None = None
    folder: bool = False
    overwrite: bool = False
    resume: bool = False
    limits: Limits | None = None

    def __post_init__(self) -> None:
        if self.resume and (
            self.video.pair or self.folder or (self.target.name and not suffix_of(self.target))
        ):
            raise OptionError("resume is for one video file: .mp4, .mkv, .mov or .webm")

    @property
    def key(self) -> str:
        """Everything on which the encoded frames depend, as text."""
        changed = self.source.stat().st_mtime_ns if self.source.exists() else 0
        return f"{self.source.resolve()} {changed} {self.options} {self.video} {self.behind} {__version__}"

    @property
    def transparent(self) -> bool:
        """Whether the result has an alpha."""
        if self.video.pair or self.behind is not None:
            return False
        backdrop = self.options.backdrop
        return self.options.is_cutout or (backdrop.kind == "colour" and backdrop.colour[3] < 255)

    @property
    def targets(self) -> list[Path]:
        """The files to be written: one, or colour and matte."""
        if not self.video.pair:
            return [self.target]
        return [self.target, self.target.with_name(f"{self.target.stem}-matte{self.target.suffix}")]


@dataclass(frozen=True)
class Done:
    """What came of a job.

    Attributes:
        frames: how many were written.
        info: of the result: its size and so on.
        damaged: places of the source that could not be decoded.
        missing: seconds that the source's header promised and that were not there.
        notes: what a user should know.
    """

    frames: int
    info: VideoInfo
    damaged: int
    missing: float
    notes: tuple[str, ...]


def convert(
    job: Job,
    remover: Remover,
    *,
    on_start: Callable[[VideoInfo], None] = lambda _: None,
    on_frame: Callable[[], None] = lambda: None,
    workers: int = 1,
) -> Done:
    """Make a video.

    Reading, network, composition and encoding run side by side, each some frames ahead of the next. An error in any
    of them ends all of them and is raised here; the result then is not there at all.

    Args:
        job: what to make of what.
        remover: the opened model.
        on_start: called once with what is known about the source.
        on_frame: called after each written frame.
        workers: frames that the network works on side by side; see `network.open_for_video`.

    Raises:
        OptionError: the result's container cannot hold what is wanted.
        ImageError: the source cannot be read.
        OutputError: the result cannot be written.
        ModelError: the model's answer cannot be used.
    """
    for target in job.targets:
        check_target(target, job.video, transparent=job.transparent, folder=job.folder)
    with ExitStack() as stack:
        deep = job.target.suffix.lower() == ".mov" and job.video.codec in (None, "prores")
        source = open_source(
            job.source, job.video.part, depth="source" if deep else 8, fps=job.video.fps, limits=job.limits
        )
        stack.callback(source.close)
        parts = Parts.of(job.target, job.key) if job.resume else None
        made = parts.times() if parts else []
        behind = None if job.behind is None else VideoBehind(job.behind, begin=made[0] if made else None)
        if behind is not None:
            stack.callback(behind.close)
        on_start(source.info)
        for _ in made:
            on_frame()
        line = stack.enter_context(Line())
        frames = line.ahead(_after(source, made), name="decode")
        results = line.ahead(removed(frames, remover, job.options, workers=workers), name="network")
        composed = _composed(_steadied(results, job.video), behind, pair=job.video.pair)
        pictures = line.ahead(composed, name="compose")
        fresh = (item for item in pictures if not made or item[1] > made[-1])
        return _written(fresh, source, job, on_frame, parts, count=len(made))


def _after(source: Iterable[Frame], made: list[Fraction]) -> Iterator[Frame]:
    """Leave out frames that are made already, but for the few from which the matte's steadiness comes."""
    begin = made[-min(WARM_FRAMES, len(made))] if made else None
    for frame in source:
        assert frame.time is not None
        if begin is None or frame.time >= begin:
            yield frame


def _steadied(results: Iterable[Timed], video: VideoOptions) -> Iterator[Timed]:
    """The same results with a matte that does not flicker."""
    if video.steady == "off":
        yield from results
        return
    from cutaway.pixels.steady import Steadier

    steadier = Steadier(video.steady)
    waiting: deque[Timed] = deque()
    for result, time in results:
        waiting.append((result, time))
        for alpha in steadier.push(result.cutout.alpha, result.frame.pixels):
            yield _with_alpha(waiting.popleft(), alpha)
    for alpha in steadier.flush():
        yield _with_alpha(waiting.popleft(), alpha)


def _with_alpha(timed: Timed, alpha: Floats) -> Timed:
    result, time = timed
    matte = Matte(alpha) if result.matte.alpha is result.cutout.alpha else result.matte
    return replace(result, matte=matte, cutout=replace(result.cutout, alpha=alpha)), time


def _composed(
    results: Iterable[Timed], behind: VideoBehind | None, *, pair: bool
) -> Iterator[tuple[list[Picture], Fraction]]:
    for result, time in results:
        if pair:
            yield _pair(result.over("none").picture), time
        elif behind is not None:
            yield [result.over(behind.at(time)).picture], time
        else:
            yield [result.picture], time


def _pair(cutout: Picture) -> list[Picture]:
    """The subject's colour, and its matte."""
    assert isinstance(cutout, Cutout)
    alpha = to_steps(cutout.alpha, deep=cutout.pixels.dtype == np.uint16)
    return [Frame(without_hidden(cutout.pixels, alpha)), Matte(cutout.alpha)]


def _written(
    pictures: Iterator[tuple[list[Picture], Fraction]],
    source: Source,
    job: Job,
    on_frame: Callable[[], None],
    parts: Parts | None,
    *,
    count: int,
) -> Done:
    """Encode, in the thread that was asked, so that Ctrl-C is heard."""
    sinks: list[Sink] = []
    info = source.info
    try:
        for images, time in pictures:
            if not sinks:
                info = replace(info, size=images[0].size)
                sinks = _open_sinks(job, info, images, parts)
            for sink, image in zip(sinks, images, strict=True):
                sink.write(image, time)
            count += 1
            on_frame()
        if not sinks and parts is not None:  # interrupted after the last frame: only to be joined
            sinks = [_segmented(job, info, parts, transparent=job.transparent)]
        for sink in sinks:
            sink.finish()
    except BaseException:
        for sink in sinks:
            sink.abandon()
        raise
    notes = tuple(note for sink in sinks for note in sink.notes)
    return Done(count, info, source.damaged, source.missing, notes)


def _segmented(job: Job, info: VideoInfo, parts: Parts, *, transparent: bool) -> Sink:
    return SegmentedWriter(
        job.target,
        info,
        parts,
        transparent=transparent,
        coding=job.video.coding,
        sound_from=_sound_of(job),
        drop_subtitles=job.video.drop_subtitles,
        overwrite=job.overwrite,
    )


def _sound_of(job: Job) -> Path | None:
    return job.source if job.source.is_file() else None


def _open_sinks(job: Job, info: VideoInfo, images: list[Picture], parts: Parts | None) -> list[Sink]:
    if parts is not None:
        return [_segmented(job, info, parts, transparent=isinstance(images[0], Cutout))]
    sinks: list[Sink] = []
    try:
        for target, image in zip(job.targets, images, strict=True):
            sinks.append(
                open_sink(
                    target,
                    info,
                    job.video,
                    transparent=isinstance(image, Cutout),
                    folder=job.folder,
                    sound_from=None if sinks else _sound_of(job),
                    overwrite=job.overwrite,
                )
            )
    except BaseException:
        for sink in sinks:
            sink.abandon()
        raise
    return sinks
