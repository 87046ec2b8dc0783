"""Child processes that end with the test that started them, whatever becomes of it."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def started(
    command: Sequence[str], *, stderr: int | None = subprocess.DEVNULL, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process in a group of its own, killed with all of its children when the block is left.

    It never has pytest's own streams: what holds those open keeps whoever reads them waiting.
    """
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, text=True, env=env,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        killed(process)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def killed(process: subprocess.Popen[str]) -> None:
    """Kill a process of `started` and its children, and wait for its end."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait(30)


def run(
    command: Sequence[str],
    *,
    seconds: float = 60.0,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    check: bool = False,
    send: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Like `subprocess.run` with its output kept, but after the time also the children's children are gone."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=env,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(send, timeout=seconds)
    finally:
        killed(process)
    done = subprocess.CompletedProcess(command, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


def line_of(stream: IO[str] | None, *, seconds: float = 60.0) -> str:
    """The next line of a process's output; an error if none comes in time."""
    assert stream is not None
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    try:
        return lines.get(timeout=seconds)
    except queue.Empty:
        raise AssertionError(f"the process said nothing within {seconds:g} s") from None
