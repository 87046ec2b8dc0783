"""Looking into a .onnx file: its description, its layers and the tensors inside, without running it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.errors import MissingExtraError, ModelError, ModelNotFoundError
from cutaway.weights.spec import METADATA_KEY, ModelSpec


@dataclass(frozen=True)
class Port:
    """An input or output of a model.

    Attributes:
        name: what the file calls it.
        shape: its axes: numbers where they are fixed, names where they are free.
    """

    name: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class OnnxFacts:
    """What is in a model file.

    Attributes:
        spec: how to feed it, if the file says so.
        inputs, outputs: its ports in order.
        nodes: how many there are of each operator, the most frequent first.
        parameters: number of values in its weights; they are those of float tensors.
        opset: the version of the operators.
        producer: the program that wrote it.
        size_bytes: size of the file.
    """

    spec: ModelSpec | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: dict[str, int]
    parameters: int
    opset: int
    producer: str
    size_bytes: int


def read_onnx(path: Path) -> Any:
    """A model file as onnx's own `ModelProto`.

    Raises:
        MissingExtraError: the package onnx is not installed.
        ModelNotFoundError: there is no such file.
        ModelError: it is no ONNX file.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("looking into a model file", "train", "onnx") from error
    if not path.is_file():
        raise ModelNotFoundError(f"there is no model file {str(path)!r}")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf raises its own
        raise ModelError(f"{str(path)!r} cannot be read as ONNX ({type(error).__name__})") from error
    if not model.graph.node:
        raise ModelError(f"{str(path)!r} is no ONNX model: there is no layer in it")
    return model


def spec_of(model: Any) -> ModelSpec | None:
    """The description inside a model file; None if it has none.

    Raises:
        ModelError: there is one, and it cannot be used.
    """
    texts = [entry.value for entry in model.metadata_props if entry.key == METADATA_KEY]
    return ModelSpec.from_json(texts[0]) if texts else None


def look_into(path: Path) -> OnnxFacts:
    """Everything `cutaway models info` tells of a file.

    Raises:
        MissingExtraError: the package onnx is not installed.
        ModelError: the file is missing, damaged or described wrongly.
    """
    model = read_onnx(path)
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    return OnnxFacts(
        spec=spec_of(model),
        inputs=tuple(_port(value) for value in graph.input if value.name not in weights),
        outputs=tuple(_port(value) for value in graph.output),
        nodes=dict(Counter(node.op_type for node in graph.node).most_common()),
        parameters=sum(_values(tensor) for tensor in graph.initializer),
        opset=max((entry.version for entry in model.opset_import if not entry.domain), default=0),
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        size_bytes=path.stat().st_size,
    )


def _port(value: Any) -> Port:
    axes = value.type.tensor_type.shape.dim
    return Port(value.name, tuple(axis.dim_param or axis.dim_value for axis in axes))


def _values(tensor: Any) -> int:
    """How many numbers a tensor holds; 0 for those of integers, which are shapes and indices."""
    import onnx

    if tensor.data_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.INT8):
        return 0
    count = 1
    for length in tensor.dims:
        count *= length
    return count
