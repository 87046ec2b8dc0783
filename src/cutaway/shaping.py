"""What the options ask of a matte after the network: parts of it decided anew, its edge moved."""

from __future__ import annotations

import logging

from cutaway.options import Options
from cutaway.types import Floats, Frame, Matte

log = logging.getLogger(__name__)

KEPT_EDGE = 0.01
"""Half the width of the soft outline that `solid` keeps, as a share of the photo's longer side."""


def matted(matte: Matte, frame: Frame) -> tuple[Matte, tuple[str, ...]]:
    """The matte with its uncertain edge found anew from the photo; itself, and why, where there is none to find."""
    from cutaway.pixels.closed_form import matted as closed_form

    alpha = closed_form(frame.pixels, matte.alpha)
    if alpha is None:
        remark = (
            "matting: the matte has no uncertain edge between subject and background, so it stays as it is"
        )
        log.warning("%s", remark)
        return matte, (remark,)
    return Matte(alpha), ()


def cleaned(matte: Matte, options: Options) -> Matte:
    """What counts as subject: holes, stray parts, see-through regions, and which of the two sides is meant."""
    alpha = matte.alpha
    if options.fill_holes or options.keep_largest:
        from cutaway.pixels.cleanup import fill_holes, keep_largest

        alpha = fill_holes(alpha) if options.fill_holes else alpha
        alpha = keep_largest(alpha) if options.keep_largest else alpha
    if options.solid:
        from cutaway.pixels.solid import solid

        alpha = solid(alpha, edge_px=max(1, round(KEPT_EDGE * max(alpha.shape))))
    if options.invert:
        alpha = 1 - alpha
    return matte if alpha is matte.alpha else Matte(alpha, matte.confidence)


def edged(alpha: Floats, options: Options) -> Floats:
    """Where the edge lies and how soft it is: made hard, then moved, then feathered."""
    if options.threshold is not None or options.grow:
        from cutaway.pixels.cleanup import grow, threshold

        alpha = alpha if options.threshold is None else threshold(alpha, level=options.threshold)
        alpha = grow(alpha, by_px=options.grow) if options.grow else alpha
    if options.feather:
        from cutaway.pixels.feather import feather

        alpha = feather(alpha, sigma_px=options.feather)
    return alpha
