"""The command line: one command, one function; a command's module is imported only when that command runs.

Exit codes: 0 all done, 1 some inputs failed, 2 nothing could be done, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

import click

from cutaway._version import __version__
from cutaway.cli.console import print_error, wants_traceback
from cutaway.errors import CutawayError, near_name

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

INTERRUPTED = 130

COMMANDS: dict[str, tuple[str, str]] = {
    "remove": ("cutaway.cli.remove:remove", "Remove or replace the background of photos."),
    "video": ("cutaway.cli.video:video", "Remove or replace the background of a video."),
    "camera": ("cutaway.cli.camera:camera", "Show a live camera on another background."),
    "data": ("cutaway.cli.data:data", "Look into a training set and say what is wrong with it."),
    "label": ("cutaway.cli.label:label", "Let a model draw the masks of unlabelled photos."),
    "train": ("cutaway.cli.train:train", "Train a model on your own photos and masks."),
    "evaluate": ("cutaway.cli.evaluate:evaluate", "Measure a model on photos with known masks."),
    "export": ("cutaway.cli.export:export", "Turn a training checkpoint into a .onnx model."),
    "models": ("cutaway.cli.models:models", "List the models: size, licence, scores, whether they are here."),
    "serve": ("cutaway.cli.serve:serve", "Serve the HTTP API: our own, remove.bg's and rembg's."),
    "doctor": ("cutaway.cli.doctor:doctor", "Check this installation and say what to install for more."),
    "i": ("cutaway.cli.rembg_commands:one", "Remove the background of one picture, as rembg does."),
    "p": (
        "cutaway.cli.rembg_commands:folder",
        "Remove the backgrounds of a folder's pictures, as rembg does.",
    ),
    "s": (
        "cutaway.cli.rembg_commands:server",
        "Serve /api/remove, as rembg does; the same server as 'cutaway serve'.",
    ),
    "b": (
        "cutaway.cli.rembg_commands:stream",
        "Remove the backgrounds of raw frames from stdin, as rembg does.",
    ),
    "completion": ("cutaway.cli.completion:completion", "Print the completion script for your shell."),
}
"""Name of each command, where its function lives and its one line of help."""

_HELP = {"-h", "--help", "--version"}
_WITH_TORCH = ["train"], ["export"]
HIDDEN = {"i", "p", "s", "b"}
"""Commands that `--help` does not list: rembg's letters, for those who know them."""


class LazyGroup(click.Group):
    """A group that imports a command when it is run, and takes anything else for photos to `remove`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are shown."""
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command; None if there is none by that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `cutaway PHOTO` as `cutaway remove PHOTO`."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        own = {name for param in self.get_params(ctx) for name in param.opts}
        if args and args[0] not in COMMANDS and args[0] not in own:
            _refuse_typo(args[0], ctx)
            args = ["remove", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete command names from the table, and file names because of `cutaway PHOTO`."""
        from click.shell_completion import CompletionItem

        names = [name for name in self.list_commands(ctx) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=COMMANDS[name][1]) for name in names]
        if incomplete.startswith("-"):
            return items + click.Command.shell_complete(self, ctx, incomplete)
        return [*items, CompletionItem(incomplete, type="file")]


def _refuse_typo(word: str, ctx: click.Context) -> None:
    """Refuse a first word that is neither a command nor an option, and does not look like a file either."""
    looks_like_file = word.startswith("-") or "." in word or os.sep in word or not word
    if looks_like_file or os.path.lexists(word):
        return
    ctx.fail(f"no such command or file {word!r}.{near_name(word, COMMANDS)}")


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cutaway", message="%(prog)s %(version)s")
def cli() -> None:
    """Remove or replace the background of photos, and train the model that does it.

    `cutaway PHOTO` is short for `cutaway remove PHOTO`. A command's own help: `cutaway COMMAND --help`.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line with `args` (None: those of the process), and exit with one of the codes above."""
    try:
        code = cli.main(args, prog_name="cutaway", standalone_mode=False)
    except BaseException as error:
        code = _explain(error)
    sys.exit(code or 0)


def run() -> None:
    """The installed command: `main`, and then out at once.

    Taking ONNX Runtime and OpenCV down politely costs a sixth of a single photo's time, and by then every result has
    been written and renamed, so nothing is left for the interpreter to do but to flush. Searching for garbage while
    modules are being loaded costs a tenth and finds none, so that is done less often. NumPy's BLAS would start a thread
    for each processor and let it spin: a third of a single photo's processor time, for products of small matrices.
    """
    gc.set_threshold(50_000)
    if not _HELP.intersection(sys.argv):
        from cutaway.engines.memory import keep_freed_memory

        keep_freed_memory()
    if sys.argv[1:2] not in _WITH_TORCH:  # on some processors that has the same BLAS, and uses it
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # a closed pipe
                stream.flush()
        os._exit(code)


def _explain(error: BaseException) -> int:
    """The one place that turns an error into a line on stderr and an exit code."""
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        print_error("interrupted")
        return INTERRUPTED
    if isinstance(error, click.ClickException):
        print_error(error.format_message())
        _point_to_help(error)
    elif isinstance(error, CutawayError):
        print_error(str(error))
    elif isinstance(error, Exception):
        _report_bug(error)
    else:  # SystemExit and its like
        raise error
    return 2


def _point_to_help(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    if context is not None:
        click.echo(f"Try '{context.command_path} --help'.", err=True)


def _report_bug(error: Exception) -> None:
    if wants_traceback():
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    hint = "" if wants_traceback() else "; run again with -v to see where"
    print_error(f"unexpected {type(error).__name__}: {error}{hint}")
