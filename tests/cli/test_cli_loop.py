"""The whole loop by its commands, nothing stood in for: data check → train → export → evaluate → remove."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def leaves(tmp_path: Path) -> Path:
    """A small drawn set of 8 pairs."""
    spec = importlib.util.spec_from_file_location("draw_pairs", ROOT / "examples" / "draw_pairs.py")
    assert spec and spec.loader
    drawing = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(drawing)
    drawing.draw_set(tmp_path / "leaves", 8)
    return tmp_path / "leaves"


def test_the_whole_loop(cutaway, leaves: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pytest.importorskip("torch", reason="the train extra is not installed")
    told = cutaway("data", "check", leaves)
    assert told.code == 0
    assert "8" in told.out.decode()

    run = tmp_path / "run"
    trained = cutaway("train", leaves, "-o", run, "--size", "32", "--epochs", "1", "--batch", "4")
    assert trained.code == 0, trained.err
    assert "can be used" in trained.err  # what `data check` says is said here as well
    assert f"--model {run / 'model.onnx'}" in trained.err
    assert cutaway("train", leaves, "-o", run).code == 2  # a run is never trodden on

    model = tmp_path / "leaf.onnx"
    assert cutaway("export", run / "best.ckpt", "-o", model).code == 0
    assert cutaway("export", run / "best.ckpt", "-o", model).code == 2  # there already

    scored = cutaway("evaluate", leaves, "--model", model, "-o", tmp_path / "scores")
    assert scored.code == 0, scored.err
    assert {"scores.json", "scores.md", "worst.png"} <= {p.name for p in (tmp_path / "scores").iterdir()}

    photo = leaves / "images" / "leaf-000.jpg"
    assert cutaway("remove", photo, "--model", model, "-o", tmp_path / "leaf.png").code == 0
    assert Image.open(tmp_path / "leaf.png").mode == "RGBA"


def test_a_broken_set_is_code_one_and_says_what(cutaway, leaves: Path) -> None:  # type: ignore[no-untyped-def]
    (leaves / "masks" / "leaf-001.png").write_bytes(b"no picture")
    (leaves / "masks" / "leaf-002.png").unlink()
    ran = cutaway("data", "check", leaves)
    assert ran.code == 1
    assert "leaf-001" in ran.out.decode()
    assert "leaf-002" in ran.out.decode()
    found = json.loads(cutaway("data", "check", leaves, "--json").out)
    assert found["ok"] is False
    assert found["pairs"] == 7


def test_an_ambiguous_set_is_a_question_with_its_answer(cutaway, leaves: Path) -> None:  # type: ignore[no-untyped-def]
    for path in (leaves / "masks").iterdir():
        Image.open(path).point(lambda v: 1 if v else 2).save(path)
        trimap = Image.open(path)
        trimap.putpixel((0, 0), 3)
        trimap.save(path)
    asked = cutaway("data", "check", leaves)
    assert asked.code == 1
    assert "--masks subject:1,3" in " ".join(asked.out.decode().split())
    assert cutaway("data", "check", leaves, "--masks", "subject:1,3").code == 0
