"""A softer edge for a matte."""

from __future__ import annotations

import numpy as np

from cutaway.types import Floats


def feather(alpha: Floats, *, sigma_px: float) -> Floats:
    """Soften the edge of a matte, as a pair of scissors would be guided a little less sharply.

    A Gaussian blur of the alpha. The edge widens evenly to both sides; where the subject touches the border of the
    photo it stays full. A matte that is empty or full everywhere is returned as it is.

    Args:
        alpha: float32 (H, W) in [0, 1].
        sigma_px: standard deviation of the Gaussian in pixels; 0 changes nothing.

    Returns:
        float32 (H, W) in [0, 1]; `alpha` itself where nothing changes.
    """
    if sigma_px <= 0 or alpha.min() == alpha.max():
        return alpha
    from cutaway.pixels.blur import gaussian

    blurred = gaussian(alpha, sigma_px=sigma_px)
    return np.clip(blurred, 0, 1, out=blurred)
