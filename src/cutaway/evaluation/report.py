"""The result of an evaluation as values, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from importlib import metadata
from typing import Any

from cutaway.evaluation.metrics import PictureScores, summarise
from cutaway.weights.spec import ModelSpec

COLUMNS: dict[str, str] = {
    "iou": "IoU", "dice": "Dice", "mae": "MAE", "boundary_iou": "bIoU", "max_f": "maxF", "weighted_f": "wF",
    "s_measure": "S", "set_iou": "set IoU", "set_dice": "set Dice",
}  # fmt: skip
"""The measures that a table shows, in order, and their headings."""

LEGEND = (
    "Means over pictures, masks cut at 0.5. bIoU: boundary IoU, band 2 % of the diagonal; maxF: maximum of "
    "the mean curve; set IoU and set Dice: from pixels summed over the set. MAE: less is better."
)

AVERAGES = (
    "Mean over pictures: each picture is scored by itself and counts the same, so a small subject that is lost costs "
    "as much as a large one. Over the whole set: the pixels of all pictures are counted together first, so large "
    "subjects weigh more. Published figures use either; compare like with like."
)


@dataclass(frozen=True, eq=False)
class Row:
    """How one picture went: its scores, or what went wrong.

    Attributes:
        id: the pair's id, "stem" or "set/stem".
        scores: None if it failed.
        error: one line, None if it went well.
    """

    id: str
    scores: PictureScores | None = None
    error: str | None = None

    @property
    def group(self) -> str:
        """The set that the picture belongs to, "" if there is only one."""
        return self.id.rpartition("/")[0]


@dataclass(frozen=True, eq=False)
class Summary:
    """Scores of one model on all pictures of one or more sets.

    Attributes:
        model: what the user called it.
        spec: the model's own description.
        rows: one for each pair, in the order they were scored.
    """

    model: str
    spec: ModelSpec
    rows: tuple[Row, ...]

    @cached_property
    def failed(self) -> tuple[Row, ...]:
        """Those that could not be scored."""
        return tuple(row for row in self.rows if row.scores is None)

    @cached_property
    def scores(self) -> dict[str, float]:
        """Over all pictures; see `cutaway.evaluation.metrics.summarise`."""
        return _summary(self.rows)

    @cached_property
    def groups(self) -> dict[str, dict[str, float]]:
        """The same for each set; empty where ids name no set."""
        names = sorted({row.group for row in self.rows if row.group})
        return {name: _summary([row for row in self.rows if row.group == name]) for name in names}

    def table(self) -> str:
        """Aligned columns for a terminal: a line for each set and one over all."""
        return aligned(self.cells())

    def markdown(self) -> str:
        """The same table in Markdown, with what it means and what failed."""
        failed = "".join(f"- `{row.id}`: {row.error}\n" for row in self.failed)
        notes = f"\nNot scored:\n\n{failed}" if failed else ""
        return f"# {self.model}\n\n{markdown(self.cells())}\n{LEGEND}\n{notes}"

    def to_json(self) -> str:
        """Everything: model, spec, versions, counts, scores of each set and over all, and of each picture."""
        values = {
            "model": self.model,
            "spec": asdict(self.spec),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "pictures": len(self.rows),
            "failed": len(self.failed),
            "scores": self.scores,
            "sets": self.groups,
            "rows": [_row_values(row) for row in self.rows],
        }
        return json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n"

    def cells(self) -> list[list[str]]:
        """The table as lines of cells: headings, a line for each set if there are any, and one over all."""
        lines = [["set", "pictures", *COLUMNS.values()]]
        for name, values in self.groups.items():
            lines.append([name, str(self._count(name)), *score_cells(values)])
        return [*lines, ["all", str(self._count(None)), *score_cells(self.scores)]]

    def _count(self, group: str | None) -> int:
        return sum(row.scores is not None and group in (None, row.group) for row in self.rows)


def _summary(rows: Sequence[Row]) -> dict[str, float]:
    return summarise([row.scores for row in rows if row.scores is not None])


def _row_values(row: Row) -> dict[str, Any]:
    if row.scores is None:
        return {"id": row.id, "error": row.error}
    return {"id": row.id, **{name: round(value, 6) for name, value in row.scores.values.items()}}


def score_cells(values: Mapping[str, float], names: Sequence[str] = tuple(COLUMNS)) -> list[str]:
    """The named scores with three decimals, a dash where there is none."""
    return [f"{values[name]:.3f}" if name in values else "-" for name in names]


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as text in columns, the first column flush left and the others flush right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    shown = (
        [line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))]
        for line in lines
    )
    return "".join("  ".join(cells).rstrip() + "\n" for cells in shown)


def markdown(lines: Sequence[Sequence[str]]) -> str:
    """Lines of cells as a Markdown table, the first line its heading."""
    head, *body = ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
    rule = "|---|" + "---:|" * (len(lines[0]) - 1)
    return "\n".join([head, rule, *body]) + "\n"


def versions() -> dict[str, str]:
    """What the numbers were made with: Python, the platform, and each package that can move them."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for package in ("cutaway", "numpy", "opencv-python-headless", "onnxruntime", "pillow"):
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
