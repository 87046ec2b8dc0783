"""Whatever takes pictures one after the other: a video file, an animation, a folder of PNGs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Protocol

from cutaway.errors import OptionError
from cutaway.media.video.codecs import CONTAINERS, choose_codec
from cutaway.media.video.encode import Picture
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.write import VideoWriter
from cutaway.streams.options import VideoOptions
from cutaway.streams.sources import ANIMATION_SUFFIXES


class Sink(Protocol):
    """Takes pictures in the order of their times; its result appears when it is finished."""

    notes: list[str]

    def write(self, picture: Picture, time: Fraction) -> None:
        """Add a picture."""

    def finish(self) -> None:
        """Complete the result."""

    def abandon(self) -> None:
        """Leave nothing behind."""


def is_folder(path: Path, typed: str) -> bool:
    """Whether a result is a folder of PNGs: it ends in a slash, or is a folder already."""
    return typed.endswith(("/", "\\")) or path.is_dir()


def check_target(path: Path, video: VideoOptions, *, transparent: bool, folder: bool) -> None:
    """Refuse what cannot work before anything is read.

    Raises:
        OptionError: the suffix is unknown, or cannot hold the codec or the transparency.
    """
    if folder or path.suffix.lower() in ANIMATION_SUFFIXES:
        if video.codec is not None:
            raise OptionError(f"--codec is for {', '.join(CONTAINERS)}, not for animations and folders")
        return
    if path.suffix.lower() not in CONTAINERS:
        known = ", ".join([*CONTAINERS, *sorted(ANIMATION_SUFFIXES)])
        raise OptionError(f"{path.name!r}: choose one of {known}, or a folder/ for PNGs")
    choose_codec(path, video.codec, transparent=transparent)


def open_sink(
    path: Path,
    info: VideoInfo,
    video: VideoOptions,
    *,
    transparent: bool,
    folder: bool = False,
    sound_from: Path | None = None,
    overwrite: bool = False,
) -> Sink:
    """Begin a result.

    Args:
        path: its suffix decides what it becomes.
        info: size, time and colour of the pictures.
        video: how to encode.
        transparent: whether the pictures have an alpha.
        folder: write a folder of PNGs.
        sound_from: a video whose sound and subtitles go along.
        overwrite: whether a result of that name may be replaced.
    """
    if folder:
        from cutaway.media.sequence import SequenceWriter

        return SequenceWriter(path, overwrite=overwrite)
    if path.suffix.lower() in ANIMATION_SUFFIXES:
        from cutaway.media.animation import AnimationWriter

        return AnimationWriter(path, info, quality=video.quality, overwrite=overwrite)
    return VideoWriter(
        path,
        info,
        transparent=transparent,
        coding=video.coding,
        sound_from=sound_from,
        drop_subtitles=video.drop_subtitles,
        overwrite=overwrite,
    )
