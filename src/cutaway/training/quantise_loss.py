"""What an int8 copy of a model costs in IoU, measured on photos whose masks are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cutaway.data.masks import read_matte
from cutaway.data.pairs import find_pairs
from cutaway.engines.base import Engine
from cutaway.errors import DataError, ImageError
from cutaway.evaluation.metrics import iou
from cutaway.evaluation.run import mask_readings, to_size
from cutaway.remover import Remover

MOST_PAIRS = 200
"""Pairs that are measured, evenly spaced over all there are."""
MOST_LOST = 0.5
"""Points of mean IoU (hundredths) that the copy may lose before it is refused."""


@dataclass(frozen=True)
class Loss:
    """Mean IoU over the same pictures, of the model and of its copy."""

    pictures: int
    before: float
    after: float

    @property
    def points(self) -> float:
        """What is lost, in hundredths of IoU; negative if the copy is better."""
        return 100 * (self.before - self.after)

    def text(self) -> str:
        """The whole in one line for people."""
        word = "loses" if self.points >= 0 else "gains"
        told = f"mean IoU {self.before:.4f}, as int8 {self.after:.4f}"
        return f"{told}: it {word} {abs(self.points):.2f} points over {self.pictures} photos with masks"


def measured_loss(
    engine: Engine,
    copy: Engine,
    folders: Sequence[Path],
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Loss:
    """Run both over photos with known masks, through all of prediction; masks are cut at 0.5.

    Args:
        engine, copy: the model and its int8 copy.
        folders: as for `cutaway evaluate`; at most `MOST_PAIRS` pairs are taken.
        progress: called after each picture with how many are done and how many there are.

    Raises:
        DataError: there are no pairs, not one can be read, or masks allow more than one meaning.
    """
    pairs = find_pairs(folders)
    count = min(len(pairs), MOST_PAIRS)
    pairs = [pairs[i * len(pairs) // count] for i in range(count)]
    readings = mask_readings(pairs)
    removers = Remover(engine=engine), Remover(engine=copy)
    found: list[tuple[float, float]] = []
    for done, pair in enumerate(pairs, 1):
        try:
            truth = read_matte(pair, reading=readings[pair.id])
            size = (truth.shape[0], truth.shape[1])
            one, two = (to_size(remover.matte(pair.image).alpha, size) for remover in removers)
            found.append((iou(one, truth), iou(two, truth)))
        except (DataError, ImageError):  # `cutaway data check` says which and why
            pass
        if progress:
            progress(done, count)
    if not found:
        raise DataError("not one of the pairs to measure on can be read: see cutaway data check")
    before, after = np.mean(found, axis=0)
    return Loss(len(found), float(before), float(after))
