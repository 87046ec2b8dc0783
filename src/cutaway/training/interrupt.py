"""Ctrl-C between two training steps, never within one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def interrupt_held_back() -> Iterator[None]:
    """Let the block finish before Ctrl-C (SIGINT) is heard; the handler in force then gets it.

    A step that stops halfway has moved some weights and batch statistics and not others, and could not be
    repeated exactly. Outside the main thread, where Python delivers no signals, the block just runs.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    heard: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append((number, frame)))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if heard:
        before(*heard[-1])
