"""`cutaway data ...`: look into a training set."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cutaway.cli.console import open_console, volume_flags


@click.group()
def data() -> None:
    """Look into a training set and say what is wrong with it."""


@data.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--masks", default="auto", metavar="READING", help="How mask values are meant, where they are ambiguous."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, with all names.")
@volume_flags
def check(folders: tuple[Path, ...], masks: str, as_json: bool, verbose: int, quiet: bool) -> int:
    """Say what is in a data set and what is wrong with it.

    DIR holds images/ and masks/ with matching stems, or folders that do. Exit code 0 if all can be used, 1 if not.

    READING is auto, unit (0/1), grey (0..255), threshold[:N] (subject from N up) or subject:V[,V...] (these values).
    """
    open_console(verbose, quiet)
    from cutaway.data.check import check as look_at

    report = look_at(folders, masks=masks)
    click.echo(json.dumps(report.to_json(), indent=1) if as_json else report.text())
    return 0 if report.ok else 1
