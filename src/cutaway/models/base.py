"""What every network of ours has in common: any picture size in, a list of full-size logits out."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cutaway.weights.spec import ModelSpec


class MatteNet(nn.Module):
    """A network from normalised RGB to logits.

    `forward` takes (N, 3, H, W) of any size and returns logits (N, 1, H, W), coarsest first; all of them are trained
    (deep supervision), the last is the answer. `logits` does the work on sizes that are multiples of `stride`.

    Attributes:
        stride: side lengths the network itself can work on are multiples of this.
        mean, std: the normalisation of the input, in units of [0, 1].
    """

    stride: int = 32
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    output_weights: tuple[float, ...] = (1.0,)

    @abstractmethod
    def logits(self, image: Tensor) -> list[Tensor]:
        """(N, 3, h, w), h and w multiples of `stride`, to logits (N, 1, h, w), coarsest first."""

    @abstractmethod
    def encoder_parameters(self) -> list[nn.Parameter]:
        """The parameters that come from pretraining and want a smaller learning rate."""

    def forward(self, image: Tensor) -> list[Tensor]:
        """Logits at the picture's own size; odd sizes are padded by repeating the edge and cropped again."""
        height, width = image.shape[-2:]
        down, right = -height % self.stride, -width % self.stride
        if down or right:
            image = F.pad(image, (0, right, 0, down), mode="replicate")
        return [out[..., :height, :width] for out in self.logits(image)]

    def describe(self, name: str, *, size: int) -> ModelSpec:
        """The spec of a model file made from this network."""
        return ModelSpec(name=name, size=size, stride=self.stride, mean=self.mean, std=self.std)


def parameter_count(model: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


class AlphaOnly(nn.Module):
    """The network as it is exported: the last logits through a sigmoid, no padding, so that the graph stays small."""

    def __init__(self, model: MatteNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, h, w), multiples of the stride, to alpha (N, 1, h, w) in [0, 1]."""
        return torch.sigmoid(self.model.logits(image)[-1])
