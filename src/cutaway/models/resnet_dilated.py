"""ResNet encoder, dilated bridge, residual decoder, deep supervision: the tutorial's network for people.

::

    image ── stem ── layer1 ── layer2 ── layer3          strides 1, 2, 4, 8, 16
      │        │        │         │         │
      │        │        │         │      Bridge: 3×3 at rates 3, 6, 9, joined, fused by 1×1
      │        │        │         │         │
      └──64────┴──128───┴───256───┴───512───┘            Step: ×2, join the skip, residual block
          ▼        ▼        ▼         ▼
        logits at each step, each brought to full size; the last is used

Widths by variant (bridge branch | bridge | steps)::

    resnet50        256 | 1024 | 512, 256, 128, 64
    resnet18, 34    128 |  512 | 256, 128,  64, 32      half, because their stages are a quarter as wide

A branch of the bridge is as wide as in DeepLab's own (256; Chen et al. 2017, arXiv:1706.05587): at 1024 the three
of them alone would have 28 M parameters, more than all the rest, at the coarsest place of the network.

Parameters of resnet50-dilated, one class, by hand (a convolution with its normalisation: k² · in · out + 2 · out)::

    encoder through layer3                                       8 543 296
    bridge   3 × (9·1024·256 + 512) + 768·1024 + 2048            7 867 904
    step 1   in 1024 + 512 = 1536, out 512                      10 227 201
    step 2   in  512 + 256 =  768, out 256                       2 557 697
    step 3   in  256 +  64 =  320, out 128                         557 953
    step 4   in  128 +   3 =  131, out  64                         121 153
    together                                                    29 875 204

where a step is (9·in + 9·out + in) · out + 3 · 2 · out for the block, and out + 1 for its head.

Residual blocks: He et al. 2016 (arXiv:1512.03385). Deep supervision: Xie & Tu 2015 (arXiv:1504.06375).
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cutaway.models.base import MatteNet, as_rgb, start_from_prior
from cutaway.models.resnet_encoder import MEAN, STD, ResNetEncoder

RATES = (3, 6, 9)
BRIDGE = {"resnet18": 512, "resnet34": 512, "resnet50": 1024}
"""Width after the bridge; a branch has a quarter of it, the four steps a half, a quarter, an eighth and a sixteenth."""


class Bridge(nn.Module):
    """Look around at three distances at once: 3, 6 and 9 cells, which are 48, 96 and 144 pixels of the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        width = outputs // 4
        self.around = nn.ModuleList(_conv_bn_relu(inputs, width, kernel=3, dilation=rate) for rate in RATES)
        self.fuse = _conv_bn_relu(len(RATES) * width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, outputs, h, w)."""
        return cast(Tensor, self.fuse(torch.cat([branch(x) for branch in self.around], dim=1)))


class Residual(nn.Module):
    """Two 3×3 convolutions, around which the input is carried through a 1×1."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            _conv_bn_relu(inputs, outputs, kernel=3),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, outputs, h, w)."""
        return F.relu(self.body(x) + self.shortcut(x), inplace=True)


class Step(nn.Module):
    """One decoder step: enlarge ×2, join the skip, residual block; and a head for its own answer."""

    def __init__(self, inputs: int, skip: int, outputs: int, *, classes: int = 1) -> None:
        super().__init__()
        self.block = Residual(inputs + skip, outputs)
        self.head = nn.Conv2d(outputs, classes, 1)
        start_from_prior(self.head)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(N, inputs, h, w) and (N, skip, 2h, 2w) to (N, outputs, 2h, 2w)."""
        return cast(Tensor, self.block(torch.cat([_enlarge(x, 2), skip], dim=1)))


class ResNetDilated(MatteNet):
    """ResNet encoder through layer3, dilated bridge, residual decoder; 29.9 M parameters with resnet50.

    Args:
        variant: "resnet18", "resnet34" or "resnet50".
        classes, grey: see `MatteNet`.
    """

    stride = 16
    mean = MEAN
    std = STD
    output_weights = (1.0, 1.0, 1.0, 1.0)  # as in the tutorial, which adds them up

    def __init__(self, variant: str = "resnet50", *, classes: int = 1, grey: bool = False) -> None:
        super().__init__(classes=classes, grey=grey)
        self.encoder = ResNetEncoder(variant)
        *maps, top = self.encoder.channels
        width = BRIDGE[variant]
        self.bridge = Bridge(top, width)
        skips = [*reversed(maps), self.channels]
        self.steps = nn.ModuleList(
            Step(width >> i, skip, width >> i + 1, classes=classes) for i, skip in enumerate(skips)
        )

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The encoder's, which come from ImageNet."""
        return list(self.encoder.parameters())

    def load_pretrained(self, path: Path | None = None) -> None:
        """ImageNet weights for the encoder, in torchvision's form; see `ResNetEncoder.load_imagenet`."""
        self.encoder.load_imagenet(path)

    def logits(self, image: Tensor) -> list[Tensor]:
        """(N, C, h, w), multiples of 16, to four logits (N, K, h, w), coarsest first; the last only in evaluation."""
        *maps, top = self.encoder(as_rgb(image))
        skips = [*reversed(maps), image]
        x = self.bridge(top)
        outputs = []
        for i, (step, skip) in enumerate(zip(self.steps, skips, strict=True)):
            x = step(x, skip)
            remaining = len(skips) - 1 - i
            if self.training or remaining == 0:
                outputs.append(_enlarge(cast(Step, step).head(x), 2**remaining))
        return outputs


def _conv_bn_relu(inputs: int, outputs: int, *, kernel: int = 1, dilation: int = 1) -> nn.Sequential:
    padding = kernel // 2 * dilation
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _enlarge(x: Tensor, factor: int) -> Tensor:
    if factor == 1:
        return x
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)
