"""The page that `cutaway evaluate` leaves behind."""

from __future__ import annotations

import numpy as np
import pytest

from cutaway.evaluation.html_pictures import Example
from cutaway.evaluation.html_report import NOT_SCORED_LISTED, WORST_LISTED, render
from cutaway.evaluation.metrics import measure
from cutaway.evaluation.report import Row, Summary
from cutaway.evaluation.sheet import SheetRow
from cutaway.weights.spec import ModelSpec
from html_pages import Page

TRUTH = np.zeros((10, 10), np.float32)
TRUTH[2:8, 2:8] = 1
HIT, MISS = measure(TRUTH, TRUTH), measure(np.zeros_like(TRUTH), TRUTH)


@pytest.fixture
def summary() -> Summary:
    rows = (
        Row("cats/a", HIT),
        Row("cats/b", MISS),
        Row("dogs/<c>", HIT),
        Row("dogs/d", error="cannot read <d.jpg>"),
    )
    return Summary("models/<b>.onnx", ModelSpec("bright", licence="CC0-1.0", training_data="discs"), rows)


def test_every_part_is_there_and_every_name_escaped(summary: Summary) -> None:
    example = Example(
        "worst", "cats/b", MISS.values, SheetRow(np.zeros((10, 10, 3), np.uint8), TRUTH, TRUTH * 0)
    )
    read = Page(render(summary, [example]))
    assert read.asks_nobody() and read.meta("refresh") is None
    for words in (
        "models/<b>.onnx", "3 pictures scored, 1 could not be scored", "0.667", "set Dice", "Mean over pictures",
        "Over the whole set", "worst", "dogs/<c>", "Not scored", "cannot read <d.jpg>", "CC0-1.0", "discs",
        "onnxruntime", np.__version__,
    ):  # fmt: skip
        assert words in read.words, words
    assert read.count("img") == 4


def test_sets_have_their_lines_and_the_worst_stand_first(summary: Summary) -> None:
    words = Page(render(summary, [])).words
    assert "cats 2 0.500" in words and "dogs 1 1.000" in words and "all 3 0.667" in words
    listed = words[words.rindex("The worst") :]
    assert listed.index("cats/b") < listed.index("cats/a")


def test_lists_stay_short_however_large_the_set() -> None:
    rows = [Row(f"p{i:05}", HIT) for i in range(500)] + [Row(f"q{i:05}", error="bad") for i in range(500)]
    data = render(Summary("m", ModelSpec("m"), tuple(rows)), [])
    words = Page(data).words
    assert words.count("p00") == WORST_LISTED and words.count("q00") == NOT_SCORED_LISTED
    assert "the first 100, 400 more in scores.json" in words
    assert len(data) < 100_000


def test_nothing_scored_still_makes_a_page() -> None:
    read = Page(render(Summary("m", ModelSpec("m"), (Row("a", error="bad"),)), []))
    assert "No picture could be scored." in read.words
    assert "0 pictures scored, 1 could not be scored" in read.words
