"""Runs a `.onnx` file with ONNX Runtime, on the CPU or on any device that it was built for."""

from __future__ import annotations

import contextlib
import io
import logging
import os
from pathlib import Path

import onnxruntime as ort

from cutaway.engines.base import planes
from cutaway.engines.providers import BY_ITSELF, CPU, DEVICES, cannot
from cutaway.engines.threads import restricted_threads
from cutaway.errors import DeviceError, ModelError, ModelNotFoundError
from cutaway.options import DeviceName
from cutaway.types import Floats
from cutaway.weights.spec import METADATA_KEY, ModelSpec

log = logging.getLogger(__name__)

_FATAL = 4  # ONNX Runtime's highest severity: it raises what it would otherwise also print


class OnnxEngine:
    """One opened model file; safe to share between threads.

    Args:
        path: the `.onnx` file.
        device: "cpu", a name from `providers.DEVICES`, or "auto" for CUDA where it really works and the CPU otherwise.
        threads: processor threads; 0 for one per physical core that this process may use.
        spec: how to feed it; None reads it from the file.

    Raises:
        ModelNotFoundError: there is no such file.
        ModelError: the file is damaged, or does not say how to feed it and `spec` does not either.
        DeviceError: the device that was asked for does not work.
    """

    name = "onnxruntime"

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        device: DeviceName = "auto",
        threads: int = 0,
        spec: ModelSpec | None = None,
    ) -> None:
        file = Path(path)
        if not file.is_file():
            raise ModelNotFoundError(f"there is no model file {str(file)!r}")
        self._session, self.device = _open(file, device, threads)
        self.spec = spec or _read_spec(self._session, file)
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name  # deep supervision: the first one is the answer
        log.info("%s runs on %s (ONNX Runtime %s)", self.spec.name, self.device, ort.__version__)

    def run(self, tensor: Floats) -> Floats:
        """Run the network: float32 (N, C, h, w) to float32 (N, 1, h, w), or (N, 3, h, w) if the spec says "trimap".

        Raises:
            ModelError: the network cannot take this input, or its answer has another number of planes.
        """
        try:
            answer = self._session.run([self._output], {self._input: tensor})[0]
        except Exception as error:  # its exceptions share no base class and none is public
            raise ModelError(
                f"model {self.spec.name!r} cannot run on an input {tensor.shape}: {_first_line(error)}"
            ) from error
        return planes(answer, self.spec)


def _open(file: Path, device: DeviceName, threads: int) -> tuple[ort.InferenceSession, str]:
    """Open the file where it was asked for, make sure that it is there, and say where that is."""
    name = BY_ITSELF if device == "auto" else device
    if name == "cpu" or (device == "auto" and DEVICES[name].provider is None):
        return _session(file, [CPU], threads), "cpu"
    session, problem = _session_on(name, file, threads)
    if not problem:
        return session, name
    if device != "auto":
        raise DeviceError(cannot(name, problem))
    log.warning("onnxruntime is installed for %s, but %s: the CPU is used", DEVICES[name].title, problem)
    return session, "cpu"


def _session_on(name: DeviceName, file: Path, threads: int) -> tuple[ort.InferenceSession, str]:
    """A session on a device and ""; or one on the CPU and what is wrong with the device.

    Without a driver or cuDNN, ONNX Runtime quietly opens the session on the CPU: only the session itself
    knows.
    """
    device = DEVICES[name]
    if device.provider is None:
        return _session(file, [CPU], threads), f"it has no {device.title} support"
    if "CUDAExecutionProvider" in device.order():
        _load_cuda_libraries()
    try:
        session = _session(file, device.order(), threads)
    except ModelError as error:
        return _session(file, [CPU], threads), str(error)  # raises again if it is the file that is at fault
    if device.provider in session.get_providers():
        return session, ""
    return (
        session,
        f"its {device.title} support does not start: look at the driver and the libraries it needs",
    )


def _load_cuda_libraries() -> None:
    """Find CUDA and cuDNN where pip put them (ONNX Runtime 1.21 and later)."""
    preload = getattr(ort, "preload_dlls", None)
    if preload is not None:
        with contextlib.redirect_stdout(
            io.StringIO()
        ):  # it prints what it misses, and stdout may carry a picture
            preload()


def _session(file: Path, providers: list[str], threads: int) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(
            _readable(file), _session_options(threads), providers=providers, enable_fallback=0
        )
    except Exception as error:  # its exceptions share no base class and none is public
        raise ModelError(f"{str(file)!r} is not a model that can be run: {_first_line(error)}") from error


def _readable(file: Path) -> str | bytes:
    """The path; for a name that is not Unicode, which ONNX Runtime cannot take, the content."""
    try:
        str(file).encode("utf-8")
    except UnicodeEncodeError:
        return file.read_bytes()
    return str(file)


def _session_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = _FATAL
    # 0 lets ONNX Runtime pin a thread to each physical core, which is wrong where some of them are forbidden.
    options.intra_op_num_threads = threads or restricted_threads()
    # Idle threads of the network would go on spinning, and take the processor from whatever decodes, composites and
    # compresses. Measured on two cores, one 2 MP photo from JPEG to PNG: 66 ms instead of 70 where nothing else runs
    # (processor time 102 ms instead of 124), 167 ms instead of 275 on a busy machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Photos have every aspect ratio, and each new shape would get a memory plan of its own, kept for good.
    # Measured on nine layers at 352 px: 108 MB against 129, after 20 more shapes 126 against 139, for
    # 2 to 11 % of the time.
    options.enable_mem_pattern = False
    # The arena stays: without it malloc kept more (139 to 230 MB) and the median run took about a quarter longer.
    options.enable_cpu_mem_arena = True
    return options


def _read_spec(session: ort.InferenceSession, file: Path) -> ModelSpec:
    text = session.get_modelmeta().custom_metadata_map.get(METADATA_KEY)
    if not text:
        raise ModelError(
            f"{str(file)!r} does not say how to feed it (its metadata has no {METADATA_KEY!r}): "
            "make it with 'cutaway export CHECKPOINT -o MODEL.onnx', or in Python give OnnxEngine a ModelSpec"
        )
    return ModelSpec.from_json(text)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0]
