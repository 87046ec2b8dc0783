"""The one list of user settings. Command-line flags, the HTTP form and the web page are all made from `Options`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from cutaway.errors import OptionError, unknown_name
from cutaway.types import Backdrop

OutputFormat: TypeAlias = Literal["png", "webp", "jpg", "tiff"]
DeviceName: TypeAlias = Literal["auto", "cpu", "cuda"]

FORMATS: tuple[str, ...] = get_args(OutputFormat)
DEVICES: tuple[str, ...] = get_args(DeviceName)
MAX_BLUR_PX = 500.0


def _option(
    default: Any, help: str, *, metavar: str | None = None, choices: tuple[str, ...] | None = None
) -> Any:
    """A field with what a command line or a form needs to show it."""
    return field(default=default, metadata={"help": help, "metavar": metavar, "choices": choices})


@dataclass(frozen=True)
class Options:
    """Everything a user can say about the picture to be made; the same values mean the same bytes everywhere.

    Raises:
        OptionError: a value is out of range or two of them contradict each other.
    """

    model: str = _option(
        "default", "Model to use: a name (see 'cutaway models') or a .onnx file.", metavar="NAME|PATH"
    )
    background: str = _option(
        "none",
        "What to put behind the subject: 'none', a CSS colour, a picture file, 'blur' or 'blur:PX'.",
        metavar="none|COLOR|PICTURE|blur[:PX]",
    )
    mask_only: bool = _option(False, "Write the matte itself (white subject on black) instead of a cut-out.")
    format: OutputFormat | None = _option(
        None, "File format of the result; png unless -o says otherwise.", choices=FORMATS
    )
    device: DeviceName = _option(
        "auto", "Where the network runs; an explicit device that cannot be used is an error.", choices=DEVICES
    )
    threads: int = _option(0, "Processor threads for the network; 0 lets the engine choose.", metavar="N")

    def __post_init__(self) -> None:
        for f in fields(self):
            _check_type(f.name, getattr(self, f.name))
        if self.format is not None and self.format not in FORMATS:
            raise OptionError(f"format {self.format!r} is not one of {', '.join(FORMATS)}")
        if self.device not in DEVICES:
            raise OptionError(f"device {self.device!r} is not one of {', '.join(DEVICES)}")
        if not 0 <= self.threads <= 1024:
            raise OptionError(f"threads must be between 0 (automatic) and 1024, not {self.threads}")
        if not self.model:
            raise OptionError("model must not be empty: give a name or the path of a .onnx file")
        if self.backdrop.kind != "none" and self.mask_only:  # reading the backdrop also checks it
            raise OptionError("mask_only writes the matte, which has no background: leave out one of the two")

    @cached_property
    def backdrop(self) -> Backdrop:
        """`background`, parsed."""
        return parse_backdrop(self.background)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Options:
        """Make options from names and values, refusing names that do not exist.

        Raises:
            OptionError: a name is unknown (the nearest known one is suggested) or a value is not allowed.
        """
        return cls().with_changes(values)

    def with_changes(self, values: Mapping[str, Any]) -> Options:
        """A copy with some values replaced; unknown names are refused as in `from_mapping`."""
        known = [f.name for f in fields(self)]
        for name in values:
            if name not in known:
                raise OptionError(unknown_name("option", name, known))
        return replace(self, **values)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "model": str, "background": str, "mask_only": bool, "format": (str, type(None)), "device": str, "threads": int,
}  # fmt: skip


def _check_type(name: str, value: object) -> None:
    wanted = _TYPES[name]
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise OptionError(f"option {name!r} cannot be {value!r} ({type(value).__name__})")


def parse_backdrop(text: str) -> Backdrop:
    """Read a `--background` value.

    A colour name wins over a file of the same name; write ``./red`` for a file called red.

    Args:
        text: "none", "blur", "blur:PX" (0 < PX <= 500), any CSS colour, or the path of a picture.

    Raises:
        OptionError: it is none of these.
    """
    if text == "none":
        return Backdrop()
    if text == "blur" or text.startswith("blur:"):
        return Backdrop("blur", blur_px=_blur_px(text))
    colour = _css_colour(text)
    if colour is not None:
        return Backdrop("colour", colour=colour)
    if text and os.path.exists(text):  # noqa: PTH110 - a string may hold bytes that are no path
        return Backdrop("picture", picture=text)
    raise OptionError(
        f"background {text!r} is neither 'none', 'blur', 'blur:PX', a CSS colour (red, #ff8800, rgb(1,2,3)) "
        "nor a file that exists"
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


def _css_colour(text: str) -> tuple[int, int, int, int] | None:
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text)
    except ValueError:
        return None
    return red, green, blue, alpha[0] if alpha else 255
