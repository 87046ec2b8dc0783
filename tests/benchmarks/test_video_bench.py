"""The benchmarks of videos and cameras on tiny clips: that they run, and that what they call the truth is it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("av", reason="the video extra (av) is not installed")

import camera as camera_bench
import steady as steady_bench
import video as video_bench

from cutaway.streams.looking import LiveOptions

REMBG = """
import numpy as np
def new_session(name):
    assert name == "u2netp"
def remove(picture, session):
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
"""


def test_a_video_and_the_loop_beside_it(
    tmp_path: Path, bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a rembg that does nothing: the loop itself must run."""
    (tmp_path / "rembg.py").write_text(REMBG, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    args = argparse.Namespace(zoom="off",
        frames=6, height=64, width=96, rounds=1, model=str(bright_model),
        rembg_python=Path(sys.executable), u2net_home=tmp_path,
    )  # fmt: skip
    found = video_bench.measure(args, tmp_path)
    assert found["frames"] == 6 and found["efficiency"] > 0 and found["cpu_efficiency"] > 0
    assert set(found["parts_cpu_s"]) == {"decode", "network", "compose", "encode"}
    assert found["times_faster"] > 0 and found["times_less_cpu"] > 0
    assert "times less CPU time" in video_bench.table(found)


def test_composites_know_their_truth(tmp_path: Path) -> None:
    """A white subject before a black ground: the picture's brightness is the truth."""
    for folder in ("images", "masks", "grounds"):
        (tmp_path / folder).mkdir()
    mask = np.zeros((90, 120), np.uint8)
    mask[30:60, 40:80] = 255
    cv2.imwrite(str(tmp_path / "images" / "a.png"), np.full((90, 120, 3), 255, np.uint8))
    cv2.imwrite(str(tmp_path / "masks" / "a.png"), mask)
    cv2.imwrite(str(tmp_path / "grounds" / "g.png"), np.zeros((90, 120, 3), np.uint8))
    ((name, (pictures, truths)),) = steady_bench.composites(tmp_path, tmp_path / "grounds", clips=1, frames=4)
    assert name == "a" and len(pictures) == 4
    for picture, truth in zip(pictures, truths, strict=True):
        assert np.abs(picture.mean(axis=2) / 255 - truth).mean() < 0.01
    assert np.abs(truths[3] - truths[0]).max() > 0.9  # it moves
    scores = steady_bench.judged(truths, truths)
    assert scores == {"dtssd": 0.0, "iou": 1.0, "boundary_iou": 1.0}


def test_a_camera(bright_model: Path) -> None:
    args = argparse.Namespace(zoom="off", model=str(bright_model), height=48, width=64, seconds=1.0)
    found = camera_bench.measure(args, LiveOptions("realtime", 0, "off"), size=None)
    assert found["frames"] > 0 and found["looks"] > 0
    assert "pictures/s" in camera_bench.table({"drawn": found}, args)
