"""ONNX files: opened where they were asked to be, or refused with a reason."""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from cutaway.engines import threads
from cutaway.engines.fake import FakeEngine
from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import DeviceError, ModelError, ModelNotFoundError
from cutaway.types import Floats
from cutaway.weights.spec import METADATA_KEY, ModelSpec

onnx = pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")

SPEC = ModelSpec("drawn", size=64, stride=8)


def write_model(
    path: Path, node: tuple[str, dict[str, object]], *, spec: ModelSpec | None = SPEC, rank: int = 4
) -> Path:
    """A model of one node from "image" to "alpha"."""
    from onnx import TensorProto, helper

    shape = ["n", 3, "h", "w"]
    graph = helper.make_graph(
        [helper.make_node(node[0], ["image"], ["alpha"], **node[1])],
        "drawn",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("alpha", TensorProto.FLOAT, [f"d{i}" for i in range(rank)])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if spec:
        helper.set_model_props(model, {METADATA_KEY: spec.to_json()})
    onnx.save(model, path)
    return path


def tensor(height: int = 24, width: int = 40, value: float = 0.9) -> Floats:
    return np.full((1, 3, height, width), value, np.float32)


def test_runs_and_knows_itself(bright_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cutaway"):
        engine = OnnxEngine(bright_model)
    answer = engine.run(tensor())
    assert answer.shape == (1, 1, 24, 40)
    assert answer.dtype == np.float32
    np.testing.assert_allclose(answer, 1 / (1 + np.exp(-8)), atol=1e-5)
    assert (engine.spec.name, engine.spec.size) == ("bright", 64)
    assert engine.device in ("cpu", "cuda")
    assert [r.getMessage() for r in caplog.records if "runs on" in r.getMessage()] == [
        f"bright runs on {engine.device} (ONNX Runtime {onnxruntime.__version__})"
    ]


def test_batches_and_any_shape(bright_model: Path) -> None:
    engine = OnnxEngine(bright_model, device="cpu", threads=1)
    for shape in [(3, 3, 8, 8), (1, 3, 8, 256), (2, 3, 128, 16)]:
        assert engine.run(np.zeros(shape, np.float32)).shape == (shape[0], 1, *shape[2:])


def test_a_given_spec_comes_before_the_files(bright_model: Path) -> None:
    assert OnnxEngine(bright_model, spec=SPEC).spec is SPEC


def test_an_answer_without_channel_axis_is_accepted(tmp_path: Path) -> None:
    path = write_model(tmp_path / "flat.onnx", ("ReduceMean", {"axes": [1], "keepdims": 0}), rank=3)
    answer = OnnxEngine(path).run(tensor(8, 16))
    assert answer.shape == (1, 1, 8, 16)


def test_an_answer_of_several_planes_is_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path / "many.onnx", ("Identity", {}))
    with pytest.raises(ModelError, match="one matte"):
        OnnxEngine(path).run(tensor())


def test_a_trimap_is_three_planes_and_nothing_else(tmp_path: Path) -> None:
    spec = ModelSpec("three", size=64, stride=8, output="trimap")
    three = OnnxEngine(write_model(tmp_path / "three.onnx", ("Identity", {}), spec=spec))
    assert three.run(tensor()).shape == (1, 3, 24, 40)
    one = write_model(tmp_path / "one.onnx", ("ReduceMean", {"axes": [1], "keepdims": 1}), spec=spec)
    with pytest.raises(ModelError, match="not three shares"):
        OnnxEngine(one).run(tensor())


def test_a_file_without_description_says_what_to_do(tmp_path: Path) -> None:
    path = write_model(tmp_path / "bare.onnx", ("ReduceMean", {"axes": [1]}), spec=None)
    with pytest.raises(ModelError, match="cutaway export"):
        OnnxEngine(path)
    assert OnnxEngine(path, spec=SPEC).run(tensor()).shape == (1, 1, 24, 40)


def test_an_input_the_network_cannot_take_is_a_model_error(bright_model: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot run on an input \(1, 1, 8, 8\)"):
        OnnxEngine(bright_model).run(np.zeros((1, 1, 8, 8), np.float32))


def test_a_run_that_fails_inside_is_one_line_and_silent(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = OnnxEngine(write_model(tmp_path / "even.onnx", ("SpaceToDepth", {"blocksize": 2})))
    with pytest.raises(ModelError, match="cannot run") as error:
        engine.run(tensor(25, 40))
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"none\.onnx"):
        OnnxEngine(tmp_path / "none.onnx")


@pytest.mark.parametrize("content", [b"", b"this is no model", b"\x08\x07" * 500])
def test_damaged_file_is_one_line_and_silent(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.onnx") as error:
        OnnxEngine(path)
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_truncated_file(bright_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.onnx"
    path.write_bytes(bright_model.read_bytes()[:-60])
    with pytest.raises(ModelError):
        OnnxEngine(path)


@pytest.mark.skipif(os.name == "nt", reason="Windows names are Unicode")
def test_a_name_that_is_not_unicode(bright_model: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"m\xff.onnx")
    try:
        path.write_bytes(bright_model.read_bytes())
    except OSError:
        pytest.skip("this file system wants Unicode names")
    assert OnnxEngine(path).spec.name == "bright"


def test_cuda_that_is_not_installed(bright_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError, match=rf"{onnxruntime.__version__}.*CPU.*onnxruntime-gpu"):
        OnnxEngine(bright_model, device="cuda")
    assert OnnxEngine(bright_model, device="auto").device == "cpu"


@pytest.mark.filterwarnings("ignore:Specified provider")
@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_cuda_that_quietly_falls_back_is_found_out(
    bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX Runtime opens such a session on the CPU and says nothing."""
    claimed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: claimed)
    with pytest.raises(DeviceError, match="does not start"):
        OnnxEngine(bright_model, device="cuda")
    assert OnnxEngine(bright_model, device="auto").device == "cpu"


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="CUDA is here")
def test_cuda_that_fails_to_open(bright_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = onnxruntime.InferenceSession

    def broken(model: str, options: object, *, providers: list[str], **more: object) -> object:
        if "CUDAExecutionProvider" in providers:
            assert more["enable_fallback"] == 0  # else it prints to stdout and opens something else
            raise RuntimeError("CUDA failure 100: no CUDA-capable device is detected\nmore lines")
        return opened(model, options, providers=providers, **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", broken)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    with pytest.raises(DeviceError, match="no CUDA-capable device"):
        OnnxEngine(bright_model, device="cuda")
    assert OnnxEngine(bright_model, device="auto").device == "cpu"
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"bad\.onnx"):
        OnnxEngine(tmp_path / "bad.onnx", device="cuda")


def test_the_same_answer_from_many_threads(bright_model: Path) -> None:
    engine = OnnxEngine(bright_model, device="cpu", threads=2)
    pictures = [np.random.default_rng(i).random((1, 3, 16 + 8 * i, 64), np.float32) for i in range(4)]
    wanted = [engine.run(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        for _, answers in zip(
            range(5), pool.map(lambda _: [engine.run(p) for p in pictures], range(40)), strict=False
        ):
            assert all(np.array_equal(a, w) for a, w in zip(answers, wanted, strict=True))


def test_threads_follow_a_container_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(threads, "_CGROUP_QUOTA", quota)
    monkeypatch.setattr(threads, "_affinity", lambda everything: everything)
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert threads.restricted_threads() == 0  # no control group
    for text, wanted in [
        ("max 100000", 0),
        ("250000 100000", 3),
        ("1000 100000", 1),
        ("9900000 100000", 0),
        ("?", 0),
    ]:
        quota.write_text(text, "ascii")
        assert threads.restricted_threads() == wanted


def test_threads_follow_the_affinity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_CGROUP_QUOTA", tmp_path / "none")
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    monkeypatch.setattr(threads, "_affinity", lambda _: 4)
    assert threads.restricted_threads() == 4


def test_the_fake_engine_answers_what_it_is_told() -> None:
    assert (FakeEngine(0.25).run(np.zeros((2, 3, 4, 6), np.float32)) == np.full((2, 1, 4, 6), 0.25)).all()
    assert FakeEngine().run(tensor(4, 6, 0.5)).shape == (1, 1, 4, 6)
    assert FakeEngine(lambda t: t[:, :1] * 2).run(tensor(2, 2, 0.25)).max() == 0.5
