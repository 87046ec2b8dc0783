"""ResNet as an encoder: the stem and the first three of its four stages, feature maps at strides 2 to 16.

He, Zhang, Ren & Sun 2016 (arXiv:1512.03385), table 1; the stride of a bottleneck sits on its 3×3 convolution, as in
torchvision ("ResNet v1.5"). Modules are named so that torchvision's published ImageNet files load by name; what
belongs to the last stage and the classifier (layer4, fc) is left out.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from torch import Tensor, nn

from cutaway.errors import DownloadError
from cutaway.models.weights_file import load_exactly, read_weights
from cutaway.weights.download import fetch
from cutaway.weights.store import home

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels in units of [0, 1], as torchvision's networks were trained."""

ADDRESS = "https://download.pytorch.org/models/"
PUBLISHED = {
    "resnet18": "resnet18-f37072fd.pth",
    "resnet34": "resnet34-b627a593.pth",
    "resnet50": "resnet50-0676ba61.pth",
}
"""torchvision's files (IMAGENET1K_V1); the part after the dash is the beginning of the file's SHA-256."""

LEFT_OUT = ("layer4.", "fc.")
REPEATS = {"resnet18": (2, 2, 2), "resnet34": (3, 4, 6), "resnet50": (3, 4, 6)}


class Basic(nn.Module):
    """Two 3×3 convolutions around which the input is carried."""

    expansion = 1

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = _conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, width, h / stride, w / stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return cast(Tensor, self.relu(y + (self.downsample(x) if self.downsample else x)))


class Bottleneck(nn.Module):
    """Narrow 1×1, look 3×3, widen 1×1, around which the input is carried."""

    expansion = 4

    def __init__(self, inputs: int, width: int, *, stride: int) -> None:
        super().__init__()
        outputs = width * self.expansion
        self.conv1 = _conv(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv(width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, 4 × width, h / stride, w / stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return cast(Tensor, self.relu(y + (self.downsample(x) if self.downsample else x)))


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    """What brings the carried input to the block's shape, where it does not have it."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class ResNetEncoder(nn.Module):
    """ResNet through its third stage; 8 543 296 parameters with resnet50.

    Args:
        variant: "resnet18", "resnet34" or "resnet50".

    Attributes:
        channels: widths of the four feature maps, strides 2, 4, 8, 16.
    """

    def __init__(self, variant: str = "resnet50") -> None:
        super().__init__()
        self.variant = variant
        block = Bottleneck if variant == "resnet50" else Basic
        self.channels = [64, *(width * block.expansion for width in (64, 128, 256))]
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        first, second, third = REPEATS[variant]
        self.layer1 = _stage(block, 64, 64, repeats=first, stride=1)
        self.layer2 = _stage(block, self.channels[1], 128, repeats=second, stride=2)
        self.layer3 = _stage(block, self.channels[2], 256, repeats=third, stride=2)
        self.apply(_initialise)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, h, w), multiples of 16, to maps at strides 2 (the stem after its ReLU), 4, 8 and 16 (the stages)."""
        stem = self.relu(self.bn1(self.conv1(x)))
        one = self.layer1(self.maxpool(stem))
        two = self.layer2(one)
        return [stem, one, two, self.layer3(two)]

    def load_imagenet(self, path: Path | None = None) -> None:
        """Load ImageNet weights from a file named like torchvision's, or from torchvision's own published file.

        Raises:
            ModelNotFoundError: there is no such file.
            ModelError: the file does not fit this variant: a tensor is missing, left over or of another shape.
            DownloadError: no file was given, and the published one is neither here nor can it be fetched.
        """
        path = path or imagenet_file(self.variant)
        state = {k: v for k, v in read_weights(path).items() if not k.startswith(LEFT_OUT)}
        load_exactly(self, state, name=self.variant, path=path)


def _stage(
    block: type[Basic] | type[Bottleneck], inputs: int, width: int, *, repeats: int, stride: int
) -> nn.Sequential:
    first = block(inputs, width, stride=stride)
    return nn.Sequential(
        first, *(block(width * block.expansion, width, stride=1) for _ in range(repeats - 1))
    )


def _initialise(module: nn.Module) -> None:
    """He et al. 2015 (arXiv:1502.01852), by fan-out as in torchvision."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def imagenet_file(variant: str) -> Path:
    """torchvision's published file in the local store, fetched if it is not there; its SHA-256 is checked.

    Raises:
        DownloadError: it cannot be fetched; the message names the address, the place and `--no-pretrained`.
    """
    name = PUBLISHED[variant]
    path = home() / "models" / name
    try:
        return fetch(ADDRESS + name, path, sha256=Path(name).stem.rpartition("-")[2])
    except DownloadError as error:
        raise DownloadError(f"{error}; or start without ImageNet weights: --no-pretrained") from error
