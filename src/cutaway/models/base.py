"""What every network of ours has in common: any picture size in, a list of full-size logits out."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cutaway.errors import OptionError
from cutaway.weights.spec import ModelSpec

CLASSES = (1, 2, 3)
"""1: soft alpha (sigmoid); 2: background and subject (softmax); 3: background, subject and border (softmax)."""

HAZE = 0.04
"""How far from 0 and 1 the answers of trained networks stay that have no doubt (`ModelSpec.haze`). Chosen on held-out
photos: 0.02 to 0.10 all lower the mean absolute error on every set, and what is softer than this is wanted in hair."""

PRIOR = (0.0, -1.4, -2.7)
"""Logits of background, subject and border before anything is learnt: a fifth of a picture is subject, not a half."""


class MatteNet(nn.Module):
    """A network from normalised pixels to logits.

    `forward` takes (N, C, H, W) of any size and returns logits (N, K, H, W), coarsest first; all of them are trained
    (deep supervision), the last is the answer. `logits` does the work on sizes that are multiples of `stride`.

    Args:
        classes: what is told apart, see `CLASSES`.
        grey: the network sees one channel of grey instead of colour.

    Attributes:
        classes: K: 1, or 2 for background and subject, or 3 for background, subject and border, in that order.
        channels: C: 3 for RGB or 1 for grey.
        stride: side lengths the network itself can work on are multiples of this.
        output_stride: how many pixels of the picture one of the last logits stands for, before it is enlarged.
        mean, std: the normalisation of the input, in units of [0, 1]; for grey the mean over the three colours.
        output_weights: how much each output counts in training, one for each.
        norms_frozen: see `freeze_norms`.

    Raises:
        OptionError: there are other numbers of classes.
    """

    stride: int = 32
    output_stride: int = 1
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    output_weights: tuple[float, ...] = (1.0,)

    def __init__(self, *, classes: int = 1, grey: bool = False) -> None:
        super().__init__()
        if classes not in CLASSES:
            raise OptionError(
                f"a network tells 1 (soft alpha), 2 (background, subject) or 3 classes (and border) apart, "
                f"not {classes}"
            )
        self.classes = classes
        self.channels = 1 if grey else 3
        self.norms_frozen = False
        if grey:
            self.mean = (sum(self.mean) / len(self.mean),)
            self.std = (sum(self.std) / len(self.std),)

    @abstractmethod
    def logits(self, image: Tensor) -> list[Tensor]:
        """(N, C, h, w), h and w multiples of `stride`, to logits (N, K, h, w), coarsest first."""

    @abstractmethod
    def encoder_parameters(self) -> list[nn.Parameter]:
        """The parameters that come from pretraining and want a smaller learning rate."""

    def load_pretrained(self, path: Path | None = None) -> None:
        """Load the encoder's published weights from a file, or from where they are usually had.

        Networks without a published encoder stay as they are.

        Raises:
            OptionError: a file was given, and this network has nothing to load it into.
        """
        if path is not None:
            raise OptionError(
                f"{path} cannot be loaded: {type(self).__name__} has no encoder with published weights"
            )

    def forward(self, image: Tensor) -> list[Tensor]:
        """Logits at the picture's own size; odd sizes are padded by repeating the edge and cropped again."""
        height, width = image.shape[-2:]
        down, right = -height % self.stride, -width % self.stride
        if down or right:
            image = F.pad(image, (0, right, 0, down), mode="replicate")
        return [out[..., :height, :width] for out in self.logits(image)]

    def train(self, mode: bool = True) -> MatteNet:
        """Switch between training and evaluation; frozen norms stay as they are."""
        super().train(mode)
        if self.norms_frozen:
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        return self

    def alpha(self, logits: Tensor) -> Tensor:
        """The matte that logits mean: (N, K, H, W) to (N, 1, H, W) in [0, 1].

        One class: the sigmoid. Two: the subject's share by softmax. Three: soft only where the border is the likeliest
        class, there the subject's share of subject and background together; elsewhere 1 for subject, 0 for background.
        """
        if self.classes == 1:
            return torch.sigmoid(logits)
        if self.classes == 2:
            return logits.softmax(dim=1)[:, 1:2]
        background, subject, border = logits[:, :1], logits[:, 1:2], logits[:, 2:]
        soft = torch.sigmoid(subject - background)  # p_subject / (p_subject + p_background)
        hard = (subject > background).to(logits.dtype)
        return torch.where(border > torch.maximum(background, subject), soft, hard)

    def describe(self, name: str, *, size: int) -> ModelSpec:
        """The spec of a model file made from this network."""
        return ModelSpec(
            name=name,
            size=size,
            stride=self.stride,
            output_stride=self.output_stride,
            channels=self.channels,
            mean=self.mean,
            std=self.std,
            output="trimap" if self.classes == 3 else "alpha",
            haze=HAZE if self.classes == 1 else 0.0,
        )


def parameter_count(model: nn.Module) -> int:
    """Number of trainable values."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def freeze_norms(model: MatteNet) -> None:
    """Keep all batch normalisation in evaluation mode from now on, whatever `train()` says.

    For weights whose statistics must not be replaced by those of a small batch, such as those that
    `from_onnx.load_onnx_weights` puts back: their normalisation is part of the convolutions.
    """
    model.norms_frozen = True
    model.train(model.training)


def as_rgb(image: Tensor) -> Tensor:
    """Grey (N, 1, h, w) shown to an encoder that was trained on colour, as (N, 3, h, w); colour stays as it is."""
    return image.expand(-1, 3, -1, -1) if image.shape[1] == 1 else image


def start_from_prior(head: nn.Conv2d) -> None:
    """Set a head's bias so that a new network answers `PRIOR` and need not unlearn "half of it is subject"."""
    first = PRIOR[1:2] if head.out_channels == 1 else PRIOR[: head.out_channels]
    if head.bias is not None:
        with torch.no_grad():
            head.bias.copy_(torch.tensor(first))


class Exported(nn.Module):
    """The network as it is exported: the last logits made into shares, no padding, so that the graph stays small."""

    def __init__(self, model: MatteNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        """(N, C, h, w), multiples of the stride, to alpha (N, 1, h, w); of three classes to their shares."""
        last = self.model.logits(image)[-1]
        return last.softmax(dim=1) if self.model.classes == 3 else self.model.alpha(last)
