"""The way of a photo: read, prepare, run, restore; `result` composites and writes when it is asked to.

Three floors: `one_call.remove` does one photo in one line, `Remover` keeps an opened model for many, and the rooms it
calls (`media`, `pixels`, `engines`) can be used by hand.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cutaway.engines.base import Engine, RecurrentEngine
from cutaway.errors import DeviceError
from cutaway.kept import Kept
from cutaway.making import Backgrounds, read_photo, unit
from cutaway.options import (
    SETTLED,
    Options,
)
from cutaway.pixels.confidence import expected_iou
from cutaway.result import AnyPath, Result
from cutaway.shaping import cleaned, edged, matted
from cutaway.types import Box, Cutout, Floats, Frame, Matte, Pixels, Prepared, Size
from cutaway.weights.spec import ModelSpec

if TYPE_CHECKING:
    from cutaway.making import Photo

__all__ = ["Remover", "Result"]


class Remover:
    """A model, opened once, for many photos and many threads.

    Args:
        model: a name from `cutaway models` or the path of a .onnx file; None takes `options.model`.
        options: model, engine, precision, device and threads are settled here; `remove` follows the rest unless told
            otherwise.
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
        self._remembers = False

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
        """Where the network really runs: "cpu", "cuda", ..."""
        return self._opened().device

    @property
    def engine(self) -> str:
        """What really runs the network: "onnxruntime", "openvino"."""
        return self._opened().name

    def stream(self) -> Remover:
        """A remover for the frames of one video, in order and in one thread.

        A recurrent model begins with an empty memory there, and looks at each frame once, whatever `Options.zoom`.
        For any other model this is the remover itself.
        """
        engine = self._opened()
        if not isinstance(engine, RecurrentEngine):
            return self
        remover = Remover(options=self._options, engine=engine.stream())
        remover._remembers = True
        return remover

    def matte(self, photo: Photo) -> Matte:
        """The subject's soft alpha, as large as the photo; small subjects are looked at twice (`Options.zoom`).

        Args:
            photo: a path, bytes, a binary file, a Pillow image, a uint8 or uint16 array or a `Frame`.

        Raises:
            ImageError: it cannot be read as a picture.
            ModelError: the model's answer cannot be used.
        """
        return self._found(read_photo(photo), self._options)[0]

    def remove(
        self, photo: Photo, *, options: Options | None = None, scribbles: Photo | None = None
    ) -> Result:
        """Take the background away.

        Args:
            photo: as in `matte`.
            options: the picture to be made of this photo; what the remover was opened with is not looked at.
            scribbles: a picture of strokes as in `Options.scribbles`, before which it comes.

        Raises:
            OptionError: the background is none that there is.
            ImageError: it cannot be read as a picture.
            ModelError: the model's answer cannot be used.
        """
        wanted = self._settled(options)
        frame = read_photo(photo)
        found, remarks = self._found(frame, wanted, None if scribbles is None else read_photo(scribbles))
        if wanted.matting == "closed-form":
            found, told = matted(found, frame)
            remarks += told
        matte = cleaned(found, wanted)
        alpha = _with_own_alpha(edged(matte.alpha, wanted), frame)
        cutout = Cutout(frame.pixels, alpha, frame.metadata, frame.time)
        return Result(frame, matte, cutout, wanted, remarks=remarks, _kept=self._kept)

    def _found(
        self, frame: Frame, options: Options, scribbles: Frame | None = None
    ) -> tuple[Matte, tuple[str, ...]]:
        """The subject's matte with all that a person said about where it is, and what is to be remarked."""
        if scribbles is None and not options.has_guidance:
            return self._matte(frame, options), ()
        from cutaway.guidance import box_of, guided, inside

        box = box_of(options.guidance, frame.size)
        if box is None:
            matte = self._matte(frame, options)
        else:
            top, left, bottom, right = box
            part = Frame(frame.pixels[top:bottom, left:right], metadata=frame.metadata)
            seen = self._matte(part, options)
            matte = Matte(inside(box, seen.alpha, frame.size), seen.confidence)
        if scribbles is None and options.scribbles is not None:
            scribbles = read_photo(options.scribbles)
        return guided(matte, frame, options, scribbles=scribbles)

    def _matte(self, frame: Frame, options: Options) -> Matte:
        """Locate, crop, segment again where that gains something; then the edge as the photo shows it."""
        first, shown = self._first_look(frame)
        twice = options.zoom == "auto" and not self._remembers  # it would be taken for the next frame
        boxes = _worth_a_closer_look(first.alpha, shown.seen) if twice else []
        looks = [(box, self._closer_look(frame, box, first.alpha)) for box in boxes]
        confidence = expected_iou(first.alpha)
        if options.refine:
            plain = first.alpha.copy() if self.spec.output == "trimap" else None
            for box, seen in looks or [((0, 0, *frame.size), shown)]:
                _refine_inside(box, frame, first.alpha, seen, output_stride=self.spec.output_stride)
            if plain is not None:  # soft only where the border class is
                np.copyto(first.alpha, plain, where=(plain == 0) | (plain == 1))
        return Matte.trusted(first.alpha, confidence)  # restored, blended and refined: all within [0, 1]

    def _first_look(self, frame: Frame) -> tuple[Matte, Prepared]:
        """The network's matte of a photo, as large as the photo, and what the network was shown."""
        from cutaway.pixels.prepare import prepare, restore

        engine = self._opened()
        prepared = prepare(frame.pixels, engine.spec, convert=lambda small: _small_in_srgb(small, frame))
        return restore(engine.run(prepared.tensor), prepared, engine.spec), prepared

    def _closer_look(self, frame: Frame, box: Box, alpha: Floats) -> Prepared:
        """Blend the network's answer to the subject alone into the photo's alpha; what the network was shown."""
        from cutaway.pixels.prepare import answered, prepare
        from cutaway.pixels.zoom import blend

        engine = self._opened()
        spec, (top, left, bottom, right) = engine.spec.zoomed, box
        prepared = prepare(
            frame.pixels[top:bottom, left:right],
            spec,
            convert=lambda small: _small_in_srgb(small, frame),
            mirrored=spec.zoom_mirrored,
        )
        blend(alpha, answered(engine.run(prepared.tensor), prepared, spec), box=box, out=alpha)
        return prepared

    def _settled(self, options: Options | None) -> Options:
        if options is None:
            return self._options
        return replace(options, **{name: getattr(self._options, name) for name in SETTLED})

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


def _open_engine(options: Options) -> Engine:
    from cutaway.engines.open import open_as

    return open_as(options)


def _small_in_srgb(small: Pixels, frame: Frame) -> Pixels:
    if frame.metadata.icc_profile is None:
        return small
    from cutaway.media.colour import pixels_to_srgb, to_8_bits

    return pixels_to_srgb(to_8_bits(small), frame.metadata.icc_profile)


def _worth_a_closer_look(alpha: Floats, seen: Size) -> list[Box]:
    from cutaway.pixels.zoom import subject_boxes

    return subject_boxes(alpha, seen=seen)


def _refine_inside(box: Box, frame: Frame, alpha: Floats, shown: Prepared, *, output_stride: int) -> None:
    """Refine a part of the alpha, which is written to, of which the network was shown this.

    A part with no more pixels than the network saw is compared with its answer where that was made.
    """
    top, left, bottom, right = box
    part = alpha[top:bottom, left:right]
    seen, small = shown.seen, shown.small
    if part.size <= seen[0] * seen[1]:
        seen, small = (-(-seen[0] // output_stride), -(-seen[1] // output_stride)), None
    if part.size <= seen[0] * seen[1]:  # spares a small photo the import
        return
    from cutaway.pixels.refine import refine

    refine(frame.pixels[top:bottom, left:right], part, seen=seen, small=small, out=part)


def _with_own_alpha(alpha: Floats, frame: Frame) -> Floats:
    return alpha if frame.alpha is None else alpha * unit(frame.alpha)
