"""The whole loop, small but real: draw pictures, train on them, and remove the background of ones never seen."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from training_runs import quick

from cutaway.evaluation.metrics import iou
from cutaway.models.registry import build
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.training import checkpoint as ckpt
from cutaway.training.compute import choose
from cutaway.training.run import TrainResult, train
from cutaway.training.validate import predict


@pytest.fixture(scope="module")
def learnt(drawing: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """A model that has learnt what a drawn leaf is: a minute on one busy core, 15 s on a free one."""
    folder = tmp_path_factory.mktemp("learnt")
    drawing.draw_set(folder / "leaves", 40)
    changes = {"size": 96, "epochs": 4, "samples_per_epoch": 96, "batch": 8, "ema": 0.9}
    return train(quick(folder / "leaves", folder / "run", **changes))


def _new_leaves(drawing: ModuleType) -> list[tuple[np.ndarray, np.ndarray]]:
    pairs = [drawing.draw_pair(np.random.default_rng(seed)) for seed in (1001, 1002, 1003)]
    return [(np.asarray(photo), np.asarray(mask, np.float32) / 255) for photo, mask in pairs]


def test_it_learns(learnt: TrainResult) -> None:
    assert learnt.scores["iou"] >= 0.85


def test_the_model_file_removes_new_backgrounds(learnt: TrainResult, drawing: ModuleType) -> None:
    remover = Remover(str(learnt.model))
    for photo, mask in _new_leaves(drawing):
        assert iou(remover.matte(photo).alpha, mask) >= 0.8


def test_removing_sees_what_validating_saw(learnt: TrainResult, drawing: ModuleType) -> None:
    """Training's own prediction and `cutaway remove` with the exported file give the same matte."""
    model = build("lite0").eval()
    model.load_state_dict(ckpt.load(learnt.best).ema)
    spec = model.describe("leaves", size=96)
    remover = Remover(
        str(learnt.model), Options(zoom="off", refine=False)
    )  # training takes one look, as it is
    for photo, _ in _new_leaves(drawing):
        wanted, _ = predict(model, photo[:, :131], spec=spec, compute=choose("cpu", precision="float32"))
        alpha = remover.matte(photo[:, :131]).alpha
        assert alpha.shape == wanted.shape == (160, 131)
        assert np.abs(alpha - wanted).max() < 0.01
        assert np.ptp(alpha) > 0.5
