"""`cutaway completion`: the script that teaches a shell our commands and flags."""

from __future__ import annotations

import click

VARIABLE = "_CUTAWAY_COMPLETE"
"""The environment variable through which the shell asks (click derives it from the program's name)."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> int:
    """Print the completion script for your shell.

    \b
    bash: cutaway completion bash >> ~/.bashrc
    zsh:  cutaway completion zsh >> ~/.zshrc
    fish: cutaway completion fish > ~/.config/fish/completions/cutaway.fish

    Then open a new shell.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "cutaway", VARIABLE).source())
    return 0
