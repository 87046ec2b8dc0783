"""What has to be known about a model to feed it and to read its answer: kept inside the .onnx file itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Literal, get_args

from cutaway.errors import ModelError

METADATA_KEY = "cutaway"
"""Name of the ONNX metadata property that holds the spec as JSON."""

FitMode = Literal["area", "stretch"]
InputScale = Literal["unit", "image-max"]
Resample = Literal["area", "lanczos"]
OutputKind = Literal["alpha", "logits", "minmax", "trimap"]


@dataclass(frozen=True)
class ModelSpec:
    """How to feed one model, what comes out, and where it comes from.

    Attributes:
        name: what to call it in messages and tables.
        size: network resolution in pixels: the tensor has about size × size pixels ("area") or exactly that
            ("stretch").
        stride: height and width of the tensor are multiples of this.
        fit: "area" keeps the photo's aspect ratio; "stretch" squeezes it to a square.
        channels: 3 for RGB, 1 for grey input.
        mean, std: subtracted from and divided into the scaled input, per channel, in units of [0, 1].
        input_scale: "unit" divides by the type's maximum (255), "image-max" by the picture's own (a published recipe of
            some older models; ours never do).
        resample: how photos become small and mattes large: "area" averages and interpolates linearly, "lanczos" is
            Pillow's filter of that name (part of the same published recipes).
        output: "alpha" is already 0..1, "logits" wants a sigmoid, "minmax" is stretched to each picture's own
            minimum and maximum (again only where a published recipe says so); "trimap" is three channels, the shares
            of background, subject and border, and alpha is soft only where the border is the largest.
        haze: how close to 0 or 1 the answer of a network comes that has no doubt: alpha below `haze` becomes 0, above
            1 - `haze` 1, and what lies between is stretched. 0 leaves alpha as it is; below 0.5.
        output_stride: how many pixels of its input one of the answer stands for, before it is enlarged to the input's
            size: 2 for a network that decides at half its resolution. Tells where the photo knows more of an edge.
        zoom_size: the resolution of a second look at the subject alone (`Options.zoom`); 0 for that of the first.
        zoom_mirrored: that look is at the subject's mirror image: what two looks get wrong, they then get wrong in
            different ways. Only for networks that were taught with mirrored pictures.
        arch, licence, training_data: for the model card; free text.
        scores: metric name to value, as measured by whoever made the file.
    """

    name: str
    size: int = 320
    stride: int = 32
    fit: FitMode = "area"
    channels: int = 3
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    input_scale: InputScale = "unit"
    resample: Resample = "area"
    output: OutputKind = "alpha"
    haze: float = 0.0
    output_stride: int = 1
    zoom_size: int = 0
    zoom_mirrored: bool = False
    arch: str = ""
    licence: str = ""
    training_data: str = ""
    scores: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        def refuse(what: str) -> None:
            raise ModelError(f"model {self.name!r}: {what}")

        if not self.name:
            refuse("has no name")
        if not (1 <= self.stride <= 256) or not (self.stride <= self.size <= 8192):
            refuse(f"size {self.size} and stride {self.stride} do not fit together")
        if not 1 <= self.output_stride <= self.stride:
            refuse(f"output_stride {self.output_stride} must be from 1 to stride, {self.stride}")
        if self.zoom_size and not self.stride <= self.zoom_size <= 8192:
            refuse(f"zoom_size {self.zoom_size} and stride {self.stride} do not fit together")
        if self.fit not in get_args(FitMode):
            refuse(f"fit {self.fit!r} is not one of {', '.join(get_args(FitMode))}")
        if self.input_scale not in get_args(InputScale):
            refuse(f"input_scale {self.input_scale!r} is not one of {', '.join(get_args(InputScale))}")
        if self.resample not in get_args(Resample):
            refuse(f"resample {self.resample!r} is not one of {', '.join(get_args(Resample))}")
        if self.output not in get_args(OutputKind):
            refuse(f"output {self.output!r} is not one of {', '.join(get_args(OutputKind))}")
        if not 0 <= self.haze < 0.5:
            refuse(f"haze must be at least 0 and below 0.5, not {self.haze}")
        if self.channels not in (1, 3):
            refuse(f"channels must be 1 or 3, not {self.channels}")
        if len(self.mean) != self.channels or len(self.std) != self.channels or min(self.std) <= 0:
            refuse(f"mean and std must have {self.channels} entries, std above zero")

    @property
    def zoomed(self) -> ModelSpec:
        """How to feed the model when it looks at the subject alone."""
        return replace(self, size=self.zoom_size) if self.zoom_size else self

    def to_json(self) -> str:
        """The spec as one line of JSON, as it is stored in the model file."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ModelSpec:
        """Read what `to_json` wrote; unknown keys from newer versions are ignored.

        Raises:
            ModelError: the text is not a spec.
        """
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelError(f"the model's description is not JSON: {error}") from error
        if not isinstance(values, dict):
            raise ModelError("the model's description is not a JSON object")
        return cls.from_mapping(values)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> ModelSpec:
        """Make a spec from plain values (JSON, TOML).

        Raises:
            ModelError: a value is missing or has the wrong type.
        """
        known = {f.name for f in fields(cls)}
        kept = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
        try:
            return cls(**kept)  # type: ignore[arg-type]
        except (TypeError, ValueError) as error:
            if isinstance(error, ModelError):
                raise
            raise ModelError(f"the model's description cannot be used: {error}") from error
