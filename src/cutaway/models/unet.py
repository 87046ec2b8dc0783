"""U-Net, as in the paper's figure and the platypus package: down by pooling, up by transposed convolutions.

::

    image ── 16 ─────────────────────── 16 ── head (1×1)
              └─ 32 ─────────────── 32 ─┘
                  └─ 64 ─────── 64 ─┘             blocks = 4, filters = 16
                      └ 128 ─ 128 ┘
                         └ 256 ┘                  ── skip   └ max pooling ÷2   ┘ transposed 2×2, ×2

Ronneberger, Fischer & Brox 2015 (arXiv:1505.04597). Differences: convolutions are padded, so that the answer has
the picture's size; batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) and dropout after every join;
values in [0, 1] go in as they are.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from cutaway.errors import OptionError
from cutaway.models.base import MatteNet

MOST_BLOCKS = 7
"""At 8 the network would work on multiples of 256 pixels only, and its middle would have 4 cells at 512."""


class DoubleConv(nn.Sequential):
    """Twice: convolution 3×3, batch normalisation if wanted, ReLU."""

    def __init__(self, inputs: int, outputs: int, *, batch_norm: bool) -> None:
        layers: list[nn.Module] = []
        for width in (inputs, outputs):
            layers.append(nn.Conv2d(width, outputs, 3, padding=1, bias=not batch_norm))
            if batch_norm:
                layers.append(nn.BatchNorm2d(outputs))
            layers.append(nn.ReLU(inplace=True))
        super().__init__(*layers)


class Down(nn.Module):
    """Halve by max pooling, drop some, look twice."""

    def __init__(self, inputs: int, outputs: int, *, dropout: float, batch_norm: bool) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(dropout)
        self.convs = DoubleConv(inputs, outputs, batch_norm=batch_norm)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, 2h, 2w) to (N, outputs, h, w)."""
        result: Tensor = self.convs(self.dropout(self.pool(x)))
        return result


class Up(nn.Module):
    """Double by a transposed 2×2 convolution, join the skip, drop some, look twice."""

    def __init__(self, inputs: int, outputs: int, *, dropout: float, batch_norm: bool) -> None:
        super().__init__()
        self.enlarge = nn.ConvTranspose2d(inputs, outputs, 2, stride=2)
        self.dropout = nn.Dropout(dropout)
        self.convs = DoubleConv(2 * outputs, outputs, batch_norm=batch_norm)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """(N, C, h, w) and (N, outputs, 2h, 2w) to (N, outputs, 2h, 2w)."""
        result: Tensor = self.convs(self.dropout(torch.cat([self.enlarge(x), skip], dim=1)))
        return result


class UNet(MatteNet):
    """The classic; 1.9 M parameters with 4 blocks and 16 filters.

    Args:
        classes, grey: see `MatteNet`.
        blocks: how often the picture is halved, 1 to 7.
        filters: channels at full size; each halving doubles them.
        dropout: share of the values that is set to zero in training, from 0 to below 1.
        batch_norm: normalise after each 3×3 convolution.

    Raises:
        OptionError: one of them is out of range.
    """

    mean = (0.0, 0.0, 0.0)
    std = (1.0, 1.0, 1.0)

    def __init__(
        self,
        *,
        classes: int = 1,
        grey: bool = False,
        blocks: int = 4,
        filters: int = 16,
        dropout: float = 0.1,
        batch_norm: bool = True,
    ) -> None:
        _check(blocks, filters, dropout)
        super().__init__(classes=classes, grey=grey)
        self.stride = 2**blocks
        widths = [filters * 2**level for level in range(blocks + 1)]
        pairs = list(pairwise(widths))
        self.first = DoubleConv(self.channels, filters, batch_norm=batch_norm)
        self.downs = nn.ModuleList(Down(a, b, dropout=dropout, batch_norm=batch_norm) for a, b in pairs)
        self.ups = nn.ModuleList(Up(b, a, dropout=dropout, batch_norm=batch_norm) for a, b in reversed(pairs))
        self.head = nn.Conv2d(filters, classes, 1)
        self.apply(_he_normal)

    def encoder_parameters(self) -> list[nn.Parameter]:
        """None: all of it is learnt from the start."""
        return []

    def logits(self, image: Tensor) -> list[Tensor]:
        """(N, C, h, w), multiples of the stride, to one tensor of logits (N, K, h, w)."""
        x = self.first(image)
        skips = []
        for down in self.downs:
            skips.append(x)
            x = down(x)
        for up in self.ups:
            x = up(x, skips.pop())
        return [self.head(x)]


def _check(blocks: int, filters: int, dropout: float) -> None:
    if not 1 <= blocks <= MOST_BLOCKS:
        raise OptionError(f"unet: blocks must be from 1 to {MOST_BLOCKS}, not {blocks}")
    if not 1 <= filters <= 1024:
        raise OptionError(f"unet: filters must be from 1 to 1024, not {filters}")
    if not 0 <= dropout < 1:
        raise OptionError(f"unet: dropout must be from 0 to below 1, not {dropout}")


def _he_normal(module: nn.Module) -> None:
    """Normal weights of variance 2 / fan-in, biases zero (He et al. 2015, arXiv:1502.01852)."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
