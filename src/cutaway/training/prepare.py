"""Before training: what the run needs is installed, and the data is looked at as `cutaway data check` does."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

from cutaway.data.check import check
from cutaway.data.masks import MaskReading
from cutaway.data.pairs import Pair
from cutaway.errors import DataError, MissingExtraError
from cutaway.training.config import TrainConfig

log = logging.getLogger(__name__)


def check_packages() -> None:
    """Make sure that what only the end of a run needs is installed, before hours of work.

    Raises:
        MissingExtraError: it is not.
    """
    for package in ("matplotlib", "onnx", "onnxscript"):
        if importlib.util.find_spec(package) is None:
            raise MissingExtraError("training a model", "train", package)


def usable_pairs(config: TrainConfig) -> tuple[list[Pair], MaskReading, str]:
    """All pairs that can be used, how their masks are read, and what `data check` says of them; all of it is logged.

    Raises:
        DataError: no data, ambiguous masks, or not a single usable pair.
    """
    folders = [Path(d) for d in config.data]
    report = check(
        folders, masks=config.masks, subdirs=config.subdirs, validation=config.validation, seed=config.seed
    )
    for finding in report.findings:
        if finding.severity == "error":
            for name in finding.names:
                log.warning("left out: %s", name)
    for line in report.text().splitlines():
        log.info("%s", line)
    try:
        return *report.require(), report.text()
    except DataError as error:
        raise DataError(f"{error}; see: cutaway data check {' '.join(config.data)}") from error
