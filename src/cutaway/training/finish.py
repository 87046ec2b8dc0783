"""What a finished run leaves behind: curves, a contact sheet of how it went, and the model file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.evaluation.sheet import SheetRow, contact_sheet
from cutaway.models.base import MatteNet
from cutaway.training import checkpoint as ckpt
from cutaway.training.export import describe, export
from cutaway.training.validate import Judged, Show
from cutaway.weights.spec import ModelSpec

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

SHOWN = 4
"""Pictures of each kind (best, median, worst) on the sheet."""


def finish(
    model: MatteNet,
    folder: Path,
    *,
    history: Sequence[dict[str, float]],
    judged: Sequence[Judged],
    show: Show,
    spec: ModelSpec,
) -> Path:
    """Write curves.png, validation.png and model.onnx into the run's folder; returns the model's path.

    Args:
        model: the best weights of the run.
        folder: the run's folder, which holds best.ckpt.
        history: the log, one row an epoch.
        judged: how those weights did on the validation pictures.
        show: gives one of these again, to be drawn.
        spec: how the network is fed.
    """
    draw_curves(history, folder / "curves.png")
    draw_sheet(judged, show=show).save(folder / "validation.png")
    path = folder / "model.onnx"
    export(model, path, spec=describe(spec, ckpt.load(folder / "best.ckpt")), overwrite=True)
    log.info("look at it:  %s", folder / "report.html")
    log.info("use it:      cutaway remove PHOTO --model %s", path)
    log.info("judge it:    cutaway evaluate DATA --model %s -o DIR", path)
    log.info("go further:  cutaway train DATA -o ANOTHER --init %s", folder / "best.ckpt")
    return path


def draw_curves(history: Sequence[dict[str, float]], path: Path) -> None:
    """Loss on the left, validation IoU, Dice and boundary IoU on the right, by epoch."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    epochs = [row["epoch"] for row in history]
    figure = Figure(figsize=(10, 4), layout="constrained")
    losses, metrics = figure.subplots(1, 2)
    losses.plot(
        epochs, [row["train_loss"] for row in history], "o-", ms=3, label="training (augmented, all outputs)"
    )
    losses.plot(epochs, [row["val_loss"] for row in history], "o-", ms=3, label="validation (last output)")
    for name, label in (("val_iou", "IoU"), ("val_dice", "Dice"), ("val_boundary_iou", "boundary IoU")):
        metrics.plot(epochs, [row[name] for row in history], "o-", ms=3, label=label)
    for axes, title in ((losses, "Loss"), (metrics, "Validation, mean per picture")):
        axes.set(title=title, xlabel="epoch")
        axes.locator_params(axis="x", integer=True)
        axes.grid(alpha=0.3)
        axes.legend()
    FigureCanvasAgg(figure).print_png(str(path))  # type: ignore[no-untyped-call]


def draw_sheet(judged: Sequence[Judged], *, show: Show) -> Image.Image:
    """The best, the median and the worst validation pictures, with truth and matte."""
    rows = []
    for word, item in pick(judged):
        photo, truth, matte = show(item)
        caption = f"{word}: {item.pair.id}  IoU {item.scores['iou']:.3f}"
        rows.append(SheetRow(photo=photo, truth=truth, matte=matte, caption=caption))
    return contact_sheet(rows)


def pick(judged: Sequence[Judged], *, shown: int = SHOWN) -> list[tuple[str, Judged]]:
    """Up to `shown` each of the best, the middle and the worst by IoU, none of them twice."""
    ranked = sorted(judged, key=lambda j: -j.scores["iou"])
    count = min(shown, max(1, len(ranked) // 3))
    middle = (len(ranked) - count) // 2
    wanted = {
        "best": range(count),
        "median": range(middle, middle + count),
        "worst": range(len(ranked) - count, len(ranked)),
    }
    seen: set[int] = set()
    chosen = []
    for word, numbers in wanted.items():
        chosen += [(word, ranked[n]) for n in numbers if n not in seen]
        seen.update(numbers)
    return chosen
