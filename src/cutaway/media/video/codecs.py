"""Which codecs there are, which container holds which, and what quality and speed mean to each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from cutaway.errors import OptionError
from cutaway.media.files import AnyPath

CodecName: TypeAlias = Literal["h264", "hevc", "av1", "vp9", "prores"]
EncoderPreset: TypeAlias = Literal["fastest", "fast", "medium", "slow"]
CODECS: tuple[str, ...] = get_args(CodecName)
PRESETS: tuple[str, ...] = get_args(EncoderPreset)

CONTAINERS: dict[str, tuple[CodecName, ...]] = {
    ".mp4": ("h264", "hevc", "av1"),
    ".mkv": ("h264", "hevc", "av1", "vp9"),
    ".mov": ("h264", "hevc", "prores"),
    ".webm": ("vp9", "av1"),
}
"""Suffix to the codecs it may hold; the first one that can hold the picture is the default."""
MUXERS = {".mp4": "mp4", ".mkv": "matroska", ".mov": "mov", ".webm": "webm"}
"""Suffix to FFmpeg's name of the format."""

DEFAULT_QUALITY = 75
LOSSLESS = "lossless"


@dataclass(frozen=True)
class Codec:
    """How one codec is driven.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        pix_fmt: format of opaque pictures.
        alpha_fmt: format of transparent pictures; "" if it has no alpha.
        even: whether both sides must be even, because colour has half the resolution and nothing can be cropped.
        best, worst: constant-rate factors at quality 100 and 0; linear between. None: quality changes nothing.
        lossless: options instead of the constant-rate factor; None if it cannot.
        options: always set.
        presets: options of each preset.
    """

    encoder: str
    pix_fmt: str
    alpha_fmt: str = ""
    even: bool = False
    best: float | None = None
    worst: float = 0.0
    lossless: Mapping[str, str] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    presets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _named(key: str, *values: str) -> dict[str, dict[str, str]]:
    return {preset: {key: value} for preset, value in zip(PRESETS, values, strict=True)}


_X265_QUIET = "log-level=none"
TABLE: dict[str, Codec] = {
    "h264": Codec(
        "libx264", "yuv420p", even=True, best=12, worst=40, lossless={"qp": "0"},
        presets=_named("preset", "ultrafast", "veryfast", "medium", "slow"),
    ),
    "hevc": Codec(
        "libx265", "yuv420p", even=True, best=14, worst=42, lossless={"x265-params": f"lossless=1:{_X265_QUIET}"},
        options={"x265-params": _X265_QUIET}, presets=_named("preset", "ultrafast", "veryfast", "fast", "medium"),
    ),
    "av1": Codec("libsvtav1", "yuv420p", best=20, worst=60, presets=_named("preset", "12", "10", "8", "5")),
    "vp9": Codec(
        "libvpx-vp9", "yuv420p", "yuva420p", best=10, worst=60, lossless={"lossless": "1"},
        options={"deadline": "good", "row-mt": "1", "auto-alt-ref": "0"},
        presets=_named("cpu-used", "8", "5", "3", "1"),
    ),
    "prores": Codec(
        "prores_ks", "yuv444p10le", "yuva444p10le", lossless={},
        options={"profile": "4444", "vendor": "apl0", "alpha_bits": "16"},
    ),
}  # fmt: skip
"""Every codec. ProRes 4444 keeps alpha exactly and colour to 10 bits, so "lossless" changes nothing there."""


def suffix_of(path: AnyPath) -> str:
    """The lower-case suffix of a video container; "" if it is none of ours."""
    suffix = Path(path).suffix.lower()
    return suffix if suffix in CONTAINERS else ""


def choose_codec(path: AnyPath, codec: str | None, *, transparent: bool) -> str:
    """The codec for a result: the one asked for if the container holds it, else the container's default.

    Args:
        path: its suffix names the container.
        codec: one of `CODECS`, or None to choose.
        transparent: whether the picture has an alpha.

    Raises:
        OptionError: the container cannot hold that codec, or no picture with alpha; the message names those that can.
    """
    suffix = suffix_of(path)
    held = CONTAINERS.get(suffix)
    if held is None:
        raise OptionError(f"{Path(path).name!r}: a video's suffix is one of {', '.join(CONTAINERS)}")
    if codec is not None and codec not in held:
        can = ", ".join(s for s, codecs in CONTAINERS.items() if codec in codecs)
        raise OptionError(
            f"{suffix} cannot hold {codec}; {can} can" if can else f"there is no codec {codec!r}"
        )
    fitting = [name for name in held if not transparent or TABLE[name].alpha_fmt]
    if codec is not None and codec not in fitting:
        raise OptionError(
            f"{codec} has no transparency: choose --codec vp9 or prores, or give a --background"
        )
    if not fitting:
        raise OptionError(
            f"{suffix} cannot be transparent: choose {transparent_suffixes()}, or give a --background or --mask-only"
        )
    return codec or fitting[0]


def transparent_suffixes() -> str:
    """The containers that can be transparent, for messages."""
    can = [s for s, codecs in CONTAINERS.items() if any(TABLE[name].alpha_fmt for name in codecs)]
    return ", ".join([*can, ".gif, .webp, .apng or a folder/ of PNGs"])


def encoder_options(codec: str, quality: str | int, preset: str) -> dict[str, str]:
    """What the encoder is told.

    Args:
        codec: one of `CODECS`.
        quality: 0 (small) to 100 (fine), or "lossless".
        preset: one of `PRESETS`.

    Raises:
        OptionError: the quality is none of these, or the codec cannot be lossless here.
    """
    entry = TABLE[codec]
    options = {**entry.options, **entry.presets.get(preset, {})}
    if quality == LOSSLESS:
        if entry.lossless is None:
            raise OptionError(f"{codec} cannot be lossless here: choose --codec h264, hevc, vp9 or prores")
        return {**options, **entry.lossless}
    if entry.best is not None:
        factor = entry.worst + (entry.best - entry.worst) * parse_quality(quality) / 100
        options["crf"] = f"{factor:g}" if codec in ("h264", "hevc") else str(round(factor))
    return options


def parse_quality(quality: str | int) -> int:
    """0..100 from a number or its text.

    Raises:
        OptionError: it is neither that nor "lossless".
    """
    try:
        number = int(quality)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise OptionError(f"video-quality must be 0 to 100 or {LOSSLESS!r}, not {quality!r}")
    return number
