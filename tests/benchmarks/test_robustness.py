from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover

robustness = pytest.importorskip("robustness", reason="the benchmarks folder is not here")
LIST = Path(__file__).resolve().parents[2] / "docs" / "models" / "empty_scenes.txt"


def photo(value: int = 230, *, right: bool = False) -> np.ndarray:
    """A bright disc on the left (or right) of a dark ground."""
    return cv2.circle(np.full((48, 64, 3), 20, np.uint8), (44 if right else 20, 24), 12, (value,) * 3, -1)


def truth(**kind: bool) -> np.ndarray:
    return (photo(**kind)[..., 0] > 128).astype(np.float32)


@pytest.mark.parametrize("name", list(robustness.CHANGES))
def test_every_change_is_undone_in_the_matte(name: str) -> None:
    """A model that answers brightness finds the same subject, where it was."""
    change = robustness.CHANGES[name]
    alpha = np.asarray(change.photo(photo())[..., 0] / 255, np.float32)
    assert robustness.iou(change.back(alpha), truth()) > 0.9
    assert robustness.iou(change.back(alpha), truth(right=True)) < 0.1


def test_changes_do_what_they_are_called() -> None:
    changed = {name: change.photo(photo(180)) for name, change in robustness.CHANGES.items()}
    assert changed["brighter"].max() == 216 and changed["darker"].max() == 144
    assert changed["half size"].shape == (24, 32, 3)
    assert (changed["mirrored"][:, 44] == changed["as it is"][:, 19]).all()
    assert (changed["upside down"][0] == changed["as it is"][-1]).all()
    noisy = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    assert 5 < np.abs(robustness.as_jpeg(noisy).astype(int) - noisy).mean() < 90
    red = np.full((16, 16, 3), (200, 30, 30), np.uint8)
    assert np.abs(robustness.as_jpeg(red).astype(int) - red).max() < 12  # the order of channels is kept


def test_overlap_by_hand() -> None:
    half = np.array([[1, 1, 0, 0]], np.float32)
    assert robustness.iou(half, half) == 1
    assert robustness.iou(half, half[:, ::-1]) == 0
    assert robustness.iou(half, np.ones((1, 4), np.float32)) == 0.5
    assert robustness.iou(np.zeros((1, 4), np.float32), np.zeros((1, 4), np.float32)) == 1


def test_losses_are_points_of_iou() -> None:
    rows = [dict.fromkeys(robustness.CHANGES, 0.9), dict.fromkeys(robustness.CHANGES, 0.7)]
    rows[0]["darker"] = 0.86
    found = robustness.losses(rows)
    assert found["as it is"] == pytest.approx(0.8)
    assert found["darker"] == pytest.approx(2)
    assert found["brighter"] == pytest.approx(0)


def test_calibration_by_hand() -> None:
    found = robustness.calibration([0.1, 0.2, 0.3, 0.4], [0.2, 0.3, 0.4, 0.5])
    assert found["rank correlation"] == pytest.approx(1)
    assert found["mean gap"] == pytest.approx(-0.1)
    assert [b["pictures"] for b in found["bins"]] == [1, 1, 1, 1]
    assert robustness.calibration([0.1, 0.2, 0.3], [0.9, 0.5, 0.4])["rank correlation"] == pytest.approx(-1)
    assert robustness.calibration([0.5, 0.5], [0.1, 0.9])["rank correlation"] == 0
    tied = robustness.calibration([1, 2, 2, 3], [1, 2, 3, 4])["rank correlation"]
    assert tied == pytest.approx(4.5 / np.sqrt(4.5 * 5))  # ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4
    bins = robustness.calibration(list(np.linspace(0, 1, 12)), [0.5] * 12)["bins"]
    assert sum(b["pictures"] for b in bins) == 12 and len(bins) == robustness.BINS
    assert [b["confidence"] for b in bins] == sorted(b["confidence"] for b in bins)


def test_drawn_scenes_are_twenty_and_always_the_same() -> None:
    one, two = robustness.drawn_scenes(), robustness.drawn_scenes()
    assert len(one) == robustness.DRAWN
    assert all((one[name] == two[name]).all() for name in one)
    assert {picture.shape for picture in one.values()} == {(288, 384, 3)}
    assert len({picture.tobytes() for picture in one.values()}) == robustness.DRAWN


def test_the_list_of_empty_scenes() -> None:
    names = [line for line in LIST.read_text("utf-8").splitlines() if line and line[0] != "#"]
    assert len(names) == len(set(names)) == 30


def test_a_listed_scene_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(robustness.DataError, match="lacks 30 of the scenes"):
        robustness.listed_scenes(LIST, tmp_path)


def test_measures_a_picture() -> None:
    remover = Remover(options=Options(zoom="off", refine=False), engine=FakeEngine())
    scores = robustness.measure(remover, photo(), truth())
    assert set(scores) == {*robustness.CHANGES, "confidence"}
    assert scores["mirrored"] > 0.85
    assert robustness.mean_alphas(remover, {"grey": np.full((20, 20, 3), 51, np.uint8)})[
        "grey"
    ] == pytest.approx(0.2)


def test_from_beginning_to_end(
    tmp_path: Path, bright_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(3):
        for name, pixels in (("images", photo()), ("masks", (truth() * 255).astype(np.uint8))):
            (tmp_path / "discs" / name).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "discs" / name / f"{number}.png"), pixels)
    (tmp_path / "scenes").mkdir()
    cv2.imwrite(str(tmp_path / "scenes" / "dark.png"), np.zeros((30, 40, 3), np.uint8))
    (tmp_path / "list.txt").write_text("# one\ndark.png\n")
    out = tmp_path / "out" / "robustness.json"
    words = ["--models", str(bright_model), "--threads", "1", "--device", "cpu", "-o", str(out)]
    scenes = ["--empty", str(tmp_path / "list.txt"), "--backgrounds", str(tmp_path / "scenes")]
    assert robustness.main(["--data", str(tmp_path / "discs"), *scenes, *words]) == 0
    values = json.loads(out.read_text("utf-8"))
    assert values["models"]["bright"]["discs"]["losses"]["as it is"] > 0.9
    assert values["empty"]["bright"]["listed"]["dark.png"] < 0.01
    assert "| bright | discs | 3 |" in out.with_suffix(".md").read_text("utf-8")
    assert "mean alpha" in capsys.readouterr().out
    assert robustness.main(words) == 2
    assert robustness.main([*words, "--empty", str(tmp_path / "list.txt")]) == 2
    assert robustness.main([*words, "--data", str(tmp_path / "none")]) == 2
