"""The two scripts behind the built-in model: edges by a teacher, and the mean of two models."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from cutaway.weights.spec import METADATA_KEY, ModelSpec

SCRIPTS = Path(__file__).parent.parent / "docs" / "models"
merged = runpy.run_path(str(SCRIPTS / "teacher_edges.py"))["merged"]


def square(top: int, left: int, side: int, *, value: float = 1.0) -> np.ndarray:
    picture = np.zeros((200, 200), np.float32)
    picture[top : top + side, left : left + side] = value
    return picture


def hand(*parts: np.ndarray) -> np.ndarray:
    return (np.maximum.reduce(parts) * 255).astype(np.uint8)


def test_where_both_agree_the_edge_is_the_teachers() -> None:
    matte, what = merged(hand(square(50, 50, 100)), square(52, 50, 100))
    assert what == "the teacher's edge"
    assert (matte >= 128).tolist() == (square(52, 50, 100) >= 0.5).tolist()


def test_what_the_teacher_missed_stays() -> None:
    matte, what = merged(hand(square(50, 50, 100)), square(50, 50, 40))
    assert what == "hand-made alone" and (matte >= 128).tolist() == (square(50, 50, 100) >= 0.5).tolist()


def test_a_photo_with_another_subject_is_left_out() -> None:
    teacher = np.maximum(square(20, 20, 60), square(120, 120, 60))
    assert merged(hand(square(20, 20, 60)), teacher) == (None, "another subject")


def test_thin_gaps_are_closed_and_small_things_unseen_dropped() -> None:
    two = hand(square(50, 20, 80), square(50, 103, 80), square(5, 5, 10))  # three pixels between them
    matte, _ = merged(two, square(0, 0, 1, value=0.0))
    assert matte[60:120, 100:103].min() == 255 and matte[:20, :20].max() == 0


def test_the_mean_of_two_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")

    def model(name: str, weight: np.ndarray) -> str:
        graph = onnx.helper.make_graph([], "g", [], [], [onnx.numpy_helper.from_array(weight, "w")])
        onnx.save(onnx.helper.make_model(graph), tmp_path / name)
        return str(tmp_path / name)

    def mean(*words: str) -> None:
        monkeypatch.setattr(sys, "argv", ["average.py", *words])
        runpy.run_path(str(SCRIPTS / "average.py"), run_name="__main__")

    first = model("a.onnx", np.array([1.0, 2.0], np.float32))
    out = str(tmp_path / "out.onnx")
    mean(first, model("b.onnx", np.array([3.0, 6.0], np.float32)), "0.25", out)
    made = onnx.numpy_helper.to_array(onnx.load(out).graph.initializer[0])
    np.testing.assert_allclose(made, [1.5, 3.0])
    described = onnx.load(out)
    entry = described.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, ModelSpec("m", size=64).to_json()
    onnx.save(described, tmp_path / "b.onnx")
    mean(first, str(tmp_path / "b.onnx"), "0.5", out, "96")
    spec = ModelSpec.from_json(onnx.load(out).metadata_props[0].value)
    assert spec == ModelSpec("m", size=64, zoom_size=96, zoom_mirrored=True)
    with pytest.raises(SystemExit, match="not of one architecture"):
        mean(first, model("c.onnx", np.zeros(3, np.float32)), "0.5", out)
