"""Ctrl-C between two training steps, never within one."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass
class StopAsked:
    """Whether somebody has asked the run to stop."""

    heard: bool = False


@contextlib.contextmanager
def interrupt_remembered(*, enabled: bool) -> Iterator[StopAsked]:
    """Within the block, SIGINT and SIGTERM only leave a note: several processes have to stop at the same step.

    Not enabled, or outside the main thread, where Python delivers no signals, the note just stays blank.
    """
    asked = StopAsked()
    if not enabled or threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: FrameType | None) -> None:
        asked.heard = True

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
