"""The report of a run: whole at any moment, escaped, small, and right about what was gained."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.data.pairs import Pair
from cutaway.errors import DataError, OutputError
from cutaway.evaluation.html_pictures import extremes
from cutaway.training import html_report
from cutaway.training.config import TrainConfig
from cutaway.training.finish import pick
from cutaway.training.html_report import REFRESH_S, State, quoted, write_report
from cutaway.training.report_scores import MOST_ROWS
from cutaway.training.validate import Judged
from html_pages import Page

EVIL = "<script>alert(1)</script>"


def row(epoch: int, iou: float, **changes: float) -> dict[str, float]:
    values = {
        "epoch": epoch, "lr": 1e-3, "train_loss": 2.0 / (epoch + 1), "val_loss": 1 - iou, "val_iou": iou,
        "val_dice": iou, "val_mae": 0.05, "val_boundary_iou": 0.6, "val_dataset_iou": iou + 0.01,
        "val_dataset_dice": iou + 0.02, "val_batch_dice": iou + 0.03, "seconds": 60.0, "images_per_s": 15.25,
    }  # fmt: skip
    return values | changes


FINE_TUNED = [
    row(0, 0.812, train_loss=math.nan, seconds=0.0, images_per_s=0.0),
    row(1, 0.9),
    row(2, 0.934),
    row(3, 0.921),
]


def judged(count: int) -> list[Judged]:
    scores = {"dice": 0.9, "mae": 0.05, "boundary_iou": 0.7}
    pairs = [Pair(f"cats/{n}", Path("a"), Path("b")) for n in range(count)]
    return [Judged(pair, {"iou": 1 - n / count} | scores) for n, pair in enumerate(pairs)]


def noise(item: Judged) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    matte = rng.random((480, 480), np.float32)
    return rng.integers(0, 256, (480, 480, 3), np.uint8), np.round(matte), matte


def written(
    folder: Path,
    *,
    history: Sequence[dict[str, float]] = FINE_TUNED,
    pictures: int = 0,
    state: State = "running",
    picture: Any = noise,
    **settings: Any,
) -> Page:
    path = folder / "run" / "report.html"
    write_report(
        path,
        config=TrainConfig(**({"name": "cats", "out": str(path.parent)} | settings)),
        history=history,
        data_text="cats   1200 pairs <fine>",
        judged=judged(pictures),
        picture=picture,
        state=state,
        facts={"commit": "5eefad6", "device": "cpu <Zen 4>"},
    )
    return Page(path.read_bytes())


def test_every_part_is_there_and_nothing_is_asked_of_anybody(tmp_path: Path) -> None:
    page = written(tmp_path, pictures=2)
    assert page.asks_nobody()
    for words in (
        "cats: running", "epoch 3 of 30", "0.812 → 0.934 (+0.122)", "last epoch: 0.921",
        "best (epoch 2)", "last (epoch 3)", "IoU, over the whole set", "Dice, batch", "Mean over pictures:",
        "1200 pairs <fine>", "Learning rate", "Loss", "boundary IoU", "Held-out pictures", "pictures a second", "15.2",
        "5eefad6", "cpu <Zen 4>",
    ):  # fmt: skip
        assert words in page.words, words
    assert page.count("svg") == 4 + 2 + 3  # four charts, and the samples in two legends
    assert page.count("img") == 2 * 4


def test_evil_names_stay_names(tmp_path: Path) -> None:
    item = Judged(Pair(EVIL, Path("a"), Path("b")), {"iou": 0.5})
    path = tmp_path / EVIL.replace("/", "_") / "report.html"
    write_report(
        path,
        config=TrainConfig(name=EVIL, data=(EVIL,), network={EVIL: EVIL}, init=EVIL),
        history=FINE_TUNED,
        data_text=EVIL,
        judged=[item],
        picture=noise,
        state="finished",
        facts={EVIL: EVIL},
    )
    page = Page(path.read_bytes())
    assert page.count("script") == 0 and page.words.count(EVIL) >= 8


@pytest.mark.parametrize("state", ["running", "finished", "stopped"])
def test_only_a_running_report_loads_itself_again(tmp_path: Path, state: State) -> None:
    page = written(tmp_path, state=state)
    assert page.meta("refresh") == (str(REFRESH_S) if state == "running" else None)
    assert f"cats: {state}" in page.words
    assert ("--resume" in page.words) == (state == "stopped")
    assert ("cutaway export" in page.words) == (state != "finished")
    assert ("model.onnx is written when" in page.words) == (state != "finished")


def test_it_is_said_whose_answers_the_pictures_are(tmp_path: Path) -> None:
    assert "weights of the last epoch" in written(tmp_path, pictures=1).words
    assert "weights of the best epoch" in written(tmp_path, pictures=1, state="finished").words


def test_before_the_first_epoch_there_is_a_page_to_watch(tmp_path: Path) -> None:
    page = written(tmp_path, history=[])
    assert "epoch 0 of 30" in page.words and page.meta("refresh") == str(REFRESH_S)
    assert page.words.count("nothing measured yet") == 4 and "first scores appear here" in page.words
    assert "cutaway export" not in page.words  # there is no checkpoint yet


def test_numbers_that_are_none_are_shown_as_such(tmp_path: Path) -> None:
    bad = dict.fromkeys(row(1, 0.5), math.nan) | {"epoch": 1, "val_mae": math.inf}
    page = written(tmp_path, history=[bad], pictures=1)
    assert "NaN" in page.words and "infinite" in page.words
    assert page.words.count("nothing measured yet") == 4
    page = written(tmp_path, history=[row(1, 0.5), bad | {"epoch": 2}, row(3, 0.6)])
    assert "best epoch so far, 3" in page.words
    assert "best epoch so far, 2" in written(tmp_path, history=[bad, row(2, 0.5)]).words


def test_starting_weights_that_were_never_beaten_are_said_to_be(tmp_path: Path) -> None:
    page = written(tmp_path, history=[row(0, 0.9), row(1, 0.8)])
    assert "No epoch has been better than the starting weights yet" in page.words
    assert "→" not in page.words


def test_the_best_epoch_is_the_one_that_training_keeps(tmp_path: Path) -> None:
    history = [row(1, 0.9, val_loss=0.3), row(2, 0.8, val_loss=0.2), row(3, 0.9, val_loss=0.4)]
    assert "best epoch so far, 1, by validation IoU" in written(tmp_path, history=history).words
    assert (
        "best epoch so far, 2, by validation loss" in written(tmp_path, history=history, monitor="loss").words
    )


def test_a_history_of_an_older_run_without_whole_set_scores(tmp_path: Path) -> None:
    old = {k: v for k, v in row(1, 0.9).items() if "dataset" not in k and "batch" not in k}
    words = written(tmp_path, history=[old]).words
    assert "IoU, mean over pictures" in words and "IoU, over the whole set" not in words


def test_twelve_pictures_of_noise_stay_under_two_megabytes(tmp_path: Path) -> None:
    calls: list[Judged] = []

    def counted(item: Judged) -> tuple[Any, Any, Any]:
        calls.append(item)
        return noise(item)

    many = [row(e, 0.5 + 0.4 * math.sin(e) ** 2) for e in range(1, 2001)]
    page = written(tmp_path, history=many, pictures=40, picture=counted)
    assert len(calls) == 12 and page.count("img") == 48
    assert all(int(a["width"] or 0) <= 256 for tag, a in page.tags if tag == "img")
    assert (tmp_path / "run" / "report.html").stat().st_size < 2_000_000
    assert f"the newest {MOST_ROWS}; log.csv has all" in page.words


def test_a_picture_that_cannot_be_read_any_more_stops_nothing(tmp_path: Path) -> None:
    def gone(item: Judged) -> Any:
        raise DataError(f"{item.pair.id} has gone")

    page = written(tmp_path, pictures=1, picture=gone)
    assert "cannot be shown: cats/0 has gone" in page.words and page.count("img") == 0


def test_settings_that_differ_are_marked_with_their_default(tmp_path: Path) -> None:
    page = written(tmp_path, size=256, network={"blocks": 3})
    marked = [tag for tag in page.tags if tag == ("tr", {"class": "marked"})]
    assert len(marked) == 4 and "4 of" in page.words  # name, out, size, network
    assert "size 256 320" in page.words and 'network {"blocks": 3} {}' in page.words
    assert "epochs 30 batch" not in page.words and "epochs 30 " in page.words


def test_time_left_is_told_only_while_there_is_some(tmp_path: Path) -> None:
    words = written(tmp_path).words
    assert "60.0 s" in words and "training so far 3 min" in words and "left, at most 27 min" in words
    assert "60.0 s" in written(tmp_path, history=FINE_TUNED[:2]).words  # judging the start is no epoch
    assert "left, at most" not in written(tmp_path, state="finished").words
    assert "left, at most" not in written(tmp_path, epochs=3).words


def test_the_commands_name_the_runs_own_files(tmp_path: Path) -> None:
    words = written(tmp_path / "my runs", state="finished").words
    run = tmp_path / "my runs" / "run"
    assert f"cutaway remove PHOTO --model {quoted(run / 'model.onnx')}" in words
    assert f"--init {quoted(run / 'best.ckpt')}" in words
    assert f"model={json.dumps(str(run / 'model.onnx'))}" in words
    assert quoted(run / "model.onnx")[0] in "'\""


def test_paths_are_quoted_as_the_machines_shell_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("a b") / "m.onnx"
    monkeypatch.setattr(html_report.os, "name", "nt")
    assert quoted(path) == f'"{path}"'


def test_an_earlier_report_is_replaced_whole_and_nothing_is_left_lying(tmp_path: Path) -> None:
    written(tmp_path, history=[])
    written(tmp_path)
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "run" / "report.html").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"report\.html"):
        written(tmp_path)


@pytest.mark.parametrize("count", [3, 12, 13, 40])
def test_the_report_and_the_contact_sheet_show_the_same_pictures(count: int) -> None:
    items = judged(count)
    assert extremes(items, score=lambda j: j.scores["iou"]) == pick(items)
