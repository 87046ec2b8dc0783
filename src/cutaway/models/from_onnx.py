"""From a model file back to a network that can be trained on: what `cutaway train --init default` stands on.

The exporter folds batch normalisation into the convolution before it. Here the folded weights go into the
convolution, and the normalisation becomes the identity: it subtracts 0, divides by 1 and adds the folded bias. In
evaluation such a network answers as the file does, which is proven; training it wants `freeze_norms`, because the
statistics that training measured are gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from cutaway.errors import ModelError
from cutaway.models.base import MatteNet
from cutaway.models.onnx_file import read_onnx, spec_of
from cutaway.models.parity import PARITY, worst_difference
from cutaway.weights.spec import ModelSpec

Conv = nn.Conv2d | nn.ConvTranspose2d
Layer = Conv | nn.BatchNorm2d


def load_onnx_weights(model: MatteNet, path: Path) -> None:
    """Put the weights of a model file that Cutaway exported into a network of the same architecture.

    Layers are paired in the order in which they work. Heads that only training looks at (deep supervision) are not
    in the file and keep their weights.

    Args:
        model: a network of the same architecture, classes and channels; on the CPU. It is changed.
        path: the .onnx file.

    Raises:
        MissingExtraError: the package onnx is not installed.
        ModelNotFoundError: there is no such file.
        ModelError: the file is damaged, is not ours, belongs to another network, or the network filled with it
            does not answer as the file does. Only in this last case has the network been changed.
    """
    file = read_onnx(path)
    _check_description(model, spec_of(file), path)
    try:
        matched = list(_pairs(_layers(model), list(_nodes(file))))
    except _MismatchError as error:
        raise ModelError(f"{str(path)!r} cannot be loaded into this network: {error}") from error
    with torch.no_grad():
        for layer, norm, tensors in matched:
            _fill(layer, norm, tensors)
    worst = worst_difference(model, path)
    if not worst <= PARITY:  # so that NaN is refused, too
        raise ModelError(
            f"the network filled from {str(path)!r} answers differently, by {worst:.2g}: it is built in another way"
        )


class _MismatchError(Exception):
    """A layer of the network has no counterpart in the file."""


def _check_description(model: MatteNet, spec: ModelSpec | None, path: Path) -> None:
    if spec is None:
        raise ModelError(f"{str(path)!r} was not made by Cutaway, so its layers cannot be told apart")
    mine = model.describe("network", size=spec.size)
    for word in ("channels", "output", "mean", "std", "stride"):
        theirs, ours = getattr(spec, word), getattr(mine, word)
        if not _same(theirs, ours):
            raise ModelError(
                f"{str(path)!r} belongs to another network: its {word} is {theirs}, where this one has {ours}; "
                f"it was made with arch {spec.arch or 'unknown'!r}"
            )


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) if isinstance(one, (int, str)) else bool(np.allclose(one, other))


def _layers(model: MatteNet) -> list[Layer]:
    """The convolutions and batch normalisations that take part in the answer, in the order in which they work."""
    seen: list[Layer] = []
    hooks = [
        module.register_forward_hook(lambda layer, *_: seen.append(layer))
        for module in model.modules()
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d))
    ]
    training = model.training
    try:
        with torch.no_grad():
            model.eval().logits(torch.zeros(1, model.channels, model.stride, model.stride))
    finally:
        for hook in hooks:
            hook.remove()
        model.train(training)
    return seen


Node = tuple[str, list[Tensor]]


def _nodes(file: Any) -> Iterator[Node]:
    """The same of the file: operator and the tensors it carries."""
    from onnx import numpy_helper

    tensors = {tensor.name: tensor for tensor in file.graph.initializer}
    for node in file.graph.node:  # in an order in which they can work, as ONNX demands
        if node.op_type == "Identity" and node.input[0] in tensors:  # equal tensors are stored once
            tensors[node.output[0]] = tensors[node.input[0]]
        if node.op_type in ("Conv", "ConvTranspose", "BatchNormalization"):
            held = [numpy_helper.to_array(tensors[name]) for name in node.input[1:] if name in tensors]
            yield node.op_type, [torch.from_numpy(array.astype(np.float32)) for array in held]


def _pairs(
    layers: list[Layer], nodes: list[Node]
) -> Iterator[tuple[Layer, nn.BatchNorm2d | None, list[Tensor]]]:
    """Layer, the normalisation that was folded into it (if one was), and the file's tensors for both.

    Raises:
        _MismatchError: they do not belong together.
    """
    n = 0
    for i, layer in enumerate(layers):
        if isinstance(layer, nn.BatchNorm2d) and not _is_norm(nodes, n):
            continue  # folded into the convolution before it
        if n == len(nodes):
            raise _MismatchError(f"it has {_count(layers)} convolutions, the file {_count_of(nodes)}")
        operator, tensors = nodes[n]
        n += 1
        follows = layers[i + 1] if i + 1 < len(layers) else None
        folded = follows if isinstance(follows, nn.BatchNorm2d) and not _is_norm(nodes, n) else None
        _check_fit(layer, operator, tensors, folded=folded is not None)
        yield layer, None if isinstance(layer, nn.BatchNorm2d) else folded, tensors
    if n < len(nodes):
        raise _MismatchError(f"it has {_count(layers)} convolutions, the file {_count_of(nodes)}")


def _is_norm(nodes: list[Node], n: int) -> bool:
    return n < len(nodes) and nodes[n][0] == "BatchNormalization"


def _count(layers: list[Layer]) -> int:
    return sum(not isinstance(layer, nn.BatchNorm2d) for layer in layers)


def _count_of(nodes: list[Node]) -> int:
    return sum(operator != "BatchNormalization" for operator, _ in nodes)


_OPERATORS = (
    (nn.Conv2d, "Conv"),
    (nn.ConvTranspose2d, "ConvTranspose"),
    (nn.BatchNorm2d, "BatchNormalization"),
)


def _check_fit(layer: Layer, operator: str, tensors: list[Tensor], *, folded: bool) -> None:
    wanted = next(name for kind, name in _OPERATORS if isinstance(layer, kind))
    if operator != wanted:
        raise _MismatchError(f"where it has a {wanted}, the file has a {operator}")
    if isinstance(layer, nn.BatchNorm2d):
        shapes = [tuple(layer.weight.shape)] * 4
    else:
        bias = [(layer.out_channels,)] if layer.bias is not None or folded else []
        shapes = [tuple(layer.weight.shape), *bias]
    found = [tuple(tensor.shape) for tensor in tensors]
    if found != shapes:
        raise _MismatchError(f"a {wanted} of it holds {shapes}, the file's {found}")


def _fill(layer: Layer, folded: nn.BatchNorm2d | None, tensors: list[Tensor]) -> None:
    if isinstance(layer, nn.BatchNorm2d):  # it stands alone in the file
        _fill_norm(layer, *tensors)
        return
    layer.weight.copy_(tensors[0])
    if folded is not None:
        ones = torch.ones_like(tensors[1])
        _fill_norm(folded, ones, tensors[1], torch.zeros_like(ones), ones - folded.eps)
    if layer.bias is not None:
        layer.bias.copy_(torch.zeros_like(layer.bias) if folded is not None else tensors[1])


def _fill_norm(norm: nn.BatchNorm2d, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> None:
    """(x - mean) / √(variance + eps) · weight + bias."""
    assert norm.running_mean is not None and norm.running_var is not None
    norm.weight.copy_(weight)
    norm.bias.copy_(bias)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
