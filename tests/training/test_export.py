"""Export of networks of several classes, and the proof that goes with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from cutaway.errors import ModelError, OutputExistsError
from cutaway.models.base import MatteNet
from cutaway.models.registry import build
from cutaway.pixels.prepare import prepare, restore
from cutaway.training import export as export_module
from cutaway.training.checkpoint import Checkpoint, RunState, save
from cutaway.training.config import TrainConfig
from cutaway.training.export import export, export_checkpoint
from cutaway.weights.spec import METADATA_KEY, ModelSpec

SMALL = {"blocks": 2, "filters": 4}


def network(classes: int = 1, *, grey: bool = False) -> MatteNet:
    torch.manual_seed(1)
    model = build("unet", classes=classes, grey=grey, network=SMALL).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model(torch.rand(2, model.channels, 64, 64))
        model.head.weight.mul_(20)  # so that every class wins somewhere
    return model.eval()


@pytest.mark.parametrize(("classes", "grey"), [(1, True), (2, False), (3, False), (3, True)])
def test_the_file_and_restore_give_the_networks_alpha(classes: int, grey: bool, tmp_path: Path) -> None:
    model = network(classes, grey=grey)
    spec = model.describe("m", size=64)
    export(model, tmp_path / "m.onnx", spec=spec)
    session = ort.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    assert ModelSpec.from_json(session.get_modelmeta().custom_metadata_map[METADATA_KEY]) == spec
    assert [o.name for o in session.get_outputs()] == ["trimap" if classes == 3 else "alpha"]
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    prepared = prepare(photo, spec)
    matte = restore(session.run(None, {"image": prepared.tensor})[0], prepared, spec)
    with torch.no_grad():
        logits = model(torch.from_numpy(prepared.tensor))[-1]
    alpha = model.alpha(logits)[0, 0].numpy()
    wanted = np.clip((alpha - spec.haze) / (1 - 2 * spec.haze), 0, 1)
    unsure = np.abs(matte.alpha - wanted) > 1e-3
    assert unsure.mean() < 0.002  # of three classes: pixels where two of them are equal within rounding
    assert np.ptp(wanted) > 0.5  # a constant would agree with anything
    if classes == 3:
        winners = set(logits.argmax(dim=1).flatten().tolist())
        assert winners == {0, 1, 2}


def test_a_checkpoint_of_its_own_network_is_exported(tmp_path: Path) -> None:
    config = TrainConfig(arch="unet", network=SMALL, classes=3, grey=True, size=96, name="thing")
    weights = network(3, grey=True).state_dict()
    save(Checkpoint(config=config, state=RunState(), model=weights, ema=weights), tmp_path / "best.ckpt")
    spec = export_checkpoint(tmp_path / "best.ckpt", tmp_path / "m.onnx", size=128)
    assert (spec.name, spec.arch, spec.output, spec.channels) == ("thing", "unet", "trimap", 1)
    assert (spec.size, spec.stride, spec.mean, spec.std) == (128, 4, (0.0,), (1.0,))
    with pytest.raises(OutputExistsError):
        export_checkpoint(tmp_path / "best.ckpt", tmp_path / "m.onnx")


@pytest.mark.parametrize("worst", [3e-4, float("nan"), float("inf")])
def test_a_file_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worst: float
) -> None:
    model = network()
    monkeypatch.setattr(export_module, "worst_difference", lambda *_: worst)
    with pytest.raises(ModelError, match="differ from torch's"):
        export(model, tmp_path / "m.onnx", spec=model.describe("m", size=64))
    assert list(tmp_path.iterdir()) == []
