"""Metrics and reports. The matting metrics, for which there is no kept package, can be had from here."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cutaway.evaluation.matting_metrics import conn, grad, mad, matting_scores, mse, sad

__all__ = ["conn", "grad", "mad", "matting_scores", "mse", "sad"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("cutaway.evaluation.matting_metrics"), name)
    raise AttributeError(f"module 'cutaway.evaluation' has no attribute {name!r}")
