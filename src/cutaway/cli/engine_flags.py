"""The flags that say what runs the network, for commands that do not take all of `Options`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click

from cutaway.options import SETTLED, Options

_Function = TypeVar("_Function", bound=Callable[..., Any])


def engine_flags(function: _Function) -> _Function:
    """Give a command --engine, --precision, --device and --threads as `Options` has them."""
    for f in reversed([f for f in fields(Options) if f.name in SETTLED and f.name != "model"]):
        choices, help = f.metadata["choices"], f.metadata["help"]
        function = click.option(
            f"--{f.name}",
            default=f.default,
            type=click.Choice(choices) if choices else int,
            metavar=f.metadata["metavar"],
            show_default=True,
            help=help,
        )(function)
    return function
