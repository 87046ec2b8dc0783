"""A batch that is one video: what is taken, and how it is made.

The container is opened by `media.video` from the file that we named, with only a few kinds of container allowed (see
`Limits`), and looked through before it is accepted. It is made in segments, so that a server that was killed goes on
after the last one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from cutaway.errors import ImageError, ImageTooLargeError, MissingExtraError, OptionError
from cutaway.looks import refuse_moving
from cutaway.media.files import printable
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import Limits, pyav
from cutaway.media.video.read import VideoReader
from cutaway.media.video.survey import survey
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server.fields import VIDEO_FORMAT, VIDEO_FORMATS
from cutaway.server.jobs.store import Job, Wanted
from cutaway.server.own import Order
from cutaway.server.pictures import read_upload
from cutaway.server.problems import Problem
from cutaway.streams import convert as streams
from cutaway.streams.options import VideoOptions
from cutaway.streams.segments import SEGMENT_FRAMES

_LOOK_FRAMES = 25
"""After so many frames it is looked how large the result has become."""


class StoppedError(Exception):
    """The server ends, or the batch was deleted: nothing is wrong with the video."""


def check_extra() -> None:
    """Say that videos cannot be worked on where PyAV is not installed.

    Raises:
        Problem: it is not.
    """
    try:
        pyav()
    except MissingExtraError as error:
        raise Problem(400, "not_implemented", f"this server takes no videos: {error}") from error


def accepted_video(job: Job, wanted: Wanted, limits: Limits, *, max_pixels: int) -> tuple[Wanted, int]:
    """Look whether a video that has arrived can be worked on.

    Args:
        job: its folder.
        wanted: what the form said.
        limits: what the video may be.
        max_pixels: of a picture to lay behind or over it.

    Returns:
        The same with the number of frames, and how many pixels these have together.

    Raises:
        Problem, OptionError: it is no video that is taken, or an option is impossible.
    """
    conversion(job, wanted, limits)
    for there, file, what in (
        (wanted.background, job.background, "the background"),
        (wanted.logo, job.logo, "the logo"),
    ):
        if there:
            read_upload(file.read_bytes(), max_pixels=max_pixels, what=what)
    source = job.input(0)
    try:
        found = survey(source, limits)
        VideoReader(source, limits=limits).close()  # decodes the first frame
    except ImageTooLargeError as error:
        raise Problem(400, "resolution_too_high", str(error)) from error
    except ImageError as error:
        raise Problem(400, "invalid_file_type", without_paths(error, job)) from error
    return replace(wanted, frames=found.frames), found.frames * found.size[0] * found.size[1]


def conversion(job: Job, wanted: Wanted, limits: Limits) -> streams.Job:
    """What is to be made of a video.

    Raises:
        Problem, OptionError: an option is unknown, impossible, or not for moving pictures.
    """
    texts = dict(wanted.texts)
    suffix = texts.pop(VIDEO_FORMAT, None)
    if "format" in texts:
        raise OptionError(f"format is for photos; a video's is {VIDEO_FORMAT}: {', '.join(VIDEO_FORMATS)}")
    if suffix not in (None, *VIDEO_FORMATS):
        raise OptionError(f"{VIDEO_FORMAT} is one of {', '.join(VIDEO_FORMATS)}")
    order = Order.of_texts(texts, picture=wanted.background, logo=wanted.logo)
    options = _with_uploads(order, job, wanted)
    refuse_moving(options.framing)
    made = streams.Job(
        job.input(0),
        job.work / f"0000.{suffix or 'webm'}",
        options,
        VideoOptions(drop_subtitles=True),
        overwrite=True,
        resume=True,
        limits=limits,
    )
    if suffix is None and not made.transparent:
        return replace(made, target=made.target.with_suffix(".mp4"))
    if suffix == "mp4" and made.transparent:
        raise OptionError(
            f"{VIDEO_FORMAT} mp4 cannot be transparent: choose webm or mov, or give a background"
        )
    return made


def _with_uploads(order: Order, job: Job, wanted: Wanted) -> Options:
    """The options with the background and the logo that were uploaded, which lie in the batch's folder."""
    options = order.options
    if wanted.background:
        behind = str(job.background.absolute())
        options = options.with_changes({"background": behind, "canvas": order.canvas})
    if wanted.logo:
        said = order.logo_said.lstrip(", ")  # before it there is no name
        options = options.with_changes({"logo": f"{job.logo.absolute()}{',' if said else ''}{said}"})
    return options


def make_video(
    job: Job, wanted: Wanted, remover: Remover, *, limits: Limits, max_bytes: int, stop: Callable[[], bool]
) -> Path:
    """Make the video, or what is left of it.

    Args:
        job: its folder.
        wanted: what the form said.
        remover: the opened model.
        limits: what the video may be.
        max_bytes: largest result.
        stop: asked after each frame.

    Returns:
        The file, in `job.work`.

    Raises:
        Problem: it becomes too large.
        StoppedError: it was stopped, or the batch is gone; finished segments are kept.
        CutawayError: the video cannot be made.
    """
    todo = conversion(job, wanted, limits)
    job.work.mkdir(exist_ok=True)
    with job.frames.open("wb", buffering=0) as count:
        watch = _Watch(job, count, stop, max_bytes=max_bytes)
        done = streams.convert(todo, remover, on_start=watch.start, on_frame=watch.step)
    notes = list(done.notes)
    if done.damaged:
        notes.append(f"{done.damaged} damaged places were left out")
    if done.missing:
        notes.append(f"the video ends {done.missing:.1f} s before its header says")
    job.notes.write_text(json.dumps(notes), "utf-8")
    return todo.target


class _Watch:
    """Notes each frame on disk, where every process can see it, and ends the work when it is not wanted any more."""

    def __init__(self, job: Job, count: BinaryIO, stop: Callable[[], bool], *, max_bytes: int) -> None:
        self._job, self._count, self._stop, self._max_bytes = job, count, stop, max_bytes
        self._frames = self._segments = 0

    def start(self, info: VideoInfo) -> None:
        self._segments = self._finished()

    def step(self) -> None:
        if self._stop() or not self._job.exists:
            raise StoppedError
        self._count.write(b".")
        self._frames += 1
        os.utime(self._job.folder)  # a batch that is worked on is not old
        if self._frames % _LOOK_FRAMES == 0:
            self._refuse_too_much()
        if self._frames % SEGMENT_FRAMES == 0 and self._finished() > self._segments:
            self._segments = self._finished()
            self._job.forget_tries(0)

    def _refuse_too_much(self) -> None:
        if sum(path.stat().st_size for path in self._job.work.rglob("*")) > self._max_bytes:
            most = f"{self._max_bytes / 1e6:g} MB"
            raise Problem(400, "file_too_large", f"the result is larger than {most}: try {VIDEO_FORMAT} webm")

    def _finished(self) -> int:
        """Segments that need not be made again after a crash."""
        return sum(1 for _ in self._job.work.glob(".*.parts/0*.json"))


def without_paths(error: Exception, job: Job) -> str:
    """What an error says, without where the batch lies on this machine."""
    place = re.escape(printable(job.folder))
    return re.sub(rf"(file:)?{place}[^\s:,'\"]*", "the video", str(error))
