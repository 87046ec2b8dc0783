"""Batch normalisation of a network whose statistics were lost, measured anew.

A model file has its normalisation folded into the convolutions (see `from_onnx`). Frozen as the identity it does no
harm, but it does not help either: training then wants a low rate. Measured on pictures it is what it was made for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from cutaway.models.base import MatteNet


def renew_norms(model: MatteNet, batches: Sequence[Tensor]) -> None:
    """Give every batch normalisation the mean and variance of what reaches it, without changing any answer.

    Each now does (x - mean) / √(variance + eps) · weight + bias with the measured mean and variance, and with the
    weight and bias that make this the same function as before; from there on it can follow what training does to
    its input.

    Args:
        model: a network in which all normalisation works in evaluation mode; it is changed.
        batches: pictures (N, C, H, W), normalised; together about fifty or more, varied as training will vary them.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    sums: dict[nn.Module, Tensor] = {}
    hooks = [norm.register_forward_pre_hook(_collect(sums)) for norm in norms]
    training = model.training
    try:
        with torch.no_grad():
            for batch in batches:
                model.eval()(batch)
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    with torch.no_grad():
        for norm in norms:
            if norm in sums:
                _renew(norm, sums[norm])


def _collect(sums: dict[nn.Module, Tensor]) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    """A hook that adds up number, sum and sum of squares of each channel."""

    def hook(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        x = inputs[0].double()
        found = torch.stack(
            [torch.ones_like(x).sum(dim=(0, 2, 3)), x.sum(dim=(0, 2, 3)), (x * x).sum(dim=(0, 2, 3))]
        )
        sums[norm] = sums[norm] + found if norm in sums else found

    return hook


def _renew(norm: nn.BatchNorm2d, sums: Tensor) -> None:
    assert norm.running_mean is not None and norm.running_var is not None
    mean = sums[1] / sums[0]
    variance = (sums[2] / sums[0] - mean * mean).clamp_min(0)
    slope = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    offset = norm.bias.double() - norm.running_mean.double() * slope
    norm.weight.copy_(slope * (variance + norm.eps).sqrt())
    norm.bias.copy_(offset + mean * slope)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
