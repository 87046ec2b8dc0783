"""TensorBoard, where it is wanted: what is written, with a writer that only remembers."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from training_runs import rows_of, tiny

from cutaway.errors import OptionError
from cutaway.training.run import train

pytestmark = pytest.mark.usefixtures("without_the_end")


class Remembers:
    """Stands in for torch's SummaryWriter."""

    made: list[Remembers]

    def __init__(self, folder: str) -> None:
        self.folder, self.closed = folder, False
        self.scalars: dict[str, tuple[float, int]] = {}
        self.pictures: list[tuple[str, tuple[int, ...], int, str]] = []
        Remembers.made.append(self)

    def add_scalar(self, tag: str, value: float, epoch: int) -> None:
        self.scalars[tag] = (value, epoch)

    def add_image(self, tag: str, picture: Any, epoch: int, *, dataformats: str) -> None:
        assert np.asarray(picture).dtype == np.uint8
        self.pictures.append((tag, picture.shape[2:], epoch, dataformats))

    def close(self) -> None:
        self.closed = True


def _pretend(monkeypatch: pytest.MonkeyPatch, *, installed: bool) -> None:
    find = importlib.util.find_spec

    def finds(name: str, *rest: Any) -> Any:
        return (object() if installed else None) if name == "tensorboard" else find(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", finds)
    module = ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Remembers  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    Remembers.made = []


def test_scalars_and_the_sheet_after_every_epoch(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, installed=True)
    train(tiny(leaves, tmp_path / "run", epochs=2, tensorboard=True))
    assert [(w.folder, w.closed) for w in Remembers.made] == [
        (str(tmp_path / "run" / "tensorboard"), True)
    ] * 2
    for number, (writer, row) in enumerate(
        zip(Remembers.made, rows_of(tmp_path / "run"), strict=True), start=1
    ):
        assert writer.scalars["validation/iou"] == (pytest.approx(float(row["val_iou"]), rel=1e-4), number)
        assert writer.scalars["training/loss"] == (pytest.approx(float(row["train_loss"]), rel=1e-4), number)
        assert "training/rate" in writer.scalars and "validation/batch_dice" in writer.scalars
        assert all(math.isfinite(value) for value, _ in writer.scalars.values())
        assert writer.pictures == [("validation", (3,), number, "HWC")]


def test_nothing_is_written_unless_it_is_wanted(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, installed=True)
    train(tiny(leaves, tmp_path / "run", epochs=1))
    assert Remembers.made == []


def test_a_missing_package_is_said_before_the_run(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend(monkeypatch, installed=False)
    with pytest.raises(OptionError, match="'tensorboard', which is not installed: pip install tensorboard"):
        train(tiny(leaves, tmp_path / "run", tensorboard=True))
    assert not (tmp_path / "run").exists()
