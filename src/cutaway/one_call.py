"""One photo in one call: `remove` and `change_background`, which keep the opened model for the next call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from cutaway.kept import Kept
from cutaway.looks import read_canvas
from cutaway.making import read_photo
from cutaway.options import (
    SETTLED,
    DeviceName,
    Effect,
    EngineName,
    Matting,
    Options,
    OutputFormat,
    Precision,
    PresetName,
    Show,
    Zoom,
)
from cutaway.remover import Remover, Result
from cutaway.types import Align, Fit

if TYPE_CHECKING:
    from cutaway.making import Photo


def remove(
    photo: Photo,
    *,
    model: str = "default",
    background: str = "none",
    fit: Fit = "cover",
    position: str | None = None,
    canvas: str = "photo",
    crop: bool = False,
    margin: str | None = None,
    fill: float | None = None,
    align: Align | None = None,
    shadow: str = "none",
    outline: str | None = None,
    logo: str | None = None,
    preset: PresetName | None = None,
    feather: float = 0.0,
    effect: Effect = "none",
    mask_only: bool = False,
    show: Show = "result",
    format: OutputFormat | None = None,
    quality: int | None = None,
    png_level: int | None = None,
    strip: bool = False,
    zoom: Zoom = "auto",
    roi: str | None = None,
    keep: str = "",
    drop: str = "",
    scribbles: str | None = None,
    refine: bool = True,
    matting: Matting = "none",
    foreground: bool = True,
    fill_holes: bool = False,
    keep_largest: bool = False,
    solid: bool = False,
    invert: bool = False,
    threshold: float | None = None,
    grow: float = 0.0,
    engine: EngineName = "auto",
    precision: Precision = "f32",
    device: DeviceName = "auto",
    threads: int = 0,
) -> Result:
    """Remove the background of one photo.

    The model stays open between calls, so a loop over photos is as quick as a `Remover`.

    Args:
        photo: a path, bytes, a binary file, a Pillow image or a uint8 or uint16 array.
        model, background, fit, position, canvas, crop, margin, fill, align, shadow, outline, logo, preset, feather,
            effect, mask_only, show, format, quality, png_level, strip, zoom, refine, matting, foreground, fill_holes,
            keep_largest, solid, invert, threshold, grow, engine, precision, device, threads: see
            `cutaway.Options`.

    Raises:
        OptionError: an option has an impossible value, or two contradict each other.
        ImageError: the photo cannot be read.
        ModelError, DeviceError: the model cannot be opened or run.
    """
    options = Options(
        model=model,
        background=background,
        fit=fit,
        position=position,
        canvas=canvas,
        crop=crop,
        margin=margin,
        fill=fill,
        align=align,
        shadow=shadow,
        outline=outline,
        logo=logo,
        preset=preset,
        feather=feather,
        effect=effect,
        mask_only=mask_only,
        show=show,
        format=format,
        quality=quality,
        png_level=png_level,
        strip=strip,
        zoom=zoom,
        roi=roi,
        keep=keep,
        drop=drop,
        scribbles=scribbles,
        refine=refine,
        matting=matting,
        foreground=foreground,
        fill_holes=fill_holes,
        keep_largest=keep_largest,
        solid=solid,
        invert=invert,
        threshold=threshold,
        grow=grow,
        engine=engine,
        precision=precision,
        device=device,
        threads=threads,
    )
    opened = {name: getattr(options, name) for name in SETTLED}
    key = (_changed(model), *opened.values())
    remover = _removers.get(key, lambda: Remover(options=Options(**opened)))
    return remover.remove(photo, options=options)


def change_background(
    photo: Photo,
    background: str | Photo,
    *,
    feather_px: float = 0.0,
    fit: Fit = "cover",
    position: str | None = None,
    canvas: str = "photo",
    model: str = "default",
    format: OutputFormat | None = None,
    zoom: Zoom = "auto",
    device: DeviceName = "auto",
    threads: int = 0,
) -> Result:
    """Put the subject of one photo before another background.

    Args:
        photo: as in `remove`.
        background: what the `background` option takes (a colour, "blur", a path, ...), or a picture: a path object,
            bytes, a Pillow image or an array.
        feather_px: how softly the subject's edge passes into the background: standard deviation of a Gaussian in
            pixels of the photo, 0 to 500.
        fit: how a picture fills the photo's frame: "cover", "contain", "stretch", "tile" or "center".
        position: where the picture lies, such as "top" or "30% 100%".
        canvas: "photo" gives a result of the photo's size, "background" one of the picture's size with the subject
            in its middle, "1200x1200" or "4:5" that size or ratio.
        model, format, zoom, device, threads: see `cutaway.Options`.

    Raises:
        OptionError: an option has an impossible value, or `canvas` is "background" and there is no picture.
        ImageError: the photo or the background cannot be read.
        ModelError, DeviceError: the model cannot be opened or run.
    """
    text = background if isinstance(background, str) else None
    behind = None if isinstance(background, str) else read_photo(background)
    read_canvas(canvas)
    result = remove(
        photo,
        model=model,
        background=text or "none",
        fit=fit,
        position=position,
        canvas="photo" if behind else canvas,
        feather=feather_px,
        format=format,
        zoom=zoom,
        device=device,
        threads=threads,
    )
    return result.over(behind, canvas=canvas) if behind else result


_removers: Kept[Any, Remover] = Kept(4)


def _changed(model: str) -> int | None:
    """When a model file was last written, so that a model trained anew is opened anew; None for a name."""
    try:
        return os.stat(model).st_mtime_ns  # noqa: PTH116
    except (OSError, ValueError):
        return None
