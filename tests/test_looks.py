"""What is said about canvas, margins, shadow, outline and logo: read, or refused with a reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutaway.errors import OptionError
from cutaway.lengths import Length
from cutaway.looks import (
    CanvasSize,
    Framing,
    Logo,
    Outline,
    Shadow,
    read_canvas,
    read_logo,
    read_margin,
    read_outline,
    read_shadow,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("photo", CanvasSize()),
        ("background", CanvasSize("background")),
        ("1200x800", CanvasSize("size", size=(800, 1200))),
        ("1200 × 800", CanvasSize("size", size=(800, 1200))),
        ("4:5", CanvasSize("ratio", ratio=0.8)),
        ("1.91:1", CanvasSize("ratio", ratio=1.91)),
    ],
)
def test_canvases(text: str, found: CanvasSize) -> None:
    assert read_canvas(text) == found


def test_shadows() -> None:
    assert read_shadow("none").kind == "none"
    assert read_shadow("drop") == Shadow("drop")
    assert read_shadow("drop:opacity=50, angle=-45deg,distance=0,softness=12px") == Shadow(
        "drop", opacity=0.5, angle=-45, distance=Length(0), softness=Length(12)
    )
    assert read_shadow("contact:opacity=80%,distance=4%").distance == Length(4, "%")


def test_outlines() -> None:
    assert read_outline("12,white") == Outline(Length(12), (255, 255, 255, 255))
    assert read_outline("1.5%, rgb(1,2,3)") == Outline(Length(1.5, "%"), (1, 2, 3, 255))
    assert read_outline("3px,#ff000080").colour == (255, 0, 0, 128)


def test_logos() -> None:
    assert read_logo("a.png") == Logo("a.png", "bottom-right", 0.15)
    assert read_logo("a.png,top-left") == Logo("a.png", "top-left", 0.15)
    assert read_logo("a.png,20%") == Logo("a.png", "bottom-right", 0.2)
    assert read_logo("a, b.png, top ,20") == Logo("a, b.png", "top", 0.2)
    assert read_logo("15%") == Logo("15%")  # a file may be called so
    assert read_logo("", in_memory=True) == Logo("")
    assert read_logo("left,5%", in_memory=True) == Logo("", "left", 0.05)


def test_margins() -> None:
    assert read_margin("auto") == "auto"
    assert read_margin("5% 10px") == (Length(5, "%"), Length(10))


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (read_canvas, "0x5", "each side must be between 1 and 30000"),
        (read_canvas, "30001x5", "each side"),
        (read_canvas, "20000x20000", "at most 50 megapixels"),
        (read_canvas, "1:0", "is not one of photo, background"),
        (read_canvas, "0:1", "is not one of"),
        (read_canvas, "100:1", r"up to 20:1"),
        (read_canvas, "1200", "is not one of"),
        (read_shadow, "dropp", r"'dropp' is not one of none, drop, contact"),
        (read_shadow, "drop:", "is not one of"),
        (read_shadow, "none:opacity=3", "is not one of"),
        (read_shadow, "drop:opacty=3", r"no setting 'opacty'. Did you mean 'opacity'"),
        (read_shadow, "contact:angle=3", r"no setting 'angle'"),
        (read_shadow, "drop:opacity", "opacity must be a number of per cent from 0 to 100, not ''"),
        (read_shadow, "drop:opacity=101", "from 0 to 100, not '101'"),
        (read_shadow, "drop:angle=5%", "angle must be a number of degrees"),
        (read_shadow, "drop:softness=-1", "softness must be a length from 0 to 1000px or 50%"),
        (read_shadow, "drop:distance=51%", "distance must be a length"),
        (read_outline, "white", "is not WIDTH,COLOUR"),
        (read_outline, "0,white", "is not WIDTH,COLOUR"),
        (read_outline, "3,whitish", "is not WIDTH,COLOUR"),
        (read_outline, "1001,red", "up to 1000px or 50%"),
        (read_logo, "", "is not PICTURE,PLACE,SCALE"),
        (read_logo, "a.png,0%", "a scale the logo's width in per cent"),
        (read_logo, "a.png,101%", "a scale"),
        (read_margin, "5 5 5", "margin .* is not 1 or 2 or 4 lengths .* nor is it 'auto'"),
        (read_margin, "-5", "between 0 and 10000px or 500%"),
        (read_margin, "501%", "between 0 and"),
    ],
)
def test_what_cannot_be_read_says_what_can(read: Callable[[str], object], text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        read(text)


def test_a_path_where_none_can_be() -> None:
    with pytest.raises(OptionError, match="is not PLACE,SCALE"):
        read_logo("a.png,left", in_memory=True)


def test_what_contradicts_itself() -> None:
    with pytest.raises(OptionError, match="fill and margin both say"):
        Framing(margins=(Length(3),), fill=0.8)
    with pytest.raises(OptionError, match=r"leave nothing of a canvas of 100 x 50"):
        Framing(margins=(Length(25), Length(3)), canvas=CanvasSize("size", size=(50, 100)))
    assert Framing(margins=(Length(24), Length(3)), canvas=CanvasSize("size", size=(50, 100))).by_subject
