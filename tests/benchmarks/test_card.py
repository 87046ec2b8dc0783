"""All figures of a card in one folder, and the sheet of what went wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from cutaway.data.pairs import Pair, find_pairs, split_pairs

card = pytest.importorskip("card", reason="the benchmarks folder is not here")
failures = pytest.importorskip("failures", reason="the benchmarks folder is not here")


@pytest.fixture
def discs(tmp_path: Path) -> Path:
    """Three pairs of a bright disc; in the last the mask says something else."""
    for number in range(3):
        photo = cv2.circle(np.full((48, 64, 3), 20, np.uint8), (20 + 8 * number, 24), 12, (230,) * 3, -1)
        mask = np.where(photo[..., 0] > 128, 255, 0).astype(np.uint8)
        for name, pixels in (("images", photo), ("masks", mask[::-1, ::-1] if number == 2 else mask)):
            (tmp_path / "discs" / name).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "discs" / name / f"{number}.png"), pixels)
    return tmp_path / "discs"


def test_a_card_of_all_that_has_data(
    discs: Path, bright_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "card"
    words = ["--models", str(bright_model), "--threads", "1", "--rounds", "1", "-o", str(out)]
    assert card.main([*words, "--data", str(discs), "--validation", str(discs)]) == 0
    page = (out / "card.md").read_text("utf-8")
    for words_of in (
        "# bright: all figures",
        "robust on discs",
        "# Quality",
        "# Robustness",
        "# The network alone",
    ):
        assert words_of in page
    assert {p.name for p in out.iterdir()} >= {"quality.json", "robustness.json", "network.json", "card.md"}
    assert "card.md" in capsys.readouterr().out


def test_a_script_that_cannot_run_is_told_and_left_out(
    bright_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "card"
    words = ["--models", str(bright_model), "--threads", "1", "--rounds", "1", "-o", str(out)]
    assert card.main([*words, "--backgrounds", str(tmp_path)]) == 2
    assert "lacks 30 of the scenes" in capsys.readouterr().err
    assert "# The network alone" in (out / "card.md").read_text("utf-8")


def test_bars_by_hand() -> None:
    losses = {"as it is": 0.9, "mirrored": -0.5, "JPEG 40": 2.5}
    found = {
        "models": {"m": {"cats": {"losses": losses}, "dogs": {"losses": losses | {"JPEG 40": 2.0}}}},
        "empty": {"m": {"drawn": {"a": 0.0, "b": 0.08}, "listed": {"c": 0.03}}},
    }
    assert card.bars("m", found)[1:] == [
        ["robust on cats", "≤ 2 points lost", "+2.5 (JPEG 40)", "no"],
        ["robust on dogs", "≤ 2 points lost", "+2.0 (JPEG 40)", "yes"],
        ["empty scenes, drawn", "mean alpha ≤ 0.03", "0.0400", "no"],
        ["empty scenes, listed", "mean alpha ≤ 0.03", "0.0300", "yes"],
    ]
    assert len(card.bars("other", found)) == 1


def test_the_worst_pairs_on_a_sheet(discs: Path, bright_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "worst.png"
    words = ["--model", str(bright_model), "--data", str(discs), "--threads", "1", "--cell", "60"]
    assert failures.main([*words, "--count", "1", "-o", str(out)]) == 0
    shown = cv2.imread(str(out))
    red = (shown[..., 2] > 150) & (shown[..., 1] < 120) & (shown[..., 0] < 120)
    assert red.sum() > 20  # the wrong pair is the one that is shown, and where it is wrong is red


def test_example_photos_the_least_sure_first(bright_model: Path, tmp_path: Path) -> None:
    remover = failures.open_model(str(bright_model), device="cpu", threads=1)
    photos = failures.find_photos(failures.EXAMPLES / "photos")
    rows = failures.least_sure(remover, photos, count=2)
    assert len(rows) == 2 and rows[0][0] <= rows[1][0]
    made = failures.sheet(rows, cell_px=50)
    assert made.width == 3 * 56 + 6 and np.asarray(made).std() > 5


def test_cells_are_photo_matte_and_cutout() -> None:
    photo = np.full((10, 20, 3), (200, 10, 10), np.uint8)
    alpha = np.zeros((10, 20), np.float32)
    alpha[:, :10] = 1
    small, matte, cut = failures.cells(photo, alpha, cell_px=20)
    assert (small == photo).all() and set(np.unique(matte)) == {0, 255}
    assert tuple(cut[5, 2]) == (200, 10, 10) and tuple(cut[5, 17]) == failures.GROUND


def test_photos_of_others_stay_out_of_the_repository(
    discs: Path, bright_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--model", str(bright_model), "--data", str(discs)]
    assert failures.main([*words, "-o", str(failures.ROOT / "docs" / "pictures" / "x.jpg")]) == 2
    assert "may not be shipped" in capsys.readouterr().err
    assert not (failures.ROOT / "docs" / "pictures" / "x.jpg").exists()
    failures.refuse_shipping([discs], failures.IGNORED / "x.jpg")
    failures.refuse_shipping([failures.EXAMPLES / "photos"], failures.ROOT / "docs" / "x.jpg")
    assert failures.main([*words, "-o", str(tmp_path / "x.txt")]) == 2


def test_photos_with_a_licence_are_shown_with_it(
    discs: Path, bright_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The repository takes them then, and the words stand below the same sheet, as many lines as they need."""
    monkeypatch.setattr(failures, "ROOT", tmp_path)
    monkeypatch.setattr(failures, "IGNORED", tmp_path / "ignored")
    words = ["--model", str(bright_model), "--data", str(discs), "--threads", "1", "--cell", "60"]
    assert failures.main([*words, "-o", str(tmp_path / "refused.png")]) == 2
    for name, licence in (("one", "CC0"), ("long", "drawn by chance and given to everybody " * 4)):
        assert failures.main([*words, "--licence", licence, "-o", str(tmp_path / f"{name}.png")]) == 0
    outside = tmp_path.parent / f"{tmp_path.name}-plain.png"
    assert failures.main([*words, "-o", str(outside)]) == 0
    plain, one, long = (cv2.imread(str(p)) for p in (outside, tmp_path / "one.png", tmp_path / "long.png"))
    assert one.shape[0] - plain.shape[0] == failures.LINE_PX < long.shape[0] - plain.shape[0]
    np.testing.assert_array_equal(one[: len(plain)], plain)
    assert one[len(plain) :].std() > 1


def test_only_what_training_holds_out_is_shown(
    discs: Path, bright_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    score = failures.score_pairs

    def spy(remover: object, pairs: list[Pair], **words: object) -> object:
        seen.extend(pair.id for pair in pairs)
        return score(remover, pairs, **words)

    monkeypatch.setattr(failures, "score_pairs", spy)
    words = ["--model", str(bright_model), "--data", str(discs), "--threads", "1", "--cell", "60"]
    assert failures.main([*words, "--validation", "0.5", "-o", str(tmp_path / "x.png")]) == 0
    pairs = find_pairs([discs])
    held_out = split_pairs(pairs, validation=0.5, seed=0)[1]
    assert seen == [pair.id for pair in held_out] and len(held_out) < len(pairs)
