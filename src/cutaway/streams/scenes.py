"""What a live picture shows: the backgrounds to choose from, and the keys that choose."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from cutaway.errors import OptionError
from cutaway.media.images import read_image
from cutaway.options import Options
from cutaway.streams.behind import VideoBehind
from cutaway.streams.sources import is_video

View: TypeAlias = Literal["result", "matte", "original"]

KEYS = "1-9 background, n next, m matte, o original, q quit"
"""The keys, for messages."""
_VIEWS: dict[str, View] = {"m": "matte", "o": "original"}


@dataclass(frozen=True)
class Scene:
    """One background.

    Attributes:
        name: as the user gave it.
        options: of the picture to be made.
        behind: a video to be the background; it comes before `options.background`.
    """

    name: str
    options: Options
    behind: Path | None = None


def scene(background: str, options: Options) -> Scene:
    """A background for live pictures, checked.

    Args:
        background: what the `background` option takes, or a video file.
        options: everything else; their own background is not looked at.

    Raises:
        OptionError: there is no such background, or it leaves the picture transparent, which screens cannot show.
        ImageError: the picture or the video cannot be read.
    """
    if is_video(background) and Path(background).is_file():
        if options.mask_only or options.effect != "none":
            raise OptionError(
                "a background video shows neither with mask_only nor with effect: leave out one of them"
            )
        VideoBehind(Path(background)).close()  # better now than while it is on show
        return Scene(background, replace(options, background="none"), Path(background))
    chosen = replace(options, background=background)
    backdrop = chosen.backdrop
    if chosen.is_cutout or (backdrop.kind == "colour" and backdrop.colour[3] < 255):
        raise OptionError(
            f"background {background!r} leaves the picture transparent, which a live picture cannot be: choose a "
            "colour (#00ff00 for chroma key), 'blur', 'checker', a picture or a video"
        )
    if backdrop.kind == "picture":
        read_image(str(backdrop.picture))
    return Scene(background, chosen)


class Scenes:
    """The backgrounds of a live picture and the one that shows; safe to use from many threads.

    Args:
        backgrounds: the first one shows; the keys 1 to 9 choose.
        options: everything else about the picture.

    Attributes:
        ended: is set when the user wants to stop.

    Raises:
        OptionError: see `scene`.
    """

    def __init__(self, backgrounds: Sequence[str], options: Options) -> None:
        self._options = options
        self._scenes = [scene(background, options) for background in backgrounds]
        self._index = 0
        self._view: View = "result"
        self._lock = threading.Lock()
        self.ended = threading.Event()

    @property
    def shown(self) -> tuple[Scene, View]:
        """What is to be shown now."""
        with self._lock:
            return self._scenes[self._index], self._view

    @property
    def names(self) -> list[str]:
        """The backgrounds, in the order of their keys."""
        with self._lock:
            return [each.name for each in self._scenes]

    def press(self, key: str) -> bool:
        """Do what a key stands for; False if it stands for nothing."""
        if key == "q":
            self.ended.set()
            return True
        with self._lock:
            if key in _VIEWS:
                self._view = "result" if self._view == _VIEWS[key] else _VIEWS[key]
            elif key == "n":
                self._show((self._index + 1) % len(self._scenes))
            elif key.isdecimal() and 0 < int(key) <= len(self._scenes):
                self._show(int(key) - 1)
            else:
                return False
            return True

    def choose(self, background: str) -> None:
        """Show a background, also one that was not among the first.

        Raises:
            OptionError, ImageError: see `scene`.
        """
        if background not in self.names:
            fresh = scene(background, self._options)
            with self._lock:
                self._scenes.append(fresh)
        with self._lock:
            self._show([each.name for each in self._scenes].index(background))

    def _show(self, index: int) -> None:
        self._index, self._view = index, "result"
