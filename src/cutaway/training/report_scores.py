"""The figures of the training report: which epoch is best, what was gained, how long it takes; values in, text out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TypeAlias

from cutaway.training.config import TrainConfig
from cutaway.training.pace import duration
from cutaway.training.verdict import goodness

Row: TypeAlias = Mapping[str, float]
"""One epoch of a run's history; epoch 0 is the starting weights before the first step."""

MEASURES: dict[str, str] = {
    "val_iou": "IoU, mean over pictures",
    "val_dataset_iou": "IoU, over the whole set",
    "val_dice": "Dice, mean over pictures",
    "val_dataset_dice": "Dice, over the whole set",
    "val_batch_dice": "Dice, batch (soft, both classes)",
    "val_boundary_iou": "boundary IoU, mean over pictures",
    "val_mae": "MAE, mean over pictures",
    "val_loss": "loss, mean over pictures",
}
"""What the table of scores shows, in this order, and what it is called there."""

BATCH = (
    "Batch Dice is what U-Net tutorials report: probabilities instead of a mask cut at 0.5, subject and background "
    "both counted, all pixels of all pictures in one row. A large background alone lifts it."
)
MOST_ROWS = 200
"""Epochs that the report lists; all of them are in log.csv."""


def number(value: float | None, digits: int = 3) -> str:
    """A score as text; a dash where there is none, and NaN by its name."""
    if value is None:
        return "–"
    return f"{value:.{digits}f}" if math.isfinite(value) else "NaN" if math.isnan(value) else "infinite"


def gain(before: float | None, after: float | None) -> str:
    """ "0.812 → 0.934 (+0.122)"; only the second where there is no first."""
    if before is None or after is None:
        return number(after)
    return f"{number(before)} → {number(after)} ({after - before:+.3f})".replace("(nan)", "(NaN)")


def start_row(history: Sequence[Row]) -> Row | None:
    """The starting weights' row, if they were judged."""
    return history[0] if history and history[0]["epoch"] == 0 else None


def best_row(history: Sequence[Row], *, monitor: str) -> Row | None:
    """The epoch with the best watched score, the earlier of two equals; NaN only where there is nothing else."""
    return max(history, key=lambda row: _rank(row, monitor), default=None)


def _rank(row: Row, monitor: str) -> float:
    good = goodness({"loss": row["val_loss"], "iou": row["val_iou"]}, monitor=monitor)
    return -math.inf if math.isnan(good) else good


def score_lines(history: Sequence[Row], *, monitor: str) -> list[list[str]]:
    """The table of scores: a line for each measure that was taken; columns are start, best and last epoch."""
    best = best_row(history, monitor=monitor)
    if best is None:
        return []
    start, last = start_row(history), history[-1]
    columns = {
        "start": start,
        f"best (epoch {best['epoch']:g})": best,
        f"last (epoch {last['epoch']:g})": last,
    }
    kept = {name: row for name, row in columns.items() if row is not None}
    lines = [["measure", *kept]]
    for key, name in MEASURES.items():
        if any(key in row for row in kept.values()):
            lines.append([name, *(number(row.get(key)) for row in kept.values())])
    return lines


def log_lines(history: Sequence[Row]) -> list[list[str]]:
    """The newest epochs, one line each, newest last."""
    shown = history[-MOST_ROWS:]
    names = list(dict.fromkeys(key for row in shown for key in row))
    body = [[_cell(name, row.get(name)) for name in names] for row in shown]
    return [[name.replace("_", " ") for name in names], *body]


def _cell(name: str, value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return number(value)
    return f"{value:.4f}" if name.startswith(("val_", "train_")) else f"{value:.4g}"


def timing(history: Sequence[Row], *, config: TrainConfig, running: bool) -> dict[str, str]:
    """How long epochs take, the time so far, and while it runs what is left of it."""
    taught = [row for row in history if row["epoch"] > 0 and math.isfinite(row.get("seconds", math.nan))]
    if not taught:
        return {"epochs done": f"0 of {config.epochs}"}
    seconds = [row["seconds"] for row in taught]
    speeds = [row["images_per_s"] for row in taught if "images_per_s" in row]
    left = (config.epochs - taught[-1]["epoch"]) * median(seconds)
    lines = {
        "epochs done": f"{taught[-1]['epoch']:g} of {config.epochs}",
        "an epoch (median)": f"{number(median(seconds), 1)} s",
        "pictures a second (median)": number(median(speeds) if speeds else None, 1),
        "training so far": duration(sum(seconds)),
    }
    return lines | ({"left, at most": duration(left)} if running and left else {})
