"""The way of a photo: read, prepare, run, restore; `result` composites and writes when it is asked to.

Three floors: `remove` does one photo in one line, `Remover` keeps an opened model for many, and the rooms it
calls (`media`, `pixels`, `engines`) can be used by hand.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cutaway.engines.base import Engine
from cutaway.errors import DeviceError
from cutaway.options import DeviceName, Options, OutputFormat
from cutaway.result import AnyPath, Backgrounds, Kept, Result, read_photo, unit
from cutaway.types import Cutout, Floats, Frame, Matte, Pixels
from cutaway.weights.spec import ModelSpec

if TYPE_CHECKING:
    from cutaway.result import Photo

__all__ = ["Remover", "Result", "remove"]


class Remover:
    """A model, opened once, for many photos and many threads.

    Args:
        model: a name from `cutaway models` or the path of a .onnx file; None takes `options.model`.
        options: model, device and threads are settled here; `remove` follows the rest unless told otherwise.
        engine: use this engine instead of opening a model.

    Raises:
        OptionError: the options' background is none that there is.
        ModelNotFoundError: no model by that name or path.
        ModelError: the model file is damaged or does not say how to feed it.
        DeviceError: the device that was asked for does not work.
    """

    def __init__(
        self, model: AnyPath | None = None, options: Options | None = None, *, engine: Engine | None = None
    ) -> None:
        chosen = options or Options()
        self._options = chosen if model is None else replace(chosen, model=os.fspath(model))
        self._engine: Engine | None = engine or _open_engine(self._options)
        self._kept: Backgrounds = Kept(2)

    def __repr__(self) -> str:
        state = self.device if self._engine else "closed"
        return f"Remover({self._options.model!r}, {state})"

    @property
    def options(self) -> Options:
        """What `remove` does unless told otherwise."""
        return self._options

    @property
    def spec(self) -> ModelSpec:
        """What is known about the model."""
        return self._opened().spec

    @property
    def device(self) -> str:
        """Where the network really runs: "cpu" or "cuda"."""
        return self._opened().device

    def matte(self, photo: Photo) -> Matte:
        """The subject's soft alpha, as large as the photo.

        Args:
            photo: a path, bytes, a binary file, a Pillow image, a uint8 or uint16 array or a `Frame`.

        Raises:
            ImageError: it cannot be read as a picture.
            ModelError: the model's answer cannot be used.
        """
        return self._matte(read_photo(photo))

    def remove(self, photo: Photo, *, options: Options | None = None) -> Result:
        """Take the background away.

        Args:
            photo: as in `matte`.
            options: the picture to be made of this photo; its model, device and threads are not looked at.

        Raises:
            OptionError: the background is none that there is.
            ImageError: it cannot be read as a picture.
            ModelError: the model's answer cannot be used.
        """
        wanted = self._settled(options)
        frame = read_photo(photo)
        matte = self._matte(frame)
        cutout = Cutout(frame.pixels, _with_own_alpha(matte.alpha, frame), frame.metadata, frame.time)
        return Result(frame, matte, cutout, wanted, _kept=self._kept)

    def _matte(self, frame: Frame) -> Matte:
        from cutaway.pixels.prepare import prepare, restore

        engine = self._opened()
        prepared = prepare(frame.pixels, engine.spec, convert=lambda small: _small_in_srgb(small, frame))
        return restore(engine.run(prepared.tensor), prepared, engine.spec)

    def _settled(self, options: Options | None) -> Options:
        if options is None:
            return self._options
        own = self._options
        return replace(options, model=own.model, device=own.device, threads=own.threads)

    def _opened(self) -> Engine:
        if self._engine is None:
            raise DeviceError("this Remover was closed: open a new one")
        return self._engine

    def close(self) -> None:
        """Let go of the model's memory; results already made stay usable."""
        self._engine = None

    def __enter__(self) -> Remover:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def remove(
    photo: Photo,
    *,
    model: str = "default",
    background: str = "none",
    mask_only: bool = False,
    format: OutputFormat | None = None,
    device: DeviceName = "auto",
    threads: int = 0,
) -> Result:
    """Remove the background of one photo.

    The model stays open between calls, so a loop over photos is as quick as a `Remover`.

    Args:
        photo: a path, bytes, a binary file, a Pillow image or a uint8 or uint16 array.
        model, background, mask_only, format, device, threads: see `cutaway.Options`.

    Raises:
        OptionError: an option has an impossible value.
        ImageError: the photo cannot be read.
        ModelError, DeviceError: the model cannot be opened or run.
    """
    options = Options(model, background, mask_only, format, device, threads)
    key = (model, _changed(model), device, threads)
    remover = _removers.get(
        key, lambda: Remover(options=Options(model=model, device=device, threads=threads))
    )
    return remover.remove(photo, options=options)


_removers: Kept[Any, Remover] = Kept(4)


def _changed(model: str) -> int | None:
    """When a model file was last written, so that a model trained anew is opened anew; None for a name."""
    try:
        return os.stat(model).st_mtime_ns  # noqa: PTH116
    except (OSError, ValueError):
        return None


def _open_engine(options: Options) -> Engine:
    from cutaway.engines.onnx import OnnxEngine
    from cutaway.weights.store import resolve

    return OnnxEngine(resolve(options.model), device=options.device, threads=options.threads)


def _small_in_srgb(small: Pixels, frame: Frame) -> Pixels:
    if frame.metadata.icc_profile is None:
        return small
    from cutaway.media.colour import pixels_to_srgb, to_8_bits

    return pixels_to_srgb(to_8_bits(small), frame.metadata.icc_profile)


def _with_own_alpha(alpha: Floats, frame: Frame) -> Floats:
    return alpha if frame.alpha is None else alpha * unit(frame.alpha)
