"""`cutaway remove`: photos in, cut-outs out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import click

from cutaway.cli.ahead import refuse_watch, say_what_would_be_done
from cutaway.cli.batch import Batch
from cutaway.cli.console import Console, open_console, print_error, volume_flags
from cutaway.cli.inputs import find_photos, is_folder
from cutaway.cli.naming import (
    Destination,
    Plan,
    choose_destination,
    for_each,
    names_folder,
    plan,
    refuse_existing,
)
from cutaway.cli.report import Report, Tally, refuse_input_as_report
from cutaway.cli.review import Review
from cutaway.cli.watch import Watch
from cutaway.formats import TABLE
from cutaway.options import Options

_Function = TypeVar("_Function", bound=Callable[..., Any])


def option_flags(function: _Function) -> _Function:
    """Give a command one flag for each field of `Options`; the values arrive in `ctx.obj`, a dictionary."""
    hints = get_type_hints(Options)
    for field in reversed(fields(Options)):
        function = _flag(field, hints[field.name])(function)
    return function


def _flag(field: Field[Any], hint: Any) -> Callable[[_Function], _Function]:
    name = "--" + field.name.replace("_", "-")
    switch = isinstance(field.default, bool)
    return click.option(
        f"{name}/--no-{name[2:]}" if field.default is True else name,
        is_flag=switch,
        default=None if field.metadata["repeated"] else field.default,
        type=_flag_type(field, hint),
        multiple=field.metadata["repeated"],
        show_default=not switch and field.default not in (None, ""),
        help=field.metadata["help"],
        metavar=field.metadata["metavar"],
        callback=_keep,
        expose_value=False,
    )


def _flag_type(field: Field[Any], hint: Any) -> Any:
    """What click should read: one of the choices, or the field's own type (the first one of `int | None`)."""
    if field.metadata["choices"]:
        return click.Choice(field.metadata["choices"])
    kinds = [kind for kind in get_args(hint) or (hint,) if kind in (bool, int, float, str)]
    return kinds[0] if kinds else str


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    assert param.name is not None
    ctx.ensure_object(dict)[param.name] = " ".join(value) if isinstance(value, tuple) else value


@click.command()
@click.argument("inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path())
@click.option(
    "-o", "--output", metavar="OUT", type=click.Path(), help="File or folder for the result, or - for stdout."
)
@option_flags
@click.option(
    "--each", is_flag=True, help="Write every separate subject to a file of its own: NAME-1, NAME-2, ..."
)
@click.option("--overwrite", is_flag=True, help="Make results anew that are already there.")
@click.option(
    "--report", metavar="FILE.jsonl", type=click.Path(), help="Write a line of JSON for each photo."
)
@click.option(
    "--review-below",
    metavar="X",
    type=float,
    help="Name the results whose confidence is below X, 0 to 1, at the end.",
)
@click.option("--review-to", metavar="DIR", type=click.Path(), help="Copy these results to a folder as well.")
@click.option("--watch", is_flag=True, help="Go on, and take photos that appear later, until Ctrl-C.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@volume_flags
@click.pass_context
def remove(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str | None,
    each: bool,
    overwrite: bool,
    report: str | None,
    review_below: float | None,
    review_to: str | None,
    watch: bool,
    dry_run: bool,
    verbose: int,
    quiet: bool,
) -> int:
    """Remove or replace the background of photos.

    INPUT is a photo, a folder (searched with its subfolders) or - for stdin. Put -- before names that begin
    with a dash.

    Without -o the result lies beside its source as STEM-cutout.png, or NAME.EXT-cutout.png where several
    photos of a folder share a stem. In another folder it is STEM.png, and subfolders are kept. Sources are
    never overwritten. Results that are already there are skipped: a run that was stopped goes on when it
    is started again.

    Exit codes: 0 all done, 1 some inputs failed, 2 nothing could be done, 130 interrupted.
    """
    console = open_console(verbose, quiet)
    options = Options.from_mapping(ctx.ensure_object(dict))
    out = Path(output) if output and names_folder(output, inputs) else None
    apart = Path(review_to) if review_to else None
    found = find_photos(inputs, out=out, apart=apart)
    destination = choose_destination(output, format=options.format, inputs=inputs, found=found)
    destination = for_each(destination) if each else destination
    options = options.with_changes({"format": destination.format})  # a suffix may not know --quality either
    review = Review(review_below, apart, destination)
    refuse_existing(destination, overwrite=overwrite)
    todo = plan(found.photos, destination)
    report_path = Path(report) if report is not None else None
    refuse_input_as_report(report_path, [photo.path for photo in found.photos if photo.path is not None])
    if watch:
        refuse_watch(found, destination, dry_run=dry_run)
    _say_before(console, options, destination, todo)
    problems = [p for p in (*found.problems, *todo.problems) if not (watch and is_folder(p.input))]
    if dry_run:
        return say_what_would_be_done(todo.tasks, problems, console, overwrite=overwrite)
    tasks = Watch(lambda: plan(find_photos(inputs, out=out, apart=apart).photos, destination).tasks)
    before = [] if overwrite else [(str(task.photo), str(task.target)) for task in todo.tasks]
    with Report(report_path, results=before) as lines:
        batch = Batch(options, destination, overwrite=overwrite, console=console, report=lines, review=review)
        if watch:
            console.say(f"watching {', '.join(inputs)}; Ctrl-C ends it")
        tally = batch.run(tasks if watch else todo.tasks, problems)
    review.say(console)
    _say_after(console, tally, destination, many=watch or len(todo.tasks) + len(problems) > 1)
    return tally.exit_code


def _say_before(console: Console, options: Options, destination: Destination, todo: Plan) -> None:
    for photo in todo.left_out:
        console.say(f"{photo} is left out: it is the result of another input")
    if not TABLE[destination.format].transparent and options.is_cutout and todo.tasks:
        console.say(
            f"{destination.format} cannot be transparent: the background becomes white "
            "(choose another with --background)"
        )


def _say_after(console: Console, tally: Tally, destination: Destination, *, many: bool) -> None:
    if tally.stopped:
        print_error(f"{tally.stopped}: stopped with {tally.left} photos left")
    if tally.interrupted:
        print_error("interrupted")
    if many or tally.interrupted:
        where = "beside the photos" if destination.path is None else f"in {destination.path}"
        console.say(f"{tally}; the results are {where}" if tally.done + tally.skipped else str(tally))
