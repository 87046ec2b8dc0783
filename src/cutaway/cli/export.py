"""`cutaway export`: from a training checkpoint to a model that can be used, and from that to a smaller, quicker one."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import click

from cutaway.cli.console import Console, open_console, print_error, volume_flags
from cutaway.cli.progress import Progress
from cutaway.errors import OptionError


class _Sizes(NamedTuple):
    """The sizes a model works at, in pixels; None for what the checkpoint says."""

    size: int | None
    zoom_size: int | None


@click.command()
@click.argument("checkpoint", metavar="CHECKPOINT|MODEL", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="MODEL.onnx",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write.",
)
@click.option(
    "--size",
    type=click.IntRange(32, 4096),
    metavar="PX",
    help="Work at about PX × PX pixels instead of the training size.",
)
@click.option(
    "--zoom-size",
    type=click.IntRange(32, 4096),
    metavar="PX",
    help="Work at about PX × PX pixels when looking at the subject alone (--zoom).",
)
@click.option(
    "--int8", is_flag=True, help="Write a quarter of the size in 8-bit integers; needs --calibrate."
)
@click.option(
    "--calibrate",
    metavar="PHOTOS",
    type=click.Path(path_type=Path),
    help="Folder of photos such as the model will see, 100 or more; every fifth measures the difference.",
)
@click.option(
    "--measure",
    metavar="DATA",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Photos with masks, to measure what int8 loses in IoU; more than half a point is refused.",
)
@click.option("--force", is_flag=True, help="Write the int8 model even if it differs too much.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is already there.")
@volume_flags
def export(
    checkpoint: Path,
    output: Path,
    size: int | None,
    zoom_size: int | None,
    int8: bool,
    calibrate: Path | None,
    measure: tuple[Path, ...],
    force: bool,
    overwrite: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Turn a training checkpoint into a .onnx model.

    The model carries its description inside, so --model MODEL.onnx is all there is to say to use it. With --int8 it may
    also be made from a .onnx file or a model's name, and is refused if its mattes differ too much.
    """
    console = open_console(verbose, quiet)
    if int8:
        make = partial(_int8, measure=measure, force=force, overwrite=overwrite, console=console)
        return make(checkpoint, output, _Sizes(size, zoom_size), calibrate)
    if calibrate is not None or measure or force:
        raise OptionError("--calibrate, --measure and --force belong to --int8: add it, or leave them out")
    from cutaway.training.export import export_checkpoint

    spec = export_checkpoint(checkpoint, output, size=size, zoom_size=zoom_size, overwrite=overwrite)
    console.say(
        f"{output} (model {spec.name!r}, {spec.size} px); use it with: cutaway remove PHOTO --model {output}"
    )
    return 0


def _int8(
    source: Path,
    output: Path,
    sizes: _Sizes,
    photos: Path | None,
    *,
    measure: tuple[Path, ...],
    force: bool,
    overwrite: bool,
    console: Console,
) -> int:
    if photos is None:
        raise OptionError("--int8 needs --calibrate PHOTOS: a folder of photos such as the model will see")
    is_checkpoint = source.suffix.lower() == ".ckpt"
    settled = [f"--{name.replace('_', '-')}" for name, size in sizes._asdict().items() if size is not None]
    if settled and not is_checkpoint:
        raise OptionError(
            f"{settled[0]} is settled in {source} already: give the training checkpoint, or leave it out"
        )
    from cutaway.training.quantise import quantise

    bar = Progress(0, sys.stderr if console.shows_progress else None)

    def show(done: int, total: int) -> None:
        bar.count, bar.total = done - 1, total
        bar.step()

    with tempfile.TemporaryDirectory() as folder:
        model = _exported(source, Path(folder), sizes) if is_checkpoint else source
        try:
            made = quantise(
                model, photos, out=output, measure=measure, force=force, overwrite=overwrite, progress=show
            )
        finally:
            bar.clear()
    for problem in made.failed:
        print_error(problem)
    console.say(f"{output}: {made.text()}")
    return 1 if made.failed else 0


def _exported(checkpoint: Path, folder: Path, sizes: _Sizes) -> Path:
    """The checkpoint as a float model."""
    from cutaway.training.export import export_checkpoint

    export_checkpoint(checkpoint, folder / "float.onnx", size=sizes.size, zoom_size=sizes.zoom_size)
    return folder / "float.onnx"
