"""Reading what `--background` says."""

from __future__ import annotations

import os
import re

from cutaway.errors import OptionError
from cutaway.types import Backdrop

MAX_BLUR_PX = 500.0


def parse_backdrop(text: str) -> Backdrop:
    """Read a `--background` value.

    A colour name wins over a file of the same name; write ``./red`` for a file called red.

    Args:
        text: "none" or "transparent", "original", "checker", "blur", "blur:PX" (0 < PX <= 500),
            "gradient:COLOUR,COLOUR" or "gradient:COLOUR,COLOUR,ANGLE" (degrees clockwise from upwards; 180 if left
            out), any CSS colour, or the path of a picture.

    Raises:
        OptionError: it is none of these.
    """
    if text in ("none", "transparent"):
        return Backdrop()
    if text == "checker":
        return Backdrop("checker")
    if text == "original":
        return Backdrop("original")
    if text.startswith("gradient:"):
        return _gradient(text)
    if text == "blur" or text.startswith("blur:"):
        return Backdrop("blur", blur_px=_blur_px(text))
    colour = css_colour(text)
    if colour is not None:
        return Backdrop("colour", colour=colour)
    if text and os.path.exists(text):  # noqa: PTH110 - a string may hold bytes that are no path
        return Backdrop("picture", picture=text)
    raise OptionError(
        f"background {text!r} is neither 'none', 'blur', 'blur:PX', 'gradient:COLOUR,COLOUR[,ANGLE]', 'checker', "
        "'original', a CSS colour (red, #ff8800, rgb(1,2,3)) nor a file that exists"
    )


def _blur_px(text: str) -> float | None:
    if text == "blur":
        return None
    try:
        px = float(text.removeprefix("blur:").removesuffix("px"))
    except ValueError:
        px = -1.0
    if not 0 < px <= MAX_BLUR_PX:
        raise OptionError(
            f"background {text!r}: the blur must be a number of pixels above 0 and at most {MAX_BLUR_PX:g}"
        )
    return px


def _gradient(text: str) -> Backdrop:
    words = [word.strip() for word in re.split(r",(?![^(]*\))", text.removeprefix("gradient:"))]
    colours = [css_colour(word) for word in words[:2]]
    angle = _angle(words[2]) if len(words) == 3 else Backdrop.angle
    if len(words) not in (2, 3) or angle is None or any(c is None or c[3] < 255 for c in colours):
        raise OptionError(
            f"background {text!r}: a gradient is two opaque CSS colours and perhaps an angle in degrees, such as "
            "gradient:white,#88aacc,180"
        )
    start, end = (c for c in colours if c is not None)
    return Backdrop("gradient", colour=start, end=end, angle=angle)


def _angle(word: str) -> float | None:
    try:
        degrees = float(word.removesuffix("deg"))
    except ValueError:
        return None
    return degrees if abs(degrees) <= 3600 else None  # also false for NaN


def css_colour(text: str) -> tuple[int, int, int, int] | None:
    """A CSS colour as red, green, blue and alpha, 0..255; None if it is none."""
    """(red, green, blue, alpha), 0..255 each, of a CSS colour; None if it is none."""
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        return None
    return red, green, blue, alpha[0] if alpha else 255
