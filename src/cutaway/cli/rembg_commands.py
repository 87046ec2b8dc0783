"""rembg's commands, for those who have them in their fingers and scripts: `cutaway i|p|s|b` with rembg's own flags.

They are hidden from `--help`; `cutaway remove` can more. They work through `cutaway.compat.rembg`.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from cutaway.cli.console import Console, open_console, print_error, volume_flags
from cutaway.cli.inputs import find_photos
from cutaway.errors import CutawayError, OptionError
from cutaway.media.files import write_atomic

if TYPE_CHECKING:
    from cutaway.compat.rembg import BaseSession, Rgba

_Function = TypeVar("_Function", bound=Callable[..., Any])
_WATCH_S = 1.0


@dataclass(frozen=True)
class Flags:
    """rembg's shared flags."""

    model: str | None = None
    alpha_matting: bool = False
    af: int = 240
    ab: int = 10
    ae: int = 10
    only_mask: bool = False
    post_process_mask: bool = False
    decontaminate: bool = False
    vitmatte: bool = False
    bgcolor: Rgba | None = None
    extras: str | None = None

    def session(self) -> BaseSession:
        """The model.

        Raises:
            OptionError: the extras say something.
            ModelError: there is no such model.
        """
        from cutaway.compat.rembg import new_session

        _refuse_extras(self.extras)
        return new_session(self.model or "default")

    def apply(self, data: Any, session: BaseSession) -> Any:
        """`rembg.remove` with these flags."""
        from cutaway.compat.rembg import remove

        return remove(
            data,
            alpha_matting=self.alpha_matting,
            alpha_matting_foreground_threshold=self.af,
            alpha_matting_background_threshold=self.ab,
            alpha_matting_erode_size=self.ae,
            session=session,
            only_mask=self.only_mask,
            post_process_mask=self.post_process_mask,
            decontaminate=self.decontaminate,
            vitmatte=self.vitmatte,
            bgcolor=self.bgcolor,
        )


def _refuse_extras(text: str | None) -> None:
    try:
        empty = not text or json.loads(text) in ({}, None)
    except ValueError:
        empty = False
    if not empty:
        raise OptionError(
            "-x/--extras is for rembg's special models: for a model file of your own use -m FILE.onnx"
        )


_SHARED = (
    click.option("-m", "--model", metavar="NAME", help="Model; without it the built-in one."),
    click.option("-a", "--alpha-matting", is_flag=True, help="Accepted; the model's own soft edge is kept."),
    click.option("-af", "--alpha-matting-foreground-threshold", "af", default=240, help="Goes with -a."),
    click.option("-ab", "--alpha-matting-background-threshold", "ab", default=10, help="Goes with -a."),
    click.option("-ae", "--alpha-matting-erode-size", "ae", default=10, help="Goes with -a."),
    click.option("-om", "--only-mask", is_flag=True, help="Write the mask alone."),
    click.option(
        "-ppm", "--post-process-mask", is_flag=True, help="Make the mask hard, with a smooth outline."
    ),
    click.option("-dc", "--decontaminate", is_flag=True, help="Accepted; Cutaway's own colours are kept."),
    click.option("-vm", "--vitmatte", is_flag=True, help="Accepted; the model's own soft edge is kept."),
    click.option(
        "-bgc", "--bgcolor", nargs=4, type=click.IntRange(0, 255), metavar="R G B A", help="Background."
    ),
    click.option("-x", "--extras", metavar="JSON", help="For rembg's special models; only {} is accepted."),
)


def shared_flags(function: _Function) -> _Function:
    """Give a command rembg's shared flags; they arrive as one argument `flags`."""

    @wraps(function)  # keeps the options that it has already
    def with_flags(**given: Any) -> Any:
        own = {f.name: given.pop(f.name) for f in fields(Flags)}
        return function(flags=Flags(**own), **given)

    wrapped: Any = with_flags
    for flag in reversed(_SHARED):
        wrapped = flag(wrapped)
    return volume_flags(wrapped)  # type: ignore[no-any-return]


@click.command("i")
@click.argument("input", default="-", type=click.Path(allow_dash=True))
@click.argument("output", required=False, type=click.Path(allow_dash=True))
@shared_flags
def one(input: str, output: str | None, flags: Flags, verbose: int, quiet: bool) -> int:
    """Remove the background of one picture, as rembg does.

    INPUT and OUTPUT may be - for stdin and stdout. Without OUTPUT the result is STEM.out.png beside the picture.
    """
    console = open_console(verbose, quiet)
    target = output or ("-" if input == "-" else str(Path(input).with_name(f"{Path(input).stem}.out.png")))
    if target == "-" and sys.stdout.isatty():
        raise OptionError("a picture is not written onto a terminal: give an output file")
    if target != "-" and input != "-" and os.path.realpath(target) == os.path.realpath(input):
        raise OptionError(f"{input!r} would be overwritten by its own result: choose another output")
    data = sys.stdin.buffer.read() if input == "-" else _bytes_of(Path(input))
    made = flags.apply(data, flags.session())
    if target == "-":
        sys.stdout.buffer.write(made)
        return 0
    write_atomic(target, made, overwrite=True)
    console.say(target)
    return 0


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OptionError(f"{str(path)!r} cannot be read: {error.strerror or error}") from error


@click.command("p")
@click.argument("input", type=click.Path(exists=True, file_okay=False))
@click.argument("output", type=click.Path(file_okay=False))
@shared_flags
@click.option("-w", "--watch", is_flag=True, help="Go on, and take pictures that appear later.")
@click.option("--accept-usage-cost", is_flag=True, help="Accepted: nothing costs anything here.")
@click.option("-d", "--delete_input", "delete_input", is_flag=True, help="Delete each picture that is done.")
def folder(
    input: str,
    output: str,
    flags: Flags,
    watch: bool,
    accept_usage_cost: bool,
    delete_input: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Remove the backgrounds of a folder's pictures, as rembg does.

    Subfolders are kept, results are .png, and those that are already there are skipped.

    Exit codes: 0 all done, 1 some pictures failed, 130 interrupted.
    """
    console = open_console(verbose, quiet)
    run = _FolderRun(Path(input), Path(output), flags, delete_input=delete_input, console=console)
    run.once()
    while watch:
        time.sleep(_WATCH_S)
        run.once()
    return 1 if run.failed else 0


class _FolderRun:
    """What `cutaway p` does each time it looks."""

    def __init__(self, top: Path, out: Path, flags: Flags, *, delete_input: bool, console: Console) -> None:
        self._top, self._out, self._flags = top, out, flags
        self._delete_input, self._console = delete_input, console
        self._session = flags.session()
        self.failed: set[Path] = set()

    def once(self) -> None:
        """Do all pictures that have no result yet."""
        for photo in find_photos([str(self._top)], out=self._out).photos:
            assert photo.path is not None
            target = (self._out / photo.under / photo.path.name).with_suffix(".png")
            if photo.path not in self.failed and not target.exists():
                self._do(photo.path, target)

    def _do(self, path: Path, target: Path) -> None:
        try:
            write_atomic(target, self._flags.apply(_bytes_of(path), self._session), overwrite=False)
            if self._delete_input:
                path.unlink()
        except (CutawayError, OSError) as error:
            self.failed.add(path)
            print_error(f"{path}: {error}")
        else:
            self._console.say(str(target))


@click.command("s")
@click.option("-p", "--port", default=7000, show_default=True, help="Port to listen on.")
@click.option("-h", "--host", default="127.0.0.1", show_default=True, help="Address; rembg's own is 0.0.0.0.")
@click.option("-l", "--log_level", default="info", help="critical, error, warning, info, debug or trace.")
@click.option(
    "-t", "--threads", type=int, default=0, help="Pictures worked on at the same time; 0 is automatic."
)
@click.option("--no-ui", is_flag=True, help="Accepted: there is no page of rembg's here.")
@volume_flags
def server(port: int, host: str, log_level: str, threads: int, no_ui: bool, verbose: int, quiet: bool) -> int:
    """Serve /api/remove, as rembg does; the same server as 'cutaway serve'.

    Only this machine can call it unless -h 0.0.0.0 says otherwise.
    """
    from cutaway.cli.serve import start
    from cutaway.server.settings import Settings

    loudness = {"critical": -1, "error": -1, "warning": 0, "info": 0, "debug": 1, "trace": 2}
    if log_level not in loudness:
        raise OptionError(f"log level {log_level!r} is not one of {', '.join(loudness)}")
    console = open_console(max(verbose, loudness[log_level]), quiet or loudness[log_level] < 0)
    pool = threads if threads > 0 else Settings.pool
    return start(Settings(host=host, port=port, pool=pool), console)


@click.command("b")
@click.argument("image_width", type=click.IntRange(1, 65535))
@click.argument("image_height", type=click.IntRange(1, 65535))
@click.option(
    "-o", "--output_specifier", default="", metavar="out-%03u.png", help="Files; without it stdout."
)
@shared_flags
def stream(
    image_width: int, image_height: int, output_specifier: str, flags: Flags, verbose: int, quiet: bool
) -> int:
    """Remove the backgrounds of raw frames from stdin, as rembg does.

    Frames are rgb24, as 'ffmpeg -f rawvideo -pix_fmt rgb24 pipe:' writes them. PNGs go to files or to stdout.
    """
    open_console(verbose, quiet)
    if not output_specifier and sys.stdout.isatty():
        raise OptionError("pictures are not written onto a terminal: give -o out-%03u.png")
    name_of = _numbered(output_specifier)
    session = flags.session()
    for number, frame in enumerate(_frames(sys.stdin.buffer, image_width, image_height)):
        made = io.BytesIO()
        flags.apply(frame, session).save(made, "PNG", compress_level=1)
        if output_specifier:
            write_atomic(name_of(number), made.getvalue(), overwrite=True)
        else:
            sys.stdout.buffer.write(made.getvalue())
    sys.stdout.buffer.flush()
    return 0


def _numbered(specifier: str) -> Callable[[int], str]:
    """Fill a number into "out-%03u.png"."""
    pattern = specifier.replace("%u", "%d")
    for width in range(1, 10):
        pattern = pattern.replace(f"%0{width}u", f"%0{width}d")
    try:
        if specifier and pattern % 0 == pattern % 1:
            raise ValueError(specifier)
    except (ValueError, TypeError):
        raise OptionError(f"{specifier!r} needs one place for the number, such as out-%03u.png") from None
    return lambda number: pattern % number


def _frames(source: BinaryIO, width: int, height: int) -> Iterator[Any]:
    """Pillow images of a raw rgb24 stream.

    Raises:
        OptionError: it ends in the middle of a frame.
    """
    from PIL import Image

    size = width * height * 3
    while data := source.read(size):
        if len(data) < size:
            raise OptionError(f"the stream ends in the middle of a frame: is it rgb24 of {width} x {height}?")
        yield Image.frombytes("RGB", (width, height), data)
