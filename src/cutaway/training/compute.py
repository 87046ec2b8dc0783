"""Where training runs and in what precision."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import torch

from cutaway.errors import DeviceError


@dataclass(frozen=True)
class Compute:
    """A device and the precision of the network's own arithmetic (weights and loss stay float32)."""

    device: torch.device
    precision: torch.dtype

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Mixed precision around the forward pass; nothing at float32."""
        if self.precision is torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, dtype=self.precision)

    def scaler(self) -> torch.amp.GradScaler:
        """Keeps float16 gradients from vanishing; does nothing for the other precisions."""
        return torch.amp.GradScaler(self.device.type, enabled=self.precision is torch.float16)

    def __str__(self) -> str:
        return f"{self.device}, {str(self.precision).removeprefix('torch.')}"


def choose(device: str, *, precision: str) -> Compute:
    """Resolve "auto" and refuse what is not there.

    Raises:
        DeviceError: CUDA was asked for and cannot be used.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            f"--device cuda: torch {torch.__version__} sees no CUDA device here; "
            "use --device auto or cpu, or install a CUDA build of torch"
        )
    kind = device if device != "auto" else ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = (
        _auto_precision(kind)
        if precision == "auto"
        else {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]
    )
    return Compute(torch.device(kind), dtype)


def _auto_precision(kind: str) -> torch.dtype:
    if kind == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    # Without AVX512-BF16 or AMX, bfloat16 is emulated on x86 and slower than float32.
    fast = _cpu_has("_is_avx512_bf16_supported") or _cpu_has("_is_amx_tile_supported")
    return torch.bfloat16 if fast else torch.float32


def _cpu_has(question: str) -> bool:
    ask = getattr(torch.cpu, question, None)  # private in torch, so it may go away: then float32
    return bool(ask()) if ask else False
