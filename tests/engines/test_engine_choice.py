"""What "auto" takes, and that it says so; devices that are asked for by name."""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import onnxruntime
import pytest

from cutaway.engines.choose import choose
from cutaway.engines.onnx import OnnxEngine
from cutaway.engines.open import open_engine
from cutaway.engines.providers import CPU, DEVICES
from cutaway.errors import DeviceError, MissingExtraError, ModelNotFoundError, OptionError
from cutaway.options import DEVICES as NAMES
from cutaway.options import Options
from cutaway.remover import Remover

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"


def built_for(monkeypatch: pytest.MonkeyPatch, *providers: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [*providers, CPU])


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ({}, "onnxruntime"),
        ({"device": "cuda"}, "onnxruntime"),
        ({"engine": "onnxruntime"}, "onnxruntime"),
        ({"engine": "openvino"}, "openvino"),
        ({"precision": "bf16"}, "openvino"),
        ({"precision": "bf16", "device": "cpu"}, "openvino"),
    ],
    ids=str,
)
def test_the_rule(asked: dict[str, object], taken: str) -> None:
    assert choose(**asked).name == taken  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [{"engine": "onnxruntime"}, {"device": "cuda"}], ids=str)
def test_a_precision_that_the_engine_has_not_is_refused(asked: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="precision 'bf16' is that of engine 'openvino'"):
        choose(precision="bf16", **asked)  # type: ignore[arg-type]


def test_the_door_says_in_one_line_what_it_took(bright_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "cutaway.engines.open"):
        assert open_engine(bright_model, device="cpu", threads=1).name == "onnxruntime"
    assert [r.getMessage() for r in caplog.records if r.name == "cutaway.engines.open"] == [
        "engine onnxruntime: it starts first, and in f32 no other was quicker"
    ]
    with pytest.raises(OptionError, match="engine 'tensorrt' is not one of auto"):
        open_engine(bright_model, engine="tensorrt")  # type: ignore[arg-type]
    with pytest.raises(ModelNotFoundError, match="Did you mean 'default'"):
        open_engine("defualt")


def test_a_remover_opens_what_its_options_say(bright_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    for options in (Options(engine="openvino"), Options(precision="bf16")):
        with pytest.raises(MissingExtraError, match=r"\[openvino\]"):
            Remover(bright_model, options)
    assert Remover(bright_model).engine == "onnxruntime"


def test_every_device_has_a_name_and_something_to_install() -> None:
    assert set(NAMES) == {"auto", "cpu", *DEVICES}
    assert all(one.install and one.providers for one in DEVICES.values())


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_a_device_that_is_not_built_in_says_what_to_install(
    name: str, bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_for(monkeypatch)
    told = rf"device '{name}' cannot be used: onnxruntime .* it has no .* support.*{re.escape(DEVICES[name].install)}"  # type: ignore[index]
    with pytest.raises(DeviceError, match=told):
        OnnxEngine(bright_model, device=name)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_a_device_that_starts_is_told_and_gets_its_helpers(
    name: str, bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for a session on that device, which says that it is there."""
    device = DEVICES[name]  # type: ignore[index]
    built_for(monkeypatch, *device.providers, *device.helpers)
    opened = onnxruntime.InferenceSession
    asked: list[list[str]] = []

    def session(file: str, options: object, *, providers: list[str], **more: object) -> object:
        asked.append(providers)
        real = opened(file, options, providers=[CPU], **more)
        return SimpleNamespace(
            get_providers=lambda: providers,
            get_inputs=real.get_inputs,
            get_outputs=real.get_outputs,
            get_modelmeta=real.get_modelmeta,
        )

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    assert OnnxEngine(bright_model, device=name).device == name  # type: ignore[arg-type]
    assert asked == [[device.providers[0], *device.helpers, CPU]]
    if name == "cuda":
        assert OnnxEngine(bright_model).device == "cuda"  # "auto" takes it; the others by name only


def test_cuda_that_does_not_start_is_told_though_nobody_asked(
    bright_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    built_for(monkeypatch, CUDA)
    opened = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda f, o, *, providers, **more: opened(f, o, providers=[CPU], **more),
    )
    assert OnnxEngine(bright_model).device == "cpu"
    told = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(told) == 1 and re.search(
        r"installed for CUDA, but its CUDA support does not start.*the CPU is used", told[0]
    )
