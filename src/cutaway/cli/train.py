"""`cutaway train`: from a folder of photos and masks to a model."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cutaway.cli.console import Console, open_console, volume_flags
from cutaway.cli.progress import Progress

if TYPE_CHECKING:
    from cutaway.training.run import Tick

_Function = TypeVar("_Function", bound=Callable[..., Any])

SETTINGS = "cutaway.train.settings"
"""Where in the context the settings are kept that were said on the command line."""


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a setting under its name; None was not said."""
    ctx.meta.setdefault(SETTINGS, {})[param.name] = value


def _setting(
    *names: str, help: str, type: Any = None, metavar: str | None = None, nargs: int = 1
) -> Callable[[_Function], _Function]:
    """A flag whose name, with underscores, is that of a training setting; what it may be is checked there."""
    return click.option(
        *names, type=type, metavar=metavar, nargs=nargs, default=None, help=help,
        expose_value=False, callback=_remember,
    )  # fmt: skip


@click.command()
@click.argument("data", metavar="DATA...", nargs=-1, type=click.Path())
@click.option("-o", "--output", metavar="RUN", type=click.Path(), help="Folder for everything the run makes.")
@_setting("--arch", metavar="NAME", help="Network to train.")
@_setting("--classes", type=int, metavar="1|2|3", help="Soft alpha; subject or not; or with a border class.")
@_setting("--grey/--colour", "grey", help="Show the network grey instead of colour.")
@_setting("--size", type=int, metavar="PX", help="Side of the training crops.")
@_setting("--epochs", type=int, metavar="N", help="How often to go through the data.")
@_setting("--samples-per-epoch", type=int, metavar="N", help="Samples in an epoch; 0 takes each pair once.")
@_setting("--batch", type=int, metavar="N", help="Samples in a step.")
@_setting("--loss", metavar="SUM", help='Named losses, summed: "bce + iou + 2*edge".')
@_setting("--optimiser", metavar="NAME", help="adamw, adam or sgd.")
@_setting("--lr", type=float, metavar="RATE", help="Highest learning rate.")
@_setting("--schedule", metavar="NAME", help="Course of the rate: cosine, constant or plateau.")
@_setting("--monitor", metavar="SCORE", help="Which validation score decides: iou or loss.")
@_setting("--patience", type=int, metavar="N", help="Stop after N epochs without a better score.")
@_setting("--validation", type=float, metavar="SHARE", help="Share of the pairs held out, 0 to 1.")
@_setting("--augment/--no-augment", "augment", help="Vary the training pictures, or show them as they are.")
@_setting("--seed", type=int, metavar="N", help="Start of all random numbers, and of the validation split.")
@click.option("--resume", is_flag=True, help="Go on with the run in RUN exactly where it stopped.")
@_setting("--init", metavar="MODEL", help="Start from a checkpoint, an .onnx of yours or a model's name.")
@_setting(
    "--init-partial/--init-whole", "init_partial", help="Take over only those layers of --init that fit."
)
@_setting(
    "--pretrained/--no-pretrained", "pretrained", help="Start the encoder from ImageNet, or from nothing."
)
@_setting(
    "--pretrained-file", metavar="FILE", help="The encoder's ImageNet weights, named like torchvision's."
)
@click.option(
    "--config", metavar="FILE.toml", type=click.Path(path_type=Path), help="Settings; flags win over it."
)
@_setting("--masks", metavar="READING", help="How mask values are meant: see 'cutaway data check'.")
@_setting("--subdirs", metavar="IMAGES MASKS", nargs=2, help="What the two folders of a data set are called.")
@_setting("--background-folder", metavar="DIR", help="Photos to lay subjects on.")
@_setting("--background-exclude", metavar="FILE", help="List of names in that folder to leave out.")
@_setting("--device", type=click.Choice(["auto", "cpu", "cuda"]), help="Where to train.")
@_setting("--precision", metavar="NAME", help="auto, float32, bfloat16 or float16.")
@_setting("--workers", type=int, metavar="N", help="Threads that prepare samples.")
@_setting("--threads", type=int, metavar="N", help="Threads of torch itself; 0 leaves that to torch.")
@_setting(
    "--tensorboard/--no-tensorboard", "tensorboard", help="Write for TensorBoard as well, to RUN/tensorboard."
)
@volume_flags
@click.pass_context
def train(
    ctx: click.Context,
    data: tuple[str, ...],
    output: str | None,
    resume: bool,
    config: Path | None,
    verbose: int,
    quiet: bool,
) -> int:
    """Train a model on your own photos and masks.

    DATA is a folder with images/ and masks/ whose files share stems. Everything the run makes lies in RUN;
    the model is RUN/model.onnx and can be used at once: cutaway remove photo.jpg --model RUN/model.onnx.

    A flag that is not given takes its value from --config, or else the default. With --resume it takes the
    run's own: cutaway train -o RUN --resume is all that is needed.

    On several GPUs: torchrun --nproc-per-node N -m cutaway train ...
    """
    follows = os.environ.get("RANK", "0") != "0"  # one of torchrun's processes, and not the one that speaks
    silent = quiet or follows
    console = open_console(verbose, silent)
    told = logging.DEBUG if verbose > 1 else logging.INFO
    logging.getLogger("cutaway.training").setLevel(logging.NOTSET if silent else told)
    from cutaway.training.config import load_config, run_settings
    from cutaway.training.run import train as run

    said = {"data": data or None, "out": output, **ctx.meta.get(SETTINGS, {})}
    base = run_settings(Path(output)) if resume and output else {}
    run(load_config(config, said, base=base), resume=resume, progress=_progress(console))
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
