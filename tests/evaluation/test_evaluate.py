from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cutaway.data.pairs import find_pairs
from cutaway.errors import DataError, ImageError
from cutaway.evaluation.report import Summary
from cutaway.evaluation.run import chosen, evaluate, mask_readings, score_pairs, to_size
from cutaway.options import Options
from cutaway.types import Matte
from cutaway.weights.spec import ModelSpec
from html_pages import Page


class Bright:
    """Bright pixels are the subject; counts nothing, knows nothing."""

    def matte(self, photo: Path) -> Matte:
        pixels = cv2.imread(str(photo))
        if pixels is None:
            raise ImageError(f"{photo} is no picture")
        return Matte(pixels.mean(axis=2).astype(np.float32) / 255)


def draw_disc(height: int, width: int) -> np.ndarray:
    picture = np.full((height, width, 3), 30, np.uint8)
    return cv2.circle(picture, (width // 2, height // 2), height // 3, (230, 230, 230), -1)


def write_pair(
    folder: Path, stem: str, photo: np.ndarray, truth: np.ndarray, size: tuple[int, int] | None = None
) -> None:
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    if size is not None:
        truth = cv2.resize(truth, (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    (folder / "images" / f"{stem}.png").write_bytes(cv2.imencode(".png", photo)[1].tobytes())
    (folder / "masks" / f"{stem}.png").write_bytes(cv2.imencode(".png", truth)[1].tobytes())


def write_set(folder: Path, count: int = 3) -> Path:
    for number in range(count):
        photo = draw_disc(96 + 8 * number, 128)
        write_pair(folder, f"p{number}", photo, np.where(photo[..., 0] > 128, 255, 0).astype(np.uint8))
    return folder


def score(folder: Path):  # type: ignore[no-untyped-def]
    pairs = find_pairs(folder)
    return score_pairs(Bright(), pairs, readings=mask_readings(pairs))


def test_mattes_are_judged_at_the_masks_size(tmp_path: Path) -> None:
    photo = draw_disc(96, 128)
    truth = np.where(photo[..., 0] > 128, 255, 0).astype(np.uint8)
    write_pair(tmp_path, "larger", photo, truth, (192, 256))
    write_pair(tmp_path, "smaller", photo, truth, (48, 64))
    rows, worst = score(tmp_path)
    assert [row.error for row in rows] == [None, None]
    assert all(row.scores.values["iou"] > 0.93 for row in rows)
    assert len(worst) == 2


def test_a_bad_pair_is_recorded_and_the_rest_go_on(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "images" / "p0.png").write_bytes(b"no picture")
    (tmp_path / "masks" / "p1.png").write_bytes(b"no mask")
    rows, _ = score(tmp_path)
    assert [row.error is None for row in rows] == [False, False, True]
    assert "p0" in (rows[0].error or "") and "p1" in (rows[1].error or "")
    assert rows[2].scores.values["iou"] == 1.0


def test_a_turned_mask_is_an_error_not_a_score(tmp_path: Path) -> None:
    photo = draw_disc(96, 128)
    write_pair(tmp_path, "turned", photo, np.zeros((128, 96), np.uint8))
    write_pair(tmp_path, "upright", photo, np.where(photo[..., 0] > 128, 255, 0).astype(np.uint8))
    rows, _ = score(tmp_path)
    assert "96×128" in (rows[0].error or "") and rows[1].error is None


def test_a_mask_shrunk_with_rounding_is_accepted() -> None:
    assert to_size(np.ones((1000, 667), np.float32), (100, 66)).shape == (100, 66)
    assert to_size(np.ones((1, 1), np.float32), (2, 3)).shape == (2, 3)
    with pytest.raises(DataError, match="667×1000"):
        to_size(np.ones((1000, 667), np.float32), (67, 100))


def test_the_worst_come_first_and_are_at_most_twelve(tmp_path: Path) -> None:
    photo = draw_disc(24, 32)
    for number in range(14):
        truth = np.zeros((24, 32), np.uint8)
        truth[:, : 2 + number] = 255
        write_pair(tmp_path, f"{number:02}", photo, truth)
    rows, worst = score(tmp_path)
    ious = sorted(row.scores.values["iou"] for row in rows)
    assert len(worst) == 12
    assert [row.caption.split()[1] for row in worst] == [f"{value:.3f}" for value in ious[:12]]


def test_progress_counts_to_the_end_even_past_failures(tmp_path: Path) -> None:
    write_set(tmp_path)
    (tmp_path / "images" / "p2.png").write_bytes(b"")
    seen: list[tuple[int, int]] = []
    pairs = find_pairs(tmp_path)
    score_pairs(
        Bright(),
        pairs,
        readings=mask_readings(pairs),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_ambiguous_masks_are_a_question_that_names_the_folder(tmp_path: Path) -> None:
    photo = draw_disc(24, 32)
    write_pair(tmp_path / "pets", "a", photo, np.where(photo[..., 0] > 128, 1, 2).astype(np.uint8))
    with pytest.raises(DataError, match=r"pets.*trimap"):
        mask_readings(find_pairs(tmp_path))
    reading = mask_readings(find_pairs(tmp_path), masks="subject:1")
    assert [str(r) for r in reading.values()] == ["subject:1"]


def test_several_masks_of_a_photo_are_merged_and_folders_may_be_called_otherwise(tmp_path: Path) -> None:
    photo = draw_disc(96, 128)
    truth = np.where(photo[..., 0] > 128, 255, 0).astype(np.uint8)
    one = tmp_path / "cells" / "first"
    write_pair(one, "first", photo, np.where(np.arange(128) < 64, truth, 0).astype(np.uint8))
    other = cv2.imencode(".png", np.where(np.arange(128) < 64, 0, truth))[1].tobytes()
    (one / "masks" / "second.png").write_bytes(other)
    (row,), _ = score(tmp_path / "cells")
    assert row.scores is not None and row.scores.values["iou"] == 1.0


def test_what_a_folder_says_of_its_masks_is_believed_and_what_the_user_says_goes_first(
    tmp_path: Path,
) -> None:
    photo = draw_disc(24, 32)
    write_pair(tmp_path, "a", photo, np.where(photo[..., 0] > 128, 1, 2).astype(np.uint8))
    (tmp_path / "dataset.toml").write_text('reading = "subject:1"\n')
    pairs = find_pairs(tmp_path)
    for masks, wanted in ("auto", 1.0), ("subject:2", 0.0):
        (row,), _ = score_pairs(Bright(), pairs, readings=mask_readings(pairs, masks=masks))
        assert row.scores is not None and row.scores.values["iou"] == wanted


def test_evaluate_finds_folders_of_other_names(tmp_path: Path, bright_model: Path) -> None:
    write_set(tmp_path / "data", 1)
    (tmp_path / "data" / "images").rename(tmp_path / "data" / "photos")
    (tmp_path / "data" / "masks").rename(tmp_path / "data" / "alphas")
    options, out = Options(model=str(bright_model)), tmp_path / "out"
    with pytest.raises(DataError):
        evaluate([tmp_path / "data"], options=options, out=out)
    assert not evaluate([tmp_path / "data"], options=options, out=out, subdirs=("photos", "alphas")).failed


def test_evaluate_writes_scores_table_and_sheet(tmp_path: Path, bright_model: Path) -> None:
    write_set(tmp_path / "data" / "one")
    write_set(tmp_path / "data" / "two", 2)
    out = tmp_path / "out"
    options = Options(model=str(bright_model), device="cpu", threads=1)
    summary = evaluate([tmp_path / "data"], out=out, options=options)
    assert summary.spec.name == "bright"
    assert summary.groups["one"]["iou"] > 0.9
    assert json.loads((out / "scores.json").read_text("utf-8"))["pictures"] == 5
    assert "| two | 2 |" in (out / "scores.md").read_text("utf-8")
    assert cv2.imread(str(out / "worst.png")).std() > 0
    page = Page((out / "report.html").read_bytes())
    assert page.count("img") == 5 * 4 and page.asks_nobody()
    assert page.words.count("one/p2") == 2  # its picture, and its line in the list of the worst
    assert sorted(p.name for p in out.iterdir()) == ["report.html", "scores.json", "scores.md", "worst.png"]


def test_the_chosen_are_few_sorted_and_small(tmp_path: Path) -> None:
    photo = draw_disc(300, 400)
    for number in range(14):
        truth = np.zeros((300, 400), np.uint8)
        truth[:, : 20 + 20 * number] = 255
        write_pair(tmp_path, f"{number:02}", photo, truth)
    pairs = find_pairs(tmp_path)
    readings = mask_readings(pairs)
    rows, _ = score_pairs(Bright(), pairs, readings=readings)
    examples = chosen(Bright(), pairs, Summary("m", ModelSpec("m"), tuple(rows)), readings=readings)
    assert [e.word for e in examples] == ["best"] * 4 + ["median"] * 4 + ["worst"] * 4
    ious = [e.scores["iou"] for e in examples]
    assert ious == sorted(ious, reverse=True)
    assert all(e.views is not None and e.views.photo.shape == (192, 256, 3) for e in examples)


def test_a_chosen_picture_that_went_away_is_named_and_the_rest_are_shown(tmp_path: Path) -> None:
    write_set(tmp_path)
    pairs = find_pairs(tmp_path)
    readings = mask_readings(pairs)
    rows, _ = score_pairs(Bright(), pairs, readings=readings)
    (tmp_path / "images" / "p1.png").unlink()
    examples = chosen(Bright(), pairs, Summary("m", ModelSpec("m"), tuple(rows)), readings=readings)
    assert {e.id: e.views is None for e in examples} == {"p0": False, "p1": True, "p2": False}
    assert "p1.png" in next(e.error for e in examples if e.id == "p1")


def test_no_pair_at_all_is_an_error(tmp_path: Path, bright_model: Path) -> None:
    with pytest.raises(DataError):
        evaluate([tmp_path], options=Options(model=str(bright_model)), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
