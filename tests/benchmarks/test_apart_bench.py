"""Scenes of several subjects, and both ways to look at them."""

from __future__ import annotations

from pathlib import Path

import apart
import numpy as np
import pytest
from PIL import Image

from cutaway import Remover
from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.pixels import zoom


def test_a_scene_is_the_subjects_on_the_ground() -> None:
    white = np.full((90, 40, 3), 255, np.uint8), np.ones((90, 40), np.float32)
    picture, truth = apart.scene([white], np.zeros((30, 40, 3), np.uint8), np.random.default_rng(0))
    assert picture.shape == (*apart.SIZE, 3) and truth.shape == apart.SIZE
    np.testing.assert_array_equal(picture, np.rint(truth * 255).astype(np.uint8)[..., None].repeat(3, axis=2))
    assert 2 <= (np.diff(np.append(0, truth.max(axis=0))) > 0).sum() <= 4


def test_one_by_one_is_the_finer_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoom, "MOST", zoom.MOST)
    picture, truth = np.zeros((*apart.SIZE, 3), np.uint8), np.zeros(apart.SIZE, np.float32)
    for left in (20, 500):
        picture[200:330, left : left + 70], truth[200:330, left : left + 70] = 255, 1
    found = apart.measured(Remover(engine=FakeEngine(), options=Options(refine=False)), [(picture, truth)])
    one_box, one_by_one = found["one box"][0], found["one by one"][0]
    assert one_by_one[1] > one_box[1] and one_by_one[2] < one_box[2]
    assert min(one_box[3], one_by_one[3]) > 0


def test_the_whole_of_it(tmp_path: Path, bright_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("images", "masks", "grounds"):
        (tmp_path / name).mkdir()
    mask = np.zeros((60, 60), np.uint8)
    mask[10:50, 20:40] = 255
    Image.fromarray(mask).save(tmp_path / "masks" / "a.png")
    Image.fromarray(mask[..., None].repeat(3, axis=2)).save(tmp_path / "images" / "a.png")
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "grounds" / "g.png")
    data, grounds = str(tmp_path), str(tmp_path / "grounds")
    assert apart.main([data, "--backgrounds", grounds, "--models", str(bright_model), "--count", "2"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(f"| {bright_model}")]
    assert len(rows) == 2 and all(float(row.split("|")[3]) > 0.9 for row in rows)
