"""What is known about a video before its frames are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from cutaway.media.video.colour import Colour
from cutaway.types import Size


@dataclass(frozen=True)
class VideoInfo:
    """Facts about a video as its frames will come: upright, brought to the wanted size, cut.

    Attributes:
        size: (height, width) of the frames, upright.
        rate: frames in a second on average; only an estimate where the rate varies.
        time_base: the unit of the time stamps in seconds.
        frames: how many there will be, estimated; None if nobody knows.
        cut: source time that has become 0; 0 if nothing was cut off at the beginning.
        end: source time at which the sound has to end as well; None for all.
        colour: what the source's numbers mean.
        bits: of each channel in the source.
        transparent: whether the source has an alpha of its own.
        sound: codec names of the sound tracks.
        subtitles: codec names of the subtitle tracks.
        pixel_aspect: width of a pixel by its height.
        metadata: the container's title, artist and so on.
    """

    size: Size
    rate: Fraction
    time_base: Fraction
    frames: int | None = None
    cut: Fraction = Fraction(0)
    end: Fraction | None = None
    colour: Colour = field(default_factory=Colour)
    bits: int = 8
    transparent: bool = False
    sound: tuple[str, ...] = ()
    subtitles: tuple[str, ...] = ()
    pixel_aspect: Fraction = Fraction(1)
    metadata: tuple[tuple[str, str], ...] = ()
