"""Reading what is said about the finished picture: its size, a shadow, an outline, a logo.

Lengths in per cent are of the subject's longer side for a shadow and an outline, of the picture's width for a logo: so
a setting looks the same on photos of any size.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, cast, get_args

from cutaway.backdrops import css_colour
from cutaway.errors import OptionError, unknown_name
from cutaway.lengths import Length, read_length, read_lengths
from cutaway.types import Align, Size

MAX_SIDE_PX = 30_000
MAX_CANVAS_PX = 50_000_000
"""A canvas that is asked for has at most this side and this many pixels: its floats take 600 MB."""

_SIZE = re.compile(r"(\d{1,6}) ?[x×] ?(\d{1,6})")
_RATIO = re.compile(r"(\d{1,4}(?:\.\d{1,4})?):(\d{1,4}(?:\.\d{1,4})?)")
MAX_RATIO = 20.0
PLACES: tuple[str, ...] = get_args(Align)
Colour: TypeAlias = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0..255 each."""


class CanvasSize(NamedTuple):
    """What size the result has.

    Attributes:
        kind: that of the "photo" or of the "background" picture, a fixed "size", or the smallest of a "ratio" that
            holds everything.
        size: (height, width) for kind "size".
        ratio: width / height for kind "ratio".
    """

    kind: Literal["photo", "background", "size", "ratio"] = "photo"
    size: Size = (0, 0)
    ratio: float = 1.0


_PHOTO = CanvasSize()


def read_canvas(text: str) -> CanvasSize:
    """Read "photo", "background", "WxH" in pixels or "W:H".

    Raises:
        OptionError: it is none of these, or too large.
    """
    if text in ("photo", "background"):
        return CanvasSize("photo" if text == "photo" else "background")
    size, ratio = _SIZE.fullmatch(text), _RATIO.fullmatch(text)
    if size:
        width, height = int(size[1]), int(size[2])
        if (
            not (min(width, height) > 0 and max(width, height) <= MAX_SIDE_PX)
            or width * height > MAX_CANVAS_PX
        ):
            raise OptionError(
                f"canvas {text!r}: each side must be between 1 and {MAX_SIDE_PX} pixels, and all of it at most "
                f"{MAX_CANVAS_PX // 10**6} megapixels"
            )
        return CanvasSize("size", size=(height, width))
    if (
        ratio
        and float(ratio[1])
        and 1 / MAX_RATIO <= float(ratio[1]) / (float(ratio[2]) or 1e-9) <= MAX_RATIO
    ):
        return CanvasSize("ratio", ratio=float(ratio[1]) / float(ratio[2]))
    raise OptionError(
        f"canvas {text!r} is not one of photo, background, a size in pixels such as 1200x1200, or a ratio such as 4:5 "
        f"(up to {MAX_RATIO:g}:1)"
    )


_DISTANCE, _SOFTNESS = Length(2.2, "%"), Length(1.5, "%")


class Shadow(NamedTuple):
    """The shadow of the subject.

    Attributes:
        kind: "none"; "drop" falls on a wall behind it; "contact" lies on the ground it stands on.
        opacity: 0 to 1, where it is darkest.
        angle: where a drop shadow falls, degrees clockwise from upwards: 90 to the right, 180 down.
        distance: how far it falls; for "contact", how high the shadow lies on the ground.
        softness: standard deviation of the Gaussian that blurs it.
    """

    kind: Literal["none", "drop", "contact"] = "none"
    opacity: float = 0.4
    angle: float = 150.0
    distance: Length = _DISTANCE
    softness: Length = _SOFTNESS


_NO_SHADOW = Shadow()
_CONTACT = Shadow("contact", opacity=0.5, distance=Length(5, "%"), softness=Length(1, "%"))
_MOST_PX, _MOST_SHARE = 1000.0, 50.0


def read_shadow(text: str) -> Shadow:
    """Read "none", "drop", "contact", or one of the latter two with settings.

    Args:
        text: such as "drop:opacity=50,angle=135,distance=3%,softness=12px". Opacity is in per cent, 0 to 100; angle in
            degrees; distance and softness in pixels of the result, or in per cent of the subject's longer side.

    Raises:
        OptionError: it is none of these, or a value is out of range.
    """
    kind, colon, settings = text.partition(":")
    if kind not in ("none", "drop", "contact") or (colon and (kind == "none" or not settings)):
        raise OptionError(
            f"shadow {text!r} is not one of none, drop, contact, or the latter two with settings such as "
            "drop:opacity=50,angle=135,distance=3%,softness=12px"
        )
    shadow = {"none": _NO_SHADOW, "drop": Shadow("drop"), "contact": _CONTACT}[kind]
    known = (
        ["opacity", "angle", "distance", "softness"]
        if kind == "drop"
        else ["opacity", "distance", "softness"]
    )
    for setting in settings.split(",") if settings else []:
        name, _, value = (part.strip() for part in setting.partition("="))
        if name not in known:
            raise OptionError(f"shadow {text!r}: {unknown_name('setting', name, known)}")
        shadow = _with_setting(shadow, name, value, text=text)
    return shadow


def _with_setting(shadow: Shadow, name: str, value: str, *, text: str) -> Shadow:
    length = read_length(value.removesuffix("deg") if name == "angle" else value)
    if name == "opacity" and length and not value.endswith("px") and 0 <= length.value <= 100:
        return shadow._replace(opacity=length.value / 100)
    if (
        name == "angle"
        and length
        and length.unit == "px"
        and not value.endswith("px")
        and abs(length.value) <= 3600
    ):
        return shadow._replace(angle=length.value)
    if name == "distance" and length and 0 <= length.value <= _most(length):
        return shadow._replace(distance=length)
    if name == "softness" and length and 0 <= length.value <= _most(length):
        return shadow._replace(softness=length)
    wanted = {"opacity": "a number of per cent from 0 to 100", "angle": "a number of degrees"}.get(
        name, f"a length from 0 to {_MOST_PX:g}px or {_MOST_SHARE:g}%"
    )
    raise OptionError(f"shadow {text!r}: {name} must be {wanted}, not {value!r}")


def _most(length: Length) -> float:
    return _MOST_SHARE if length.unit == "%" else _MOST_PX


class Outline(NamedTuple):
    """A line around the subject, as a sticker has: its width, and its colour."""

    width: Length
    colour: Colour


def read_outline(text: str) -> Outline:
    """Read "WIDTH,COLOUR": pixels of the result or per cent of the subject's longer side, and any CSS colour.

    Raises:
        OptionError: it is not that.
    """
    width, _, colour = (part.strip() for part in text.partition(","))
    length, painted = read_length(width), css_colour(colour) if colour else None
    if length is None or painted is None or not 0 < length.value <= _most(length):
        raise OptionError(
            f"outline {text!r} is not WIDTH,COLOUR: a width above 0 and up to {_MOST_PX:g}px or {_MOST_SHARE:g}%, and "
            "a CSS colour, such as 12,white or 2%,#ffcc00"
        )
    return Outline(length, painted)


class Logo(NamedTuple):
    """A small picture laid over the result.

    Attributes:
        picture: its path; "" if it is given in memory.
        place: which of nine places it has.
        share: its width as a share of the result's, 0 to 1.
    """

    picture: str
    place: Align = "bottom-right"
    share: float = 0.15


def read_logo(text: str, *, in_memory: bool = False) -> Logo:
    """Read "PICTURE[,PLACE[,SCALE]]", or "[PLACE[,SCALE]]" for a picture that is given in memory.

    Args:
        text: the place is one of the nine of `align`, the scale the logo's width in per cent of the result's. The
            picture's path may hold commas.
        in_memory: whether there is no path.

    Raises:
        OptionError: it is not that.
    """
    words = text.split(",")
    share = place = None
    if len(words) > (0 if in_memory else 1) and (share := _share(words[-1])) is not None:
        words.pop()
    if len(words) > (0 if in_memory else 1) and words[-1].strip() in PLACES:
        place = cast(Align, words.pop().strip())
    picture = ",".join(words)
    if (picture.strip() if in_memory else not picture) or (share is not None and not 0 < share <= 1):
        raise OptionError(
            f"logo {text!r} is not {'' if in_memory else 'PICTURE,'}PLACE,SCALE: a place is one of "
            f"{', '.join(PLACES)}, a scale the logo's width in per cent of the result's, such as 15%"
        )
    return Logo(picture, place or "bottom-right", share or 0.15)


def _share(word: str) -> float | None:
    length = read_length(word.strip())
    return length.value / 100 if length is not None and not word.strip().endswith("px") else None


class Dress(NamedTuple):
    """What is added to the subject and to the finished picture."""

    shadow: Shadow = _NO_SHADOW
    outline: Outline | None = None
    logo: Logo | None = None

    @property
    def only_logo(self) -> bool:
        """Whether nothing is added to the subject itself."""
        return self.shadow.kind == "none" and self.outline is None

    @property
    def is_plain(self) -> bool:
        """Whether nothing is added at all."""
        return self.only_logo and self.logo is None


Margins: TypeAlias = tuple[Length, ...] | Literal["auto"]
"""One, two or four in CSS's order, or as much as shadow and outline need."""
MAX_MARGIN_PX, MAX_MARGIN_SHARE = 10_000.0, 500.0


def read_margin(text: str) -> Margins:
    """Read "auto", or one, two or four lengths; per cent are of the subject's own height and width.

    Raises:
        OptionError: it is neither, or a length is out of range.
    """
    if text == "auto":
        return "auto"
    try:
        lengths = read_lengths(text, counts=(1, 2, 4))
    except OptionError as error:
        raise OptionError(f"margin {error}, nor is it 'auto'") from None
    for length in lengths:
        if not 0 <= length.value <= (MAX_MARGIN_SHARE if length.unit == "%" else MAX_MARGIN_PX):
            raise OptionError(
                f"margin {text!r}: each must be between 0 and {MAX_MARGIN_PX:g}px or {MAX_MARGIN_SHARE:g}%"
            )
    return lengths


@dataclass(frozen=True)
class Framing:
    """How the subject is framed, parsed and free of contradictions.

    Attributes:
        crop: whether a canvas that would be the photo's follows the subject instead; margins alone say so too.
        margins: what is kept free around the subject; None nothing.
        canvas: the size of the result.
        fill: the share of the canvas that the subject takes up, above 0 and at most 1; None leaves it open.
        align: where the subject lies in what room there is; None the middle.

    Raises:
        OptionError: two of them contradict each other.
    """

    crop: bool = False
    margins: Margins | None = None
    canvas: CanvasSize = _PHOTO
    fill: float | None = None
    align: Align | None = None

    def __post_init__(self) -> None:
        if self.fill is not None and self.margins is not None:
            raise OptionError("fill and margin both say how much room there is: leave out one of the two")
        if self.canvas.kind == "size" and self.margins not in (None, "auto"):
            self._refuse_margins_without_room()

    def _refuse_margins_without_room(self) -> None:
        assert isinstance(self.margins, tuple)
        height, width = self.canvas.size
        four = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 4: (0, 1, 2, 3)}[len(self.margins)]
        top, right, bottom, left = (
            self.margins[i].value if self.margins[i].unit == "px" else 0.0 for i in four
        )
        if top + bottom >= height or left + right >= width:
            raise OptionError(
                f"the margins leave nothing of a canvas of {width} x {height} pixels: make them smaller"
            )

    @property
    def follows_subject(self) -> bool:
        """Whether the canvas has the subject's size, not the photo's."""
        return self.canvas.kind == "photo" and (self.crop or self.margins is not None)

    @property
    def by_subject(self) -> bool:
        """Whether the subject is framed, and not the whole photo."""
        return self.canvas.kind == "background" or self.shifts

    @property
    def shifts(self) -> bool:
        """Whether anything is said about where the subject lies and how large it is."""
        return self.crop or any(one is not None for one in (self.margins, self.fill, self.align))

    @property
    def is_plain(self) -> bool:
        """Whether the result simply has the photo's frame."""
        return self.canvas.kind == "photo" and not self.by_subject


def refuse_moving(framing: Framing) -> None:
    """Refuse framing by the subject for moving pictures, in which it would jump from one to the next.

    Raises:
        OptionError: that was asked for.
    """
    if framing.shifts or framing.canvas.kind in ("size", "ratio"):
        raise OptionError(
            "moving pictures keep their frame, or the subject would jump: leave out crop, margin, fill, align, preset "
            "and a canvas of another size"
        )
