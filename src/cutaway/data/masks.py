"""Read masks whatever convention they follow, by looking at all of a set's values first and never guessing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cutaway.errors import DataError
from cutaway.types import Floats

READINGS = "auto, unit, grey, threshold[:N], subject:V[,V...]"
NEAR = 24
"""A JPEG-compressed 0/255 mask strays about this far from 0 and 255."""
NEAR_SHARE = 0.02
"""...in all but at most this share of its pixels, which lie along the edge."""


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
    """The mask file's own values as uint8 (H, W): palette indices, grey, 1-bit as 0/255, RGB that is really grey.

    Raises:
        DataError: unreadable, or a coloured picture.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.load()
            return _to_grey(image, path)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: the mask cannot be read ({error})") from error


def _to_grey(image: object, path: Path) -> npt.NDArray[np.uint8]:
    from PIL import Image

    assert isinstance(image, Image.Image)
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8) * np.uint8(255)
    if image.mode in ("L", "P"):
        return np.asarray(image).astype(np.uint8)
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        wide = np.asarray(image)
        return (wide if wide.max(initial=0) <= 255 else np.right_shift(wide, 8)).astype(np.uint8)
    if image.mode in ("RGBA", "LA"):
        return _from_alpha(image, path)
    rgb = np.asarray(image.convert("RGB"))
    spread = rgb.max(axis=2).astype(int) - rgb.min(axis=2)
    if np.mean(spread > NEAR) > NEAR_SHARE:
        raise DataError(
            f"{path}: this mask is a colour picture; which colour is the subject? Make it two-valued first"
        )
    return rgb[..., 1].copy()


def _from_alpha(image: object, path: Path) -> npt.NDArray[np.uint8]:
    """RGBA: the alpha channel where it says something, else the picture itself."""
    from PIL import Image

    assert isinstance(image, Image.Image)
    alpha = np.asarray(image.getchannel("A"))
    if alpha.min() < 255:
        return alpha.copy()
    return _to_grey(image.convert("RGB"), path)


def histogram(path: Path) -> npt.NDArray[np.int64]:
    """How many pixels have each of the 256 values."""
    return np.bincount(read_indices(path).ravel(), minlength=256)


def histograms(paths: Sequence[Path]) -> list[npt.NDArray[np.int64] | DataError]:
    """`histogram` of many files at once; an unreadable one gives its error instead."""

    def one(path: Path) -> npt.NDArray[np.int64] | DataError:
        try:
            return histogram(path)
        except DataError as error:
            return error

    with ThreadPoolExecutor() as pool:
        return list(pool.map(one, paths))


def infer_reading(counts: Sequence[npt.NDArray[np.int64]]) -> MaskReading:
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
    if len(values) <= 32 and max(values) < 64:
        raise DataError(f"masks hold class numbers ({shown}). Say which are the subject: --masks subject:1,2")
    return _grey_or_bimodal(total, shown)


def _grey_or_bimodal(total: npt.NDArray[np.int64], shown: str) -> MaskReading:
    share = float(total[NEAR : 256 - NEAR].sum() / total.sum())
    low, high = int(total[:NEAR].sum()), int(total[256 - NEAR :].sum())
    exact = int(total[0] + total[255]) / max(low + high, 1)
    if low and high and share <= NEAR_SHARE and exact < 0.995:
        return MaskReading(
            "threshold", (128,), found=f"nearly 0/255 (JPEG?), {share:.1%} in between; cut at 128"
        )
    if low and high:
        return MaskReading("grey", found=f"soft grey, {share:.1%} in between")
    raise DataError(
        f"masks hold grey values ({shown}) that do not reach both 0 and 255. "
        "Say how to read them: --masks grey, or --masks threshold:N"
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
    chosen = reading or infer_reading([np.bincount(mask.ravel(), minlength=256)])
    return chosen.to_matte(mask)
