"""OpenVINO answers as ONNX Runtime does, and refuses in the same words."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cutaway.engines.onnx import OnnxEngine
from cutaway.engines.open import open_engine
from cutaway.engines.openvino import OpenVinoEngine
from cutaway.errors import DeviceError, MissingExtraError, ModelError, ModelNotFoundError, OptionError
from cutaway.remover import Remover
from cutaway.types import Floats

PHOTOS = Path(__file__).parent.parent.parent / "examples" / "photos"


@pytest.fixture
def openvino() -> None:
    """Skips where the extra is not installed."""
    pytest.importorskip("openvino", reason="the openvino extra is not installed")


def tensor(height: int = 24, width: int = 40, value: float = 0.9) -> Floats:
    return np.full((1, 3, height, width), value, np.float32)


@pytest.mark.usefixtures("openvino")
def test_runs_and_knows_itself(bright_model: Path) -> None:
    engine = OpenVinoEngine(bright_model, threads=1)
    assert (engine.name, engine.device, engine.spec.name) == ("openvino", "cpu", "bright")
    for value in (0.1, 0.9):
        wanted = OnnxEngine(bright_model, device="cpu").run(tensor(value=value))
        answer = engine.run(tensor(value=value))
        assert answer.dtype == np.float32
        np.testing.assert_allclose(answer, wanted, atol=1e-5)


@pytest.mark.usefixtures("openvino")
def test_every_shape_after_another_and_from_many_threads(bright_model: Path) -> None:
    engine = OpenVinoEngine(bright_model, threads=1)
    values = np.linspace(0, 1, 12, dtype=np.float32)
    wanted = 1 / (1 + np.exp(-20 * (values - 0.5)))

    def one(i: int) -> float:
        answer = engine.run(tensor(8 + 8 * (i % 3), 16, values[i]))
        assert answer.shape == (1, 1, 8 + 8 * (i % 3), 16)
        return float(answer.mean())

    with ThreadPoolExecutor(4) as pool:
        np.testing.assert_allclose(list(pool.map(one, range(12))), wanted, atol=1e-5)


@pytest.mark.usefixtures("openvino")
def test_an_answer_stays_when_the_next_one_comes(bright_model: Path) -> None:
    engine = OpenVinoEngine(bright_model, threads=1)
    first = engine.run(tensor(value=0.9))
    engine.run(tensor(value=0.1))
    assert first.min() > 0.9


@pytest.mark.usefixtures("openvino")
@pytest.mark.parametrize("name", ["astronaut", "chelsea"])
def test_the_built_in_model_answers_as_on_onnx_runtime(name: str) -> None:
    """Of every photo the largest difference in alpha is at most 1e-3 (f32 on both sides)."""
    photo = PHOTOS / f"{name}.jpg"
    mattes = [
        Remover(engine=open_engine("default", engine=engine, device="cpu", threads=1)).matte(photo).alpha
        for engine in ("onnxruntime", "openvino")
    ]
    assert np.abs(mattes[0] - mattes[1]).max() <= 1e-3
    assert 0.05 < mattes[0].mean() < 0.95


@pytest.mark.usefixtures("openvino")
def test_a_file_without_description_says_what_to_do(bright_model: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")
    proto = onnx.load(str(bright_model))
    del proto.metadata_props[:]
    onnx.save(proto, tmp_path / "bare.onnx")
    with pytest.raises(ModelError, match=r"bare\.onnx.*cutaway export"):
        OpenVinoEngine(tmp_path / "bare.onnx")
    spec = OpenVinoEngine(bright_model).spec
    assert OpenVinoEngine(tmp_path / "bare.onnx", spec=spec).run(tensor()).shape == (1, 1, 24, 40)


@pytest.mark.usefixtures("openvino")
def test_what_cannot_be_run_is_one_line(
    bright_model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"this is no model")
    with pytest.raises(ModelError, match=r"bad\.onnx") as bad:
        OpenVinoEngine(tmp_path / "bad.onnx")
    with pytest.raises(ModelError, match=r"cannot run on an input \(1, 1, 8, 8\)") as shape:
        OpenVinoEngine(bright_model).run(np.zeros((1, 1, 8, 8), np.float32))
    assert "\n" not in str(bad.value) + str(shape.value)
    assert capfd.readouterr() == ("", "")


def test_what_is_asked_wrongly_is_refused(bright_model: Path, tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="runs on the CPU, not on 'cuda'"):
        OpenVinoEngine(bright_model, device="cuda")
    with pytest.raises(OptionError, match="precision 'f64' is not one of f32, bf16"):
        OpenVinoEngine(bright_model, precision="f64")  # type: ignore[arg-type]
    with pytest.raises(ModelNotFoundError, match=r"none\.onnx"):
        OpenVinoEngine(tmp_path / "none.onnx")


def test_without_the_extra_it_says_what_to_install(
    bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"needs the package 'openvino'.*\[openvino\]"):
        open_engine(bright_model, engine="openvino")


@pytest.mark.usefixtures("openvino")
def test_bf16_is_openvinos_and_is_refused_where_the_processor_lacks_it(
    bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "cutaway.engines.openvino.has_bf16"
    monkeypatch.setattr(module, lambda core: True)
    engine = open_engine(bright_model, precision="bf16", threads=1)
    assert engine.name == "openvino"
    np.testing.assert_allclose(engine.run(tensor(value=0.9)), 1 / (1 + np.exp(-8)), atol=0.02)
    monkeypatch.setattr(module, lambda core: False)
    with pytest.raises(DeviceError, match="does not calculate in bf16: use precision 'f32'"):
        open_engine(bright_model, precision="bf16")
