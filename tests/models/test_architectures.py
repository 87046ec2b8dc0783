"""What every network must do, asked of every name in ARCHITECTURES: add a network and it is tested."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import OptionError
from cutaway.models.base import AlphaOnly, MatteNet, parameter_count
from cutaway.models.registry import ARCHITECTURES, build
from cutaway.training.export import PARITY, to_onnx
from cutaway.training.losses import matte_loss

SIZES = ((33, 33), (64, 97), (224, 161), (129, 700))

PARAMETERS = {  # whole network, encoder; lite0 is counted by hand in test_count_by_hand
    "lite0": (3_166_516, 2_958_848),
    "lite1": (3_931_188, 3_723_520),
    "lite2": (4_570_356, 4_357_952),
}


SLOW_TO_LEARN = {"lite1", "lite2"}
"""Architectures whose learning is tested with `-m slow` only."""

every_architecture = pytest.mark.parametrize("arch", sorted(ARCHITECTURES))
every_architecture_learning = pytest.mark.parametrize(
    "arch",
    [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW_TO_LEARN else []) for n in sorted(ARCHITECTURES)],
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(before)


def _picture(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))


def _norms(model: MatteNet) -> list[torch.nn.BatchNorm2d]:
    return [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]


def _warmed_up(arch: str) -> MatteNet:
    """A network whose answers vary from pixel to pixel, as a trained one's do: its running statistics fit."""
    model = build(arch).train()
    for module in _norms(model):
        module.momentum = 1.0
    with torch.no_grad():
        model(_picture(2, 3, 96, 96))
    return model.eval()


@every_architecture
def test_any_size_in_the_same_size_out(arch: str) -> None:
    model = build(arch)
    for height, width in SIZES if arch == "lite0" else SIZES[:2]:
        image = _picture(2, 3, height, width)
        outputs = model.train()(image)
        assert len(outputs) == len(model.output_weights)
        assert [tuple(o.shape) for o in outputs] == [(2, 1, height, width)] * len(outputs)
        with torch.no_grad():
            last = model.eval()(image)[-1]
        assert last.shape == (2, 1, height, width)
        assert torch.isfinite(last).all()


@every_architecture
def test_eval_answers_with_the_last_output_of_training(arch: str) -> None:
    model, image = _warmed_up(arch), _picture(1, 3, 64, 64)
    with torch.no_grad():
        answer = model(image)[-1]
        model.train()
        for module in _norms(model):
            module.eval()  # all outputs, but the statistics of eval
        assert torch.allclose(model(image)[-1], answer, atol=1e-4)


@every_architecture
def test_every_parameter_gets_a_finite_gradient(arch: str) -> None:
    model = build(arch).train()
    truth = (_picture(2, 1, 64, 96) > 0).float()
    matte_loss(model(_picture(2, 3, 64, 96)), truth, weights=model.output_weights).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} takes no part"
        assert torch.isfinite(parameter.grad).all(), name


@every_architecture
def test_saved_and_loaded_it_answers_the_same(arch: str, tmp_path: Path) -> None:
    model, image = build(arch), _picture(2, 3, 64, 64)
    with torch.no_grad():
        model.train()(image)  # so that the running statistics are not those of a new network
        torch.save(model.state_dict(), tmp_path / "weights.pth")
        torch.manual_seed(7)
        other = build(arch)
        assert not torch.equal(model.eval()(image)[-1], other.eval()(image)[-1])
        other.load_state_dict(torch.load(tmp_path / "weights.pth", weights_only=True))
        assert torch.equal(model(image)[-1], other(image)[-1])


@every_architecture
def test_the_exported_file_answers_as_torch_does(arch: str, tmp_path: Path) -> None:
    model = _warmed_up(arch)
    spec = model.describe(arch, size=128)
    (tmp_path / "model.onnx").write_bytes(to_onnx(model, spec=spec))
    engine = OnnxEngine(tmp_path / "model.onnx", device="cpu", threads=1)
    assert engine.spec == spec
    for batch, rows, columns in ((1, 1, 1), (1, 3, 8), (3, 5, 2)):
        image = _picture(batch, 3, rows * model.stride, columns * model.stride)
        with torch.no_grad():
            wanted = AlphaOnly(model)(image).numpy()
        answer = engine.run(image.numpy())
        assert answer.shape == wanted.shape
        assert np.abs(answer - wanted).max() <= PARITY
        assert np.ptp(answer) > 0.05  # a constant would agree with anything


@every_architecture
def test_parameters(arch: str) -> None:
    model = build(arch)
    whole, encoder = PARAMETERS[arch]
    assert parameter_count(model) == whole
    assert sum(p.numel() for p in model.encoder_parameters()) == encoder


def test_count_by_hand() -> None:
    """lite0: EfficientNet-Lite0 (4 652 008 parameters are published) without its head, and our decoder."""
    head = 320 * 1280 + 2 * 1280 + 1280 * 1000 + 1000
    encoder = 4_652_008 - head

    def conv_bn(inputs: int, outputs: int, taps: int = 1) -> int:
        return inputs * outputs * taps + 2 * outputs

    around = 3 * conv_bn(1, 128, 9)
    gate = 2 * (128 * 128 + 128)
    context = conv_bn(320, 128) + around + gate + conv_bn(4 * 128, 128)

    def step(inputs: int, skip: int, outputs: int) -> int:
        join = conv_bn(skip, outputs // 2) + conv_bn(inputs + outputs // 2, outputs)
        return join + conv_bn(1, outputs, 25) + conv_bn(outputs, outputs) + outputs + 1

    decoder = step(128, 112, 96) + step(96, 40, 64) + step(64, 24, 48) + step(48, 16, 32)
    assert encoder == PARAMETERS["lite0"][1]
    assert encoder + context + decoder == PARAMETERS["lite0"][0]


def _drawn(count: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright discs here and there on dark noise."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side]
    centres, radii = rng.uniform(0.3, 0.7, (count, 2)) * side, rng.uniform(0.15, 0.3, count) * side
    truth = np.stack([np.hypot(y - c[0], x - c[1]) <= r for c, r in zip(centres, radii, strict=True)])
    image = truth[:, None] * 2.0 - 1 + rng.normal(0, 0.3, (count, 3, side, side))
    return torch.from_numpy(image).float(), torch.from_numpy(truth[:, None]).float()


@every_architecture_learning
def test_the_loss_falls_on_a_few_pictures(arch: str) -> None:
    model = build(arch).train()
    image, truth = _drawn(8, 64)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for _ in range(30):
        loss = matte_loss(model(image), truth, weights=model.output_weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-3:]) < 0.5 * losses[0]


def test_unknown_architecture_names_the_nearest() -> None:
    with pytest.raises(OptionError, match=r"no architecture 'lite9'.*Did you mean 'lite"):
        build("lite9")


def test_odd_sizes_are_padded_on_the_right_and_bottom_only() -> None:
    """A padded picture answers, at its top left, as the same picture with its edge repeated by hand."""
    model, image = _warmed_up("lite0"), _picture(1, 3, 40, 50)
    padded = torch.nn.functional.pad(image, (0, 14, 0, 24), mode="replicate")
    with torch.no_grad():
        assert torch.equal(model(image)[-1], model(padded)[-1][..., :40, :50])
        assert not torch.equal(model(image)[-1], model(padded)[-1][..., 24:, 14:])
