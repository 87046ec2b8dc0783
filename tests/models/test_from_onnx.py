"""From a model file back into a network: it answers as the file does, or it is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch
from onnx import numpy_helper

import cutaway
from cutaway.errors import ModelError, ModelNotFoundError
from cutaway.models.base import MatteNet, freeze_norms
from cutaway.models.from_onnx import load_onnx_weights
from cutaway.models.parity import PARITY, worst_difference
from cutaway.models.registry import build
from cutaway.training.export import to_onnx
from cutaway.training.losses import matte_loss

DEFAULT = Path(cutaway.__file__).parent / "weights" / "builtin" / "default.onnx"
SMALL = {"blocks": 2, "filters": 4}


def lived_in(arch: str = "unet", **how: object) -> MatteNet:
    """A network with statistics and norms as after training: none of them is 0 or 1."""
    torch.manual_seed(0)
    model = build(arch, **how).train()  # type: ignore[arg-type]
    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model(torch.randn(2, model.channels, 96, 96))
        for norm in norms:
            norm.weight.uniform_(0.8, 1.2)
            norm.bias.normal_(0, 0.1)
    return model.eval()


def exported(model: MatteNet, folder: Path, *, arch: str = "unet") -> Path:
    path = folder / "model.onnx"
    path.write_bytes(to_onnx(model, spec=replace(model.describe("x", size=64), arch=arch)))
    return path


@pytest.mark.parametrize(
    ("arch", "how"),
    [
        ("unet", {"network": SMALL}),
        ("unet", {"network": {**SMALL, "batch_norm": False}, "classes": 2, "grey": True}),
        ("unet", {"network": SMALL, "classes": 3}),
        ("lite0", {}),
        ("resnet18-dilated", {}),
        pytest.param("lite1", {}, marks=pytest.mark.slow),
        pytest.param("lite2", {}, marks=pytest.mark.slow),
        pytest.param("resnet34-dilated", {}, marks=pytest.mark.slow),
        pytest.param("resnet50-dilated", {}, marks=pytest.mark.slow),
    ],
)
def test_there_and_back(arch: str, how: dict[str, object], tmp_path: Path) -> None:
    first = lived_in(arch, **how)
    path = exported(first, tmp_path)
    second = build(arch, **how)  # type: ignore[arg-type]
    image = torch.randn(1, first.channels, 50, 70, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        assert not torch.allclose(second.eval()(image)[-1], first(image)[-1], atol=0.05)
        load_onnx_weights(second, path)
        shares = [model.alpha(model(image)[-1]) for model in (first, second.eval())]
    if first.classes < 3:  # the alpha of three classes jumps where two are equal
        assert float((shares[0] - shares[1]).abs().max()) <= PARITY
    assert worst_difference(second, path) <= PARITY


@pytest.mark.skipif(not DEFAULT.is_file(), reason="no built-in model")
def test_the_default_model_can_be_trained_on() -> None:
    model = build("lite0")
    load_onnx_weights(model, DEFAULT)
    freeze_norms(model)
    image = torch.rand(2, 3, 32, 32)
    loss = matte_loss(model.train()(image), torch.ones(2, 1, 32, 32), weights=model.output_weights)
    loss.backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())
    assert worst_difference(model, DEFAULT) <= PARITY


def test_training_mode_is_kept(tmp_path: Path) -> None:
    path = exported(lived_in(network=SMALL), tmp_path)
    model = build("unet", network=SMALL).train()
    load_onnx_weights(model, path)
    assert model.training


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ({"network": {"blocks": 2, "filters": 8}}, r"holds \[\(8, 3, 3, 3\), \(8,\)\], the file's \[\(4, 3"),
        (
            {"network": {**SMALL, "batch_norm": False}, "grey": True},
            "its channels is 3, where this one has 1",
        ),
        ({"network": {"blocks": 3, "filters": 4}}, "its stride is 4, where this one has 8"),
        ({"network": SMALL, "classes": 3}, "its output is alpha, where this one has trimap.*arch 'unet'"),
        ({"network": SMALL, "classes": 2}, "the file's"),
    ],
)
def test_another_network_is_refused_and_left_alone(how: dict[str, object], told: str, tmp_path: Path) -> None:
    path = exported(lived_in(network=SMALL), tmp_path)
    model = build("unet", **how)  # type: ignore[arg-type]
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(ModelError, match=told):
        load_onnx_weights(model, path)
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())


def changed(path: Path, change: object) -> Path:
    model = onnx.load(path)
    change(model)  # type: ignore[operator]
    onnx.save(model, path)
    return path


def test_another_count_of_convolutions_is_refused(tmp_path: Path) -> None:
    path = exported(lived_in(network=SMALL), tmp_path)
    convs = [node for node in onnx.load(path).graph.node if node.op_type in ("Conv", "ConvTranspose")]
    changed(path, lambda model: model.graph.node.remove(convs[-1]))
    with pytest.raises(ModelError, match=f"it has {len(convs)} convolutions, the file {len(convs) - 1}"):
        load_onnx_weights(build("unet", network=SMALL), path)
    changed(path, lambda model: model.graph.node.extend([convs[-1], convs[-1]]))
    with pytest.raises(ModelError, match=f"it has {len(convs)} convolutions, the file {len(convs) + 1}"):
        load_onnx_weights(build("unet", network=SMALL), path)


def test_a_file_that_answers_differently_is_refused(tmp_path: Path) -> None:
    """The weights fit, but the file does something else with them: it ends in a doubled sigmoid."""
    path = exported(lived_in(network=SMALL), tmp_path)

    def twice(model: onnx.ModelProto) -> None:
        last = model.graph.node[-1]
        assert last.op_type == "Sigmoid"
        model.graph.node.append(onnx.helper.make_node("Sigmoid", ["once"], [last.output[0]]))
        last.output[0] = "once"

    with pytest.raises(ModelError, match=r"answers differently, by 0\.\d+"):
        load_onnx_weights(build("unet", network=SMALL), changed(path, twice))


def test_not_a_number_is_noticed(tmp_path: Path) -> None:
    path = exported(lived_in(network=SMALL), tmp_path)

    def spoil(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if len(t.dims) == 4)
        array = numpy_helper.to_array(tensor).copy()
        array[...] = float("nan")
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))

    with pytest.raises(ModelError, match="answers differently, by nan"):
        load_onnx_weights(build("unet", network=SMALL), changed(path, spoil))


def test_other_files_are_refused(tmp_path: Path, bright_model: Path) -> None:
    model = build("unet", network=SMALL)
    with pytest.raises(ModelNotFoundError, match=r"none\.onnx"):
        load_onnx_weights(model, tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(ModelError, match=r"text\.onnx.*ONNX"):
        load_onnx_weights(model, tmp_path / "text.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(ModelError, match="no layer in it"):
        load_onnx_weights(model, tmp_path / "empty.onnx")
    bare = tmp_path / "bare.onnx"
    bare.write_bytes(bright_model.read_bytes())
    changed(bare, lambda proto: proto.ClearField("metadata_props"))
    with pytest.raises(ModelError, match="not made by Cutaway"):
        load_onnx_weights(model, bare)


def test_a_norm_of_its_own_in_the_file_is_filled(tmp_path: Path) -> None:
    """Where a normalisation follows no convolution it cannot be folded, and the file keeps it."""
    first = Normed()
    with torch.no_grad():
        for value, tensor in enumerate((first.norm.weight, first.norm.bias, first.norm.running_mean)):
            tensor.fill_(0.3 + value)
    first.norm.running_var.fill_(2.0)
    path = exported(first.eval(), tmp_path)
    assert "BatchNormalization" in [node.op_type for node in onnx.load(path).graph.node]
    second = Normed()
    load_onnx_weights(second, path)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]) or "tracked" in name


class Normed(MatteNet):
    """Normalises before it looks."""

    stride = 4

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm2d(3)
        self.conv = torch.nn.Conv2d(3, 1, 3, padding=1)

    def encoder_parameters(self) -> list[torch.nn.Parameter]:
        return []

    def logits(self, image: torch.Tensor) -> list[torch.Tensor]:
        return [self.conv(self.norm(image).relu())]
