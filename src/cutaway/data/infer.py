"""Decide how masks are meant by looking at all of a set's values together, and ask where that cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cutaway.data.readings import TRIMAPS, MaskReading
from cutaway.errors import DataError

Counts: TypeAlias = npt.NDArray[np.integer[Any]]
"""How many pixels have each of the 256 values, (256,)."""

NEAR = 24
"""A JPEG-compressed 0/255 mask strays about this far from 0 and 255."""
NEAR_SHARE = 0.02
"""...in all but at most this share of its pixels, which lie along the edge."""
FLAT_LEVELS, FLAT_SHARE = 16, 0.05
"""Soft edges are many values on few pixels; so few values a file on more than this share are whole areas."""
GREY_SHARE = 0.5
"""No set of mattes is neither subject nor background on more than this share of its pixels."""


def infer_reading(counts: Sequence[Counts], *, voc: bool = False) -> MaskReading:
    """Decide from all masks of a set together how their values are meant.

    Args:
        counts: how many pixels have each value, one a mask.
        voc: whether all of them are palette pictures in the colours of PASCAL VOC.

    Raises:
        DataError: the values allow more than one meaning; the message asks which, with the option that answers it.
    """
    if not counts:
        raise DataError("there is no mask to look at")
    total: Counts = np.sum(counts, axis=0)
    values = set(np.flatnonzero(total).tolist())
    shown = ", ".join(map(str, sorted(values)[:8])) + (", ..." if len(values) > 8 else "")
    if voc and not values <= {0, 1}:
        return MaskReading("voc", found="class numbers in the palette of PASCAL VOC")
    if values <= {0, 255}:
        return MaskReading("grey", found="0/255" if values != {0} else "only 0: all masks are empty")
    if values <= {0, 1}:
        return MaskReading("unit", found="0/1")
    _ask_if_classes(values, total, shown)
    return _grey_or_bimodal(counts, shown)


def _ask_if_classes(values: set[int], total: Counts, shown: str) -> None:
    """Refuse values that are names rather than amounts.

    Raises:
        DataError: the question, with the options that answer it.
    """
    if values <= {0, 1, 255}:
        raise DataError(
            "masks hold 0, 1 and 255: 255 is often 'ignore'. "
            "Say which is the subject: --masks subject:1 or --masks subject:1,255"
        )
    if values <= {1, 2, 3}:
        raise DataError(
            f"masks hold {shown}: a trimap ({TRIMAPS['pets-trimap']})? If so: {_would_mean('pets-trimap', total)}; "
            "else say which are the subject: --masks subject:1,3 (border included) or --masks subject:1"
        )
    if values <= {0, 128, 255}:
        two = "; or ".join(
            f"{TRIMAPS[name]}: {_would_mean(name, total)}" for name in ("matting-trimap", "tutorial-trimap")
        )
        raise DataError(f"masks hold {shown}, and there are two conventions. {two}")
    if len(values) <= 64 and max(values - {255}) < 64:
        void = "; 255 is often 'ignore'" if 255 in values else ""
        raise DataError(
            f"masks hold class numbers ({shown}{void}). Say which are the subject: --masks subject:1,2, "
            "or by the names of PASCAL VOC: --masks voc:person"
        )


def _would_mean(name: str, total: Counts) -> str:
    """What a convention would make of these values: the option, and how much would be subject."""
    alpha = MaskReading(name).table()
    subject, border = (float(total[part].sum() / total.sum()) for part in (alpha == 1, alpha == 0.5))
    kind = "unknown" if name == "matting-trimap" else "border"
    return f"--masks {name} (then {subject:.0%} of all pixels are subject, {border:.0%} {kind})"


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
