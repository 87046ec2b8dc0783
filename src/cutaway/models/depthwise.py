"""Depthwise convolution whose backward pass is as quick on a CPU as its forward pass.

PyTorch 2.13 runs the forward pass of a depthwise convolution through oneDNN in a few milliseconds, and two parts of
the backward pass through a slow general path: the gradient of the input where the stride is 2, and the gradient of the
weights where the kernel is 5×5. Both can be written with operations that are quick:

- Input, stride 2: put the output's gradient on a grid of the input's size with zeros between (what a stride skips had
  no part in the answer) and convolve it at stride 1 with the kernel turned by 180°.
- Weights, 5×5: the gradient of tap (i, j) is Σ x[s y + i, s x + j] g[y, x]. At stride 1 four 3×3 blocks of taps
  cover all 25 (the middle row and column twice); at stride 2 the taps of even and odd rows and columns each see one
  phase of the input. Either way four gradients of a 3×3 kernel at stride 1, which are quick.

Measured on two cores with AMX in bfloat16, batch 16 (milliseconds, PyTorch's own / here): 96 channels 3×3 stride 2 at
129 px 120 / 33, 32 channels 5×5 at 128 px 158 / 20, 240 channels 5×5 at 32 px 71 / 11. In float32 and on a GPU
PyTorch's own backward pass runs.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthwiseConv2d(nn.Conv2d):
    """`nn.Conv2d` with as many groups as channels, no bias, an odd kernel and stride 1 or 2; state dict the same."""

    def __init__(self, channels: int, kernel: int, *, stride: int = 1, padding: int) -> None:
        super().__init__(channels, channels, kernel, stride, padding, groups=channels, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, h, w) to (N, C, h', w')."""
        if not (self.training and input.device.type == "cpu" and torch.is_autocast_enabled("cpu")):
            return super().forward(input)
        half = input.to(torch.get_autocast_dtype("cpu"))
        return cast(Tensor, _Depthwise.apply(half, self.weight, self.stride[0], self.padding[0]))  # type: ignore[no-untyped-call]


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        w = weight.to(x.dtype)
        ctx.save_for_backward(x, w)
        ctx.stride, ctx.padding, ctx.kind = stride, padding, weight.dtype
        return F.conv2d(x, w, None, stride, padding, groups=x.shape[1])

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        x, w = ctx.saved_tensors
        grad = grads[0].to(x.dtype).contiguous(memory_format=torch.channels_last)
        dx = (
            input_gradient(grad, w, x.shape, stride=ctx.stride, padding=ctx.padding)
            if ctx.needs_input_grad[0]
            else None
        )
        dw = weight_gradient(grad, x, w, stride=ctx.stride, padding=ctx.padding)
        return dx, dw.to(ctx.kind), None, None


def input_gradient(grad: Tensor, weight: Tensor, shape: torch.Size, *, stride: int, padding: int) -> Tensor:
    """Gradient of a depthwise convolution's input.

    Args:
        grad: that of the output, (N, C, h', w').
        weight: (C, 1, k, k).
        shape: of the input, (N, C, h, w).
        stride, padding: of the convolution.
    """
    kernel = weight.shape[-1]
    if stride > 1:
        grad = spread(
            grad, stride, (shape[2] + 2 * padding - kernel + 1, shape[3] + 2 * padding - kernel + 1)
        )
    turned = weight.flip(2, 3)
    return F.conv2d(grad, turned, None, 1, kernel - 1 - padding, groups=shape[1])


def spread(grad: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
    """Every value of (N, C, h', w') at each `stride`-th place of a grid of zeros (N, C, *size)."""
    out = torch.empty((*grad.shape[:2], *size), dtype=grad.dtype, memory_format=torch.channels_last).zero_()
    out[:, :, ::stride, ::stride] = grad
    return out


def weight_gradient(grad: Tensor, x: Tensor, weight: Tensor, *, stride: int, padding: int) -> Tensor:
    """Gradient of a depthwise convolution's weights, (C, 1, k, k).

    Args:
        grad: that of the output, (N, C, h', w').
        x: the input, (N, C, h, w).
        weight: (C, 1, k, k); only its shape is used.
        stride, padding: of the convolution.
    """
    if weight.shape[-1] != 5:
        return _plain(grad, x, weight, stride, padding)
    rows, columns = grad.shape[2] + 2, grad.shape[3] + 2
    # the last row and column of a phase that has none there: zeros, which no tap of the kernel uses
    padded = F.pad(x, (padding, padding + stride, padding, padding + stride))
    block = weight[:, :, :3, :3].contiguous()
    out = torch.empty_like(weight, memory_format=torch.contiguous_format)
    for top, left in ((0, 0), (0, 1), (1, 0), (1, 1)):
        if stride == 1:
            part, taps = (
                padded[:, :, 2 * top :, 2 * left :],
                (slice(2 * top, 2 * top + 3), slice(2 * left, 2 * left + 3)),
            )
        else:
            part, taps = padded[:, :, top::2, left::2], (slice(top, 5, 2), slice(left, 5, 2))
        part = part[:, :, :rows, :columns].contiguous(memory_format=torch.channels_last)
        found = _plain(grad, part, block, 1, 0)
        out[:, :, taps[0], taps[1]] = found[:, :, : 3 - top * (stride - 1), : 3 - left * (stride - 1)]
    return out


def _plain(grad: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    groups = x.shape[1]
    _, found, _ = torch.ops.aten.convolution_backward(
        grad,
        x,
        weight,
        None,
        [stride] * 2,
        [padding] * 2,
        [1, 1],
        False,
        [0, 0],
        groups,
        [False, True, False],
    )
    return cast(Tensor, found)
