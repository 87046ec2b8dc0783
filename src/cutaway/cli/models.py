"""`cutaway models`: what there is to choose from."""

from __future__ import annotations

from collections.abc import Mapping

import click

from cutaway.cli.table import table

COMMERCIAL = {"yes": "", "no": " (not for commercial use)", "unclear": " (commercial use unclear)"}
"""What the licence column adds."""

HEADER = ("name", "size", "licence", "training data", "scores", "here")


@click.command()
def models() -> int:
    """List the models: size, licence, scores, whether they are here.

    Any .onnx file that `cutaway train` or `cutaway export` wrote can be used as well: --model RUN/model.onnx.
    """
    from cutaway.weights.store import catalogue

    rows = [
        (
            entry.name,
            megabytes(entry.size_bytes),
            entry.licence + COMMERCIAL[entry.commercial],
            entry.training_data,
            scores_text(entry.scores),
            "yes" if entry.is_here else "no",
        )
        for entry in catalogue()
    ]
    click.echo(table(HEADER, rows))
    return 0


def megabytes(size_bytes: int) -> str:
    """A file's size for people: "4.7 MB" (decimal megabytes)."""
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else "-"


def scores_text(scores: Mapping[str, float]) -> str:
    """Scores in one cell: "cats 0.804, horses 0.911"; "-" if there are none."""
    return ", ".join(f"{name} {value:.3f}" for name, value in scores.items()) or "-"
