"""`cutaway data ...`: look into a training set."""

from __future__ import annotations

from pathlib import Path

import click

from cutaway.cli.console import open_console, volume_flags


@click.group()
def data() -> None:
    """Look into a training set and say what is wrong with it."""


@data.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@volume_flags
def check(folder: Path, verbose: int, quiet: bool) -> int:
    """Say what is in a data set and what is wrong with it.

    DIR holds images/ and masks/ with matching stems. Exit code 0 if it can be trained on as it is, 1 if not.
    """
    open_console(verbose, quiet)
    from cutaway.data.check import check as look_at

    report = look_at(folder)
    click.echo(report.text())
    return 0 if report.ok else 1
