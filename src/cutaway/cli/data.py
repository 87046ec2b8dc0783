"""`cutaway data ...`: make a training set and look into it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cutaway.cli.console import open_console, volume_flags
from cutaway.cli.data_prepare import prepare


@click.group()
def data() -> None:
    """Look into a training set and say what is wrong with it."""


@data.command()
@click.argument("folders", metavar="DIR|LIST...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--masks", default="auto", metavar="READING", help="How mask values are meant, where they are ambiguous."
)
@click.option(
    "--subdirs",
    nargs=2,
    default=("images", "masks"),
    metavar="IMAGES MASKS",
    help="The names of the two folders, where they are not images and masks.",
)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    help="Also draw photos, masks and overlays of up to 24 pairs, the suspicious ones first.",
)
@click.option("--overwrite", is_flag=True, help="Replace the sheet if it is already there.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with all names.")
@volume_flags
def check(
    folders: tuple[Path, ...],
    masks: str,
    subdirs: tuple[str, str],
    sheet: Path | None,
    overwrite: bool,
    as_json: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Say what is in a data set and what is wrong with it.

    DIR holds images/ and masks/ with matching stems, or one folder a picture with its images and masks (several are
    merged), or folders that do. LIST is a .csv or .tsv file with the columns image and mask. A dataset.toml in DIR
    may name the folders and the READING; what is said here wins. Exit code 0 if all can be used, 1 if not.

    READING is auto, unit (0/1), grey (0..255), threshold[:N] (subject from N up), subject:V[,V...] (these values),
    matting-trimap (0 background, 128 unknown, 255 subject), tutorial-trimap (0 subject, 128 background, 255 border),
    pets-trimap (1 subject, 2 background, 3 border), voc[:CLASS,...] (PASCAL VOC classes by name or number) or
    colours:RRGGBB[,...] (these colours).
    """
    console = open_console(verbose, quiet)
    from cutaway.data.check import check as look_at

    if sheet is not None:
        from cutaway.data.check_sheet import refuse_sheet, write_sheet

        refuse_sheet(sheet, overwrite=overwrite)
    report = look_at(folders, masks=masks, subdirs=subdirs)
    click.echo(json.dumps(report.to_json(), indent=1) if as_json else report.text())
    if sheet is not None:
        write_sheet(report, sheet, overwrite=overwrite)
        console.say(f"drawn: {sheet}")
    return 0 if report.ok else 1


data.add_command(prepare)
