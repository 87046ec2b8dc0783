"""The training report: one HTML file with everything a run has to tell, rewritten after every epoch to be watched.

The file needs nothing but itself: pictures and curves are inside, and it asks the network for nothing. `render` makes
it from values; `write_report` puts it in its place whole, so that a browser never sees half of it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cutaway.data.sheet_parts import Picture
from cutaway.errors import CutawayError
from cutaway.evaluation.html import (
    Html,
    classed,
    contents,
    element,
    fact_table,
    footer,
    page,
    section,
    table,
    tile,
    together,
)
from cutaway.evaluation.html_pictures import SIDE_PX, Example, extremes, gallery
from cutaway.evaluation.report import AVERAGES
from cutaway.evaluation.sheet import SheetRow
from cutaway.media.files import write_atomic
from cutaway.training.config import TrainConfig
from cutaway.training.report_curves import Series, line_chart
from cutaway.training.report_scores import (
    BATCH,
    MOST_ROWS,
    Row,
    best_row,
    gain,
    log_lines,
    number,
    score_lines,
    start_row,
    timing,
)
from cutaway.training.verdict import MONITORED
from cutaway.types import Floats

if TYPE_CHECKING:
    from cutaway.training.validate import Judged

State: TypeAlias = Literal["running", "finished", "stopped"]
"""Training goes on, has come to its end (also an early one), or was interrupted and can be resumed."""

REFRESH_S = 30
"""An open report loads itself again this often while training runs."""
CONTENTS = {
    "scores": "Scores", "data": "Data", "curves": "Curves", "pictures": "Pictures", "timing": "Timing",
    "use": "Use the model", "settings": "Settings", "facts": "Facts",
}  # fmt: skip
HEADLINES = {
    "val_iou": "IoU",
    "val_dice": "Dice",
    "val_boundary_iou": "boundary IoU",
    "val_mae": "MAE (less is better)",
}
"""The scores at the top, all of them means over pictures."""


def write_report(
    path: Path,
    *,
    config: TrainConfig,
    history: Sequence[dict[str, float]],
    data_text: str,
    judged: Sequence[Judged],
    picture: Callable[[Judged], tuple[Picture, Floats, Floats]],
    state: State,
    facts: Mapping[str, str],
) -> None:
    """Write a run's report, in place of an earlier one.

    Args:
        path: the file; the folder it is in is taken to be the run's.
        config: the run's settings.
        history: one row an epoch; see `Row`. May be empty.
        data_text: what the data check found, as text.
        judged: the validation pictures of the last judgement.
        picture: gives a picture's photo, uint8 (H, W, 3), its truth and its matte, float32 (H, W) in [0, 1]; called for
            at most twelve. One that cannot be had is named in the report and stops nothing.
        state: whether training goes on.
        facts: names and values: commit, versions, device.

    Raises:
        OutputError: the file cannot be written.
    """
    examples = [
        _example(word, item, picture) for word, item in extremes(judged, score=lambda j: j.scores["iou"])
    ]
    data = render(
        config=config,
        history=history,
        data_text=data_text,
        examples=examples,
        state=state,
        facts=facts,
        run=path.parent,
    )
    write_atomic(path, data, overwrite=True)


def _example(word: str, item: Judged, picture: Callable[[Judged], tuple[Picture, Floats, Floats]]) -> Example:
    try:
        views = SheetRow(*picture(item)).shrunk(SIDE_PX)  # at once: twelve large photos would fill the memory
        return Example(word, item.pair.id, item.scores, views)
    except (CutawayError, OSError) as error:
        return Example(word, item.pair.id, item.scores, None, error=str(error) or type(error).__name__)


def render(
    *,
    config: TrainConfig,
    history: Sequence[Row],
    data_text: str,
    examples: Sequence[Example],
    state: State,
    facts: Mapping[str, str],
    run: Path,
) -> bytes:
    """The whole page in UTF-8; arguments as in `write_report`, `run` being the run's folder."""
    name = config.name or run.name
    main = element(
        "main",
        section("Scores", *_scores(history, config), anchor="scores"),
        section("Data", element("pre", data_text or "not checked yet"), anchor="data"),
        section("Curves", _curves(history, config), anchor="curves"),
        section("Pictures", _pictures(examples, state), anchor="pictures"),
        section("Timing", *_timing(history, config, state), anchor="timing"),
        section("Use the model", *_use(run, history, state), anchor="use"),
        section("Settings", *_settings(config), anchor="settings"),
        section("Facts", fact_table(facts), anchor="facts"),
    )
    header = _header(name, history, config=config, state=state)
    title = f"{name}: {state}"
    return page(title, header, main, footer(), refresh_s=REFRESH_S if state == "running" else 0)


def _header(name: str, history: Sequence[Row], *, config: TrainConfig, state: State) -> Html:
    done = int(history[-1]["epoch"]) if history else 0
    told = f"{config.arch}, epoch {done} of {config.epochs}"
    bar = element("progress", attributes={"value": done, "max": config.epochs, "aria-label": told})
    status = element(
        "p", classed("span", f"state {state}", state), f" {told}", classed("span", "faint", _ending(state))
    )
    return element("header", element("h1", name), status, bar, contents(CONTENTS))


def _ending(state: State) -> str:
    return {
        "running": f" · this page loads itself again every {REFRESH_S} s",
        "finished": "",
        "stopped": " · interrupted and saved; the same command with --resume goes on from here",
    }[state]


def _scores(history: Sequence[Row], config: TrainConfig) -> list[Html]:
    """Tiles for a glance, the table for comparing, the log for looking things up."""
    best = best_row(history, monitor=config.monitor)
    if best is None:
        return [element("p", "The first scores appear here when the first epoch has been judged.")]
    start, last = start_row(history), history[-1]
    tiles = [
        _tile(key, label, start=start, best=best, last=last)
        for key, label in HEADLINES.items()
        if key in best
    ]
    older = f" (the newest {MOST_ROWS}; log.csv has all)" if len(history) > MOST_ROWS else ""
    return [
        element("p", _verdict(start, best, monitor=config.monitor)),
        classed("div", "tiles", *tiles),
        table(score_lines(history, monitor=config.monitor)),
        element("p", AVERAGES),
        element("p", BATCH),
        element("details", element("summary", f"All epochs{older}"), table(log_lines(history))),
    ]


def _verdict(start: Row | None, best: Row, *, monitor: str) -> str:
    """What the tiles show, and the case that must not be overlooked."""
    watched = f"by validation {MONITORED[monitor]}"
    if best["epoch"] == 0:
        return f"No epoch has been better than the starting weights yet, {watched}."
    since = " The arrows begin at the starting weights." if start else ""
    return f"Held-out pictures at the best epoch so far, {best['epoch']:g}, {watched}.{since}"


def _tile(key: str, label: str, *, start: Row | None, best: Row, last: Row) -> Html:
    change = gain(start.get(key), best.get(key)) if start and best is not start else ""
    notes = [change] if change else []
    return tile(label, number(best.get(key)), *notes, f"last epoch: {number(last.get(key))}")


def _curves(history: Sequence[Row], config: TrainConfig) -> Html:
    best = best_row(history, monitor=config.monitor)
    mark = best["epoch"] if best else None
    losses = _series(history, {"train_loss": "training", "val_loss": "validation"})
    overlaps = _series(history, {"val_iou": "IoU", "val_dice": "Dice", "val_boundary_iou": "boundary IoU"})
    errors = _series(history, {"val_mae": "MAE"})
    rates = _series([row for row in history if row["epoch"] > 0], {"lr": "learning rate"})
    return classed(
        "div", "charts",
        line_chart("Loss", losses, best=mark),
        line_chart("Overlap on held-out pictures (more is better)", overlaps, best=mark),
        line_chart("Mean absolute error (less is better)", errors, best=mark),
        line_chart("Learning rate", rates, log=config.schedule == "plateau", best=mark),
    )  # fmt: skip


def _series(history: Sequence[Row], names: Mapping[str, str]) -> list[Series]:
    return [
        Series(label, tuple((row["epoch"], row[key]) for row in history if key in row))
        for key, label in names.items()
    ]


def _pictures(examples: Sequence[Example], state: State) -> Html:
    if not examples:
        return element("p", "The best, the median and the worst appear here when an epoch has been judged.")
    weights = "the best epoch" if state == "finished" else "the last epoch"
    told = f"Held-out pictures, ranked by their IoU, as the weights of {weights} answer."
    return together(element("p", told), gallery(examples))


def _timing(history: Sequence[Row], config: TrainConfig, state: State) -> list[Html]:
    lines = timing(history, config=config, running=state == "running")
    return [
        fact_table(lines),
        classed("p", "faint", "Training steps only; judging the held-out pictures comes on top."),
    ]


def _use(run: Path, history: Sequence[Row], state: State) -> list[Html]:
    """Commands to copy; paths as the report was written to."""
    model, best = run / "model.onnx", run / "best.ckpt"
    called = json.dumps(str(model), ensure_ascii=False)  # a string of JSON is one of Python, too
    commands = {
        "Cut out a photo": f"cutaway remove PHOTO --model {quoted(model)}",
        "Score it on other pictures": f"cutaway evaluate DATA --model {quoted(model)} -o SCORES",
        "Fine-tune it further": f"cutaway train DATA -o ANOTHER --init {quoted(best)}",
        "From Python": f'import cutaway\n\ncutaway.remove("photo.jpg", model={called}).save("cutout.png")',
    }
    if history and state != "finished":
        commands = {"Try the best epoch so far": f"cutaway export {quoted(best)} -o now.onnx"} | commands
    blocks = [together(element("h3", name), element("pre", line)) for name, line in commands.items()]
    note = "" if state == "finished" else "model.onnx is written when the run ends."
    return [element("p", note), *blocks] if note else blocks


def quoted(path: Path) -> str:
    """A path as one word of this machine's shell."""
    return subprocess.list2cmdline([str(path)]) if os.name == "nt" else shlex.quote(str(path))


def _settings(config: TrainConfig) -> list[Html]:
    """All settings; those that differ from the defaults are marked, and their defaults named."""
    usual = vars(TrainConfig())
    lines, marked = [["setting", "value", "default"]], set()
    for name, value in vars(config).items():
        if value != usual[name]:
            marked.add(len(lines))
        lines.append([name, _setting(value), _setting(usual[name]) if value != usual[name] else ""])
    told = f"{len(marked)} of {len(lines) - 1} settings differ from the defaults and are marked."
    return [element("p", told), table(lines, numbers=False, marked=frozenset(marked))]


def _setting(value: Any) -> str:
    """A setting as it would stand in the TOML file, more or less."""
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool | dict):
        return json.dumps(value)
    return str(value) if value != "" else "(empty)"
