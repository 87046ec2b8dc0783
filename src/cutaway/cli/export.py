"""`cutaway export`: from a training checkpoint to a model that can be used."""

from __future__ import annotations

from pathlib import Path

import click

from cutaway.cli.console import open_console, volume_flags


@click.command()
@click.argument("checkpoint", metavar="CHECKPOINT", type=click.Path(path_type=Path))
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
@click.option("--overwrite", is_flag=True, help="Replace the file if it is already there.")
@volume_flags
def export(
    checkpoint: Path, output: Path, size: int | None, overwrite: bool, verbose: int, quiet: bool
) -> int:
    """Turn a training checkpoint into a .onnx model.

    The model carries its description inside, so --model MODEL.onnx is all there is to say to use it.
    """
    console = open_console(verbose, quiet)
    from cutaway.training.export import export_checkpoint

    spec = export_checkpoint(checkpoint, output, size=size, overwrite=overwrite)
    console.say(
        f"{output} (model {spec.name!r}, {spec.size} px); use it with: cutaway remove PHOTO --model {output}"
    )
    return 0
