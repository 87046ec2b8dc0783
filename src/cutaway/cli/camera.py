"""`cutaway camera`: a live camera on another background, in the browser, in a window, or as a virtual camera."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import click
from click.core import ParameterSource

from cutaway.cli.camera_setup import (
    Wanted,
    again_and_again,
    open_live_remover,
    open_live_source,
    open_outputs,
)
from cutaway.cli.console import Console, open_console, print_error, volume_flags
from cutaway.cli.keys import Keys, terminal_keys
from cutaway.cli.remove import option_flags
from cutaway.cli.video import parse_rate
from cutaway.errors import CutawayError, OptionError
from cutaway.looks import refuse_moving
from cutaway.options import Options
from cutaway.streams.live import Live
from cutaway.streams.looking import LiveOptions
from cutaway.streams.meter import Meter
from cutaway.streams.options import STEADINESS
from cutaway.streams.scenes import KEYS, Scenes
from cutaway.streams.sources import is_video
from cutaway.types import Size
from cutaway.weights.store import FAST

REPORT_S = 5.0
"""How often -v says how fast it is."""


def _size(ctx: click.Context, param: click.Parameter, value: str | None) -> Size | None:
    """ "1280x720", width first as everybody says it, to (height, width)."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,5})[x×](\d{1,5})", value)
    if not found or "0" in found.groups():
        raise click.BadParameter(f"{value!r} is no size: write 1280x720")
    return int(found[2]), int(found[1])


_FLAGS = (
    click.option(
        "--source", default="0", metavar="N|DEVICE|FILE|FOLDER", show_default=True,
        help="The camera, or a video or a folder of pictures in its place.",
    ),
    click.option("--realtime", is_flag=True, help="Play a file at its own speed, as a camera would."),
    click.option("--loop", is_flag=True, help="Begin a file again at its end."),
    click.option("--camera-size", callback=_size, metavar="WxH", help="Ask the camera for pictures of this size."),
    click.option(
        "--fps", callback=parse_rate, metavar="RATE",
        help="Ask the camera for this rate; rate of a folder of pictures (25).",
    ),
    click.option("--also", multiple=True, metavar="BACKGROUND", help="Another background, for the keys 2, 3, ..."),
    click.option(
        "--preview", type=click.Choice(["browser", "window", "none"]), default="browser", show_default=True,
        help="Where to watch.",
    ),
    click.option(
        "--port", type=click.IntRange(0, 65535), default=7010, metavar="N", show_default=True,
        help="Port of the page on this machine; 0 takes a free one.",
    ),
    click.option("--virtual", metavar="auto|DEVICE", help="Also be a virtual camera for other programs."),
    click.option("--mirror", is_flag=True, help="Exchange left and right."),
    click.option(
        "--steady", type=click.Choice(STEADINESS), default="normal", show_default=True,
        help="How much the matte's flicker is smoothed over time.",
    ),
    click.option(
        "--still", type=float, default=LiveOptions.still, metavar="STEPS", show_default=True,
        help="Let the network rest while no part of the picture changes by more (of 255); 0 is off.",
    ),
    click.option("--input-size", type=int, metavar="PX", help="Size at which the network sees the picture."),
    click.option("--seconds", type=click.FloatRange(min=0), metavar="S", help="End after this time."),
)  # fmt: skip


def camera_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the flags that are about live pictures."""
    for flag in reversed(_FLAGS):
        function = flag(function)
    return function


@click.command()
@option_flags
@camera_flags
@volume_flags
@click.pass_context
def camera(
    ctx: click.Context,
    source: str,
    realtime: bool,
    loop: bool,
    camera_size: Size | None,
    fps: Fraction | None,
    also: tuple[str, ...],
    preview: str,
    port: int,
    virtual: str | None,
    mirror: bool,
    steady: Any,
    still: float,
    input_size: int | None,
    seconds: float | None,
    verbose: int,
    quiet: bool,
) -> int:
    """Show a live camera on another background.

    The picture is at http://127.0.0.1:7010 for this machine alone; --preview window shows it in a window, --virtual
    makes it a camera for other programs. The background is a blur unless --background says otherwise (a colour, a
    picture, a video, checker, ...); --also gives more to choose from.

    Keys in the terminal, the window and the page: 1-9 background, n next, m matte, o original, q quit.

    Exit codes: 0 ended, 1 the camera stopped by itself, 2 nothing could be shown.
    """
    console = open_console(verbose, quiet)
    wanted = Wanted(
        source, realtime, loop, camera_size, fps, also, preview, port, virtual, mirror, steady, still,
        input_size, seconds,
    )  # fmt: skip
    options, backgrounds = _options(ctx, wanted)
    return _run(wanted, options, backgrounds, console)


def _options(ctx: click.Context, wanted: Wanted) -> tuple[Options, list[str]]:
    """The picture's options, with what suits live pictures where nothing was said; and the backgrounds."""
    values = dict(ctx.ensure_object(dict))
    if values["format"] is not None:
        raise OptionError("--format is for photos: live pictures are shown, not written")
    quick = {"zoom": "off", "foreground": False, "background": "blur", "model": FAST}
    for name, value in quick.items():
        if ctx.get_parameter_source(name) is ParameterSource.DEFAULT:
            values[name] = value
    backgrounds = [str(values.pop("background")), *wanted.also]
    if values["mask_only"] or values["effect"] != "none":
        backgrounds = ["none"]
    first = "none" if is_video(backgrounds[0]) else backgrounds[0]
    options = Options.from_mapping({**values, "background": first})
    refuse_moving(options.framing)
    return options, backgrounds


def _run(wanted: Wanted, options: Options, backgrounds: list[str], console: Console) -> int:
    """Open everything, show, and say how it went."""
    meter = Meter()
    with ExitStack() as stack:
        source = open_live_source(wanted)
        stack.callback(source.close)
        scenes = Scenes(backgrounds, options)
        remover = stack.enter_context(open_live_remover(options, wanted))
        outputs = open_outputs(wanted, scenes, meter, source, console, stack)
        frames = again_and_again(source, wanted) if wanted.loop and not wanted.is_camera else source
        live = Live(frames, remover, scenes, outputs, options=wanted.live, meter=meter)
        keys = stack.enter_context(terminal_keys())
        console.say(f"keys: {KEYS}" if type(keys) is not Keys else "Ctrl+C ends it")
        _end_on_sigterm(scenes, stack)
        return _shown(live, wanted, console, _Meanwhile(live, scenes, keys, console))


def _shown(live: Live, wanted: Wanted, console: Console, meanwhile: Callable[[], None]) -> int:
    try:
        live.run(seconds=wanted.seconds, meanwhile=meanwhile)
        code = 0
    except KeyboardInterrupt:
        code = 0
    except CutawayError as error:
        print_error(str(error))
        code = 1
    console.say(_summary(live))
    return code


def _summary(live: Live) -> str:
    pace = live.meter.pace()
    unwatched = max(0, live.frames_read - live.dropped - live.looks - live.kept)
    counts = (
        f"{live.frames_read} frames: the network ran for {live.looks}, {live.kept} hardly differed, "
        f"{live.dropped} were overtaken, {unwatched} nobody watched"
    )
    return f"{pace}; {counts}" if pace.pictures else f"no picture was watched; {counts}"


def _end_on_sigterm(scenes: Scenes, stack: ExitStack) -> None:
    """Let SIGTERM end as the key q does, where this is the thread that may say so."""
    with suppress(ValueError):
        before = signal.signal(signal.SIGTERM, lambda *_: scenes.ended.set())
        stack.callback(signal.signal, signal.SIGTERM, before)


@dataclass
class _Meanwhile:
    """What the main thread does while others work: keys, and with -v a line now and then."""

    live: Live
    scenes: Scenes
    keys: Keys
    console: Console
    said: float = 0.0

    def __call__(self) -> None:
        for key in self.keys.pressed():
            self.scenes.press(key)
        now = time.monotonic()
        self.said = self.said or now
        if self.console.verbosity > 0 and now - self.said >= REPORT_S:
            self.said = now
            self.console.say("nobody watches" if self.live.resting else str(self.live.meter.pace()))
