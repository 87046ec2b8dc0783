"""The one list of user settings. Command-line flags, the HTTP form and the web page are all made from `Options`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

from cutaway.backdrops import parse_backdrop
from cutaway.errors import OptionError, unknown_name
from cutaway.formats import check_coding
from cutaway.hints import Guidance, read_points, read_roi
from cutaway.lengths import read_position
from cutaway.looks import (
    Dress,
    Framing,
    read_canvas,
    read_logo,
    read_margin,
    read_outline,
    read_shadow,
)
from cutaway.option_fields import Limits, option
from cutaway.types import Align, Backdrop, Canvas, Fit

OutputFormat: TypeAlias = Literal["png", "webp", "jpg", "tiff", "avif", "gif", "zip", "ora"]
DeviceName: TypeAlias = Literal["auto", "cpu", "cuda", "tensorrt", "rocm", "coreml", "directml"]
EngineName: TypeAlias = Literal["auto", "onnxruntime", "openvino"]
Precision: TypeAlias = Literal["f32", "bf16"]
Zoom: TypeAlias = Literal["auto", "off"]
Matting: TypeAlias = Literal["none", "closed-form"]
Effect: TypeAlias = Literal["none", "blur-subject", "pixelate-subject", "grey-background"]
PresetName: TypeAlias = Literal["amazon", "google", "etsy", "shopify", "square", "passport"]
Show: TypeAlias = Literal["result", "strip"]

FORMATS: tuple[str, ...] = get_args(OutputFormat)
DEVICES: tuple[str, ...] = get_args(DeviceName)
ENGINES: tuple[str, ...] = get_args(EngineName)
PRECISIONS: tuple[str, ...] = get_args(Precision)
SETTLED = ("model", "engine", "precision", "device", "threads")
"""Options that a `Remover` is opened with: they cannot differ from photo to photo."""

CHROMA = "chroma"
"""The model that is none: a screen's colour is taken away."""


@dataclass(frozen=True)
class Options:
    """Everything a user can say about the picture to be made; the same values mean the same bytes everywhere.

    Raises:
        OptionError: a value is out of range or two of them contradict each other.
    """

    model: str = option(
        "default",
        "Model to use: a name (see 'cutaway models') or a .onnx file; 'chroma' or 'chroma:COLOUR' keys out a green or "
        "blue screen without a network.",
        metavar="NAME|PATH|chroma",
    )
    background: str = option(
        "none",
        "What to put behind the subject: 'none', 'transparent' (the same, also against a preset), a CSS colour, "
        "a picture file, 'blur' or 'blur:PX', 'gradient:COLOR,COLOR[,ANGLE]', 'checker' or 'original'.",
        metavar="none|COLOR|PICTURE|blur[:PX]|...",
    )
    fit: Fit = option("cover", "How a background picture fills the photo's frame.", choices=get_args(Fit))
    position: str | None = option(
        None,
        "Where a background picture lies in the photo's frame, as CSS says it: 'top', 'right center', '30% 100%', "
        "'20px 0'. The middle if not given, the top left corner for --fit tile.",
        metavar="X Y",
    )
    canvas: str = option(
        "photo",
        "Size of the result: that of the photo or of the background picture, pixels such as 1200x1200, or a ratio such "
        "as 4:5.",
        metavar="photo|background|WxH|W:H",
    )
    crop: bool = option(False, "Cut the result to the subject.")
    margin: str | None = option(
        None,
        "Room around the subject: 1, 2 or 4 lengths in px or per cent of the subject, as in CSS; 'auto' is what shadow "
        "and outline need.",
        metavar="LENGTHS|auto",
    )
    fill: float | None = option(
        None,
        "How many per cent of the canvas the subject takes up, in the tighter direction.",
        metavar="PER CENT",
        limits=Limits(1, 100, "per cent"),
    )
    align: Align | None = option(None, "Where on the canvas the subject lies.", choices=get_args(Align))
    shadow: str = option(
        "none",
        "A shadow behind the subject ('drop') or on the ground ('contact'), perhaps with settings: "
        "drop:opacity=50,angle=135,distance=3%,softness=12px.",
        metavar="none|drop|contact[:...]",
    )
    outline: str | None = option(
        None, "A line around the subject, as a sticker has: 12,white or 2%,#ffcc00.", metavar="WIDTH,COLOUR"
    )
    logo: str | None = option(
        None,
        "A picture laid over the result: its file, one of the nine places of --align, its width in per cent.",
        metavar="PICTURE,PLACE,SCALE",
    )
    preset: PresetName | None = option(
        None,
        "Frame the subject as a shop or an office asks for it; whatever else you say comes before it.",
        choices=get_args(PresetName),
    )
    feather: float = option(
        0.0,
        "Soften the edge of the matte by this many pixels of the photo; 0 is off.",
        metavar="PX",
        limits=Limits(0, 500, "pixels", least_means="off"),
    )
    effect: Effect = option(
        "none", "Keep the photo and hide the subject, or grey the rest.", choices=get_args(Effect)
    )
    mask_only: bool = option(False, "Write the matte itself (white subject on black) instead of a cut-out.")
    show: Show = option(
        "result", "What to write: the result, or photo, matte and result in a row.", choices=get_args(Show)
    )
    format: OutputFormat | None = option(
        None,
        "File format of the result; png unless -o says otherwise. zip is color.jpg and alpha.png, ora has layers.",
        choices=FORMATS,
    )
    quality: int | None = option(
        None,
        "How good lossy pictures are, 1 to 100; unless given 90 for webp (100 is lossless), 92 for jpg, 80 for avif.",
        metavar="N",
        limits=Limits(1, 100),
    )
    png_level: int | None = option(
        None,
        "How hard PNGs are compressed: 0 not at all, 1 quickly (as if not given), 9 smallest.",
        metavar="0-9",
        limits=Limits(0, 9, least_means="not compressed"),
    )
    strip: bool = option(
        False, "Leave out EXIF and XMP: camera, time, place, names. The colour profile stays."
    )
    zoom: Zoom = option(
        "auto", "Look at a small subject a second time, closer: finer, and slower.", choices=get_args(Zoom)
    )
    roi: str | None = option(
        None,
        "Look only at this part of the photo; all else is background. Pixels or per cent of the photo.",
        metavar="X,Y,W,H",
    )
    keep: str = option(
        "",
        "Keep only the parts of the subject that these points lie in. Pixels or per cent; may be repeated.",
        metavar="X,Y",
        repeated=True,
    )
    drop: str = option(
        "",
        "Take away the parts of the subject that these points lie in. Pixels or per cent; may be repeated.",
        metavar="X,Y",
        repeated=True,
    )
    scribbles: str | None = option(
        None,
        "A picture of brush strokes over the photo: white or green is subject, black or red is background, grey and "
        "transparent say nothing.",
        metavar="PICTURE",
    )
    refine: bool = option(True, "Draw the matte's edge where the photo's own pixels say it is.")
    matting: Matting = option(
        "none",
        "Find the uncertain edge anew from the photo's colours, for hair and fur; takes seconds.",
        choices=get_args(Matting),
    )
    foreground: bool = option(
        True,
        "Estimate the subject's own colour along the edge, so that nothing of the old background shines through.",
    )
    fill_holes: bool = option(False, "Make holes inside the subject part of it.")
    keep_largest: bool = option(False, "Keep only the largest part of the subject.")
    solid: bool = option(False, "Make see-through regions wholly subject or wholly background.")
    invert: bool = option(False, "Keep the background instead of the subject.")
    threshold: float | None = option(
        None,
        "Give the matte a hard edge: subject is what has at least this alpha, 0 to 1.",
        metavar="ALPHA",
        limits=Limits(0, 1, above=True),
    )
    grow: float = option(
        0.0,
        "Move the edge outwards by this many pixels of the photo; below 0 inwards.",
        metavar="PX",
        limits=Limits(-100, 100, "pixels"),
    )
    engine: EngineName = option("auto", "What runs the network.", choices=ENGINES)
    precision: Precision = option(
        "f32",
        "What the network calculates in; bf16 is quicker and coarser, by OpenVINO only.",
        choices=PRECISIONS,
    )
    device: DeviceName = option(
        "auto", "Where the network runs; an explicit device that cannot be used is an error.", choices=DEVICES
    )
    threads: int = option(
        0,
        "Processor threads for the network; 0 lets the engine choose.",
        metavar="N",
        limits=Limits(0, 1024, least_means="automatic"),
    )

    def __post_init__(self) -> None:
        for f in fields(self):
            _check_type(f.name, getattr(self, f.name))
            check_choice(f.name, getattr(self, f.name))
        if self.preset is not None:
            self._take_preset(self.preset)
        for f in fields(self):
            value, limits = getattr(self, f.name), f.metadata["limits"]
            if limits is not None and value is not None:
                limits.check(f.name, value)
        if not self.model:
            raise OptionError("model must not be empty: give a name or the path of a .onnx file")
        assert self.guidance is not None  # reading it checks it
        check_coding(self.format, quality=self.quality, png_level=self.png_level)
        self._refuse_missing_files()
        self._refuse_other_engines()
        self._refuse_contradictions(self.backdrop.kind)

    def _take_preset(self, name: str) -> None:
        from cutaway.presets import taken_from

        said = {f.name: getattr(self, f.name) for f in fields(self)}
        for setting, value in taken_from(name, said, {f.name: f.default for f in fields(self)}).items():
            object.__setattr__(self, setting, value)  # once, before anybody has seen the options

    def _refuse_missing_files(self) -> None:
        logo = self.dress.logo  # reading it also checks it
        named = {"logo": logo.picture if logo else None, "scribbles": self.scribbles}
        for name, path in named.items():
            if path is not None and not os.path.exists(path):  # noqa: PTH110 - a string may hold anything
                raise OptionError(f"{name} {path!r}: no such file")

    def _refuse_contradictions(self, behind: str) -> None:
        is_plain = self.framing.is_plain  # reading the framing also checks it
        if self.mask_only and behind != "none":
            raise OptionError("mask_only writes the matte, which has no background: leave out one of the two")
        if self.mask_only and self.effect != "none":
            raise OptionError("mask_only writes the matte, which has no effect: leave out one of the two")
        if self.mask_only and not self.dress.is_plain:
            raise OptionError(
                "mask_only writes the matte, which has no shadow, outline or logo: leave out one of the two"
            )
        if self.mask_only and self.show == "strip":
            raise OptionError("a strip shows the matte beside the result: leave out mask_only, or show")
        if self.format in ("zip", "ora") and (
            self.mask_only or self.effect != "none" or self.show == "strip"
        ):
            raise OptionError(
                f"format {self.format!r} keeps subject and background apart: leave out mask_only, effect and show, "
                "or choose another format"
            )
        if self.effect != "none" and behind != "none":
            raise OptionError(
                f"effect {self.effect!r} keeps the photo's own background: leave out effect, or background"
            )
        if self.canvas == "background" and self.position is not None:
            raise OptionError(
                "canvas 'background' takes the whole picture, so that there is nothing for position to move: leave out "
                "one of the two"
            )
        if self.canvas == "background" and behind != "picture":
            raise OptionError(
                "canvas 'background' takes its size from a background picture, "
                f"but background is {self.background!r}: give a picture file"
            )
        if self.effect != "none" and not (is_plain and self.dress.only_logo):
            raise OptionError(
                f"effect {self.effect!r} keeps the photo as it is: leave out effect, or framing, shadow and outline"
            )

    def _refuse_other_engines(self) -> None:
        if self.device not in ("auto", "cpu") and (self.engine == "openvino" or self.precision != "f32"):
            raise OptionError(
                f"device {self.device!r} is ONNX Runtime's, in f32: leave out device, or engine and precision"
            )
        if self.precision != "f32" and self.engine == "onnxruntime":
            raise OptionError(
                f"precision {self.precision!r} is OpenVINO's: leave out precision, or say engine 'openvino'"
            )

    @cached_property
    def backdrop(self) -> Backdrop:
        """`background`, `fit`, `position` and `canvas`, parsed."""
        position = None if self.position is None else read_position(self.position)
        canvas: Canvas = "background" if self.canvas == "background" else "photo"
        return replace(parse_backdrop(self.background), fit=self.fit, position=position, canvas=canvas)

    @cached_property
    def framing(self) -> Framing:
        """`crop`, `margin`, `canvas`, `fill` and `align`, parsed."""
        return Framing(
            crop=self.crop,
            margins=None if self.margin is None else read_margin(self.margin),
            canvas=read_canvas(self.canvas),
            fill=None if self.fill is None else self.fill / 100,
            align=self.align,
        )

    @cached_property
    def guidance(self) -> Guidance:
        """`roi`, `keep` and `drop`, parsed."""
        return Guidance(
            roi=None if self.roi is None else read_roi(self.roi),
            keep=read_points("keep", self.keep),
            drop=read_points("drop", self.drop),
        )

    @property
    def is_keyed(self) -> bool:
        """Whether a screen's colour is taken away, without a network."""
        return self.model.partition(":")[0] == CHROMA

    @property
    def has_guidance(self) -> bool:
        """Whether a person said anything about where the subject is."""
        return bool(self.roi or self.keep or self.drop or self.scribbles)

    @cached_property
    def dress(self) -> Dress:
        """`shadow`, `outline` and `logo`, parsed."""
        return Dress(
            shadow=read_shadow(self.shadow),
            outline=None if self.outline is None else read_outline(self.outline),
            logo=None if self.logo is None else read_logo(self.logo),
        )

    @property
    def is_cutout(self) -> bool:
        """Whether the result is the bare cut-out: no background, effect, matte or strip."""
        return (
            self.backdrop.kind == "none"
            and self.effect == "none"
            and self.show == "result"
            and not self.mask_only
        )

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
    "model": str, "background": str, "fit": str, "position": (str, type(None)), "canvas": str,
    "crop": bool, "margin": (str, type(None)), "fill": (float, int, type(None)), "align": (str, type(None)),
    "shadow": str, "outline": (str, type(None)), "logo": (str, type(None)), "preset": (str, type(None)),
    "feather": (float, int), "effect": str, "mask_only": bool, "show": str, "format": (str, type(None)),
    "quality": (int, type(None)), "png_level": (int, type(None)), "strip": bool, "zoom": str,
    "roi": (str, type(None)), "keep": str, "drop": str, "scribbles": (str, type(None)),
    "refine": bool, "matting": str, "foreground": bool,
    "fill_holes": bool, "keep_largest": bool, "solid": bool, "invert": bool,
    "threshold": (float, int, type(None)), "grow": (float, int), "engine": str, "precision": str,
    "device": str, "threads": int,
}  # fmt: skip


def _check_type(name: str, value: object) -> None:
    wanted = _TYPES[name]
    if not isinstance(value, wanted) or (wanted is not bool and isinstance(value, bool)):
        raise OptionError(f"option {name!r} cannot be {value!r} ({type(value).__name__})")


def check_choice(name: str, value: object) -> None:
    """Refuse a value that is not among an option's choices; an option without choices takes any.

    Raises:
        OptionError: the value is not one of them; the message lists them.
    """
    choices = _CHOICES.get(name)
    if choices and value is not None and value not in choices:
        raise OptionError(f"{name} {value!r} is not one of {', '.join(choices)}")


_CHOICES: dict[str, tuple[str, ...]] = {
    f.name: f.metadata["choices"] for f in fields(Options) if f.metadata["choices"]
}
