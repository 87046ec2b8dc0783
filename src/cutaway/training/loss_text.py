"""How a loss is written in a configuration: a sum of named losses, "bce + iou + 2*edge". Needs no torch."""

from __future__ import annotations

import re
from functools import lru_cache

from cutaway.errors import OptionError, unknown_name

LOSS_NAMES = ("dice", "batch-dice", "iou", "bce", "ce", "focal", "lovasz", "structure", "edge")
"""Every loss that can be named; each is defined in `losses.py`."""

DEFAULT_LOSS = "bce + iou + 2*edge"

_TERM = re.compile(r"(?:(\d+\.?\d*|\.\d+)\s*\*\s*)?([A-Za-z][\w-]*)")


@lru_cache(maxsize=32)
def parse_loss(text: str) -> tuple[tuple[float, str], ...]:
    """The (weight, name) pairs of a sum such as "bce + iou + 2*edge", in its order; a weight not given is 1.

    Raises:
        OptionError: it is no such sum, a weight is 0, or a name is unknown or comes twice.
    """
    terms = tuple(_term(part, text) for part in text.split("+"))
    names = [name for _, name in terms]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise OptionError(f"the loss {text!r} names {twice!r} twice; give it one weight, as in 2*{twice}")
    return terms


def _term(part: str, whole: str) -> tuple[float, str]:
    match = _TERM.fullmatch(part.strip())
    if not match:
        raise OptionError(
            f"the loss {whole!r} is not a sum of names with weights, such as {DEFAULT_LOSS!r}; "
            f"names: {', '.join(LOSS_NAMES)}"
        )
    weight, name = float(match[1] or 1), match[2]
    if name not in LOSS_NAMES:
        raise OptionError(unknown_name("loss", name, LOSS_NAMES))
    if weight <= 0:
        raise OptionError(f"the loss {whole!r} gives {name!r} the weight 0; leave it out instead")
    return weight, name
