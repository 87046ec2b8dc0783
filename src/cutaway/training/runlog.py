"""The run's log: one CSV row an epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from cutaway.media.files import write_atomic


def write_log(history: Sequence[dict[str, float]], path: Path) -> None:
    """Write all epochs so far, replacing the file as a whole."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(history[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in history)
    write_atomic(path, text.getvalue().encode(), overwrite=True)
