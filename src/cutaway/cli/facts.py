"""Facts in labelled lines, and tables, as wide as the terminal allows."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping, Sequence

WIDEST = 100
INDENT = " " * 15


def screen_columns() -> int:
    """The terminal's width in characters, at most `WIDEST`."""
    return min(shutil.get_terminal_size().columns, WIDEST)


def facts_text(title: str, facts: Mapping[str, str], *, columns: int) -> str:
    """A title, and under it a labelled line for each fact; long ones are wrapped."""
    lines = [title]
    for label, fact in facts.items():
        start = f"  {label}".ljust(len(INDENT))
        lines += textwrap.wrap(fact, columns, initial_indent=start, subsequent_indent=INDENT)
    return "\n".join(lines)


def table_text(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Columns under their heads, two spaces apart; those named in `numbers` are flush right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if i in numbers else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join(line(row) for row in (head, *rows))
