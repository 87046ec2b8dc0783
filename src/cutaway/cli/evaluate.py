"""`cutaway evaluate`: measure a model on photos with known masks."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from cutaway.cli.console import open_console, print_error, volume_flags
from cutaway.cli.engine_flags import engine_flags
from cutaway.cli.progress import Progress
from cutaway.options import DeviceName, EngineName, Options, Precision


@click.command()
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", default="default", show_default=True, metavar="NAME|PATH", help="Model to measure.")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder for the report.",
)
@engine_flags
@click.option(
    "--masks", default="auto", show_default=True, metavar="READING", help="How mask values are meant."
)
@click.option(
    "--subdirs", nargs=2, metavar="IMAGES MASKS", help="What the two folders of a data set are called."
)
@volume_flags
def evaluate(
    data: tuple[Path, ...],
    model: str,
    output: Path,
    engine: EngineName,
    precision: Precision,
    device: DeviceName,
    threads: int,
    masks: str,
    subdirs: tuple[str, str] | None,
    verbose: int,
    quiet: bool,
) -> int:
    """Measure a model on photos with known masks.

    DATA is a folder with images/ and masks/ whose files share stems. The table goes to stdout; DIR gets
    report.html, to be opened in a browser, the scores of every picture as JSON and a contact sheet of the worst.

    Exit code 1 if some pictures could not be scored, 2 if none could.
    """
    console = open_console(verbose, quiet)
    from cutaway.evaluation.run import evaluate as evaluate_pairs

    bar = Progress(0, sys.stderr if console.shows_progress else None)

    def show(done: int, total: int) -> None:
        bar.count, bar.total = done - 1, total
        bar.step()

    options = Options(model=model, engine=engine, precision=precision, device=device, threads=threads)
    measure = partial(evaluate_pairs, subdirs=subdirs) if subdirs else evaluate_pairs
    try:
        summary = measure(data, out=output, options=options, masks=masks, progress=show)
    finally:
        bar.clear()
    click.echo(summary.table())
    for row in summary.failed:
        print_error(f"{row.id}: {row.error}")
    console.say(f"the report is {output / 'report.html'}")
    return 0 if not summary.failed else 1 if len(summary.failed) < len(summary.rows) else 2
