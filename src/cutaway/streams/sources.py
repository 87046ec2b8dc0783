"""Whatever shows frames one after the other: a video file, an animation, a folder of pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal, Protocol

from cutaway.media.video.info import VideoInfo
from cutaway.media.video.library import Limits
from cutaway.media.video.read import EVERYTHING, Part, VideoReader
from cutaway.types import Frame

VIDEO_SUFFIXES = frozenset(
    {
        ".3g2",
        ".3gp",
        ".asf",
        ".avi",
        ".f4v",
        ".flv",
        ".m2ts",
        ".m2v",
        ".m4v",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
    }
    | {".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)
"""File names that mean a video where a picture could be meant as well."""
ANIMATION_SUFFIXES = frozenset({".gif", ".webp", ".apng"})


class Source(Protocol):
    """Something to iterate over once for its frames, in the order of their times."""

    @property
    def info(self) -> VideoInfo:
        """What is known about it before its frames are read."""

    @property
    def path(self) -> Path:
        """Where it comes from."""

    @property
    def damaged(self) -> int:
        """How many damaged places were left out so far."""

    @property
    def missing(self) -> float:
        """Seconds by which it turned out shorter than promised."""

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None:
        """Let go of files."""


def open_source(
    path: Path,
    part: Part = EVERYTHING,
    *,
    depth: Literal[8, 16, "source"] = 8,
    fps: Fraction = Fraction(25),
    limits: Limits | None = None,
) -> Source:
    """Open whatever a path names.

    Args:
        path: a video, a GIF, WebP or APNG animation, or a folder of pictures.
        part: which frames, and how large.
        depth: bits of the frames, see `VideoReader`.
        fps: frames in a second of a folder of pictures, which does not say.
        limits: what the path may be if a stranger sent it: then it is a video file.

    Raises:
        ImageError: it cannot be read.
    """
    if limits is not None:
        return VideoReader(path, part, depth=depth, limits=limits)
    if path.is_dir():
        from cutaway.media.sequence import SequenceReader

        return SequenceReader(path, part, fps=fps)
    if path.suffix.lower() in ANIMATION_SUFFIXES | {".png"}:
        from cutaway.media.animation import AnimationReader

        return AnimationReader(path, part)
    return VideoReader(path, part, depth=depth)


def is_video(path: str) -> bool:
    """Whether a background of this name is a video and not a picture."""
    return Path(path).suffix.lower() in VIDEO_SUFFIXES | ANIMATION_SUFFIXES - {".webp"}
