from __future__ import annotations

import json

import numpy as np
import pytest

from cutaway.evaluation.metrics import measure
from cutaway.evaluation.report import Row, Summary, aligned, markdown, versions
from cutaway.weights.spec import ModelSpec


@pytest.fixture
def summary() -> Summary:
    truth = np.zeros((10, 10), np.float32)
    truth[2:8, 2:8] = 1
    rows = (
        Row("cats/a", measure(truth, truth)),
        Row("cats/b", measure(np.zeros_like(truth), truth)),
        Row("dogs/c", measure(truth, truth)),
        Row("dogs/d", error="the photo cannot be read"),
    )
    return Summary("bright", ModelSpec("bright"), rows)


def test_groups_and_whole_are_means_over_their_own_pictures(summary: Summary) -> None:
    assert summary.groups["cats"]["iou"] == pytest.approx(0.5)
    assert summary.groups["dogs"]["iou"] == pytest.approx(1.0)
    assert summary.scores["iou"] == pytest.approx(2 / 3)
    assert [row.id for row in summary.failed] == ["dogs/d"]


def test_table_has_a_line_for_each_set_and_one_over_all(summary: Summary) -> None:
    head, *body = summary.table().splitlines()
    assert head.split()[:3] == ["set", "pictures", "IoU"]
    assert [line.split()[:3] for line in body] == [
        ["cats", "2", "0.500"],
        ["dogs", "1", "1.000"],
        ["all", "3", "0.667"],
    ]
    assert len({len(line) for line in [head, *body]}) == 1


def test_ids_without_a_set_make_one_line() -> None:
    ones = np.ones((3, 3), np.float32)
    table = Summary("m", ModelSpec("m"), (Row("a", measure(ones, ones)),)).table()
    assert len(table.splitlines()) == 2


def test_json_is_strict_and_holds_every_picture(summary: Summary) -> None:
    values = json.loads(summary.to_json())
    assert values["pictures"] == 4 and values["failed"] == 1
    assert values["sets"]["cats"]["iou"] == pytest.approx(0.5)
    assert values["rows"][1]["iou"] == 0.0
    assert values["rows"][3] == {"id": "dogs/d", "error": "the photo cannot be read"}
    assert values["spec"]["name"] == "bright"
    assert values["versions"]["numpy"] == np.__version__


def test_markdown_names_what_failed(summary: Summary) -> None:
    text = summary.markdown()
    assert "| cats | 2 | 0.500 |" in text
    assert "`dogs/d`: the photo cannot be read" in text


def test_nothing_scored_still_makes_a_table() -> None:
    summary = Summary("m", ModelSpec("m"), (Row("a", error="bad"),))
    assert summary.scores == {}
    assert summary.table().splitlines()[-1].split()[:3] == ["all", "0", "-"]
    json.loads(summary.to_json())


def test_cells_are_aligned_and_bars_escaped() -> None:
    assert aligned([["a", "n"], ["long", "10"]]) == "a      n\nlong  10\n"
    assert markdown([["a|b", "n"], ["c", "1"]]).splitlines() == [r"| a\|b | n |", "|---|---:|", "| c | 1 |"]


def test_versions_name_python_and_every_base_package() -> None:
    assert {"python", "platform", "numpy", "onnxruntime", "pillow", "opencv-python-headless"} <= set(
        versions()
    )
