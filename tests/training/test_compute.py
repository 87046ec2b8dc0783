"""Where training runs: what is there is found, what is not there is refused."""

from __future__ import annotations

import pytest
import torch

from cutaway.errors import DeviceError
from cutaway.training.compute import choose


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def _cpu_that_says(monkeypatch: pytest.MonkeyPatch, *, avx: bool, amx: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)


def test_auto_without_cuda_is_the_cpu(no_cuda: None) -> None:
    assert choose("auto", precision="float32").device.type == "cpu"


def test_cuda_asked_for_but_absent(no_cuda: None) -> None:
    with pytest.raises(DeviceError, match=r"--device cuda: .*no CUDA device.*--device auto or cpu"):
        choose("cuda", precision="auto")


def test_auto_with_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    compute = choose("auto", precision="auto")
    assert (compute.device.type, compute.precision) == ("cuda", torch.float16)
    assert choose("cpu", precision="float32").device.type == "cpu"


@pytest.mark.parametrize(("avx", "amx"), [(True, False), (False, True)])
def test_bfloat16_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, no_cuda: None, avx: bool, amx: bool
) -> None:
    _cpu_that_says(monkeypatch, avx=avx, amx=amx)
    assert choose("auto", precision="auto").precision is torch.bfloat16


def test_float32_where_it_has_not(monkeypatch: pytest.MonkeyPatch, no_cuda: None) -> None:
    _cpu_that_says(monkeypatch, avx=False, amx=False)
    assert choose("auto", precision="auto").precision is torch.float32


def test_float32_where_torch_cannot_tell(monkeypatch: pytest.MonkeyPatch, no_cuda: None) -> None:
    for question in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, question, raising=False)
    assert choose("auto", precision="auto").precision is torch.float32


def test_autocast_changes_the_arithmetic_and_float32_does_not() -> None:
    a = torch.ones(2, 2)
    with choose("cpu", precision="bfloat16").autocast():
        assert (a @ a).dtype is torch.bfloat16
    with choose("cpu", precision="float32").autocast():
        assert (a @ a).dtype is torch.float32


def test_only_float16_is_scaled() -> None:
    assert choose("cpu", precision="float16").scaler().is_enabled()
    assert not choose("cpu", precision="bfloat16").scaler().is_enabled()
    assert not choose("cpu", precision="float32").scaler().is_enabled()


def test_it_says_what_it_is() -> None:
    assert str(choose("cpu", precision="bfloat16")) == "cpu, bfloat16"
