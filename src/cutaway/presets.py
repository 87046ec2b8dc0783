"""Presets: how shops and offices want a picture framed, from the table `presets.toml`, read when one is asked for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cutaway.types import Size

if TYPE_CHECKING:
    from cutaway.options import Options

TABLE = Path(__file__).with_name("presets.toml")


@dataclass(frozen=True)
class Preset:
    """One entry of the table, which says what each field means.

    Attributes:
        settings: values for `Options` where the user says nothing else.
        rules: what is asked for, in words.
        source, read, standing: where that was read, when, and whether those who make the rules said it.
        must: settings that are rules.
        without: options that must not be used.
        longer_px, shorter_px: the least size of the result that the photo itself can fill.
        warn: what is said with every result.
    """

    settings: Mapping[str, str | float]
    rules: str
    source: str
    read: date
    standing: Literal["first-hand", "second-hand"]
    must: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    longer_px: int = 0
    shorter_px: int = 0
    warn: tuple[str, ...] = ()


@cache
def presets() -> dict[str, Preset]:
    """All of them by name."""
    with TABLE.open("rb") as file:
        table = tomllib.load(file)
    return {name: Preset(**_fields(entry)) for name, entry in table.items()}


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


_RIVALS = {"fill": "margin", "margin": "fill"}
"""Settings of which one given by the user leaves no room for the preset's other one."""


def taken_from(
    name: str, said: Mapping[str, object], defaults: Mapping[str, object]
) -> dict[str, str | float]:
    """What a preset chooses of the settings that the user left at their defaults.

    Args:
        name: of the preset.
        said: all of the options' values by name.
        defaults: what they are where nobody says anything.
    """
    free = {key for key, value in said.items() if value == defaults[key]}
    return {
        key: value
        for key, value in presets()[name].settings.items()
        if key in free and _RIVALS.get(key, key) in free
    }


def remarks(options: Options, size: Size, *, scale: float) -> tuple[str, ...]:
    """What the rules behind the options' preset say against a result.

    Args:
        options: with a preset.
        size: (height, width) of the result.
        scale: by how much the photo was resized for it.
    """
    assert options.preset is not None
    preset, name = presets()[options.preset], options.preset
    said = []
    for side, wanted, px in (
        ("longer", preset.longer_px, max(size)),
        ("shorter", preset.shorter_px, min(size)),
    ):
        own = round(px / max(1.0, scale))
        if own < wanted:
            said.append(
                f"{name} asks for at least {wanted} px on the {side} side, and the photo has only {own} px to fill it: "
                "use a larger photo"
            )
    for key in preset.must:
        if getattr(options, key) != preset.settings[key]:
            said.append(f"{name} asks for {key} {preset.settings[key]!r}, not {getattr(options, key)!r}")
    said += [
        f"{name} does not allow an added {key}"
        for key in preset.without
        if getattr(options, key) not in (None, "none")
    ]
    return (*said, *(f"{name}: {text}" for text in preset.warn))
