"""`cutaway video`: a video in, the same video without its background or on another one out."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cutaway.cli.console import Console, open_console, volume_flags
from cutaway.cli.progress import Progress
from cutaway.cli.remove import option_flags
from cutaway.errors import OptionError, OutputError, OutputExistsError
from cutaway.looks import refuse_moving
from cutaway.media.video.codecs import CODECS, DEFAULT_QUALITY, PRESETS
from cutaway.options import Options
from cutaway.streams.options import STEADINESS, VideoOptions
from cutaway.streams.sinks import is_folder
from cutaway.streams.sources import is_video

if TYPE_CHECKING:
    from cutaway.media.video.info import VideoInfo
    from cutaway.streams.convert import Done, Job

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    """A time, exactly: seconds ("75.5"), or minutes and hours before a colon ("1:15.5")."""
    if value is None:
        return None
    try:
        parts = [Fraction(part) for part in value.split(":")]
        if len(parts) > 3 or any(part < 0 for part in parts):
            raise ValueError
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{value!r} is no time: write seconds (75.5) or M:SS (1:15.5)") from None
    return sum((part * 60**power for power, part in enumerate(reversed(parts))), Fraction(0))


def parse_rate(ctx: click.Context, param: click.Parameter, value: str | None) -> Fraction | None:
    """Frames in a second, exactly: "25", "29.97" or "30000/1001"; None stays None."""
    if value is None:
        return None
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{value!r} is no rate: write 25 or 30000/1001") from None


_FLAGS = (
    click.option("--start", callback=_seconds, metavar="TIME", help="Leave out what comes before (75.5 or 1:15.5)."),
    click.option("--end", callback=_seconds, metavar="TIME", help="Leave out what comes from here on."),
    click.option("--every", type=int, default=1, metavar="N", show_default=True, help="Use every Nth frame only."),
    click.option("--max-size", type=int, metavar="PX", help="Shrink so that the longer side has this many pixels."),
    click.option("--codec", type=click.Choice(CODECS), help="Instead of the one that suits the result's suffix."),
    click.option(
        "--video-quality", default=str(DEFAULT_QUALITY), metavar="0..100|lossless", show_default=True,
        help="Small file (0) to fine picture (100).",
    ),
    click.option(
        "--encoder-preset", type=click.Choice(PRESETS), default="fast", show_default=True,
        help="Slower makes smaller files of the same quality.",
    ),
    click.option(
        "--steady", type=click.Choice(STEADINESS), default="normal", show_default=True,
        help="How much the matte's flicker is smoothed over time.",
    ),
    click.option("--matte-only", is_flag=True, help="The same as --mask-only."),
    click.option("--pair", is_flag=True, help="Write two videos: the subject's colour, and NAME-matte."),
    click.option("--drop-subtitles", is_flag=True, help="Leave subtitles out."),
    click.option(
        "--fps", callback=parse_rate, default="25", metavar="RATE", show_default=True,
        help="Rate of a folder of pictures.",
    ),
    click.option("--resume", is_flag=True, help="Keep finished segments, and go on after those that are there."),
    click.option("--overwrite", is_flag=True, help="Replace a result that is already there."),
)  # fmt: skip


def video_flags(function: _Function) -> _Function:
    """Give a command the flags that are about time and coding."""
    for flag in reversed(_FLAGS):
        function = flag(function)
    return function


@click.command()
@click.argument("source", metavar="INPUT", type=click.Path())
@click.option(
    "-o", "--output", metavar="OUT", type=click.Path(), help="Result; its suffix decides what it becomes."
)
@option_flags
@video_flags
@volume_flags
@click.pass_context
def video(
    ctx: click.Context,
    source: str,
    output: str | None,
    start: Fraction | None,
    end: Fraction | None,
    every: int,
    max_size: int | None,
    codec: str | None,
    video_quality: str,
    encoder_preset: str,
    steady: Any,
    matte_only: bool,
    pair: bool,
    drop_subtitles: bool,
    fps: Fraction,
    resume: bool,
    overwrite: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Remove or replace the background of a video.

    INPUT is a video, a GIF, WebP or APNG animation, or a folder of pictures. OUT is .webm or .mov (transparent),
    .mp4 or .mkv (with --background or --mask-only), .gif, .webp, .apng, or a folder/ for PNGs. Without -o it lies
    beside INPUT as STEM-cutout.webm, or .mp4 where nothing is transparent. Sound and subtitles go along.

    --background also takes a video, which is looped or trimmed.

    Exit codes: 0 done, 1 done but parts of INPUT were damaged, 2 nothing could be done, 130 interrupted.
    """
    console = open_console(verbose, quiet)
    settings = VideoOptions(
        codec, video_quality, encoder_preset, start, end, every, max_size, steady, pair, drop_subtitles, fps
    )
    values = dict(ctx.ensure_object(dict))
    values["mask_only"] = values["mask_only"] or matte_only
    job = make_job(source, output, values, settings, overwrite=overwrite, resume=resume)
    return _run(job, console)


def make_job(
    source: str,
    output: str | None,
    values: dict[str, Any],
    settings: VideoOptions,
    *,
    overwrite: bool,
    resume: bool,
) -> Job:
    """Put together what was typed.

    Raises:
        OptionError: two things contradict each other.
        OutputExistsError: the result is there and may not be replaced.
        OutputError: the result would replace its source.
    """
    from cutaway.streams.convert import Job

    if values["format"] is not None:
        raise OptionError("--format is for photos: a video's format is the suffix of -o")
    background = str(values["background"])
    behind = Path(background) if is_video(background) and Path(background).is_file() else None
    options = Options.from_mapping({**values, "background": "none"} if behind else values)
    _refuse_contradictions(options, settings, behind=behind)
    job = Job(Path(source), Path(output or ""), options, settings, behind, False, overwrite, resume)
    if not output:
        suffix = ".webm" if job.transparent else ".mp4"
        output = str(job.source.with_name(f"{job.source.stem}-cutout{suffix}"))
    target = Path(output)
    done = Job(job.source, target, options, settings, behind, is_folder(target, output), overwrite, resume)
    _refuse_existing(done)
    return done


def _refuse_contradictions(options: Options, settings: VideoOptions, *, behind: Path | None) -> None:
    if behind is not None and (options.mask_only or options.effect != "none"):
        raise OptionError(
            "a background video shows neither with --mask-only nor with --effect: leave out one of them"
        )
    refuse_moving(options.framing)
    if settings.pair and (behind is not None or not options.is_cutout):
        raise OptionError(
            "--pair writes the subject's colour and its matte: leave out --background and the like"
        )


def _refuse_existing(job: Job) -> None:
    for target in job.targets:
        if target.exists() and not job.folder:
            if job.source.exists() and target.samefile(job.source):
                raise OutputError(f"{str(target)!r} is the video itself, which is never overwritten")
            if not job.overwrite:
                raise OutputExistsError(f"{target} is already there: --overwrite replaces it")


@dataclass
class _Watch:
    """Draws progress while a video is made."""

    console: Console
    bar: Progress | None = None

    def start(self, info: VideoInfo) -> None:
        self.bar = Progress(info.frames or 0, sys.stderr if self.console.shows_progress else None)
        self.bar.draw()

    def step(self) -> None:
        if self.bar is not None:
            self.bar.total = max(self.bar.total, self.bar.count + 1)
            self.bar.step()

    def end(self) -> None:
        if self.bar is not None:
            self.bar.clear()


def _run(job: Job, console: Console) -> int:
    from cutaway.streams.convert import convert
    from cutaway.streams.network import open_for_video

    os.environ.setdefault(
        "SVT_LOG", "1"
    )  # the AV1 encoder writes its settings to stderr otherwise: errors only
    began = time.perf_counter()
    watch = _Watch(console)
    remover, workers = open_for_video(job.options)
    with remover:
        try:
            done = convert(job, remover, on_start=watch.start, on_frame=watch.step, workers=workers)
        except KeyboardInterrupt:
            watch.end()
            if job.resume:
                console.say("finished segments are kept: the same command with --resume goes on after them")
            raise
        finally:
            watch.end()
    _say(job, done, console, seconds=time.perf_counter() - began)
    return 1 if done.damaged or done.missing else 0


def _say(job: Job, done: Done, console: Console, *, seconds: float) -> None:
    for note in done.notes:
        console.say(f"note: {note}")
    height, width = done.info.size
    names = " and ".join(str(target) for target in job.targets)
    rate = done.frames / seconds if seconds else 0.0
    console.say(f"{names} ({width}×{height}, {done.frames} frames, {seconds:.1f} s, {rate:.1f}/s)")
