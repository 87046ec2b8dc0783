"""The quick backward pass gives PyTorch's own gradients."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from cutaway.models.depthwise import DepthwiseConv2d, input_gradient, weight_gradient

CASES = [(kernel, stride, padding, side) for kernel in (3, 5) for stride in (1, 2) for padding in (0, kernel // 2)
         for side in (7, 12, 33)]  # fmt: skip


@pytest.mark.parametrize(("kernel", "stride", "padding", "side"), CASES)
def test_gradients_are_those_of_autograd(kernel: int, stride: int, padding: int, side: int) -> None:
    generator = torch.Generator().manual_seed(kernel * side)
    x = torch.randn(2, 5, side, side + 3, dtype=torch.float64, generator=generator, requires_grad=True)
    weight = torch.randn(5, 1, kernel, kernel, dtype=torch.float64, generator=generator, requires_grad=True)
    answer = nn.functional.conv2d(x, weight, None, stride, padding, groups=5)
    grad = torch.randn(answer.shape, dtype=torch.float64, generator=generator)
    wanted_x, wanted_weight = torch.autograd.grad(answer, (x, weight), grad)
    with torch.no_grad():
        found_x = input_gradient(grad, weight, x.shape, stride=stride, padding=padding)
        found_weight = weight_gradient(grad, x, weight, stride=stride, padding=padding)
    torch.testing.assert_close(found_x, wanted_x)
    torch.testing.assert_close(found_weight, wanted_weight)


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (3, 2), (5, 1), (5, 2)])
def test_training_in_half_precision_agrees_with_the_plain_layer(kernel: int, stride: int) -> None:
    torch.manual_seed(1)
    mine = DepthwiseConv2d(8, kernel, stride=stride, padding=kernel // 2).train()
    plain = nn.Conv2d(8, 8, kernel, stride, kernel // 2, groups=8, bias=False).train()
    plain.load_state_dict(mine.state_dict())
    x = torch.randn(2, 8, 20, 22)
    gradients = []
    for layer in (mine, plain):
        seen = x.clone().requires_grad_()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            answer = layer(seen)
        assert answer.dtype is torch.bfloat16
        answer.float().square().sum().backward()
        assert layer.weight.grad is not None
        gradients.append((seen.grad, layer.weight.grad))
    for found, wanted in zip(*gradients, strict=True):
        assert found is not None
        assert wanted is not None
        assert found.dtype is torch.float32
        torch.testing.assert_close(found, wanted, rtol=0.03, atol=0.03 * float(wanted.abs().max()))


def test_the_quick_pass_is_the_one_that_runs() -> None:
    layer = DepthwiseConv2d(4, 5, padding=2).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = layer(torch.randn(1, 4, 9, 9))
    assert "_Depthwise" in type(half.grad_fn).__name__
    assert "_Depthwise" not in type(layer(torch.randn(1, 4, 9, 9)).grad_fn).__name__
    assert layer.eval()(torch.randn(1, 4, 9, 9)).shape == (1, 4, 9, 9)
