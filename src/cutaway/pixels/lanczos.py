"""Resizing as the publishers of some older models do: Pillow's Lanczos filter, widened where pixels get fewer."""

from __future__ import annotations

from typing import TypeVar, cast

import numpy as np

from cutaway.types import Floats, Pixels, Size

_Array = TypeVar("_Array", Pixels, Floats)


def lanczos(array: _Array, size: Size) -> _Array:
    """Resize with a windowed sinc of three lobes, as `PIL.Image.resize` does with `LANCZOS`.

    Args:
        array: uint8, uint16 or float32, (H, W) or (H, W, 3).
        size: (height, width) wanted.

    Returns:
        Same type and channels; the array itself if it has that size already. Edges may overshoot: float32 may leave
        its range, integers are kept in theirs.

    Source: C. E. Duchon, "Lanczos Filtering in One and Two Dimensions", J. Applied Meteorology, 1979.
    """
    if array.shape[:2] == size:
        return array
    from PIL import Image

    how, wanted = Image.Resampling.LANCZOS, (size[1], size[0])
    if array.dtype == np.uint8:
        return cast(_Array, np.asarray(Image.fromarray(array).resize(wanted, how)))
    planes = array[..., None] if array.ndim == 2 else array  # Pillow has no deep colour pictures
    parts = [
        np.asarray(Image.fromarray(np.ascontiguousarray(plane, np.float32)).resize(wanted, how))
        for plane in np.moveaxis(planes, -1, 0)
    ]
    made = np.stack(parts, axis=-1).reshape(*size, *array.shape[2:])
    if array.dtype == np.uint16:
        made = np.clip(np.rint(made), 0, np.iinfo(np.uint16).max)
    return cast(_Array, made.astype(array.dtype))
