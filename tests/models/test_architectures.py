"""What every network must do, asked of every name in ARCHITECTURES: add a network and it is tested."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import OptionError
from cutaway.models.base import Exported, MatteNet, freeze_norms, parameter_count
from cutaway.models.parity import PARITY
from cutaway.models.registry import ARCHITECTURES, build, settings_of
from cutaway.training.export import to_onnx
from cutaway.training.losses import matte_loss

SIZES = ((33, 47), (129, 700), (699, 224))

PARAMETERS = {  # whole network, encoder; counted by hand in tests/models/test_counts.py
    "lite0": (3_166_516, 2_958_848),
    "lite0-short": (1_116_212, 924_928),
    "lite1": (3_931_188, 3_723_520),
    "lite2": (4_570_356, 4_357_952),
    "unet": (1_942_577, 0),
    "resnet18-dilated": (6_844_964, 2_782_784),
    "resnet34-dilated": (12_232_484, 8_170_304),
    "resnet50-dilated": (29_875_204, 8_543_296),
}

HEAVY = {"resnet34-dilated", "resnet50-dilated"}
"""Networks whose numbers are computed with `-m slow` only; their shapes always are, on torch's meta device."""
SLOW_TO_LEARN = {"lite1", "lite2", *HEAVY}
"""Architectures whose learning is tested with `-m slow` only."""


def _each(slow: set[str]) -> pytest.MarkDecorator:
    names = [pytest.param(n, marks=[pytest.mark.slow] if n in slow else []) for n in sorted(ARCHITECTURES)]
    return pytest.mark.parametrize("arch", names)


every_architecture = _each(set())
every_architecture_computing = _each(HEAVY)
every_architecture_learning = _each(SLOW_TO_LEARN)


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


def _warmed_up(arch: str, *, classes: int = 1, grey: bool = False) -> MatteNet:
    """A network whose answers vary from pixel to pixel, as a trained one's do: its running statistics fit."""
    model = build(arch, classes=classes, grey=grey).train()
    for module in _norms(model):
        module.momentum = 1.0
    with torch.no_grad():
        model(_picture(2, model.channels, 96, 96))
    return model.eval()


@every_architecture
def test_the_answer_is_made_at_the_output_stride(arch: str) -> None:
    """The largest map that a head decides on has one value for so many pixels of the picture."""
    model = build(arch).eval().to("meta")
    heights = []
    for name, module in model.named_modules():
        if name.endswith("head"):
            module.register_forward_hook(lambda _module, _given, answer: heights.append(answer.shape[2]))
    model.logits(torch.zeros(1, 3, 96, 64, device="meta"))
    assert max(heights) * model.output_stride == 96
    assert model.describe("m", size=64).output_stride == model.output_stride


@every_architecture
def test_any_size_in_the_same_size_out(arch: str) -> None:
    with torch.device("meta"):  # shapes without numbers
        model = build(arch)
        for height, width in SIZES:
            image = torch.empty(2, 3, height, width)
            outputs = model.train()(image)
            assert len(outputs) == len(model.output_weights)
            assert [tuple(o.shape) for o in outputs] == [(2, 1, height, width)] * len(outputs)
        assert [tuple(o.shape) for o in model.eval()(image)] == [(2, 1, height, width)]


@every_architecture
@pytest.mark.parametrize(("classes", "grey"), [(1, True), (2, False), (3, True)])
def test_classes_and_grey(arch: str, classes: int, grey: bool) -> None:
    with torch.device("meta"):
        model = build(arch, classes=classes, grey=grey).train()
        outputs = model(torch.empty(2, 1 if grey else 3, 65, 33))
        assert {tuple(o.shape) for o in outputs} == {(2, classes, 65, 33)}
        assert model.alpha(outputs[-1]).shape == (2, 1, 65, 33)
    spec = model.describe("x", size=320)
    assert (spec.channels, len(spec.mean), len(spec.std)) == ((1, 1, 1) if grey else (3, 3, 3))
    assert spec.output == ("trimap" if classes == 3 else "alpha")


@every_architecture_computing
@pytest.mark.parametrize("size", [(33, 33), (47, 97)])
def test_answers_are_numbers(arch: str, size: tuple[int, int]) -> None:
    model = build(arch).eval()
    with torch.no_grad():
        assert torch.isfinite(model(_picture(1, 3, *size))[-1]).all()


@every_architecture_computing
def test_eval_answers_with_the_last_output_of_training(arch: str) -> None:
    model, image = _warmed_up(arch), _picture(1, 3, 64, 64)
    with torch.no_grad():
        answer = model(image)[-1]
        model.training = True  # all outputs, but the statistics of eval, and nothing dropped
        outputs = model(image)
    assert len(outputs) == len(model.output_weights)
    assert torch.allclose(outputs[-1], answer, atol=1e-4)


@every_architecture_computing
def test_every_parameter_gets_a_finite_gradient(arch: str) -> None:
    model = build(arch).train()
    truth = (_picture(2, 1, 64, 96) > 0).float()
    matte_loss(model(_picture(2, 3, 64, 96)), truth, weights=model.output_weights).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} takes no part"
        assert torch.isfinite(parameter.grad).all(), name


@every_architecture_computing
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


@every_architecture_computing
def test_the_exported_file_answers_as_torch_does(arch: str, tmp_path: Path) -> None:
    model = _warmed_up(arch)
    spec = model.describe(arch, size=128)
    (tmp_path / "model.onnx").write_bytes(to_onnx(model, spec=spec))
    engine = OnnxEngine(tmp_path / "model.onnx", device="cpu", threads=1)
    assert engine.spec == spec
    for batch, rows, columns in ((1, 1, 1), (1, 3, 8), (3, 5, 2)):
        image = _picture(batch, 3, rows * model.stride, columns * model.stride)
        with torch.no_grad():
            wanted = Exported(model)(image).numpy()
        answer = engine.run(image.numpy())
        assert answer.shape == wanted.shape
        assert np.abs(answer - wanted).max() <= PARITY
        assert np.ptp(answer) > 0.05  # a constant would agree with anything


@pytest.mark.parametrize(("classes", "grey"), [(2, True), (3, False)])
def test_an_exported_file_of_several_classes_answers_as_torch_does(
    classes: int, grey: bool, tmp_path: Path
) -> None:
    model = _warmed_up("unet", classes=classes, grey=grey)
    (tmp_path / "model.onnx").write_bytes(to_onnx(model, spec=model.describe("unet", size=64)))
    session = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    image = _picture(2, model.channels, 48, 80)
    answer = session.run(None, {"image": image.numpy()})[0]
    with torch.no_grad():
        logits = model(image)[-1]
    wanted = logits.softmax(dim=1) if classes == 3 else logits.softmax(dim=1)[:, 1:2]
    assert answer.shape == (2, 3 if classes == 3 else 1, 48, 80)
    assert np.abs(answer - wanted.numpy()).max() <= PARITY
    assert np.ptp(answer[:, 0]) > 0.05


@every_architecture
def test_parameters(arch: str) -> None:
    with torch.device("meta"):
        model = build(arch)
    whole, encoder = PARAMETERS[arch]
    assert parameter_count(model) == whole
    assert sum(p.numel() for p in model.encoder_parameters()) == encoder


def _drawn(count: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Bright discs here and there on dark noise."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side]
    centres, radii = rng.uniform(0.3, 0.7, (count, 2)) * side, rng.uniform(0.15, 0.3, count) * side
    truth = np.stack([np.hypot(y - c[0], x - c[1]) <= r for c, r in zip(centres, radii, strict=True)])
    image = truth[:, None] * 2.0 - 1 + rng.normal(0, 0.3, (count, 3, side, side))
    return torch.from_numpy(image).float(), torch.from_numpy(truth[:, None]).float()


def _losses(model: MatteNet, image: torch.Tensor, truth: torch.Tensor) -> list[float]:
    """Of 30 steps of training on the same pictures."""
    optimiser = torch.optim.AdamW(model.train().parameters(), lr=2e-3)
    losses = []
    for _ in range(30):
        loss = matte_loss(model(image), truth, weights=model.output_weights)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return losses


@every_architecture_learning
def test_the_loss_falls_on_a_few_pictures(arch: str) -> None:
    model = build(arch)
    losses = _losses(model, *_drawn(8, 48 if arch == "unet" else 2 * model.stride))
    assert np.mean(losses[-3:]) < 0.5 * losses[0]


@pytest.mark.parametrize("classes", [2, 3])
def test_several_classes_are_learnt(classes: int) -> None:
    model = build("unet", classes=classes, network={"blocks": 3, "dropout": 0})
    image, truth = _drawn(8, 32)
    losses = _losses(model, image, truth)
    assert np.mean(losses[-3:]) < 0.7 * losses[0]
    found = model.alpha(model(image)[-1]) > 0.5
    assert (found == truth.bool()).float().mean() > 0.95


def test_alpha_of_one_class_is_the_sigmoid_and_of_two_the_subjects_share() -> None:
    logits = torch.tensor([0.3, 2.0]).reshape(1, 2, 1, 1)
    one, two = build("unet"), build("unet", classes=2)
    assert float(one.alpha(logits[:, 1:])) == pytest.approx(0.880797, abs=1e-6)
    assert float(two.alpha(logits)) == pytest.approx(1 / (1 + np.exp(-1.7)), abs=1e-6)


def test_alpha_of_three_classes_is_soft_only_where_the_border_is() -> None:
    shares = torch.tensor([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6], [0.15, 0.05, 0.8]])
    logits = shares.log().T.reshape(1, 3, 1, 4)
    alpha = build("unet", classes=3).alpha(logits)
    assert alpha.shape == (1, 1, 1, 4)
    assert alpha.flatten().tolist() == pytest.approx([0, 1, 0.75, 0.25], abs=1e-6)


def test_a_new_network_takes_a_fifth_of_a_picture_for_subject() -> None:
    for classes in (1, 2):
        model = build("resnet18-dilated", classes=classes)
        for step in model.steps:
            torch.nn.init.zeros_(step.head.weight)
        with torch.no_grad():
            logits = model.eval()(torch.zeros(1, 3, 16, 16))[-1]
        assert float(model.alpha(logits).mean()) == pytest.approx(0.2, abs=0.01)


def test_frozen_norms_stay_in_evaluation() -> None:
    model = build("unet").train()
    freeze_norms(model)
    assert model.training and not any(norm.training for norm in _norms(model))
    before = {k: v.clone() for k, v in model.state_dict().items() if "running" in k}
    copied = copy.deepcopy(model).train()
    for each in (model, copied):
        each.eval().train()(_picture(2, 3, 32, 32))
        assert all(torch.equal(v, each.state_dict()[k]) for k, v in before.items())
        assert each.downs[0].dropout.training  # all else is trained as ever


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


def test_an_impossible_number_of_classes_is_refused() -> None:
    with pytest.raises(OptionError, match=r"1 \(soft alpha\), 2 .* or 3 .* not 4"):
        build("lite0", classes=4)


def test_settings_of_a_network() -> None:
    assert settings_of("unet") == {"blocks": 4, "filters": 16, "dropout": 0.1, "batch_norm": True}
    assert settings_of("lite0") == {} == settings_of("resnet50-dilated")
    model = build("unet", network={"blocks": 2, "filters": 4, "dropout": 0, "batch_norm": False})
    assert (model.stride, len(_norms(model))) == (4, 0)
    assert sum(p.numel() for p in model.parameters()) < 10_000
    assert all(m.p == 0 for m in model.modules() if isinstance(m, torch.nn.Dropout))


@pytest.mark.parametrize(
    ("arch", "network", "told"),
    [
        (
            "unet",
            {"filter": 8},
            r"unet has no setting 'filter'\. Did you mean 'filters'\? Known: blocks, filters",
        ),
        ("lite0", {"blocks": 3}, r"lite0 has no setting 'blocks'\. It has none"),
        ("unet", {"classes": 2}, "no setting 'classes'"),
        ("unet", {"variant": 2}, "no setting 'variant'"),
        ("unet", {"blocks": "4"}, "'blocks' of the network unet must be a whole number, not '4'"),
        ("unet", {"blocks": True}, "must be a whole number, not True"),
        ("unet", {"dropout": "a"}, "must be a number"),
        ("unet", {"batch_norm": 1}, "must be true or false, not 1"),
        ("unet", {"blocks": 8}, "blocks must be from 1 to 7, not 8"),
        ("unet", {"filters": 0}, "filters must be from 1 to 1024, not 0"),
        ("unet", {"dropout": 1.0}, r"dropout must be from 0 to below 1, not 1\.0"),
    ],
)
def test_wrong_settings_name_the_right_ones(arch: str, network: dict[str, object], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        build(arch, network=network)


def test_pretrained_without_a_published_encoder_is_nothing_to_load(tmp_path: Path) -> None:
    assert build("unet", pretrained=True).encoder_parameters() == []
    with pytest.raises(OptionError, match=r"x\.pth cannot be loaded: UNet has no encoder"):
        build("unet", pretrained=str(tmp_path / "x.pth"))


def test_grey_is_shown_to_a_colour_encoder_as_equal_colours() -> None:
    colour, grey = build("lite0").eval(), build("lite0", grey=True).eval()
    grey.load_state_dict(colour.state_dict())  # so that the weights of one start the other
    image = _picture(1, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(grey(image)[-1], colour(image.expand(-1, 3, -1, -1))[-1])


def test_he_initialisation_of_unet() -> None:
    """Every convolution's weights have variance 2 / fan-in, so that signals keep their size on the way."""
    for module in build("unet").modules():
        if isinstance(module, torch.nn.Conv2d) and module.weight.numel() > 2000:
            fan_in = module.weight[0].numel()
            assert float(module.weight.detach().var()) == pytest.approx(2 / fan_in, rel=0.15)
