"""Two and three classes, grey, plain pictures, other losses and optimisers: each trains, and its model can be used."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from training_runs import quick, rows_of, tiny

from cutaway.data.samples import load_photo, shrink_to
from cutaway.engines.onnx import OnnxEngine
from cutaway.evaluation.metrics import batch_dice
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.training import run as run_module
from cutaway.training.distributed import Team
from cutaway.training.run import _batches, train
from cutaway.training.setup import set_up
from cutaway.training.validate import Judged, validate


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": 2, "loss": "batch-dice", "optimiser": "adam", "schedule": "constant"},
        {"classes": 3, "loss": "ce + dice + lovasz", "optimiser": "sgd"},
        {"grey": True, "loss": "structure + focal", "schedule": "plateau", "monitor": "loss"},
    ],
    ids=["two classes", "three classes", "grey"],
)
def test_each_kind_trains_and_its_model_answers_as_training_saw(
    leaves: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    result = train(tiny(leaves, tmp_path / "run", epochs=1, **changes))
    spec = OnnxEngine(result.model, device="cpu", threads=1).spec
    assert spec.output == ("trimap" if changes.get("classes") == 3 else "alpha")
    assert spec.channels == (1 if changes.get("grey") else 3)
    run = set_up(tiny(leaves, tmp_path / "run", epochs=1, **changes), resume=True, team=Team())
    pair = run.held_out[0]
    photo = load_photo(pair.image)
    from cutaway.training.validate import predict

    wanted, _ = predict(run.ema.model, photo, spec=run.spec, compute=run.compute)
    alpha = Remover(str(result.model), Options(zoom="off", refine=False)).matte(photo).alpha
    assert np.abs(alpha - wanted).max() < 0.01


def test_without_augmentation_samples_are_the_photos(leaves: Path, tmp_path: Path) -> None:
    config = tiny(leaves, tmp_path / "run", augment=False, background=1.0, batch=2, samples_per_epoch=2)
    sampler = set_up(config, resume=False, team=Team()).sampler
    photo, matte = sampler.cache[3]
    once, again = (sampler.sample(3, epoch=e, number=n) for e, n in ((0, 1), (4, 7)))
    assert np.array_equal(once[0], again[0]) and np.array_equal(once[1], again[1])
    assert once[0].shape == (32, 32, 3)
    area = shrink_to(photo, 32).mean(axis=(0, 1))
    assert np.abs(once[0].mean(axis=(0, 1)) - area).max() < 2
    assert abs(float(once[1].mean()) - float(matte.mean())) < 3


def test_folders_of_other_names(leaves: Path, drawing: ModuleType, tmp_path: Path) -> None:
    drawing.draw_set(tmp_path / "own", 6)
    (tmp_path / "own" / "images").rename(tmp_path / "own" / "photos")
    (tmp_path / "own" / "masks").rename(tmp_path / "own" / "alpha")
    config = tiny(tmp_path / "own", tmp_path / "run", subdirs=["photos", "alpha"], epochs=1)
    assert train(config).epochs == 1


def test_a_run_is_monitored_by_what_was_asked_for(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """IoU rises from epoch to epoch and the loss does, too: by the loss the first epoch stays the best."""
    values = iter([0.5, 0.6, 0.7, 0.8])

    def judge(*_: Any, **__: Any) -> tuple[dict[str, float], list[Judged]]:
        value = next(values)
        return {"loss": value, "iou": value, "dice": value, "mae": 0.1, "boundary_iou": 0.1}, []

    monkeypatch.setattr(run_module, "validate", judge)
    monkeypatch.setattr(run_module, "finish", lambda model, folder, **_: folder / "model.onnx")
    with caplog.at_level("INFO", logger="cutaway.training"):
        result = train(tiny(leaves, tmp_path / "run", epochs=9, monitor="loss", patience=2))
    assert result.epochs == 3 and "no better validation loss for 2 epochs" in caplog.text


def test_whole_set_scores_are_those_of_all_pixels_together(leaves: Path, tmp_path: Path) -> None:
    run = set_up(quick(leaves, tmp_path / "run", pretrained=False), resume=False, team=Team())
    scores, judged = validate(
        run.ema.model, run.held_out, reading=run.reading, spec=run.spec, compute=run.compute
    )
    from cutaway.training.reporting import shows

    pictures = [shows(run)(item) for item in judged]
    mattes, truths = [p[2] for p in pictures], [p[1] for p in pictures]
    assert scores["batch_dice"] == pytest.approx(batch_dice(mattes, truths), abs=1e-6)
    masks = [(m >= 0.5, t >= 0.5) for m, t in zip(mattes, truths, strict=True)]
    both, either = sum((m & t).sum() for m, t in masks), sum((m | t).sum() for m, t in masks)
    assert scores["dataset_iou"] == pytest.approx(both / either, abs=1e-6)
    assert scores["dataset_dice"] == pytest.approx(2 * both / (both + either), abs=1e-6)


def test_a_team_shares_a_step(leaves: Path, tmp_path: Path) -> None:
    """Two halves of the samples of a step are the step's samples."""
    config = tiny(leaves, tmp_path / "run", batch=5, samples_per_epoch=10)
    run = set_up(config, resume=False, team=Team())
    whole = [truth for _, truth in _batches(run)]
    halves = []
    for rank in (0, 1):
        run.team = SimpleNamespace(share=Team(rank, 2).share, world=2)  # type: ignore[assignment]
        halves.append([truth for _, truth in _batches(run)])
    for step, one, other in zip(whole, *halves, strict=True):
        assert (len(one), len(other)) == (3, 2)
        assert np.array_equal(step[0::2], one) and np.array_equal(step[1::2], other)


def test_the_loss_is_the_one_that_was_asked_for(leaves: Path, tmp_path: Path) -> None:
    """Three times a loss is three times as large, where the weights (almost) stand still."""
    rows = []
    for name in ("batch-dice", "3*batch-dice"):
        train(tiny(leaves, tmp_path / name[0], epochs=1, loss=name, lr=1e-12))
        rows += rows_of(tmp_path / name[0])
    for column in ("train_loss", "val_loss"):
        assert float(rows[1][column]) == pytest.approx(3 * float(rows[0][column]), rel=1e-3)
    assert float(rows[0]["val_loss"]) == pytest.approx(1 - float(rows[0]["val_batch_dice"]), abs=0.05)
