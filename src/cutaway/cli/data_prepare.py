"""`cutaway data prepare`: turn a public data set into a folder that `cutaway train` takes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from cutaway.cli.console import open_console, volume_flags
from cutaway.cli.progress import Progress


@click.command()
@click.argument("name", metavar="FORMAT")
@click.argument("src", metavar="SRC", type=click.Path(path_type=Path))
@click.argument("dst", metavar="DST", type=click.Path(path_type=Path))
@click.option(
    "--class",
    "names",
    metavar="NAME",
    multiple=True,
    help="Only this class is subject; can be given repeatedly.",
)
@click.option(
    "--hole", "holes", metavar="LABEL", multiple=True, help="Cut this label out of the subject (labelme)."
)
@click.option(
    "--classes", type=click.Choice(["2", "3"]), default="2", show_default=True,
    help="Subject and background, or with the border between them (oxford-pets).",
)  # fmt: skip
@click.option(
    "--masks", default="auto", show_default=True, metavar="READING",
    help="How mask values are meant (person-segmentation).",
)  # fmt: skip
@click.option(
    "--empty", is_flag=True, help="Also take photos that show none of the classes, with a black mask."
)
@click.option("--download", is_flag=True, help="First fetch the official archives into SRC (oxford-pets).")
@click.option("--url", default="", hidden=True, help="Fetch them from here instead.")
@click.option("--no-check", is_flag=True, help="Do not open everything once more to check it at the end.")
@volume_flags
def prepare(
    name: str,
    src: Path,
    dst: Path,
    names: tuple[str, ...],
    holes: tuple[str, ...],
    classes: str,
    masks: str,
    empty: bool,
    download: bool,
    url: str,
    no_check: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Turn a public data set into a folder that `cutaway train` takes.

    FORMAT is oxford-pets, person-segmentation, supervisely, coco, voc, labelme or matting. SRC is the data set as
    it was downloaded; DST is a new folder, which gets images/, masks/ and dataset.toml, or a folder with these for
    each part of the set. Photos are copied as they are.

    Exit code 0 if all that was made can be trained on, 1 if the check finds errors in it, 2 if nothing was made.
    """
    console = open_console(verbose, quiet)
    from cutaway.data.prepare import Wishes
    from cutaway.data.prepare import prepare as make

    wishes = Wishes(names, holes, int(classes), masks, empty, download, url)
    bar = Progress(0, sys.stderr if console.shows_progress else None)
    try:
        made = make(name, src, dst=dst, wishes=wishes, check=not no_check, progress=_drawn_by(bar))
    finally:
        bar.clear()
    click.echo(made.text())
    return 0 if made.ok else 1


def _drawn_by(bar: Progress) -> Callable[[str, int, int], None]:
    """Draws whatever step is being done; bytes are counted in MiB, so that the rate can be read."""

    def show(step: str, done: int, total: int) -> None:
        unit = 1 if step in ("photos", "check") else 1 << 20
        bar.note = step if unit == 1 else f"{step} (MiB)"
        bar.count, bar.total = done // unit - 1, total // unit
        bar.step()

    return show
