"""Single keys from the terminal, without Enter."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cutaway.cli.console import is_terminal


class Keys:
    """Asked again and again, it says which keys were pressed since; nothing where stdin is no terminal."""

    def pressed(self) -> str:
        """The keys, one character each."""
        return ""


class _PosixKeys(Keys):
    def pressed(self) -> str:
        import select

        number = sys.stdin.fileno()
        waiting = select.select([number], [], [], 0)[0]
        return os.read(number, 64).decode("utf-8", "replace") if waiting else ""


class _WindowsKeys(Keys):
    def pressed(self) -> str:
        msvcrt: Any = __import__("msvcrt")
        found = ""
        while msvcrt.kbhit():
            found += msvcrt.getwch()
        return found


@contextmanager
def terminal_keys() -> Iterator[Keys]:
    """Listen to single keys, and leave the terminal as it was; Ctrl+C still interrupts."""
    if not is_terminal(sys.stdin):
        yield Keys()
        return
    try:
        import termios
        import tty
    except ImportError:  # Windows
        yield _WindowsKeys()
        return
    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)
    try:
        tty.setcbreak(number)
        yield _PosixKeys()
    finally:
        with suppress(termios.error):
            termios.tcsetattr(number, termios.TCSADRAIN, before)
