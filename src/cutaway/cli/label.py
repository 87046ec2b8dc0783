"""`cutaway label`: let a model draw the masks of unlabelled photos."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from cutaway.cli.console import open_console, print_error, volume_flags
from cutaway.cli.engine_flags import engine_flags
from cutaway.cli.progress import Progress
from cutaway.options import DeviceName, EngineName, Options, Precision


@click.command()
@click.argument("photos", metavar="PHOTOS", type=click.Path(path_type=Path))
@click.argument("dst", metavar="DST", type=click.Path(path_type=Path))
@click.option("--model", default="default", show_default=True, metavar="NAME|PATH", help="Who draws.")
@click.option(
    "--views", type=int, default=2, show_default=True, metavar="N",
    help="Look at each photo so often (1 to 6: as it is, mirrored, both at two smaller scales) and take the mean.",
)  # fmt: skip
@click.option("--binary", is_flag=True, help="Write masks of 0 and 255 instead of soft mattes.")
@click.option("--unknown", is_flag=True, help="Write 128 where the views disagree whether there is subject.")
@click.option(
    "--min-confidence", type=float, default=0.0, show_default=True, metavar="X",
    help="Move photos below this confidence, 0 to 1, to DST/doubtful.",
)  # fmt: skip
@click.option(
    "--subject", nargs=2, type=float, default=(0.0, 1.0), metavar="MIN MAX",
    help="Move photos there as well whose subject covers less or more of the photo than these shares.",
)  # fmt: skip
@click.option(
    "--zoom", type=click.Choice(["auto", "off"]), default="auto", show_default=True,
    help="Look at a small subject a second time, closer.",
)  # fmt: skip
@engine_flags
@volume_flags
def label(
    photos: Path,
    dst: Path,
    model: str,
    views: int,
    binary: bool,
    unknown: bool,
    min_confidence: float,
    subject: tuple[float, float],
    zoom: Literal["auto", "off"],
    engine: EngineName,
    precision: Precision,
    device: DeviceName,
    threads: int,
    verbose: int,
    quiet: bool,
) -> int:
    """Let a model draw the masks of unlabelled photos.

    PHOTOS is a folder, searched with its subfolders. DST gets images/, masks/ and dataset.toml, ready for
    `cutaway train`; confidence.csv with the confidence of every photo; and review.png, the least confident photos
    first, for you to look at. Doubtful photos go to DST/doubtful.

    Interrupted, the same command goes on where it stopped. With another --min-confidence or --subject it only sorts
    what is there.

    Exit code 0 if all photos are labelled, 1 if some could not be, 2 if none was.
    """
    console = open_console(verbose, quiet)
    from cutaway.data.label import Wishes
    from cutaway.data.label import label as draw
    from cutaway.remover import Remover

    wishes = Wishes(views, binary, unknown, min_confidence, subject)
    options = Options(
        model=model, zoom=zoom, engine=engine, precision=precision, device=device, threads=threads
    )
    remover = Remover(options=options)
    bar = Progress(0, sys.stderr if console.shows_progress else None)

    def show(done: int, total: int) -> None:
        bar.count, bar.total = done - 1, total
        bar.step()

    try:
        made = draw(photos, dst, remover=remover, wishes=wishes, progress=show)
    finally:
        bar.clear()
    click.echo(made.text())
    for problem in made.failed:
        print_error(problem)
    if made.review:
        console.say(f"look at {made.review[0]} first")
    return 0 if not made.failed else 1 if made.rows else 2
