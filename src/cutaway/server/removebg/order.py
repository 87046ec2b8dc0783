"""What one request in remove.bg's language wants: read, checked, and nothing in it ignored."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cutaway.errors import OptionError, unknown_name
from cutaway.lengths import Length, read_lengths
from cutaway.server.body import Form, shown
from cutaway.server.problems import Problem
from cutaway.server.removebg.table import BY_NAME, FIELDS, SOURCES

Rgba = tuple[int, int, int, int]

_DATA_PREFIX = re.compile(r"data:[\w/+.;=-]{0,100},")
_HEX = re.compile(r"#?([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_NAME = re.compile(r"[a-zA-Z]{3,30}")
_MAX_MARGIN = {"px": 500.0, "%": 50.0}
_CENTRE = (0.5, 0.5)


@dataclass(frozen=True)
class Source:
    """A picture: its bytes, or the address it is to be fetched from."""

    data: bytes = b""
    url: str = ""


@dataclass(frozen=True)
class Order:
    """A request, understood.

    Attributes:
        image: the photo.
        size, type, type_level, format, channels: as in the table.
        roi: four lengths, or None for the whole photo.
        crop: whether empty borders are cut off.
        margin: of a crop.
        scale: of the subject, as a fraction of the picture; None is "original".
        position: (x, y), 0 to 1; None is "original".
        shadow: whether a drop shadow is drawn.
        shadow_opacity: 0 to 1.
        semitransparency: whether see-through parts stay so.
        colour: of the background; None if none was given.
        background: a picture for it; None if none was given.
        notes: what was accepted and has no effect here.
    """

    image: Source
    size: str = "preview"
    type: str = "auto"
    type_level: str = "1"
    format: str = "auto"
    channels: str = "rgba"
    roi: tuple[Length, ...] | None = None
    crop: bool = False
    margin: tuple[Length, ...] = (Length(0),)
    scale: float | None = None
    position: tuple[float, float] | None = None
    shadow: bool = False
    shadow_opacity: float = 0.3
    semitransparency: bool = True
    colour: Rgba | None = None
    background: Source | None = None
    notes: tuple[str, ...] = field(default=())


def read_order(form: Form) -> Order:
    """Read a request.

    Raises:
        Problem: with remove.bg's own code where it has one: see docs/removebg-api.md.
    """
    _refuse_unknown(form)
    choice = _Chooser(form.texts)
    scale = _scale(choice.text("scale"))
    shadow = _shadow(choice)
    return Order(
        image=_image(form),
        size=choice.one("size"),
        type=choice.one("type"),
        type_level=choice.one("type_level"),
        format=choice.one("format"),
        channels=choice.one("channels"),
        roi=_roi(choice.text("roi")),
        crop=choice.switch("crop"),
        margin=_margin(choice.text("crop_margin")),
        scale=scale,
        position=_position(form.texts.get("position"), scaled=scale is not None),
        shadow=shadow,
        shadow_opacity=_opacity(choice.text("shadow_opacity")),
        semitransparency=choice.switch("semitransparency"),
        colour=_colour(form.texts.get("bg_color")),
        background=_background(form),
        notes=_notes(form, shadow=shadow),
    )


def _refuse_unknown(form: Form) -> None:
    texts = [f.name for f in FIELDS if not f.is_file]
    files = [f.name for f in FIELDS if f.is_file]
    for name in form.texts:
        if name in files:
            raise Problem(400, "invalid_file_type", f"{name} must be an upload (a part with a file name)")
        if name not in texts:
            raise Problem(400, "unknown_field", unknown_name("field", name[:40], texts))
    for name in form.files:
        if name not in files:
            raise Problem(400, "unknown_field", unknown_name("upload", name[:40], files))
    if form.raw:
        raise Problem(400, "missing_source", "send a form (multipart or urlencoded) or JSON")


class _Chooser:
    """Reads fields that have a list of values."""

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = texts

    def text(self, name: str) -> str:
        return self._texts.get(name, BY_NAME[name].default).strip()

    def one(self, name: str) -> str:
        given = self.text(name)
        known = {choice.lower(): choice for choice in BY_NAME[name].choices}
        if given.lower() not in known:
            raise wrong(name, given, "one of " + ", ".join(BY_NAME[name].choices))
        return known[given.lower()]

    def switch(self, name: str) -> bool:
        given = self.text(name).lower()
        if given in ("true", "1", "yes"):
            return True
        if given in ("false", "0", "no"):
            return False
        raise wrong(name, given, "true or false")


def wrong(name: str, given: str, wanted: str) -> Problem:
    """The problem of a field whose value is impossible."""
    return Problem(400, BY_NAME[name].code, f"{name} must be {wanted}, not {shown(given)}")


def _image(form: Form) -> Source:
    file, coded, url = form.file("image_file"), form.texts.get("image_file_b64"), form.texts.get("image_url")
    given = [source for source in (file, coded, url) if source is not None]
    if len(given) != 1:
        detail = f"give exactly one of {', '.join(SOURCES)}"
        raise Problem(400, "multiple_sources" if given else "missing_source", detail)
    if file is not None:
        return Source(file)
    return Source(_decoded(coded)) if coded is not None else Source(url=_address("image_url", url or ""))


def _decoded(coded: str) -> bytes:
    """Base64, also with line breaks, in the URL alphabet, or without its padding."""
    plain = (
        "".join(_DATA_PREFIX.sub("", coded, count=1).split()).translate(str.maketrans("-_", "+/")).rstrip("=")
    )
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "failed_to_read_image", "image_file_b64 is not base64") from error


def _address(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable or len(url) > 2048:
        raise Problem(400, BY_NAME[name].code, f"{name} must be an http or https address")
    return url


def _background(form: Form) -> Source | None:
    file, url = form.file("bg_image_file"), form.texts.get("bg_image_url")
    if sum(source is not None for source in (file, url, form.texts.get("bg_color"))) > 1:
        raise Problem(
            400, "multiple_bg_sources", "give at most one of bg_color, bg_image_file and bg_image_url"
        )
    if file is not None:
        return Source(file)
    return None if url is None else Source(url=_address("bg_image_url", url))


def _colour(text: str | None) -> Rgba | None:
    """Hex digits with or without '#', or a name."""
    from PIL import ImageColor

    if text is None:
        return None
    digits = _HEX.fullmatch(text.strip())
    try:
        if digits is None and not _NAME.fullmatch(text.strip()):
            raise ValueError(text)
        found = ImageColor.getcolor(f"#{digits[1]}" if digits else text.strip(), "RGBA")
    except ValueError:
        raise wrong("bg_color", text, "a hex colour of 3, 4, 6 or 8 digits or a colour name") from None
    assert isinstance(found, tuple) and len(found) == 4
    return found


def _lengths(name: str, text: str, counts: tuple[int, ...]) -> tuple[Length, ...]:
    try:
        return read_lengths(text, counts=counts)
    except OptionError as error:
        raise Problem(400, BY_NAME[name].code, f"{name}: {str(error)[:200]}") from error


def _roi(text: str) -> tuple[Length, ...] | None:
    if text == BY_NAME["roi"].default:
        return None
    lengths = _lengths("roi", text, (4,))
    if any(length.value < 0 or (length.unit == "%" and length.value > 100) for length in lengths):
        raise wrong("roi", text, "four lengths from 0 to 100% or to the picture's size")
    return lengths


def _margin(text: str) -> tuple[Length, ...]:
    lengths = _lengths("crop_margin", text, (1, 2, 4))
    if any(not 0 <= length.value <= _MAX_MARGIN[length.unit] for length in lengths):
        raise wrong("crop_margin", text, "at most 500px or 50%")
    return lengths


def _scale(text: str) -> float | None:
    if text == "original":
        return None
    length = _lengths("scale", text, (1,))[0]
    if length.unit != "%" or not 10 <= length.value <= 100:
        raise wrong("scale", text, "between 10% and 100%, or original")
    return length.value / 100


def _position(text: str | None, *, scaled: bool) -> tuple[float, float] | None:
    """(x, y). A scale alone means the centre."""
    if text is None:
        return _CENTRE if scaled else None
    if text.strip() in ("original", "center"):
        return _CENTRE if text.strip() == "center" else None
    lengths = _lengths("position", text, (1, 2))
    if any(length.unit != "%" or not 0 <= length.value <= 100 for length in lengths):
        raise wrong("position", text, "original, center, or one or two values from 0% to 100%")
    return lengths[0].value / 100, lengths[-1].value / 100


def _shadow(choice: _Chooser) -> bool:
    kind = choice.one("shadow_type")
    if kind in ("3D", "car"):
        raise Problem(
            400, "invalid_shadow_type", f"shadow_type {kind} is not drawn here: use drop, auto or none"
        )
    return kind != "none" or choice.switch("add_shadow")


def _opacity(text: str) -> float:
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise wrong("shadow_opacity", text, "a number from 0 to 100")
    return value / 100


def _notes(form: Form, *, shadow: bool) -> tuple[str, ...]:
    """What was accepted and changes nothing, so that nothing is ignored silently."""
    found = []
    if form.texts.get("type", "auto").lower() != "auto":
        found.append("type: one model serves all types")
    if "crop_margin" in form.texts and form.texts.get("crop", "false").lower() in ("false", "0", "no"):
        found.append("crop_margin: only has an effect with crop=true")
    if "shadow_opacity" in form.texts and not shadow:
        found.append("shadow_opacity: only has an effect with a shadow")
    if form.texts.get("channels") == "alpha" and {"bg_color", "bg_image_url"} & set(form.texts):
        found.append("bg_color, bg_image_url: the matte has no background")
    if form.texts.get("channels") == "alpha" and "bg_image_file" in form.files:
        found.append("bg_image_file: the matte has no background")
    return tuple(found)
