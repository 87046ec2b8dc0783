"""Before training: find the pairs, decide how masks are read, and leave out what cannot be used, saying so."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cutaway.data.masks import MaskReading, parse_reading, reading_for
from cutaway.data.pairs import Pair, find_pairs
from cutaway.data.samples import load_pair
from cutaway.errors import CutawayError, DataError, MissingExtraError

log = logging.getLogger(__name__)


def check_packages() -> None:
    """Make sure that what only the end of a run needs is installed, before hours of work.

    Raises:
        MissingExtraError: it is not.
    """
    for package in ("matplotlib", "onnx", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError("training a model", "train", package)


def usable_pairs(folders: Sequence[Path], *, masks: str = "auto") -> tuple[list[Pair], MaskReading]:
    """All pairs that can be opened, and how their masks are read.

    Raises:
        DataError: no data, ambiguous masks, or not a single usable pair.
    """
    pairs = find_pairs(folders[0] if len(folders) == 1 else list(folders))
    reading = parse_reading(masks) or reading_for([p.mask for p in pairs])
    good: list[Pair] = []
    with ThreadPoolExecutor() as pool:
        for pair, problem in zip(pairs, pool.map(lambda p: _problem(p, reading), pairs), strict=True):
            if problem:
                log.warning("left out: %s", problem)
            else:
                good.append(pair)
    if not good:
        raise DataError("not one pair can be used; see the messages above, or run: cutaway data check DIR")
    return good, reading


def _problem(pair: Pair, reading: MaskReading) -> str:
    try:
        load_pair(pair, reading=reading)
    except CutawayError as error:
        return str(error)
    return ""
