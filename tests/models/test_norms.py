"""Normalisation measured anew: no answer changes, and training can use it again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from cutaway.models.base import MatteNet
from cutaway.models.from_onnx import load_onnx_weights
from cutaway.models.norms import renew_norms
from cutaway.models.registry import build
from cutaway.training.export import to_onnx


def pictures(count: int = 4) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    return [torch.randn(6, 3, 64, 64, generator=generator) * 2 + 0.5 for _ in range(count)]


@pytest.fixture(params=["unet", "lite0"])
def folded(request: pytest.FixtureRequest, tmp_path: Path) -> MatteNet:
    """A network read back from a file: all its normalisation is the identity and an offset."""
    torch.manual_seed(0)
    how: dict[str, object] = {"network": {"blocks": 2, "filters": 4}} if request.param == "unet" else {}
    model = build(request.param, **how).train()  # type: ignore[arg-type]
    with torch.no_grad():
        for batch in pictures():
            model(batch)
    path = tmp_path / "model.onnx"
    path.write_bytes(to_onnx(model.eval(), spec=replace(model.describe("x", size=64), arch=request.param)))
    again = build(request.param, **how)  # type: ignore[arg-type]
    load_onnx_weights(again, path)
    return again.eval()


def norms_of(model: MatteNet) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def learning(model: MatteNet) -> MatteNet:
    """In training mode, but for what is left to chance there."""
    model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.eval()
    return model


def test_the_answers_stay(folded: MatteNet) -> None:
    probe = pictures(1)[0]
    with torch.no_grad():
        before = folded(probe)[-1]
        renew_norms(folded, pictures())
        after = folded(probe)[-1]
    assert torch.allclose(before, after, atol=2e-3 * float(before.abs().max()))
    assert not folded.training


def test_the_statistics_are_those_of_the_pictures(folded: MatteNet) -> None:
    seen: dict[int, list[torch.Tensor]] = {}
    norms = norms_of(folded)
    renew_norms(folded, pictures())
    for number, norm in enumerate(norms):
        norm.register_forward_pre_hook(lambda _, x, n=number: seen.setdefault(n, []).append(x[0]))
    with torch.no_grad():
        for batch in pictures():
            folded(batch)
    assert len(seen) == len(norms)
    for number, norm in enumerate(norms):
        x = torch.cat(seen[number])
        assert norm.running_mean is not None and norm.running_var is not None
        scale = float(norm.running_var.sqrt().max()) + 1e-6
        assert torch.allclose(norm.running_mean, x.mean(dim=(0, 2, 3)), atol=1e-3 * scale)
        assert torch.allclose(norm.running_var, x.var(dim=(0, 2, 3), correction=0), atol=1e-3 * scale**2)


def test_training_mode_then_says_about_the_same(folded: MatteNet) -> None:
    """Before, the statistics of a batch would have changed everything."""
    batch = torch.cat(pictures())
    with torch.no_grad():
        wanted = folded(batch)[-1]
        strange = learning(folded)(batch)[-1]
        folded.eval()
        for norm in norms_of(folded):  # those that training mode has just moved
            assert norm.running_mean is not None and norm.running_var is not None
            norm.running_mean.zero_()
            norm.running_var.fill_(1 - norm.eps)
        renew_norms(folded, pictures())
        near = learning(folded)(batch)[-1]
    assert (near - wanted).abs().mean() < 0.02 * (strange - wanted).abs().mean()


def test_a_channel_that_is_always_the_same_is_no_trouble(folded: MatteNet) -> None:
    renew_norms(folded, [torch.zeros(2, 3, 64, 64)])
    with torch.no_grad():
        assert all(bool(torch.isfinite(out).all()) for out in folded(pictures(1)[0]))
