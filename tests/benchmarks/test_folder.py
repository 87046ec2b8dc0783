from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

folder = pytest.importorskip("folder", reason="the benchmarks folder is not here")
confidence = pytest.importorskip("confidence")


def test_folder_end_to_end(tmp_path: Path, bright_model: Path) -> None:
    arguments = [
        "-o",
        str(tmp_path),
        "--count",
        "4",
        "--rounds",
        "1",
        "--megapixels",
        "0.02",
        "--threads",
        "2",
    ]
    assert folder.main([*arguments, "--model", str(bright_model)]) == 0
    values = json.loads((tmp_path / "folder.json").read_text("utf-8"))
    assert set(values["folder"]) == {"folder", "one at a time", "bare network"}
    assert values["wanted"] > 0
    assert "| bare network |" in (tmp_path / "folder.md").read_text("utf-8")


def test_the_smaller_bar_counts() -> None:
    told = folder.verdict({"folder": [10.0], "one at a time": [20.0], "bare network": [1.0]}, 100)
    assert told["bar"] == "1.7 x one at a time"
    assert told["wanted"] == pytest.approx(8.5)
    assert told["met"]
    told = folder.verdict({"folder": [10.0], "one at a time": [12.0], "bare network": [8.0]}, 100)
    assert told["bar"] == "0.9 x bare network"
    assert not told["met"]


def test_bins_put_the_least_sure_first() -> None:
    sure, right = np.array([0.9, 0.1, 0.5, 0.7]), np.array([1.0, 0.2, 0.6, 0.9])
    first, second = confidence.bins(sure, right, number=2)
    assert (first["from"], first["to"], first["photos"]) == (0.1, 0.5, 2)
    assert first["iou"] == pytest.approx(0.4)
    assert second["bad"] == 0
    told = confidence.summary(sure, right)
    assert told["rank_correlation"] == pytest.approx(1)
    assert (told["bad"], told["bad_among_reviewed"]) == (2, 1)


def test_confidence_end_to_end(tmp_path: Path, bright_model: Path, disc: np.ndarray) -> None:
    for kind, picture in (("images", disc), ("masks", np.where(disc[..., 0] > 128, 255, 0).astype(np.uint8))):
        (tmp_path / "set" / kind).mkdir(parents=True)
        for number in range(4):
            Image.fromarray(picture).save(tmp_path / "set" / kind / f"{number}.png")
    arguments = [str(tmp_path / "set"), "-o", str(tmp_path), "--bins", "2", "--model", str(bright_model)]
    assert confidence.main(arguments) == 0
    values = json.loads((tmp_path / "confidence.json").read_text("utf-8"))
    assert values["summary"]["photos"] == 4
    assert values["bins"][0]["iou"] > 0.9
