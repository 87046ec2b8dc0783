"""What `cutaway camera` opens before it shows anything: source, model, and the places where pictures go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutaway.cli.console import Console
from cutaway.errors import DeviceError, OptionError
from cutaway.media.camera import CameraReader, Wish
from cutaway.options import Options
from cutaway.streams.live import Output
from cutaway.streams.looking import LiveOptions
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.streams.sources import Source, is_video, open_source
from cutaway.types import Frame, Pixels, Size

if TYPE_CHECKING:
    from cutaway.cli.window import Window
    from cutaway.media.video.virtual import VirtualCamera
    from cutaway.remover import Remover

SMALL = 224
"""Input size of the built-in model for live pictures; it was trained at 352."""


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


def open_live_source(wanted: Wanted) -> Source | CameraReader:
    """The camera, or what stands in for it.

    Raises:
        OptionError: something that only files have is wanted of a camera.
        DeviceError: the camera cannot be used.
        ImageError: the file or folder cannot be read.
    """
    if wanted.is_camera:
        if wanted.realtime or wanted.loop or is_video(wanted.source):
            raise OptionError(
                f"there is no file or folder {wanted.source!r}; --realtime and --loop are for files"
            )
        return CameraReader(wanted.source, Wish(wanted.camera_size, wanted.fps))
    return open_source(Path(wanted.source), fps=wanted.fps or Fraction(25))


def again_and_again(source: Source | CameraReader, wanted: Wanted) -> Iterator[Frame]:
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


def open_live_remover(options: Options, wanted: Wanted) -> Remover:
    """The model, made small for speed where it is the general one and nothing else was said."""
    from cutaway.engines.open import open_as
    from cutaway.engines.resized import resized
    from cutaway.remover import Remover
    from cutaway.weights.store import DEFAULT, canonical

    engine = open_as(options)
    size = wanted.input_size or (SMALL if canonical(options.model) == DEFAULT else engine.spec.size)
    return Remover(options=options, engine=resized(engine, size))


def open_outputs(
    wanted: Wanted,
    scenes: Scenes,
    meter: Meter,
    source: Source | CameraReader,
    console: Console,
    stack: ExitStack,
) -> list[Output]:
    """The places where pictures go; `stack` closes them.

    Raises:
        OptionError: there is none, or the page's port is taken.
        DeviceError: the virtual camera cannot be used.
    """
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
