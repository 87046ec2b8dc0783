"""The conversation between speed.py and a worker: lines of JSON out, file names in. Standard library only.

The worker loads its model, removes each photo's background once to warm up and says {"ready": ...}. For every
file name on stdin it then answers {"seconds": ..., "bytes": ...}: the time of one removal from the photo's
bytes to the result's bytes, both in memory. It ends with its stdin.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO


def serve(remove: Callable[[bytes], bytes], photos: Sequence[str], *, about: str) -> None:
    """Warm up on the photos, then answer until stdin ends."""
    answers = _private_stdout()
    for photo in photos:
        remove(Path(photo).read_bytes())
    print(json.dumps({"ready": about}), file=answers, flush=True)
    for line in sys.stdin:
        data = Path(line.rstrip("\n")).read_bytes()
        started = time.perf_counter()
        result = remove(data)
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "bytes": len(result)}), file=answers, flush=True)


def _private_stdout() -> TextIO:
    """Our own way out; whatever a library prints goes to stderr and cannot be taken for an answer."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stream
