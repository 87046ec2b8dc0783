"""Two masks compared by hand, and the whole run with a stand-in for rembg."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine

parity = pytest.importorskip("parity_rembg", reason="the benchmarks folder is not here")


def test_differences_by_hand() -> None:
    ours, theirs = np.array([[0, 10], [255, 100]], np.uint8), np.array([[0, 14], [255, 80]], np.uint8)
    found = parity.difference("a.jpg", ours, theirs)
    assert (found.mean, found.largest, found.beyond_10) == (6, 20, 0.25)
    with pytest.raises(parity.DataError, match="theirs"):
        parity.difference("a.jpg", ours, theirs[:1])


@pytest.mark.parametrize(("off", "code"), [(0, 0), (40, 1)])
def test_a_model_that_is_fed_otherwise_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, off: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = cv2.circle(np.full((40, 60, 3), 25, np.uint8), (30, 20), 12, (230,) * 3, -1)
    cv2.imwrite(str(tmp_path / "a.png"), photo)
    monkeypatch.setattr(parity, "OnnxEngine", lambda *args, **more: FakeEngine())

    def theirs(model: str, photos: list[Path], out: Path, args: argparse.Namespace) -> None:
        cv2.imwrite(str(out / "a.png"), np.clip(photo[..., 0].astype(int) + off, 0, 255).astype(np.uint8))

    monkeypatch.setattr(parity, "their_masks", theirs)
    words = ["--rembg-python", "python", "--u2net-home", str(tmp_path), "--photos", str(tmp_path / "a.png")]
    assert parity.main([*words, "-o", str(tmp_path / "p.json")]) == code
    assert "u2netp" in capsys.readouterr().out
    assert "| u2net | all |" in (tmp_path / "p.md").read_text("utf-8")
