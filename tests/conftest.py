"""Fixtures shared by all rooms: a tiny real model, drawn pictures, and the folder of real photos where there is one."""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.weights.spec import METADATA_KEY, ModelSpec

BRIGHT_SPEC = ModelSpec(
    name="bright",
    size=64,
    stride=8,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    licence="Apache-2.0",
    arch="drawn",
)

SLOW_SECONDS = 1200
EXIT_SECONDS = 60


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow tests have a time limit of their own, unless they name one."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """A thread that a test left behind cannot keep the finished run from ending: it is named, and the run fails."""
    faulthandler.dump_traceback_later(EXIT_SECONDS, exit=True, file=sys.__stderr__)


def write_bright_model(path: Path, spec: ModelSpec = BRIGHT_SPEC) -> Path:
    """A real ONNX file in which bright pixels are the subject: alpha = sigmoid(20 * (mean(rgb) - 0.5))."""
    onnx = pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")
    from onnx import TensorProto, helper, numpy_helper

    weight = np.full((1, 3, 1, 1), 20.0 / 3.0, np.float32)
    bias = np.array([-10.0], np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "weight", "bias"], ["score"]),
            helper.make_node("Sigmoid", ["score"], ["alpha"]),
        ],
        "bright",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info("alpha", TensorProto.FLOAT, ["n", 1, "h", "w"])],
        [numpy_helper.from_array(weight, "weight"), numpy_helper.from_array(bias, "bias")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, spec.to_json()
    onnx.save(model, path)
    return path


@pytest.fixture(scope="session")
def bright_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Path of the tiny model: bright pixels are the subject."""
    return write_bright_model(tmp_path_factory.mktemp("model") / "bright.onnx")


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photos (`CUTAWAY_TEST_DATA`); tests that need it skip where it is not set."""
    folder = os.environ.get("CUTAWAY_TEST_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CUTAWAY_TEST_DATA does not name a folder of photos")
    return Path(folder)


@pytest.fixture
def disc() -> np.ndarray:
    """A bright disc on a dark ground, uint8 (96, 128, 3)."""
    return draw_disc()


def draw_disc(height: int = 96, width: int = 128, *, subject: int = 230, ground: int = 30) -> np.ndarray:
    """A bright disc, a third of the short side in radius, on a dark ground."""
    y, x = np.mgrid[:height, :width]
    inside = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) <= min(height, width) / 3
    return np.where(inside[..., None], np.uint8(subject), np.uint8(ground)).astype(np.uint8).repeat(3, axis=2)
