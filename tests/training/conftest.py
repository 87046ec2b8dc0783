"""Small drawn data sets, settings that train in seconds, and one finished run for everybody to look at."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from cutaway.training.config import TrainConfig, load_config

if TYPE_CHECKING:
    from cutaway.training.run import TrainResult

DRAW_PAIRS = Path(__file__).parents[2] / "examples" / "draw_pairs.py"
PAIRS = 12


@pytest.fixture(scope="session")
def drawing() -> ModuleType:
    """examples/draw_pairs.py, as a module."""
    spec = importlib.util.spec_from_file_location("draw_pairs", DRAW_PAIRS)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def leaves(drawing: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of drawn leaves, to be read only."""
    folder = tmp_path_factory.mktemp("data") / "leaves"
    drawing.draw_set(folder, PAIRS)
    return folder


@pytest.fixture
def own_leaves(drawing: ModuleType, tmp_path: Path) -> Path:
    """A data folder of drawn leaves that a test may damage."""
    folder = tmp_path / "leaves"
    drawing.draw_set(folder, PAIRS)
    return folder


def quick(data: Path, out: Path, **changes: Any) -> TrainConfig:
    """Three epochs of three steps at 64 px from nothing, the same on every machine."""
    values: dict[str, Any] = {
        "data": [str(data)], "out": str(out), "pretrained": True, "size": 64, "epochs": 3, "batch": 4,
        "samples_per_epoch": 10, "lr": 4e-3, "ema": 0.5,
        "validation": 0.2, "device": "cpu", "precision": "float32", "threads": 1, "workers": 2,
    }  # fmt: skip
    return load_config(None, values | changes)


Quick = Callable[..., TrainConfig]


@pytest.fixture(name="quick", scope="session")
def quick_settings() -> Quick:
    """`quick(data, out, **changes)`: settings of a run that takes seconds."""
    return quick


@pytest.fixture(autouse=True)
def torch_threads() -> Iterator[None]:
    """Training sets torch's threads for the whole process; put them back."""
    torch = pytest.importorskip("torch", reason="the train extra (torch) is not installed")
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def without_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stop short of pictures and export, which other tests look at."""
    from cutaway.training import run

    monkeypatch.setattr(run, "finish", lambda model, folder, **_: folder / "model.onnx")


@dataclass(frozen=True)
class Finished:
    """A run that was left alone."""

    config: TrainConfig
    result: TrainResult
    folder: Path


@pytest.fixture(scope="session")
def finished(leaves: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """An unbroken run of three epochs, to be read only."""
    pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")
    from cutaway.training.run import train

    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    config = quick(leaves, folder, licence="CC0-1.0", training_data="twelve drawn leaves")
    return Finished(config, train(config), folder)
