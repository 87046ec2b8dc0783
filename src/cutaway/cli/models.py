"""`cutaway models`: what there is to choose from."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import click

from cutaway.cli.console import open_console, volume_flags
from cutaway.cli.facts import INDENT, facts_text, screen_columns
from cutaway.cli.progress import Progress
from cutaway.weights.store import ALIASES

if TYPE_CHECKING:
    from cutaway.weights.store import CatalogueEntry

COMMERCIAL = {"yes": "", "no": " (not for commercial use)", "unclear": " (commercial use unclear)"}
"""What the licence line adds."""

__all__ = ["COMMERCIAL", "INDENT", "described", "megabytes", "models", "scores_text"]


@click.group(invoke_without_command=True)
@click.pass_context
def models(context: click.Context) -> int:
    """List the models: size, licence, scores, whether they are here.

    Any .onnx file that `cutaway train` or `cutaway export` wrote can be used as well: --model RUN/model.onnx.
    """
    if context.invoked_subcommand is None:
        from cutaway.weights.store import catalogue

        columns = screen_columns()
        click.echo("\n\n".join(described(entry, columns=columns) for entry in catalogue()))
    return 0


@models.command()
@click.argument("model", metavar="ARCH|FILE")
@click.option(
    "--size",
    type=click.IntRange(32, 4096),
    metavar="PX",
    help="Side of the input for shapes and operations; 320 or the size of training.",
)
def info(model: str, size: int | None) -> int:
    """Print what a network or a model file is made of.

    ARCH is the name of an architecture (lite0, unet, resnet50-dilated, ...): its modules, their shapes, parameters and
    multiply-adds. FILE is a .onnx model, a model's name or a checkpoint (.ckpt) of a training run.
    """
    from cutaway.cli.model_info import info_text

    click.echo(info_text(model, size=size))
    return 0


@models.command()
@click.argument("name", metavar="NAME")
@volume_flags
def pull(name: str, verbose: int, quiet: bool) -> int:
    """Fetch a model of the catalogue, so that --model NAME works.

    Its licence is told first. The file is checked against the catalogue's checksum; a transfer that broke off goes on
    where it stopped. CUTAWAY_MIRROR names another address to fetch from, CUTAWAY_OFFLINE=1 forbids fetching. The file's
    place is printed on stdout.
    """
    console = open_console(verbose, quiet)
    from cutaway.weights.published import entry_of
    from cutaway.weights.pull import pull as fetch_model

    entry = entry_of(name)
    licence = entry.licence + COMMERCIAL[entry.commercial]
    console.say(f"{name}: licence {licence}; trained on {entry.training_data}; from {entry.source}")
    bar = Progress(0, sys.stderr if console.shows_progress else None)
    bar.note = "(MiB)"
    try:
        path = fetch_model(name, progress=partial(_draw, bar))
    finally:
        bar.clear()
    click.echo(path)
    return 0


def _draw(bar: Progress, done: int, total: int) -> None:
    bar.count, bar.total = (done >> 20) - 1, total >> 20
    bar.step()


def described(entry: CatalogueEntry, *, columns: int) -> str:
    """One model in a few lines: a name, and under it a labelled line for each thing worth knowing."""
    facts = {
        "size": megabytes(entry.size_bytes),
        "licence": entry.licence + COMMERCIAL[entry.commercial],
        "trained on": entry.training_data,
        "scores": scores_text(entry.scores),
        "here": "yes" if entry.is_here else "no",
    }
    others = [name for name, own in ALIASES.items() if own == entry.name]
    also = {"also called": ", ".join(others)} if others else {}
    return facts_text(entry.name, facts | also, columns=columns)


def megabytes(size_bytes: int) -> str:
    """A file's size for people: "4.7 MB" (decimal megabytes)."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else "-"


def scores_text(scores: Mapping[str, float]) -> str:
    """Scores in one line: "mean IoU on cats 0.804, horses 0.911"; "-" if there are none."""
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    return f"mean IoU on {told}" if told else "-"
