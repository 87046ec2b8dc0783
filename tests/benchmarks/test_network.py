"""The network alone, timed: on the tiny model, so that only the arithmetic around it is looked at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

network = pytest.importorskip("network", reason="the benchmarks folder is not here")


def test_models_side_by_side(
    bright_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "PAUSE_S", 0)
    other = tmp_path / "other.onnx"
    other.write_bytes(bright_model.read_bytes())
    out = tmp_path / "out" / "network.json"
    words = ["--models", str(bright_model), str(other), "--threads", "1", "--rounds", "2", "-o", str(out)]
    assert network.main(words) == 0
    values = json.loads(out.read_text("utf-8"))["look"]
    assert set(values) == {"bright", "other"}
    assert len(values["other"]["rounds"]) == 2 and values["other"]["times_bright"]["median"] > 0
    assert "| other |" in out.with_suffix(".md").read_text("utf-8")
    assert "times bright" in capsys.readouterr().out
    assert network.main(["--models", str(tmp_path / "none.onnx"), "-o", str(out)]) == 2


def test_what_an_engine_costs_to_start(bright_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert network.main(["--start-once", "onnxruntime", "--models", str(bright_model), "--threads", "1"]) == 0
    assert float(capsys.readouterr().out) > 0
    assert network.start_job(str(bright_model), "onnxruntime", threads=1)() > 0


def test_an_engine_agrees_with_itself(bright_model: Path) -> None:
    found = network.agreement(str(bright_model), "onnxruntime", threads=1)
    assert found == {"largest": 0, "mean": 0, "changed": 0}
    assert network.agreement_cells({"same": found}, "bright")[1] == ["same", "0.0e+00", "0.0e+00", "0.000 %"]


def test_a_peer_is_fed_as_its_publisher_does() -> None:
    assert network.peer_spec("u2netp.onnx").size == 320
    assert [t.shape for t in network.tensors(network_engine())] == [
        (1, 3, 56, 72),
        (1, 3, 72, 56),
        (1, 3, 64, 64),
    ]


def network_engine():  # type: ignore[no-untyped-def]
    from cutaway.engines.fake import FakeEngine

    return FakeEngine()
