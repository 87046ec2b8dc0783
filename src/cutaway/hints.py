"""What a person says about where the subject is, as it is written: a region and points."""

from __future__ import annotations

from typing import NamedTuple

from cutaway.errors import OptionError
from cutaway.lengths import Length, read_length, read_lengths


class Guidance(NamedTuple):
    """`roi`, `keep` and `drop`, parsed.

    Attributes:
        roi: x, y, width, height of the part that is looked at; None for the whole photo.
        keep, drop: points (x, y).
    """

    roi: tuple[Length, Length, Length, Length] | None = None
    keep: tuple[tuple[Length, Length], ...] = ()
    drop: tuple[tuple[Length, Length], ...] = ()


def read_roi(text: str) -> tuple[Length, Length, Length, Length]:
    """Read "x,y,w,h", each in pixels or per cent of the photo's width or height.

    Raises:
        OptionError: it is none, or empty.
    """
    try:
        x, y, width, height = read_lengths(text, counts=(4,))
    except OptionError:
        raise OptionError(
            f"roi {text!r} is not x,y,width,height in pixels or per cent: 10%,0,80%,600"
        ) from None
    if width.value <= 0 or height.value <= 0 or x.value < 0 or y.value < 0:
        raise OptionError(f"roi {text!r}: x and y must be at least 0, width and height more")
    return x, y, width, height


def read_points(name: str, text: str) -> tuple[tuple[Length, Length], ...]:
    """Read "x,y", or several of them separated by spaces, each in pixels or per cent of the photo's width or height.

    Raises:
        OptionError: it is none, or a value is below 0.
    """
    return tuple(_point(name, word) for word in text.replace(";", " ").split())


def _point(name: str, word: str) -> tuple[Length, Length]:
    found = [read_length(part) for part in word.split(",")]
    x, y = found if len(found) == 2 else (None, None)
    if x is None or y is None or x.value < 0 or y.value < 0:
        raise OptionError(
            f"{name} {word!r} is not a point x,y in pixels or per cent, such as 120,80 or 50%,30%"
        )
    return x, y
