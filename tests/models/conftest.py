"""The networks are looked at only where the train extra is installed."""

from __future__ import annotations

import importlib.util

if any(importlib.util.find_spec(package) is None for package in ("torch", "onnx", "onnxscript")):
    collect_ignore_glob = ["test_*.py"]
