"""`Options` as the fields of a form: made from its dataclass, so that a new option is a new field by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any, get_args, get_type_hints

from cutaway.errors import OptionError, unknown_name
from cutaway.options import Options
from cutaway.result import logo_in_memory
from cutaway.server.body import shown
from cutaway.server.problems import Problem

IMAGE, BACKGROUND, LOGO, MATTE, SCRIBBLES = "image", "background", "logo", "matte", "scribbles"
"""The upload fields: the photo, a picture behind it, one over it, its matte (`POST /compose`), strokes over it."""
VIDEO, VIDEO_FORMAT = "video", "video_format"
"""Of a batch (`POST /jobs`): the upload that takes the place of its photos, and what it becomes."""
VIDEO_FORMATS = ("mp4", "mov", "webm")

SETTLED = ("engine", "precision", "device", "threads")
"""Options that are settled when the server starts; a request may repeat them, not change them."""

_MATTE_MAKING = (
    "model", "zoom", "roi", "keep", "drop", SCRIBBLES, "refine", "matting",
    "fill_holes", "keep_largest", "solid", "invert", "threshold", "grow", "feather",
)  # fmt: skip

_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
_SAFE_BACKDROPS = ("none", "transparent", "original", "checker", "blur", "blur:")
MATTE_FIELDS = ("format", *_MATTE_MAKING)
"""What `POST /matte` takes besides the photo."""
_JSON = {bool: "boolean", int: "integer", float: "number", str: "string"}


def described() -> list[dict[str, Any]]:
    """Every option with its type, default, choices, limits and help, for `GET /options` and the page."""
    return [
        {
            "name": f.name,
            "type": _JSON[_kind(f)],
            "default": f.default,
            "choices": list(f.metadata["choices"] or ()) or None,
            "limits": _bounds(f) or None,
            "help": f.metadata["help"],
            "settled": f.name in SETTLED,
        }
        for f in fields(Options)
    ]


def compose_fields() -> tuple[str, ...]:
    """The options that say what is made of a matte, not how the matte is found: those of `POST /compose`."""
    return tuple(f.name for f in fields(Options) if f.name not in (*_MATTE_MAKING, *SETTLED))


def schema() -> dict[str, Any]:
    """The options as properties of a JSON schema (OpenAPI)."""
    return {f.name: _property(f) for f in fields(Options) if f.name not in SETTLED}


def _property(f: Field[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": _JSON[_kind(f)], "description": f.metadata["help"]}
    if f.metadata["choices"]:
        found["enum"] = list(f.metadata["choices"])
    if f.default is not None:
        found["default"] = f.default
    return found | _bounds(f)


def _bounds(f: Field[Any]) -> dict[str, float]:
    """The numbers that an option takes, in the words of JSON schema; nothing if it takes any or is no number."""
    limits = f.metadata["limits"]
    if limits is None:
        return {}
    return {"exclusiveMinimum" if limits.above else "minimum": limits.least, "maximum": limits.most}


def _kind(f: Field[Any]) -> type:
    """The type a text has to be read as: the first plain one of a hint, `str` for a choice."""
    hint = get_type_hints(Options)[f.name]
    return next((kind for kind in get_args(hint) or (hint,) if kind in _JSON), str)


def read_options(
    texts: Mapping[str, str],
    *,
    picture: bool,
    logo: bool = False,
    uploads: tuple[str, ...] = (IMAGE, BACKGROUND, LOGO, SCRIBBLES),
) -> Options:
    """The options that a form asks for.

    Args:
        texts: names and values. `background` may be no path: a picture comes as an upload. `logo` says place and
            width of an uploaded one.
        picture: whether a background picture was uploaded.
        logo: whether a logo was uploaded.
        uploads: upload fields, for the message about an unknown name.

    Returns:
        The options without what was uploaded, and without a `canvas` that goes with the background picture.

    Raises:
        Problem: a name is unknown or cannot be changed here, or a value cannot be read.
        OptionError: a value is out of range or two contradict each other.
    """
    known = {f.name: f for f in fields(Options)}
    for name in texts:
        if name not in known:
            hint = unknown_name("field", name[:40], [*uploads, *known])
            raise Problem(400, "unknown_field", hint)
    values = {name: read_value(known[name], text) for name, text in texts.items() if name != "model"}
    _refuse_settled(values)
    said = values.pop(LOGO, None)
    if said is not None and not logo:
        raise Problem(400, "invalid_option", "logo names a file: upload the picture itself by that name")
    if SCRIBBLES in values:
        raise Problem(400, "invalid_option", "scribbles names a file: upload the picture itself by that name")
    if "background" in values:
        refuse_paths(values["background"])
    if picture:
        _leave_out_picture(values)
    options = Options.from_mapping(values)
    if logo:
        logo_in_memory(options, said or "")
    return options


def _leave_out_picture(values: dict[str, Any]) -> None:
    """Check what goes with a background picture, and take away what `Options` cannot know without it."""
    if values.get("background", "none") not in ("none", "transparent"):
        raise OptionError("background is given twice: as text and as a picture")
    if values.get("canvas") == "background":  # goes with the picture, which Options does not know
        del values["canvas"]
    Options.from_mapping(values | {"background": "white"})  # says what contradicts a background


def read_value(f: Field[Any], text: str) -> Any:
    """One value of a form, as the type that the option has.

    Raises:
        Problem: it is no such value.
    """
    kind = _kind(f)
    try:
        if kind is bool:
            return _read_switch(text)
        return kind(text)
    except ValueError:
        wanted = "true or false" if kind is bool else f"a {_JSON[kind]}"
        raise Problem(400, "invalid_option", f"{f.name} must be {wanted}, not {shown(text)}") from None


def _read_switch(text: str) -> bool:
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError(text)


def _refuse_settled(values: Mapping[str, Any]) -> None:
    for f in fields(Options):
        if f.name in SETTLED and values.get(f.name, f.default) != f.default:
            raise Problem(400, "invalid_option", f"{f.name} is settled when the server starts: leave it out")


def refuse_paths(background: str) -> None:
    """Refuse a background that is not plainly a colour or a blur, before anything looks whether it is a file.

    Raises:
        Problem: it might be a path.
    """
    from PIL import ImageColor

    if background.startswith(("blur:", "gradient:")) or background in _SAFE_BACKDROPS:
        return
    try:
        if len(background) <= 100:
            ImageColor.getrgb(background)
            return
    except ValueError:
        pass
    kinds = "'none', 'blur', 'blur:PX' nor a CSS colour"
    detail = f"background {shown(background)} is neither {kinds}; upload a picture as a file"
    raise Problem(400, "invalid_option", detail)
