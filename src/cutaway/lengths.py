"""Distances and places as people write them: "20px", "5%", "center", "right 10%"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from cutaway.errors import OptionError

_LENGTH = re.compile(r"(-?\d{1,9}(?:\.\d{1,9})?)(px|%)?")


class Length(NamedTuple):
    """A distance in pixels, or in per cent of something."""

    value: float
    unit: Literal["px", "%"] = "px"

    def of(self, total_px: float) -> float:
        """The distance in pixels, where 100 % is `total_px`."""
        return self.value * total_px / 100 if self.unit == "%" else self.value


Position: TypeAlias = tuple[Length, Length]
"""Where something lies in something else, (x, y), as CSS means it: per cent are of the free room, so that 0 % is left
or top, 50 % the middle and 100 % right or bottom; pixels are counted from the left or top."""

CENTRE = Length(50, "%")
_ACROSS = {"left": Length(0, "%"), "center": CENTRE, "right": Length(100, "%")}
_DOWN = {"top": Length(0, "%"), "center": CENTRE, "bottom": Length(100, "%")}


def read_lengths(text: str, *, counts: Sequence[int]) -> tuple[Length, ...]:
    """Read "10px", "5%" or "30" (pixels), or several of them separated by spaces or commas.

    Args:
        text: what was written.
        counts: how many values may be given.

    Raises:
        OptionError: it is no such list, or has another number of values.
    """
    words = text.replace(",", " ").split()
    found = [read_length(word) for word in words]
    if len(words) not in counts or None in found:
        many = " or ".join(str(n) for n in counts)
        raise OptionError(f"{text!r} is not {many} lengths such as 20px or 5%, separated by spaces")
    return tuple(length for length in found if length is not None)


def read_length(word: str) -> Length | None:
    """One length; None if the word is none."""
    match = _LENGTH.fullmatch(word)
    return None if match is None else Length(float(match[1]), "%" if match[2] == "%" else "px")


def read_position(text: str) -> Position:
    """Read a place as CSS writes `background-position`: "right", "top left", "30% 100%", "left 20px".

    One value is the x, unless it says top or bottom; the other one then is the middle. Two keywords may come in either
    order, otherwise x comes first.

    Raises:
        OptionError: it is no such place.
    """
    words = text.replace(",", " ").lower().split() or [text]
    if len(words) == 1:
        words = ["center", *words] if words[0] in ("top", "bottom") else [*words, "center"]
    turned = words[0] in ("top", "bottom") or words[-1] in ("left", "right")
    if len(words) == 2 and turned and words[0] in _DOWN and words[1] in _ACROSS:
        words.reverse()
    x = _ACROSS.get(words[0]) or read_length(words[0]) if len(words) == 2 else None
    y = _DOWN.get(words[1]) or read_length(words[1]) if len(words) == 2 else None
    if x is None or y is None:
        raise OptionError(
            f"position {text!r} is not one or two of left, center, right, top, bottom and lengths such as 20px or "
            "30%, x before y: 'top right', '30% 100%'"
        )
    return x, y
