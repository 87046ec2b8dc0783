"""`cutaway camera`: a live camera on another background, in the browser, in a window, or as a virtual camera."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from cutaway.cli.console import Console, open_console, print_error, volume_flags
from cutaway.cli.keys import Keys, terminal_keys
from cutaway.cli.remove import option_flags
from cutaway.cli.video import parse_rate
from cutaway.errors import CutawayError, DeviceError, OptionError
from cutaway.looks import refuse_moving
from cutaway.media.camera import CameraReader, Wish
from cutaway.options import Options
from cutaway.streams.live import Live, Output
from cutaway.streams.looking import LiveOptions
from cutaway.streams.meter import Meter
from cutaway.streams.options import STEADINESS
from cutaway.streams.scenes import KEYS, Scenes
from cutaway.streams.sources import Source, is_video, open_source
from cutaway.types import Frame, Pixels, Size

if TYPE_CHECKING:
    from cutaway.cli.window import Window
    from cutaway.media.video.virtual import VirtualCamera
    from cutaway.remover import Remover

SMALL = 224
"""Input size of the built-in model for live pictures; it was trained at 352."""
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


@dataclass(frozen=True)
class Wanted:
    """What was typed, but for the options of the picture."""

    source: str
    realtime: bool
    loop: bool
    camera_size: Size | None
    fps: Fraction | None
    also: tuple[str, ...]
    preview: str
    port: int
    virtual: str | None
    mirror: bool
    steady: Any
    still: float
    input_size: int | None
    seconds: float | None

    @property
    def is_camera(self) -> bool:
        """Whether the source is a camera: neither a file nor a folder."""
        return not (Path(self.source).is_file() or Path(self.source).is_dir())

    @property
    def live(self) -> LiveOptions:
        """Pace and steadiness."""
        pace: Any = "camera" if self.is_camera else "realtime" if self.realtime else "every"
        return LiveOptions(pace, self.still, self.steady, self.mirror)


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
        source,
        realtime,
        loop,
        camera_size,
        fps,
        also,
        preview,
        port,
        virtual,
        mirror,
        steady,
        still,
        input_size,
        seconds,
    )
    options, backgrounds = _options(ctx, wanted)
    return _run(wanted, options, backgrounds, console)


def _options(ctx: click.Context, wanted: Wanted) -> tuple[Options, list[str]]:
    """The picture's options, with what suits live pictures where nothing was said; and the backgrounds."""
    values = dict(ctx.ensure_object(dict))
    if values["format"] is not None:
        raise OptionError("--format is for photos: live pictures are shown, not written")
    for name, value in (("zoom", "off"), ("background", "blur"), ("model", _quick_model())):
        if ctx.get_parameter_source(name) is ParameterSource.DEFAULT:
            values[name] = value
    backgrounds = [str(values.pop("background")), *wanted.also]
    if values["mask_only"] or values["effect"] != "none":
        backgrounds = ["none"]
    first = "none" if is_video(backgrounds[0]) else backgrounds[0]
    options = Options.from_mapping({**values, "background": first})
    refuse_moving(options.framing)
    return options, backgrounds


def _quick_model() -> str:
    """The small model for live pictures if there is one."""
    from cutaway.weights.store import catalogue

    return next((entry.name for entry in catalogue() if entry.name == "fast" and entry.is_here), "default")


def _run(wanted: Wanted, options: Options, backgrounds: list[str], console: Console) -> int:
    """Open everything, show, and say how it went."""
    meter = Meter()
    with ExitStack() as stack:
        source = _opened_source(wanted)
        stack.callback(source.close)
        scenes = Scenes(backgrounds, options)
        remover = stack.enter_context(_opened_remover(options, wanted))
        outputs = _opened_outputs(wanted, scenes, meter, source, console, stack)
        frames = _again_and_again(source, wanted) if wanted.loop and not wanted.is_camera else source
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


def _opened_source(wanted: Wanted) -> Source | CameraReader:
    if wanted.is_camera:
        if wanted.realtime or wanted.loop or is_video(wanted.source):
            raise OptionError(
                f"there is no file or folder {wanted.source!r}; --realtime and --loop are for files"
            )
        return CameraReader(wanted.source, Wish(wanted.camera_size, wanted.fps))
    return open_source(Path(wanted.source), fps=wanted.fps or Fraction(25))


def _again_and_again(source: Source | CameraReader, wanted: Wanted) -> Iterator[Frame]:
    """A file's frames without an end, with times that go on growing."""
    begin = Fraction(0)
    try:
        while True:
            last = Fraction(0)
            for frame in source:
                last = frame.time or last
                yield replace(frame, time=begin + last)
            begin += last + 1 / source.info.rate
            source.close()
            source = open_source(Path(wanted.source), fps=wanted.fps or Fraction(25))
    finally:
        source.close()


def _opened_remover(options: Options, wanted: Wanted) -> Remover:
    """The model, made small for speed where it is the general one and nothing else was said."""
    from cutaway.engines.open import open_as
    from cutaway.engines.resized import resized
    from cutaway.remover import Remover
    from cutaway.weights.store import DEFAULT

    engine = open_as(options)
    size = wanted.input_size or (SMALL if options.model == DEFAULT else engine.spec.size)
    return Remover(options=options, engine=resized(engine, size))


def _opened_outputs(
    wanted: Wanted,
    scenes: Scenes,
    meter: Meter,
    source: Source | CameraReader,
    console: Console,
    stack: ExitStack,
) -> list[Output]:
    """Where pictures go."""
    outputs: list[Output] = []
    if wanted.virtual is not None:
        from cutaway.media.video.virtual import open_virtual

        camera = open_virtual(wanted.virtual, size=source.info.size, rate=source.info.rate)
        outputs.append(stack.enter_context(closing(_Virtual(camera, meter))))
        console.say(f"virtual camera: {camera.name}")
    window = _window(scenes, meter, console) if wanted.preview == "window" else None
    if window is not None:
        outputs.append(stack.enter_context(closing(window)))
    elif wanted.preview != "none":
        from cutaway.server.watch import BrowserView

        browser = stack.enter_context(closing(BrowserView(scenes, meter, port=wanted.port)))
        browser.status = lambda: {"pace": str(meter.pace())}
        outputs.append(browser)
        console.say(f"watch it at {browser.address}")
    if not outputs:
        raise OptionError("nothing would be shown: choose another --preview, or --virtual")
    return outputs


def _window(scenes: Scenes, meter: Meter, console: Console) -> Window | None:
    """The window, or None where there is no toolkit or no screen, which is said."""
    from cutaway.cli.window import Window

    try:
        return Window(scenes, meter)
    except DeviceError as error:
        console.say(f"note: {error}; the browser instead")
        return None


class _Virtual:
    """A virtual camera as an output; nobody can tell whether it is watched."""

    watched = True

    def __init__(self, camera: VirtualCamera, meter: Meter) -> None:
        self._camera, self._meter = camera, meter

    def show(self, pixels: Pixels, captured: float) -> None:
        self._camera.show(pixels)
        self._meter.shown(captured)

    def pump(self) -> None:
        """Nothing."""

    def close(self) -> None:
        self._camera.close()
