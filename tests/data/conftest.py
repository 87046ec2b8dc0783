"""Fixtures of the data room's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from data_drawing import draw_set


@pytest.fixture
def clean_set(tmp_path: Path) -> Path:
    """24 pairs without any fault, under a name with a space."""
    return draw_set(tmp_path / "my set")
