"""What the C library is told about freed memory."""

from __future__ import annotations

import platform
import sys

import pytest

from cutaway.engines.memory import keep_freed_memory


def test_glibc_takes_the_settings() -> None:
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("this C library is not glibc")
    assert keep_freed_memory()


def test_elsewhere_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert not keep_freed_memory()
