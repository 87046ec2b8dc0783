"""File names that come from clients: only ever used for what they say to a person."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_ODD = re.compile(r"[^\w .()+-]")
_LONGEST = 100
_RESERVED = re.compile(
    r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?"
)  # devices of Windows, whatever their suffix


def plain_stem(own_name: str) -> str:
    """A client's file name without folders, suffix, odd characters and hidden meanings; "" if nothing is left."""
    stem = PurePosixPath(own_name.replace("\\", "/")).stem
    plain = _ODD.sub("_", stem).strip(" .")[:_LONGEST]
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain
