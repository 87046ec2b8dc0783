"""`cutaway models`: what there is to choose from."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cutaway.weights.store import CatalogueEntry

COMMERCIAL = {"yes": "", "no": " (not for commercial use)", "unclear": " (commercial use unclear)"}
"""What the licence line adds."""

INDENT = " " * 15


@click.command()
def models() -> int:
    """List the models: size, licence, scores, whether they are here.

    Any .onnx file that `cutaway train` or `cutaway export` wrote can be used as well: --model RUN/model.onnx.
    """
    from cutaway.weights.store import catalogue

    columns = min(shutil.get_terminal_size().columns, 100)
    click.echo("\n\n".join(described(entry, columns=columns) for entry in catalogue()))
    return 0


def described(entry: CatalogueEntry, *, columns: int) -> str:
    """One model in a few lines: a name, and under it a labelled line for each thing worth knowing."""
    facts = {
        "size": megabytes(entry.size_bytes),
        "licence": entry.licence + COMMERCIAL[entry.commercial],
        "trained on": entry.training_data,
        "scores": scores_text(entry.scores),
        "here": "yes" if entry.is_here else "no",
    }
    lines = [entry.name]
    for label, fact in facts.items():
        start = f"  {label}".ljust(len(INDENT))
        lines += textwrap.wrap(fact, columns, initial_indent=start, subsequent_indent=INDENT)
    return "\n".join(lines)


def megabytes(size_bytes: int) -> str:
    """A file's size for people: "4.7 MB" (decimal megabytes)."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else "-"


def scores_text(scores: Mapping[str, float]) -> str:
    """Scores in one line: "mean IoU on cats 0.804, horses 0.911"; "-" if there are none."""
    told = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
    return f"mean IoU on {told}" if told else "-"
