"""A keyer that looks like an engine: what is coloured like the screen is background, without a network."""

from __future__ import annotations

import numpy as np

from cutaway.errors import ImageError, OptionError
from cutaway.options import CHROMA
from cutaway.pixels.chroma import Colour, is_coloured, key, screen_colour
from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec

CHROMA_SPEC = ModelSpec(
    name=CHROMA, size=768, stride=1, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), arch="colour difference"
)
"""It works at a size at which the refined edge has little left to find."""


def read_screen(model: str) -> Colour | None:
    """The screen's colour that "chroma:COLOUR" names; None for "chroma", where it is to be found.

    Raises:
        OptionError: it is no CSS colour, or too grey.
    """
    from cutaway.backdrops import css_colour

    if model == CHROMA:
        return None
    text = model.removeprefix(CHROMA + ":")
    found = css_colour(text)
    if found is None:
        raise OptionError(f"model {model!r}: {text!r} is no CSS colour such as lime or #00b140")
    red, green, blue = (value / 255 for value in found[:3])
    if not is_coloured((red, green, blue)):
        raise OptionError(f"model {model!r}: {text!r} is too grey to be told by its colour")
    return red, green, blue


class ChromaEngine:
    """Answers 0 where a picture has the screen's colour.

    Args:
        screen: the screen's colour; None finds it along each picture's border.
    """

    name = CHROMA
    device = "cpu"
    spec = CHROMA_SPEC

    def __init__(self, screen: Colour | None = None) -> None:
        self.screen = screen

    def run(self, tensor: Floats) -> Floats:
        """Key each picture: float32 (N, 3, h, w) in [0, 1] to alpha (N, 1, h, w).

        Raises:
            ImageError: no colour was given, and there is no screen along the border.
        """
        return np.stack([self._keyed(planes)[None] for planes in tensor])

    def _keyed(self, planes: Floats) -> Floats:
        screen = self.screen or screen_colour(planes)
        if screen is None:
            raise ImageError(
                "there is no green or blue screen along the photo's border: give its colour as --model chroma:#00b140"
            )
        return key(planes, screen)
