"""ResNet's encoder and torchvision's files: every tensor arrives, nothing else is accepted, the file is checked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from cutaway.errors import DownloadError, ModelError, ModelNotFoundError
from cutaway.models import resnet_encoder
from cutaway.models.registry import build
from cutaway.models.resnet_encoder import MEAN, PUBLISHED, STD, ResNetEncoder, imagenet_file

STEM = {"conv1.weight": (64, 3, 7, 7), **{f"bn1.{n}": (64,) for n in ("weight", "bias", "running_mean")}}

KNOWN = {  # some of the names and shapes that torchvision's files have
    "resnet18": {
        **STEM,
        "layer1.1.conv2.weight": (64, 64, 3, 3),
        "layer2.0.downsample.0.weight": (128, 64, 1, 1),
        "layer2.0.downsample.1.running_var": (128,),
        "layer3.1.bn2.bias": (256,),
    },
    "resnet34": {**STEM, "layer2.3.conv1.weight": (128, 128, 3, 3), "layer3.5.bn2.running_mean": (256,)},
    "resnet50": {
        **STEM,
        "layer1.0.downsample.0.weight": (256, 64, 1, 1),
        "layer1.0.conv3.weight": (256, 64, 1, 1),
        "layer2.0.conv2.weight": (128, 128, 3, 3),
        "layer3.0.downsample.0.weight": (1024, 512, 1, 1),
        "layer3.5.bn3.num_batches_tracked": (),
    },
}
TENSORS = {"resnet18": 90, "resnet34": 174, "resnet50": 258}
"""Through layer3: 1 for a convolution and 5 for its normalisation, so 6 for each convolution. resnet18 has a stem, 12
in its blocks and 2 shortcuts; resnet34 1 + 26 + 2; resnet50 1 + 39 + 3."""


def published(variant: str = "resnet18") -> dict[str, torch.Tensor]:
    """Random tensors named like torchvision's, with the last stage and the classifier, as the real file has them."""
    generator = torch.Generator().manual_seed(2)
    state = {
        name: torch.randint(9, (), generator=generator)
        if name.endswith("tracked")
        else torch.rand(tensor.shape, generator=generator)
        for name, tensor in ResNetEncoder(variant).state_dict().items()
    }
    return {
        **state,
        "layer4.0.conv1.weight": torch.rand(8, 8, 3, 3),
        "layer4.1.bn2.running_mean": torch.rand(8),
        "fc.weight": torch.rand(10, 8),
        "fc.bias": torch.rand(10),
    }


@pytest.fixture
def weights_file(tmp_path: Path) -> Path:
    path = tmp_path / "resnet18.pth"
    torch.save(published(), path)
    return path


@pytest.mark.parametrize("variant", list(KNOWN))
def test_names_and_shapes_are_torchvisions(variant: str) -> None:
    with torch.device("meta"):
        state = ResNetEncoder(variant).state_dict()
    assert {name: tuple(state[name].shape) for name in KNOWN[variant]} == KNOWN[variant]
    assert len(state) == TENSORS[variant]
    assert {name.split(".")[0] for name in state} == {"conv1", "bn1", "layer1", "layer2", "layer3"}


@pytest.mark.parametrize(
    ("variant", "widths"), [("resnet18", (64, 64, 128, 256)), ("resnet50", (64, 256, 512, 1024))]
)
def test_maps_at_four_strides(variant: str, widths: tuple[int, ...]) -> None:
    with torch.device("meta"):
        encoder = ResNetEncoder(variant)
        maps = encoder(torch.empty(1, 3, 64, 96))
    assert tuple(encoder.channels) == widths
    assert [tuple(m.shape[1:]) for m in maps] == [
        (width, 64 // stride, 96 // stride) for width, stride in zip(widths, (2, 4, 8, 16), strict=True)
    ]


def test_the_first_map_is_the_stem_after_its_relu() -> None:
    encoder = ResNetEncoder("resnet18").eval()
    with torch.no_grad():
        image = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
        stem = encoder.bn1(encoder.conv1(image)).clamp(min=0)
        assert torch.equal(encoder(image)[0], stem)


def test_every_tensor_is_replaced_by_the_files(weights_file: Path) -> None:
    state = published()
    encoder = build("resnet18-dilated", pretrained=str(weights_file)).encoder
    mine = encoder.state_dict()
    assert mine.keys() == {name for name in state if not name.startswith(("layer4.", "fc."))}
    for name, tensor in mine.items():
        assert torch.equal(tensor, state[name]), name


def test_a_file_without_counters_is_taken(tmp_path: Path) -> None:
    state = {k: v for k, v in published().items() if not k.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "old.pth")
    encoder = build("resnet18-dilated", pretrained=str(tmp_path / "old.pth")).encoder
    assert torch.equal(encoder.layer3[1].conv2.weight, state["layer3.1.conv2.weight"])


def test_a_missing_and_a_foreign_tensor_are_named(tmp_path: Path) -> None:
    state, path = published(), tmp_path / "part.pth"
    torch.save({k: v for k, v in state.items() if k != "layer2.1.bn1.weight"}, path)
    with pytest.raises(ModelError, match=r"part\.pth is not resnet18: layer2\.1\.bn1\.weight does not fit"):
        build("resnet18-dilated", pretrained=str(path))
    torch.save({**state, "aux.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match=r"aux\.weight does not fit"):
        build("resnet18-dilated", pretrained=str(path))
    torch.save({**state, "conv1.weight": torch.zeros(64, 1, 7, 7)}, path)
    with pytest.raises(ModelError, match=r"conv1\.weight does not fit"):
        build("resnet18-dilated", pretrained=str(path))


def test_the_weights_of_another_variant_are_refused(weights_file: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not resnet34: layer1"):
        build("resnet34-dilated", pretrained=str(weights_file))
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        build("resnet18-dilated", pretrained=str(tmp_path / "text.pth"))
    with pytest.raises(ModelNotFoundError, match=r"none\.pth"):
        build("resnet18-dilated", pretrained=str(tmp_path / "none.pth"))


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CUTAWAY_OFFLINE", "1")
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home" / "models"


def test_the_published_file_is_found_in_the_store(
    own_home: Path, weights_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = weights_file.read_bytes()
    name = f"resnet18-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    monkeypatch.setitem(resnet_encoder.PUBLISHED, "resnet18", name)
    (own_home / name).write_bytes(content)
    assert imagenet_file("resnet18") == own_home / name
    encoder = build("resnet18-dilated", pretrained=True).encoder
    assert torch.equal(encoder.conv1.weight, published()["conv1.weight"])
    (own_home / name).write_bytes(content[:-1])
    with pytest.raises(DownloadError, match=r"another file is there.*--no-pretrained"):
        imagenet_file("resnet18")


def test_without_the_file_the_way_out_is_named(own_home: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        build("resnet50-dilated", pretrained=True)
    told = str(caught.value)
    for words in (
        "https://download.pytorch.org/models/resnet50-0676ba61.pth",
        str(own_home / "resnet50-0676ba61.pth"),
        "CUTAWAY_OFFLINE",
        "--no-pretrained",
    ):
        assert words in told
    assert "\n" not in told


def test_what_is_asked_for(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        resnet_encoder, "fetch", lambda url, path, *, sha256: asked.append((url, path.name, sha256)) or path
    )
    for variant in PUBLISHED:
        imagenet_file(variant)
    start = "https://download.pytorch.org/models/"
    assert asked == [
        (f"{start}resnet18-f37072fd.pth", "resnet18-f37072fd.pth", "f37072fd"),
        (f"{start}resnet34-b627a593.pth", "resnet34-b627a593.pth", "b627a593"),
        (f"{start}resnet50-0676ba61.pth", "resnet50-0676ba61.pth", "0676ba61"),
    ]


def test_normalisation_is_imagenets() -> None:
    model = build("resnet18-dilated")
    assert (model.mean, model.std) == (MEAN, STD) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
