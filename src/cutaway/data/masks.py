"""Read masks whatever convention they follow, by looking at all of a set's values first and never guessing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from cutaway.errors import DataError, ImageError
from cutaway.media.opening import decoding, load_pixels, open_picture
from cutaway.types import Floats

Counts: TypeAlias = npt.NDArray[np.integer[Any]]
"""How many pixels have each of the 256 values, (256,)."""

READINGS = "auto, unit, grey, threshold[:N], subject:V[,V...]"
NEAR = 24
"""A JPEG-compressed 0/255 mask strays about this far from 0 and 255."""
NEAR_SHARE = 0.02
"""...in all but at most this share of its pixels, which lie along the edge."""
COLOURED = 128
"""Red, green and blue of a grey picture never lie this far apart, whatever compressed it."""
FLAT_LEVELS, FLAT_SHARE = 16, 0.05
"""Soft edges are many values on few pixels; so few values a file on more than this share are whole areas."""
GREY_SHARE = 0.5
"""No set of mattes is neither subject nor background on more than this share of its pixels."""
BAND_PX = 1 << 20


@dataclass(frozen=True)
class MaskReading:
    """How mask values become a matte.

    Attributes:
        kind: "unit" (0/1), "grey" (0..255 is 0..1; 0/255 is the two-valued case), "threshold" (subject from the value
            up), "subject" (the listed values are subject, everything else is not).
        values: the threshold, or the subject's values.
        found: what was found in the files, for people to read.
    """

    kind: str
    values: tuple[int, ...] = ()
    found: str = ""

    def to_matte(self, mask: npt.NDArray[np.uint8]) -> Floats:
        """uint8 (H, W) as read from the file to float32 (H, W) in [0, 1]."""
        if self.kind == "unit":
            return np.minimum(mask, 1).astype(np.float32)
        if self.kind == "threshold":
            return (mask >= self.values[0]).astype(np.float32)
        if self.kind == "subject":
            return np.isin(mask, self.values).astype(np.float32)
        return mask.astype(np.float32) / np.float32(255)

    def __str__(self) -> str:
        return self.kind + (":" + ",".join(map(str, self.values)) if self.values else "")


def parse_reading(text: str) -> MaskReading | None:
    """A reading as the user writes it; None for "auto".

    Raises:
        DataError: the text is none of "auto", "unit", "grey", "threshold", "threshold:N", "subject:V,V".
    """
    kind, _, rest = text.partition(":")
    try:
        values = tuple(int(v) for v in rest.split(",")) if rest else ()
    except ValueError:
        values = (-1,)
    good = all(0 <= v <= 255 for v in values)
    if kind == "auto" and not rest:
        return None
    if good and kind in ("unit", "grey") and not rest:
        return MaskReading(kind)
    if good and kind == "threshold" and len(values) <= 1:
        return MaskReading(kind, values or (128,))
    if good and kind == "subject" and values:
        return MaskReading(kind, values)
    raise DataError(f"masks cannot be read as {text!r}; choose one of {READINGS}")


def read_indices(path: Path) -> npt.NDArray[np.uint8]:
    """The mask file's own values, upright, as uint8 (H, W).

    Grey as it is, 16 bits shifted to 8, 1-bit as 0/255; a palette of greys by its greys, of colours by its indices;
    RGBA by its alpha where that says something; RGB must be grey in all but name.

    Raises:
        DataError: unreadable, or a coloured picture.
    """
    try:
        with open_picture(path) as opened, decoding(opened.name):
            load_pixels(opened.image)
            return _to_grey(_upright(opened.image), path)
    except ImageError as error:
        raise DataError(f"{error}") from error


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF says, like the photo it belongs to; TIFF was turned by Pillow when it was loaded."""
    return image if image.format == "TIFF" else ImageOps.exif_transpose(image)


def _to_grey(image: Image.Image, path: Path) -> npt.NDArray[np.uint8]:
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8) * np.uint8(255)
    if image.mode == "L":
        return np.asarray(image).astype(np.uint8)
    if image.mode == "P":
        return _from_palette(image)
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        wide = np.asarray(image)
        return (wide if wide.max(initial=0) <= 255 else np.right_shift(wide, 8)).astype(np.uint8)
    if image.mode in ("RGBA", "LA"):
        return _from_alpha(image, path)
    rgb = np.asarray(image.convert("RGB"))
    spread = rgb.max(axis=2) - rgb.min(axis=2)
    if spread.max(initial=0) > COLOURED or np.mean(spread > NEAR) > NEAR_SHARE:
        raise DataError(
            f"{path}: this mask is a colour picture; which colour is the subject? Make it two-valued first"
        )
    return rgb[..., 1].copy()


def _from_palette(image: Image.Image) -> npt.NDArray[np.uint8]:
    """Indices where the palette holds colours, its greys where it holds nothing else.

    Class maps (VOC, DAVIS) colour their classes and mean the index; programs that shrink files store a black and
    white picture as a palette of two in either order and mean the grey.
    """
    palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    indices = np.asarray(image).astype(np.uint8)
    if np.any(palette != palette[:, :1]) or np.unique(palette).size < 2:
        return indices
    greys = np.zeros(256, np.uint8)
    greys[: len(palette)] = palette[:, 0]
    return greys[indices]


def _from_alpha(image: Image.Image, path: Path) -> npt.NDArray[np.uint8]:
    """RGBA: the alpha channel where it says something, else the picture itself."""
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() < 255:
        return alpha.copy()
    return _to_grey(image.convert("RGB"), path)


def count_values(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """How many pixels have each of the 256 values; in bands, because numpy counts in eight times the memory."""
    flat, total = mask.ravel(), np.zeros(256, np.int64)
    for start in range(0, flat.size, BAND_PX):
        total += np.bincount(flat[start : start + BAND_PX], minlength=256)
    return total


def histogram(path: Path) -> npt.NDArray[np.int64]:
    """How many pixels have each of the 256 values."""
    return count_values(read_indices(path))


def histograms(paths: Sequence[Path]) -> list[npt.NDArray[np.int64] | DataError]:
    """`histogram` of many files at once; an unreadable one gives its error instead."""

    def one(path: Path) -> npt.NDArray[np.int64] | DataError:
        try:
            return histogram(path)
        except DataError as error:
            return error

    with ThreadPoolExecutor() as pool:
        return list(pool.map(one, paths))


def infer_reading(counts: Sequence[Counts]) -> MaskReading:
    """Decide from all masks of a set together how their values are meant.

    Args:
        counts: one `histogram` a mask.

    Raises:
        DataError: the values allow more than one meaning; the message asks which, with the option that answers it.
    """
    if not counts:
        raise DataError("there is no mask to look at")
    total = np.sum(counts, axis=0)
    values = set(np.flatnonzero(total).tolist())
    shown = ", ".join(map(str, sorted(values)[:8])) + (", ..." if len(values) > 8 else "")
    if values <= {0, 255}:
        return MaskReading("grey", found="0/255" if values != {0} else "only 0: all masks are empty")
    if values <= {0, 1}:
        return MaskReading("unit", found="0/1")
    if values <= {0, 1, 255}:
        raise DataError(
            "masks hold 0, 1 and 255: 255 is often 'ignore'. "
            "Say which is the subject: --masks subject:1 or --masks subject:1,255"
        )
    if values <= {1, 2, 3}:
        raise DataError(
            f"masks hold {shown}: a trimap (1 subject, 2 background, 3 border)? Say which are the subject: "
            "--masks subject:1,3 (border included) or --masks subject:1"
        )
    if values <= {0, 128, 255}:
        raise DataError(
            "masks hold 0, 128 and 255, and there are two conventions. "
            "0 background, 128 unknown, 255 subject: --masks grey; "
            "0 subject, 128 background, 255 border: --masks subject:0,255"
        )
    if len(values) <= 64 and max(values - {255}) < 64:
        void = "; 255 is often 'ignore'" if 255 in values else ""
        raise DataError(
            f"masks hold class numbers ({shown}{void}). Say which are the subject: --masks subject:1,2"
        )
    return _grey_or_bimodal(counts, shown)


def _grey_or_bimodal(counts: Sequence[Counts], shown: str) -> MaskReading:
    total = np.sum(counts, axis=0)
    share = float(total[NEAR : 256 - NEAR].sum() / total.sum())
    low, high = int(total[:NEAR].sum()), int(total[256 - NEAR :].sum())
    exact = int(total[0] + total[255]) / max(low + high, 1)
    if low and high and share <= NEAR_SHARE and exact < 0.995:
        return MaskReading(
            "threshold", (128,), found=f"nearly 0/255 (JPEG?), {share:.1%} in between; cut at 128"
        )
    _ask_if_no_matte(counts, share, shown)
    if low and high:
        return MaskReading("grey", found=f"soft grey, {share:.1%} in between")
    raise DataError(
        f"masks hold grey values ({shown}) that do not reach both 0 and 255. "
        "Say how to read them: --masks grey, or --masks threshold:N"
    )


def _ask_if_no_matte(counts: Sequence[Counts], share: float, shown: str) -> None:
    """Refuse what holds the values of a soft matte and does not look like one.

    Raises:
        DataError: the in-between values are whole areas, or most of the picture.
    """
    levels = [n for n in (np.count_nonzero(c[NEAR : 256 - NEAR]) for c in counts) if n]
    if share > FLAT_SHARE and float(np.median(levels)) <= FLAT_LEVELS:
        raise DataError(
            f"masks hold whole areas of in-between values ({shown}): class numbers, votes, or 'unknown'? Say how "
            "to read them: --masks subject:V,V (these values), --masks threshold:N (from N up) or --masks grey"
        )
    if share > GREY_SHARE:
        raise DataError(
            f"masks are between black and white on {share:.0%} of their pixels, like photos in grey. "
            "If they are meant so: --masks grey; else --masks threshold:N"
        )


def reading_for(paths: Sequence[Path], *, given: str = "auto") -> MaskReading:
    """How to read these masks: as given by the user, else inferred from all that can be opened.

    Raises:
        DataError: no mask can be opened, or the values are ambiguous.
    """
    chosen = parse_reading(given)
    if chosen is not None:
        return chosen
    found = histograms(paths)
    readable = [h for h in found if not isinstance(h, DataError)]
    if not readable:
        raise (
            next(h for h in found if isinstance(h, DataError))
            if found
            else DataError("there is no mask to look at")
        )
    return infer_reading(readable)


def read_mask(path: Path, *, reading: MaskReading | None = None) -> Floats:
    """One mask as float32 (H, W) in [0, 1]; without a reading, this file alone decides.

    Raises:
        DataError: unreadable, or ambiguous on its own.
    """
    mask = read_indices(path)
    chosen = reading or infer_reading([count_values(mask)])
    return chosen.to_matte(mask)
