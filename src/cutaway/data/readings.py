"""What mask values can mean: each way to read them by its name, and as a table from values to the matte."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.data.colour_maps import VOC_CLASSES, VOC_VOID, shown_colour
from cutaway.errors import DataError
from cutaway.types import Floats

READINGS = (
    "auto, unit, grey, threshold[:N], subject:V[,V...], matting-trimap, tutorial-trimap, pets-trimap, "
    "voc[:CLASS,...], colours:RRGGBB[,RRGGBB...]"
)
TRIMAPS = {
    "matting-trimap": "0 background, 128 unknown, 255 subject",
    "tutorial-trimap": "0 subject, 128 background, 255 border",
    "pets-trimap": "1 subject, 2 background, 3 border",
}
"""The three-valued conventions, by name: that of matting benchmarks, that of the U-Net tutorial for R with platypus,
and that of the annotations of the Oxford-IIIT Pet data set."""

Values: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class MaskReading:
    """How mask values become a matte.

    Attributes:
        kind: "unit" (0/1), "grey" (0..255 is 0..1; 0/255 is the two-valued case), "threshold" (subject from the value
            up), "subject" (the listed values are subject, everything else is not), one of `TRIMAPS` (whose border or
            unknown band is 0.5), "voc" (class numbers, or the colours of PASCAL VOC; void is 0.5), "colours" (the
            listed colours are subject; `masks.read_indices` turns these into 1 and everything else into 0).
        values: the threshold, the subject's values, its class numbers (none: all classes) or its colours, 0xRRGGBB.
        found: what was found in the files, for people to read.
    """

    kind: str
    values: Values = ()
    found: str = ""

    def table(self) -> Floats:
        """The alpha that each of the 256 mask values stands for, float32 (256,) in [0, 1]."""
        return _TABLES[self.kind](self.values).astype(np.float32)

    def to_matte(self, mask: npt.NDArray[np.uint8]) -> Floats:
        """uint8 (H, W) as read from the file to float32 (H, W) in [0, 1]."""
        return np.asarray(self.table()[mask], np.float32)

    def odd_values(self, found: npt.NDArray[np.integer]) -> list[int]:
        """Which of these values have no meaning in the convention; only conventions with few values can tell."""
        return [int(v) for v in found if self.kind in _EXPECTED and v not in _EXPECTED[self.kind]]

    def meaning(self) -> str:
        """What the values mean, in words: "0 background, 1 subject"."""
        listed = ", ".join(self._shown())
        meanings = TRIMAPS | {
            "unit": "0 background, 1 subject",
            "grey": "0 background to 255 subject",
            "threshold": f"subject from {listed} up",
            "subject": f"subject: {listed}",
            "voc": f"PASCAL VOC classes, subject: {listed or 'all'}; 255 is border",
            "colours": f"subject: {listed}",
        }
        return meanings[self.kind]

    def _shown(self) -> list[str]:
        if self.kind == "colours":
            return [shown_colour(v) for v in self.values]
        if self.kind == "voc":
            return [VOC_CLASSES[v] if v < len(VOC_CLASSES) else str(v) for v in self.values]
        return [str(v) for v in self.values]

    def __str__(self) -> str:
        return self.kind + (":" + ",".join(self._shown()) if self.values else "")


_RAMP = np.arange(256)
_EXPECTED: dict[str, Values] = {
    "matting-trimap": (0, 128, 255),
    "tutorial-trimap": (0, 128, 255),
    "pets-trimap": (1, 2, 3),
}


def _nearest(*, dark: float, middle: float, bright: float) -> Floats:
    """The alphas of 0, 128 and 255; a value in between, as JPEG makes them, counts as the nearest of these."""
    return np.where(_RAMP < 64, dark, np.where(_RAMP < 192, middle, bright))


def _classes(values: Values) -> Floats:
    inside = np.isin(_RAMP, values) if values else _RAMP > 0
    return np.where(_RAMP == VOC_VOID, 0.5, inside.astype(np.float32))


_TABLES: dict[str, Callable[[Values], Floats]] = {
    "unit": lambda _: np.minimum(_RAMP, 1).astype(np.float32),
    "grey": lambda _: _RAMP.astype(np.float32) / np.float32(255),
    "threshold": lambda values: (values[0] <= _RAMP).astype(np.float32),
    "subject": lambda values: np.isin(_RAMP, values).astype(np.float32),
    "matting-trimap": lambda _: _nearest(dark=0, middle=0.5, bright=1),
    "tutorial-trimap": lambda _: _nearest(dark=1, middle=0, bright=0.5),
    "pets-trimap": lambda _: np.where(_RAMP == 3, 0.5, (_RAMP == 1).astype(np.float32)),
    "voc": _classes,
    "colours": lambda _: np.minimum(_RAMP, 1).astype(np.float32),
}


def parse_reading(text: str) -> MaskReading | None:
    """A reading as the user writes it; None for "auto".

    Raises:
        DataError: the text is none of `READINGS`, or names a class or colour that does not exist.
    """
    kind, colon, rest = text.partition(":")
    if kind == "auto" and not colon:
        return None
    parse = _PARSERS.get(kind)
    values = parse(rest) if parse and bool(rest) == bool(colon) else None
    if values is None:
        raise DataError(f"masks cannot be read as {text!r}; choose one of {READINGS}")
    return MaskReading(kind, values)


def _nothing(rest: str) -> Values | None:
    return () if not rest else None


def _threshold(rest: str) -> Values | None:
    values = _numbers(rest) if rest else (128,)
    return values if values and len(values) == 1 else None


def _numbers(rest: str) -> Values | None:
    """Mask values separated by commas; None if one of them is none."""
    parts = rest.split(",")
    if not all(re.fullmatch(r"\s*\d{1,3}\s*", part, re.ASCII) and int(part) <= 255 for part in parts):
        return None
    return tuple(map(int, parts))


def _class_numbers(rest: str) -> Values | None:
    """Classes of PASCAL VOC by name or number; none at all means every class."""
    return tuple(_class_number(part.strip().lower()) for part in rest.split(",")) if rest else ()


def _class_number(name: str) -> int:
    if name in VOC_CLASSES[1:]:
        return VOC_CLASSES.index(name)
    if re.fullmatch(r"\d{1,3}", name, re.ASCII) and 1 <= int(name) < VOC_VOID:
        return int(name)
    known = ", ".join(VOC_CLASSES[1:])
    raise DataError(f"PASCAL VOC has no class {name!r}; give a number from 1 or a name: {known}")


def _colours(rest: str) -> Values | None:
    """Colours as RRGGBB or #RRGGBB, separated by commas."""
    parts = [part.strip().removeprefix("#") for part in rest.split(",")]
    if not all(re.fullmatch("[0-9a-fA-F]{6}", part) for part in parts):
        return None
    return tuple(int(part, 16) for part in parts)


_PARSERS: dict[str, Callable[[str], Values | None]] = {
    "unit": _nothing,
    "grey": _nothing,
    "threshold": _threshold,
    "subject": _numbers,
    **dict.fromkeys(TRIMAPS, _nothing),
    "voc": _class_numbers,
    "colours": _colours,
}
