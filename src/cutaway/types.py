"""The values that cross the borders between rooms: frozen, and checked once, here.

Names (used everywhere): a *matte* is a soft alpha, a *mask* is boolean, *colour* is the subject's own colour, a
*frame* is a photo's or video's pixels. Sizes are (height, width).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.lengths import Position

if TYPE_CHECKING:
    from fractions import Fraction

Pixels: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
"""Integer picture data, uint8 or uint16."""
Floats: TypeAlias = npt.NDArray[np.float32]
"""float32 array."""
Mask: TypeAlias = npt.NDArray[np.bool_]
"""boolean array."""
Size: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""
Box: TypeAlias = tuple[int, int, int, int]
"""(top, left, bottom, right) in pixels, bottom and right exclusive."""


@dataclass(frozen=True, eq=False)
class Metadata:
    """What rides along with the pixels: colour profile, EXIF, XMP, and where the picture came from."""

    icc_profile: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    source: str | None = None
    dpi: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Frame:
    """One upright picture.

    Attributes:
        pixels: uint8 or uint16, (H, W, 3), RGB in the colour space that `metadata.icc_profile` names (sRGB if None).
        alpha: the alpha channel the source already had, same dtype as `pixels`, (H, W); None if it had none.
        metadata: colour profile, EXIF and XMP as read, orientation already applied and reset.
        time: presentation time in seconds, exact; None for a photo.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    metadata: Metadata = field(default_factory=Metadata)
    time: Fraction | None = None

    def __post_init__(self) -> None:
        p = self.pixels
        if p.dtype not in (np.uint8, np.uint16) or p.ndim != 3 or p.shape[2] != 3 or 0 in p.shape:
            raise TypeError(f"Frame.pixels must be uint8 or uint16 (H, W, 3), not {p.dtype} {p.shape}")
        a = self.alpha
        if a is not None and (a.dtype != p.dtype or a.shape != p.shape[:2]):
            raise TypeError(f"Frame.alpha must be {p.dtype} {p.shape[:2]}, not {a.dtype} {a.shape}")

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, eq=False)
class Prepared:
    """Network input, and what is needed to bring the network's answer back to the photo.

    Attributes:
        tensor: float32 (N, C, h, w), scaled and normalised as the model wants it.
        frame_size: (H, W) of the frame it was made from.
        box: the part of the frame the tensor shows; the whole frame unless a region was asked for.
        small: that part's own pixels at the tensor's size, before colour management; None if they were not kept.
        mirrored: the tensor shows the mirror image.
    """

    tensor: Floats
    frame_size: Size
    box: Box
    small: Pixels | None = None
    mirrored: bool = False

    def __post_init__(self) -> None:
        if self.tensor.dtype != np.float32 or self.tensor.ndim != 4:
            raise TypeError(
                f"Prepared.tensor must be float32 (N, C, h, w), not {self.tensor.dtype} {self.tensor.shape}"
            )

    @property
    def seen(self) -> Size:
        """(height, width) at which the network sees its part of the frame."""
        return self.tensor.shape[2], self.tensor.shape[3]


@dataclass(frozen=True, eq=False)
class Matte:
    """How much of each pixel belongs to the subject.

    Attributes:
        alpha: float32 (H, W), 0 background to 1 subject, no NaN.
        confidence: the IoU with the truth that is to be expected, in [0, 1]; None where nobody knows.
    """

    alpha: Floats
    confidence: float | None = None

    def __post_init__(self) -> None:
        a = self.alpha
        if a.dtype != np.float32 or a.ndim != 2 or 0 in a.shape:
            raise TypeError(f"Matte.alpha must be float32 (H, W), not {a.dtype} {a.shape}")
        low, high = float(a.min()), float(a.max())
        if not (low >= 0.0 and high <= 1.0):  # also false for NaN
            raise ValueError(f"Matte.alpha must lie in [0, 1] without NaN, found {low} to {high}")

    @classmethod
    def trusted(cls, alpha: Floats, confidence: float | None = None) -> Matte:
        """A matte whose maker has just seen to it that all is as promised; spares two passes over a large photo."""
        matte = object.__new__(cls)
        object.__setattr__(matte, "alpha", alpha)
        object.__setattr__(matte, "confidence", confidence)
        return matte

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.alpha.shape[0], self.alpha.shape[1]


@dataclass(frozen=True, eq=False)
class Cutout:
    """A subject without its background: the subject's own colour and a straight (never premultiplied) alpha.

    Attributes:
        pixels: uint8 or uint16, (H, W, 3), in the colour space of `metadata.icc_profile`.
        alpha: float32 (H, W) in [0, 1].
        metadata: rides along from the frame.
        time: presentation time in seconds; None for a photo.
    """

    pixels: Pixels
    alpha: Floats
    metadata: Metadata = field(default_factory=Metadata)
    time: Fraction | None = None

    def __post_init__(self) -> None:
        Frame(self.pixels)  # same promise for the pixels
        if self.alpha.dtype != np.float32 or self.alpha.shape != self.pixels.shape[:2]:
            raise TypeError(
                f"Cutout.alpha must be float32 {self.pixels.shape[:2]}, not {self.alpha.dtype} {self.alpha.shape}"
            )

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


Fit: TypeAlias = Literal["cover", "contain", "stretch", "tile", "center"]
"""How a background picture fills a canvas of another size; see `pixels.layout.fitted`."""
Canvas: TypeAlias = Literal["photo", "background"]
"""Whose size the result on a background picture has."""
Align: TypeAlias = Literal[
    "top-left", "top", "top-right", "left", "center", "right", "bottom-left", "bottom", "bottom-right"
]
"""Nine places in a frame."""


@dataclass(frozen=True)
class Backdrop:
    """What lies behind the subject in the result.

    Attributes:
        kind: "none" (transparent), "colour", "picture", "blur" (the photo itself, blurred), "gradient", "checker" (the
            squares that stand for transparency) or "original" (the photo's own background).
        colour: (red, green, blue, alpha), 0..255 each, for kind "colour"; the first one for kind "gradient".
        end: the gradient's last colour.
        angle: the gradient's direction in degrees, clockwise from upwards.
        picture: path of the picture, or the picture itself in sRGB, for kind "picture".
        blur_px: standard deviation of the Gaussian in pixels of the photo, for kind "blur"; None picks 2 % of the
            photo's longer side.
        fit: how the picture fills a canvas of the photo's size, for kind "picture".
        canvas: whether the result has the size of the photo or of the picture, for kind "picture".
        position: where the picture lies on a canvas of the photo's size; None is the middle, or the top left corner for
            fit "tile".
    """

    kind: Literal["none", "colour", "picture", "blur", "gradient", "checker", "original"] = "none"
    colour: tuple[int, int, int, int] = (255, 255, 255, 255)
    end: tuple[int, int, int, int] = (255, 255, 255, 255)
    angle: float = 180.0
    picture: str | Frame = ""
    blur_px: float | None = None
    fit: Fit = "cover"
    canvas: Canvas = "photo"
    position: Position | None = None
