"""What is made of one live frame: its matte, unless it hardly differs from the last one, and its new background."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

import numpy as np

from cutaway.errors import OptionError
from cutaway.pixels.change import change, glance
from cutaway.streams.behind import VideoBehind
from cutaway.streams.options import STEADINESS, Steadiness
from cutaway.streams.scenes import Scene, Scenes
from cutaway.types import Cutout, Floats, Frame, Matte, Pixels

if TYPE_CHECKING:
    from cutaway.pixels.steady import Steadier
    from cutaway.remover import Remover
    from cutaway.result import Result

Pace: TypeAlias = Literal["camera", "realtime", "every"]
PACES: tuple[str, ...] = get_args(Pace)


@dataclass(frozen=True)
class LiveOptions:
    """How live pictures are made.

    Attributes:
        pace: "camera": frames come when they come, and the newest wins. "realtime": the same, a file's frames being
            held back until their time. "every": each frame is shown, as soon as can be.
        still: the network rests while no part of the picture has changed by more than this many of 255 steps since
            it last looked; 0 lets it look at every frame.
        steady: how much the matte's flicker is smoothed over time.
        mirror: left and right exchanged, as in a mirror.

    Raises:
        OptionError: a value is out of range.
    """

    pace: Pace = "camera"
    still: float = 3.0
    steady: Steadiness = "normal"
    mirror: bool = False

    def __post_init__(self) -> None:
        if self.pace not in PACES:
            raise OptionError(f"pace {self.pace!r} is not one of {', '.join(PACES)}")
        if not 0 <= self.still <= 255:
            raise OptionError(f"still must be between 0 (off) and 255 steps, not {self.still:g}")
        if self.steady not in STEADINESS:
            raise OptionError(f"steady {self.steady!r} is not one of {', '.join(STEADINESS)}")


class Eye:
    """The network, which rests while hardly anything changes.

    Args:
        remover: the opened model.
        options: when it rests, and how steady it is.

    Attributes:
        looks: for how many frames the network ran.
        kept: how many got the matte of one before.
    """

    def __init__(self, remover: Remover, options: LiveOptions) -> None:
        self._remover, self._live = remover, options
        self._steadier: Steadier | None = None
        self._seen: Floats | None = None
        self._last: Result | None = None
        self.looks = self.kept = 0

    def look(self, frame: Frame) -> Result:
        """The frame with its matte."""
        frame = _mirrored(frame) if self._live.mirror else frame
        seen = glance(frame.pixels)
        if self._seen is not None and self._last is not None and change(self._seen, seen) <= self._live.still:
            self.kept += 1
            return _on_frame(self._last, frame)
        self._seen = seen if self._live.still else None
        self.looks += 1
        self._last = self._steadied(self._remover.remove(frame))
        return self._last

    def _steadied(self, result: Result) -> Result:
        if self._live.steady == "off":
            return result
        if self._steadier is None:
            from cutaway.pixels.steady import Steadier

            self._steadier = Steadier(self._live.steady, ahead=0)
        (alpha,) = self._steadier.push(result.cutout.alpha, result.frame.pixels)
        matte = Matte(alpha) if result.matte.alpha is result.cutout.alpha else result.matte
        return replace(result, matte=matte, cutout=replace(result.cutout, alpha=alpha))


class Stage:
    """Lays results on the background that the user wants to see.

    Args:
        scenes: says which one that is.
    """

    def __init__(self, scenes: Scenes) -> None:
        self._scenes = scenes
        self._playing: tuple[Scene, VideoBehind] | None = None

    def picture(self, result: Result, time: Fraction) -> Pixels:
        """uint8 (H, W, 3)."""
        scene, view = self._scenes.shown
        if view == "original":
            return _rgb(result.frame)
        if view == "matte":
            return _rgb(Matte(result.cutout.alpha))
        result = replace(result, options=scene.options)
        if scene.behind is None:
            return _rgb(result.picture)
        return _rgb(result.over(self._video(scene).at(time)).picture)

    def _video(self, scene: Scene) -> VideoBehind:
        """The scene's background video, which begins when the scene does."""
        if self._playing is None or self._playing[0] is not scene:
            self.close()
            assert scene.behind is not None
            self._playing = scene, VideoBehind(scene.behind)
        return self._playing[1]

    def close(self) -> None:
        """Close the background video."""
        if self._playing is not None:
            with suppress(OSError):
                self._playing[1].close()
            self._playing = None


def _mirrored(frame: Frame) -> Frame:
    alpha = None if frame.alpha is None else _flipped(frame.alpha)
    return replace(frame, pixels=_flipped(frame.pixels), alpha=alpha)


def _flipped(array: Pixels) -> Pixels:
    return cast(Pixels, np.ascontiguousarray(array[:, ::-1]))


def _on_frame(result: Result, frame: Frame) -> Result:
    """The matte of a frame before on a frame that hardly differs from it."""
    return replace(result, frame=frame, cutout=replace(result.cutout, pixels=frame.pixels, time=frame.time))


def _rgb(picture: Frame | Cutout | Matte) -> Pixels:
    """A picture as a screen takes it: uint8 (H, W, 3); what is transparent is black."""
    from cutaway.media.colour import to_8_bits
    from cutaway.media.video.encode import to_steps
    from cutaway.pixels.composite import over_colour

    if isinstance(picture, Matte):
        return to_steps(picture.alpha)[..., None].repeat(3, axis=2)
    if isinstance(picture, Cutout):
        return to_8_bits(over_colour(picture.pixels, picture.alpha, (0, 0, 0)))
    return to_8_bits(picture.pixels)
