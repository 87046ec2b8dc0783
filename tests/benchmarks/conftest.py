"""The benchmarks are scripts beside each other, not a package: put their folder where `import` looks."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
