"""Every field of remove.bg's API v1.0: the code reads it, and so do the OpenAPI document and the documentation."""

from __future__ import annotations

from dataclasses import dataclass

MEGAPIXELS: dict[str, float] = {
    "preview": 0.25, "small": 0.25, "regular": 0.25, "medium": 1.5, "hd": 4,
    "full": 25, "4k": 25, "50MP": 50, "auto": 50,
}  # fmt: skip
"""`size`: the largest result in megapixels; `small` and `regular` are old names of `preview`, `4k` of `full`."""

PNG_MEGAPIXELS = 10.0
"""A png is never larger; zip, jpg and webp may be."""

TYPES = ("auto", "person", "product", "car", "animal", "graphic", "transportation")
TYPE_LEVELS = ("none", "1", "2", "latest")
FORMATS = ("auto", "png", "jpg", "webp", "zip")
CHANNELS = ("rgba", "alpha")
SOURCES = ("image_file", "image_file_b64", "image_url")
"""Of which a request gives exactly one."""
SHADOWS = ("none", "auto", "drop", "3D", "car")


@dataclass(frozen=True)
class Field:
    """One field of a request.

    Attributes:
        name: of the field.
        help: what it means.
        default: what it is when not given, as text.
        choices: all values there are, if they can be listed.
        code: of the error when the value is impossible; empty if there is none.
        is_file: whether it is an upload.
    """

    name: str
    help: str
    default: str = ""
    choices: tuple[str, ...] = ()
    code: str = ""
    is_file: bool = False


FIELDS: tuple[Field, ...] = (
    Field("image_file", "The photo, as an upload.", is_file=True),
    Field(
        "image_file_b64", "The photo in base64, with or without a data: prefix.", code="failed_to_read_image"
    ),
    Field(
        "image_url",
        "Address of the photo; only where the server was started to fetch.",
        code="invalid_image_url",
    ),
    Field("size", "Largest size of the result.", "preview", tuple(MEGAPIXELS), "invalid_size"),
    Field("type", "What the subject is; one model serves all of them.", "auto", TYPES, "invalid_type"),
    Field("type_level", "How finely X-Type names the subject.", "1", TYPE_LEVELS, "invalid_type_level"),
    Field(
        "format", "File format; auto is png where transparent, else jpg.", "auto", FORMATS, "invalid_format"
    ),
    Field("roi", "Where the subject is: 'x1 y1 x2 y2' in px or %.", "0% 0% 100% 100%", code="invalid_roi"),
    Field("crop", "Cut off what is empty.", "false", ("true", "false"), "invalid_crop"),
    Field(
        "crop_margin",
        "Room around a crop: 1, 2 or 4 values in px or %, as in CSS.",
        "0",
        code="invalid_crop_margin",
    ),
    Field(
        "scale",
        "Size of the subject in the picture, 10% to 100%, or original.",
        "original",
        code="invalid_scale",
    ),
    Field("position", "original, center, or one or two values in %.", "original", code="invalid_position"),
    Field("channels", "rgba, or alpha for the matte alone.", "rgba", CHANNELS, "invalid_channels"),
    Field("shadow_type", "Shadow to draw.", "none", SHADOWS, "invalid_shadow_type"),
    Field("shadow_opacity", "Strength of the shadow, 0 to 100.", "30", code="invalid_shadow_opacity"),
    Field("add_shadow", "Old name of shadow_type=auto.", "false", ("true", "false"), "invalid_shadow_type"),
    Field(
        "semitransparency", "Keep see-through parts.", "true", ("true", "false"), "invalid_semitransparency"
    ),
    Field("bg_color", "Background: hex of 3, 4, 6 or 8 digits, or a colour name.", code="invalid_bg_color"),
    Field("bg_image_url", "Address of a background picture.", code="invalid_bg_image_url"),
    Field("bg_image_file", "A background picture, as an upload.", is_file=True),
)

BY_NAME = {field.name: field for field in FIELDS}
