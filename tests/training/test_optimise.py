"""The rate's course, the optimiser's groups, and averaged weights by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cutaway.models.registry import build
from cutaway.training.config import TrainConfig
from cutaway.training.optimise import Ema, build_optimiser, rate, set_rate

CONFIG = TrainConfig(lr=2e-3, warmup=0.1)


def test_the_rate_rises_then_falls_to_a_hundredth() -> None:
    rates = [rate(done, total=100, config=CONFIG) for done in range(100)]
    assert rates[0] == pytest.approx(CONFIG.lr / 10)
    assert rates[:10] == sorted(rates[:10]) and rates[9:] == sorted(rates[9:], reverse=True)
    assert max(rates) == rates[9] == rates[10] == pytest.approx(CONFIG.lr)
    assert rates[55] == pytest.approx(CONFIG.lr * (0.01 + 0.99 / 2))  # halfway down the cosine
    assert rates[-1] == pytest.approx(CONFIG.lr / 100, rel=0.1)
    assert rate(100, total=100, config=CONFIG) == pytest.approx(CONFIG.lr / 100)


def test_a_constant_rate_stays_after_its_rise() -> None:
    config = TrainConfig(lr=2e-3, warmup=0.1, schedule="constant")
    rates = [rate(done, total=100, config=config) for done in range(100)]
    assert rates[:10] == sorted(rates[:10]) and rates[0] == pytest.approx(2e-4)
    assert set(rates[9:]) == {2e-3}
    none = TrainConfig(lr=2e-3, warmup=0.0, schedule="constant")
    assert {rate(done, total=100, config=none) for done in range(100)} == {2e-3}


def test_a_plateau_never_lifts_the_rate_to_its_floor() -> None:
    config = TrainConfig(lr=1e-8, min_lr=1e-7, schedule="plateau", warmup=0.0)
    assert rate(5, total=10, config=config, scale=0.1) == 1e-8


@pytest.mark.parametrize(
    ("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)]
)
def test_optimisers_by_name(name: str, kind: type) -> None:
    optimiser = build_optimiser(build("lite0"), TrainConfig(optimiser=name))
    assert type(optimiser) is kind and len(optimiser.param_groups) == 4
    if name == "sgd":
        assert {(g["momentum"], g["nesterov"]) for g in optimiser.param_groups} == {(0.9, True)}


def test_adam_takes_a_step_of_the_rate_against_the_gradient() -> None:
    """Adam's first step is the rate in size, whatever the gradient (Kingma & Ba 2015): m/√v is its sign."""
    model = build("unet", network={"blocks": 1, "filters": 2})
    config = TrainConfig(optimiser="adam", weight_decay=0.0, pretrained=False, lr=0.01)
    optimiser = build_optimiser(model, config)
    weight = next(model.parameters())
    before = weight.detach().clone()
    weight.grad = torch.full_like(weight, 3.0)
    optimiser.step()
    assert torch.allclose(before - weight, torch.full_like(weight, 0.01), atol=1e-6)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_the_shortest_runs_have_a_rate(total: int) -> None:
    assert all(0 < rate(done, total=total, config=CONFIG) <= CONFIG.lr for done in range(total))


def test_every_parameter_is_in_one_group() -> None:
    model = build("lite0")
    optimiser = build_optimiser(model, CONFIG)
    assert len(optimiser.param_groups) == 4
    grouped = [id(p) for group in optimiser.param_groups for p in group["params"]]
    assert len(grouped) == len(set(grouped))
    assert set(grouped) == {id(p) for p in model.parameters()}


def test_what_the_groups_mean() -> None:
    model = build("lite0")
    encoder = {id(p) for p in model.encoder.parameters()}
    optimiser = build_optimiser(model, CONFIG)
    set_rate(optimiser, 1.0)
    for group in optimiser.param_groups:
        pretrained, decayed = group["factor"] != 1.0, group["weight_decay"] > 0
        assert group["lr"] == (CONFIG.encoder_lr if pretrained else 1.0)
        for parameter in group["params"]:
            assert (id(parameter) in encoder) == pretrained
            assert (parameter.ndim == 4) == decayed  # convolutions are decayed, norms and biases are not


def test_an_encoder_without_pretraining_learns_at_the_full_rate() -> None:
    from_nothing = build_optimiser(build("lite0"), TrainConfig(pretrained=False))
    assert {g["factor"] for g in from_nothing.param_groups} == {1.0}
    continued = build_optimiser(build("lite0"), TrainConfig(pretrained=False, init="best.ckpt"))
    assert {g["factor"] for g in continued.param_groups} == {1.0, TrainConfig.encoder_lr}


def _norm(value: float, *, seen: int) -> nn.BatchNorm1d:
    norm = nn.BatchNorm1d(1)
    with torch.no_grad():
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            tensor.fill_(value)
        norm.num_batches_tracked.fill_(seen)
    return norm


def test_averages_by_hand_weights_and_buffers() -> None:
    """From 1 towards 0: after 81 steps the decay is still 82/91, then, far on, the 0.9 that was asked for."""
    ema = Ema(_norm(1.0, seen=5), decay=0.95)
    ema.update(_norm(0.0, seen=6), done=81)
    short = 82 / 91
    for tensor in (ema.model.weight, ema.model.bias, ema.model.running_mean, ema.model.running_var):
        assert float(tensor) == pytest.approx(short, abs=1e-6)
    assert int(ema.model.num_batches_tracked) == 6  # a count is copied, not averaged
    ema.update(_norm(0.0, seen=7), done=10_000)
    assert float(ema.model.running_mean) == pytest.approx(short * 0.95, abs=1e-6)


def test_the_first_steps_are_averaged_over_few() -> None:
    ema = Ema(_norm(1.0, seen=0), decay=0.998)
    ema.update(_norm(0.0, seen=1), done=1)
    assert float(ema.model.weight) == pytest.approx(2 / 11, abs=1e-6)


def test_the_average_is_a_copy_that_does_not_learn() -> None:
    model = _norm(1.0, seen=0)
    ema = Ema(model, decay=0.9)
    with torch.no_grad():
        model.weight.fill_(5)
    assert float(ema.model.weight) == 1.0
    assert not ema.model.training and not any(p.requires_grad for p in ema.model.parameters())
