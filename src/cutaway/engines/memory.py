"""How the C library deals with memory that is given back to it, for programs that need much of it again at once."""

from __future__ import annotations

import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # names of the settings in glibc's malloc.h
_KEPT_BYTES = 256 << 20
_OWN_MAPPING_BYTES = 32 << 20  # the most that glibc allows


def keep_freed_memory() -> bool:
    """Let up to 256 MB of freed memory stay with this process; whether the C library could be told so.

    Every step on a photo makes arrays of some hundred kilobytes to some megabytes. By default glibc (mallopt(3)) hands
    each of them back to the system when it is freed, which clears it and hands it out again, page by page: a quarter
    of the time of `pixels.foreground.foreground` on 2 megapixels. Other C libraries keep their own ways.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # musl
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES) and mallopt(_MMAP_THRESHOLD, _OWN_MAPPING_BYTES))
