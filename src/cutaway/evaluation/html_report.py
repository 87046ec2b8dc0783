"""The report of `cutaway evaluate` as one HTML file: scores of each set, pictures, the worst, what it was made with."""

from __future__ import annotations

from collections.abc import Sequence

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
from cutaway.evaluation.html_pictures import Example, gallery
from cutaway.evaluation.report import AVERAGES, LEGEND, Row, Summary, score_cells, versions

CONTENTS = {"scores": "Scores", "pictures": "Pictures", "worst": "The worst", "made": "Made with"}
WORST_LISTED = 30
"""Pictures in the list of the worst."""
NOT_SCORED_LISTED = 100
"""Pictures that could not be scored and are named; scores.json has all."""
HEADLINES = {"iou": "IoU", "dice": "Dice", "boundary_iou": "boundary IoU", "mae": "MAE (less is better)"}
LISTED = {**HEADLINES, "mae": "MAE"}


def render(summary: Summary, examples: Sequence[Example]) -> bytes:
    """The whole page in UTF-8.

    Args:
        summary: the scores.
        examples: pictures to show.
    """
    header = element("header", element("h1", summary.model), _counts(summary), contents(CONTENTS))
    main = element(
        "main",
        section("Scores", *_scores(summary), anchor="scores"),
        section("Pictures", _pictures(examples), anchor="pictures"),
        section("The worst", _worst(summary), *_failed(summary), anchor="worst"),
        section("Made with", fact_table(_facts(summary)), anchor="made"),
    )
    return page(f"{summary.model}: scores", header, main, footer())


def _counts(summary: Summary) -> Html:
    scored = len(summary.rows) - len(summary.failed)
    failed = f", {len(summary.failed)} could not be scored" if summary.failed else ""
    return element("p", f"{scored} pictures scored{failed}")


def _scores(summary: Summary) -> list[Html]:
    tiles = (tile(label, *score_cells(summary.scores, [name])) for name, label in HEADLINES.items())
    return [
        classed("div", "tiles", *tiles),
        table(summary.cells()),
        element("p", LEGEND),
        element("p", AVERAGES),
    ]


def _pictures(examples: Sequence[Example]) -> Html:
    if not examples:
        return element("p", "No picture could be scored.")
    return together(
        element("p", "The best, the median and the worst by IoU, over all sets."), gallery(examples)
    )


def _worst(summary: Summary) -> Html:
    ranked = sorted((row for row in summary.rows if row.scores is not None), key=_iou)[:WORST_LISTED]
    lines = [[row.id, *score_cells(row.scores.values, tuple(LISTED))] for row in ranked if row.scores]
    return table([["picture", *LISTED.values()], *lines])


def _iou(row: Row) -> float:
    return row.scores.values["iou"] if row.scores else 0.0


def _failed(summary: Summary) -> list[Html]:
    if not summary.failed:
        return []
    named = [[row.id, row.error or ""] for row in summary.failed[:NOT_SCORED_LISTED]]
    more = len(summary.failed) - len(named)
    heading = "Not scored" + (f" (the first {len(named)}, {more} more in scores.json)" if more else "")
    return [element("h3", heading), table([["picture", "why"], *named], numbers=False)]


def _facts(summary: Summary) -> dict[str, str]:
    """The model's own words about itself, then the packages."""
    spec = summary.spec
    own = {
        "model": spec.name,
        "architecture": spec.arch,
        "size": f"{spec.size} px ({spec.fit})",
        "licence": spec.licence,
        "training data": spec.training_data,
    }
    return {name: value or "not said" for name, value in own.items()} | versions()
