"""`cutaway train`: from a folder of photos and masks to a model."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cutaway.cli.console import Console, open_console, volume_flags
from cutaway.cli.progress import Progress

if TYPE_CHECKING:
    from cutaway.training.run import Tick


@click.command()
@click.argument("data", metavar="DATA...", nargs=-1, type=click.Path())
@click.option("-o", "--output", metavar="RUN", type=click.Path(), help="Folder for everything the run makes.")
@click.option("--arch", metavar="NAME", help="Network to train.")
@click.option("--size", type=int, metavar="PX", help="Side of the training crops.")
@click.option("--epochs", type=int, metavar="N", help="How often to go through the data.")
@click.option(
    "--samples-per-epoch", type=int, metavar="N", help="Samples in an epoch; 0 takes each pair once."
)
@click.option("--batch", type=int, metavar="N", help="Samples in a step.")
@click.option("--lr", type=float, metavar="RATE", help="Highest learning rate.")
@click.option(
    "--seed", type=int, metavar="N", help="Start of all random numbers, and of the validation split."
)
@click.option("--resume", is_flag=True, help="Go on with the run in RUN exactly where it stopped.")
@click.option(
    "--init", metavar="CHECKPOINT", type=click.Path(), help="Start from the weights of another run."
)
@click.option(
    "--config", metavar="FILE.toml", type=click.Path(path_type=Path), help="Settings; flags win over it."
)
@click.option("--masks", metavar="READING", help="How mask values are meant: see 'cutaway data check'.")
@click.option("--background-folder", metavar="DIR", type=click.Path(), help="Photos to lay subjects on.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to train.")
@click.option("--workers", type=int, metavar="N", help="Threads that prepare samples.")
@volume_flags
def train(
    data: tuple[str, ...],
    output: str | None,
    arch: str | None,
    size: int | None,
    epochs: int | None,
    samples_per_epoch: int | None,
    batch: int | None,
    lr: float | None,
    seed: int | None,
    resume: bool,
    init: str | None,
    config: Path | None,
    masks: str | None,
    background_folder: str | None,
    device: str | None,
    workers: int | None,
    verbose: int,
    quiet: bool,
) -> int:
    """Train a model on your own photos and masks.

    DATA is a folder with images/ and masks/ whose files share stems. Everything the run makes lies in RUN;
    the model is RUN/model.onnx and can be used at once: cutaway remove photo.jpg --model RUN/model.onnx.

    A flag that is not given takes its value from --config, or else the default.
    """
    console = open_console(verbose, quiet)
    if not quiet:
        logging.getLogger("cutaway.training").setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
    from cutaway.training.config import load_config
    from cutaway.training.run import train as run

    said = {
        "data": data or None, "out": output, "arch": arch, "size": size, "epochs": epochs,
        "samples_per_epoch": samples_per_epoch, "batch": batch, "lr": lr, "seed": seed, "init": init,
        "masks": masks,
        "background_folder": background_folder, "device": device, "workers": workers,
    }  # fmt: skip
    run(load_config(config, said), resume=resume, progress=_progress(console))
    return 0


def _progress(console: Console) -> Callable[[Tick], None] | None:
    """A function that draws how far the training is; None where no bar is wanted."""
    if not console.shows_progress:
        return None
    bar: Progress | None = None

    def show(tick: Tick) -> None:
        nonlocal bar
        done = (tick.epoch - 1) * tick.steps + tick.step
        bar = bar or Progress(tick.epochs * tick.steps, sys.stderr, start=done - 1)
        bar.count = done - 1
        bar.note = f"epoch {tick.epoch}/{tick.epochs}  loss {tick.loss:.4f}"
        bar.step()
        if tick.step == tick.steps:  # the epoch's scores are printed next, in the bar's place
            bar.clear()

    return show
