"""What a network is made of, module by module: shapes, parameters and operations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cutaway.models.base import MatteNet, parameter_count

LEVELS = 2
"""How deep the table goes: "encoder.layer1" has a line of its own, what is inside of it has not."""


@dataclass(frozen=True)
class Row:
    """One module.

    Attributes:
        name: its path in the network.
        depth: 0 for the parts of the network, 1 for the parts of these, which are counted in both.
        kind: its class.
        shape: (C, h, w) of what it puts out, of the last map if these are several; None if it was not asked in
            evaluation.
        parameters: trainable values in it.
        multiply_adds: see `Summary`.
    """

    name: str
    depth: int
    kind: str
    shape: tuple[int, ...] | None
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class Summary:
    """A network at one input size.

    Attributes:
        input_shape: (C, h, w); sides are multiples of the stride.
        output_shape: (K, h, w) of the answer.
        rows: its modules in order.
        parameters: trainable values in all, heads that only training looks at included.
        multiply_adds: of one answer: a multiplication and the addition of its product count as one. Only convolutions
            are counted; normalisation, activation and resizing are a few per cent of them.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    rows: tuple[Row, ...]
    parameters: int
    multiply_adds: int


def summarise(model: MatteNet, *, size: int = 320) -> Summary:
    """Run a network once, as in evaluation, and note what every module does.

    The network may live on torch's "meta" device, where nothing is computed. It is left in evaluation mode.

    Args:
        model: the network.
        size: side of the square input in pixels, rounded up to a multiple of the stride.
    """
    side = -(-size // model.stride) * model.stride
    device = next(model.parameters()).device
    shapes: dict[nn.Module, tuple[int, ...]] = {}
    operations: dict[nn.Module, int] = {}

    def note(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | list[Tensor]) -> None:
        last = output[-1] if isinstance(output, list) else output
        shapes[module] = tuple(last.shape[1:])
        operations[module] = operations.get(module, 0) + _multiply_adds(module, inputs[0], last)

    hooks = [module.register_forward_hook(note) for module in model.modules()]
    try:
        with torch.no_grad():
            answer = model.eval()(torch.zeros(1, model.channels, side, side, device=device))[-1]
    finally:
        for hook in hooks:
            hook.remove()
    rows = tuple(
        Row(
            name=name,
            depth=depth,
            kind=type(module).__name__,
            shape=shapes.get(module),
            parameters=parameter_count(module),
            multiply_adds=_inside(module, operations),
        )
        for name, depth, module in _shown(model)
    )
    return Summary(
        input_shape=(model.channels, side, side),
        output_shape=tuple(answer.shape[1:]),
        rows=rows,
        parameters=parameter_count(model),
        multiply_adds=_inside(model, operations),
    )


def _multiply_adds(module: nn.Module, x: Tensor, y: Tensor) -> int:
    """Of one convolution: every weight is used once at each place of its output (or of its input, if transposed)."""
    if isinstance(module, nn.Conv2d):
        return module.weight.numel() * y.shape[2] * y.shape[3]
    if isinstance(module, nn.ConvTranspose2d):
        return module.weight.numel() * x.shape[2] * x.shape[3]
    return 0


def _inside(module: nn.Module, operations: dict[nn.Module, int]) -> int:
    return sum(operations.get(part, 0) for part in module.modules())


def _shown(module: nn.Module, path: str = "", depth: int = 0) -> Iterator[tuple[str, int, nn.Module]]:
    """Children worth a line: those with parameters, and pooling. A list of modules is no level of its own."""
    for name, child in module.named_children():
        if isinstance(child, nn.ModuleList):
            yield from _shown(child, f"{path}{name}.", depth)
        elif parameter_count(child) or isinstance(child, nn.MaxPool2d):
            yield f"{path}{name}", depth, child
            if depth + 1 < LEVELS and not isinstance(child, nn.Sequential):
                yield from _shown(child, f"{path}{name}.", depth + 1)
