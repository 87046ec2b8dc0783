"""`cutaway models info`: an architecture as a table, files as facts."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from cutaway.cli.facts import INDENT, facts_text, table_text

if any(importlib.util.find_spec(package) is None for package in ("torch", "onnx")):
    pytest.skip("the train extra is not installed", allow_module_level=True)

import torch

from cutaway.models.registry import ARCHITECTURES, build
from cutaway.models.summary import summarise


def _small() -> torch.nn.Module:
    return build("unet", network={"blocks": 1, "filters": 4})


def test_multiply_adds_by_hand() -> None:
    """At 8 × 8: 3→4→4 at full size, 4→8→8 at half, 8→4 transposed, 8→4→4 at full size, 4→1."""
    full, half = 64, 16
    first = full * 9 * (3 * 4 + 4 * 4)
    down = half * 9 * (4 * 8 + 8 * 8)
    up = half * 4 * 8 * 4 + full * 9 * (8 * 4 + 4 * 4)
    summary = summarise(_small(), size=8)
    by_name = {row.name: row for row in summary.rows}
    assert by_name["first"].multiply_adds == first
    assert by_name["downs.0"].multiply_adds == down
    assert by_name["ups.0"].multiply_adds == up
    assert summary.multiply_adds == first + down + up + full * 4


@pytest.mark.parametrize("arch", ["lite0", "unet", "resnet18-dilated"])
def test_rows_of_the_first_level_add_up(arch: str) -> None:
    with torch.device("meta"):
        summary = summarise(build(arch), size=64)
    top = [row for row in summary.rows if row.depth == 0]
    assert sum(row.parameters for row in top) == summary.parameters
    assert sum(row.multiply_adds for row in top) == summary.multiply_adds > 0


def test_shapes_and_levels() -> None:
    summary = summarise(_small(), size=63)
    assert (summary.input_shape, summary.output_shape) == ((3, 64, 64), (1, 64, 64))
    assert [(row.name, row.depth, row.shape) for row in summary.rows] == [
        ("first", 0, (4, 64, 64)),
        ("downs.0", 0, (8, 32, 32)),
        ("downs.0.pool", 1, (4, 32, 32)),
        ("downs.0.convs", 1, (8, 32, 32)),
        ("ups.0", 0, (4, 64, 64)),
        ("ups.0.enlarge", 1, (4, 64, 64)),
        ("ups.0.convs", 1, (4, 64, 64)),
        ("head", 0, (1, 64, 64)),
    ]


@pytest.mark.parametrize("arch", list(ARCHITECTURES))
def test_every_architecture_fits_the_screen(cutaway, arch: str) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("models", "info", arch)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.decode().splitlines()
    assert lines[0] == arch
    assert max(map(len, lines)) <= 100
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["module", "kind", "output", "parameters", "M", "multiply-adds"]
    column = table[0].index("parameters") + len("parameters")
    assert all(line[column - 1].isdigit() and line[column : column + 1] in (" ", "") for line in table[1:])


def test_the_numbers_of_resnet50(cutaway) -> None:  # type: ignore[no-untyped-def]
    told = cutaway("models", "info", "resnet50-dilated", "--size", "512").out.decode()
    encoder = next(line for line in told.splitlines() if line.startswith("encoder "))
    assert "1024 × 32 × 32" in encoder and "8 543 296" in encoder
    assert "29 875 204" in told
    assert next(line for line in told.splitlines() if "steps.0.head" in line).rstrip().endswith("-")


def test_a_model_file(cutaway, bright_model: Path) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("models", "info", bright_model)
    facts = {line[:15].strip(): line[15:] for line in ran.out.decode().splitlines()[1:]}
    assert ran.code == 0
    assert facts["input"] == "image (n, 3, h, w)"
    assert facts["output"] == "alpha (n, 1, h, w)"
    assert facts["layers"] == "Conv 1, Sigmoid 1"
    assert facts["parameters"].startswith("4 (")
    assert (facts["licence"], facts["arch"], facts["scores"]) == ("Apache-2.0", "drawn", "-")
    assert facts["works at"].startswith("about 64 × 64 px, sides multiples of 8")


def test_a_file_without_description(cutaway, bright_model: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import onnx

    model = onnx.load(bright_model)
    model.ClearField("metadata_props")
    onnx.save(model, tmp_path / "bare.onnx")
    told = cutaway("models", "info", tmp_path / "bare.onnx").out.decode()
    assert "does not say how to feed it" in told


def test_a_model_by_its_name(cutaway, bright_model: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.onnx").write_bytes(bright_model.read_bytes())
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    assert cutaway("models", "info", "mine").out.decode().startswith("mine (bright)\n")


def test_a_checkpoint(cutaway, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from cutaway.training.checkpoint import Checkpoint, RunState, save
    from cutaway.training.config import TrainConfig

    config = TrainConfig(arch="unet", network={"blocks": 2}, classes=2, grey=True, size=96, licence="CC0-1.0")
    state = RunState(epoch=1, done=5, history=[{"epoch": 1, "val_iou": 0.75}])
    save(Checkpoint(config=config, state=state, model={}, ema={}), tmp_path / "best.ckpt")
    told = cutaway("models", "info", tmp_path / "best.ckpt").out.decode()
    assert "1 of 30 done, 5 steps" in told
    assert "val_iou 0.75" in told and "CC0-1.0" in told
    assert "1 × 96 × 96, sides multiples of 4" in told
    assert "2 × 96 × 96: background, subject (softmax)" in told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("resnet50-dilate", "no architecture or model 'resnet50-dilate'. Did you mean 'resnet50-dilated'?"),
        ("defualt", "Did you mean 'default'?"),
        ("none.onnx", "no model file 'none.onnx'"),
        ("none.ckpt", "no checkpoint none.ckpt"),
        ("text.onnx", "'text.onnx' cannot be read as ONNX"),
    ],
)
def test_mistakes_are_named(cutaway, tmp_path: Path, monkeypatch, name: str, told: str) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.onnx").write_text("not a model")
    ran = cutaway("models", "info", name)
    assert (ran.code, ran.out, len(ran.errors)) == (2, b"", 1)
    assert told in ran.errors[0]


def test_without_the_extra_its_install_line_is_named(cutaway, bright_model: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    assert "pip install -e '.[train]'" in cutaway("models", "info", bright_model).errors[0]
    monkeypatch.setitem(sys.modules, "cutaway.models.registry", None)
    assert "pip install -e '.[train]'" in cutaway("models", "info", "unet").errors[0]


def test_bare_models_still_lists(cutaway) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("models")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.decode().startswith("default\n  size ")
    assert cutaway("models", "inof").code == 2


def test_tables_are_aligned_and_facts_wrapped() -> None:
    table = table_text(("a", "n"), [("long", "1"), ("b", "10000")], numbers=[1])
    assert table.splitlines() == ["a         n", "long      1", "b     10000"]
    text = facts_text("title", {"label": "word " * 30}, columns=40)
    assert text.splitlines()[0] == "title" and max(map(len, text.splitlines())) <= 40
    assert text.splitlines()[2].startswith(INDENT + "word")
