"""What `cutaway models info` prints: an architecture as a table, a model file or a checkpoint as facts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.cli.facts import facts_text, screen_columns, table_text
from cutaway.errors import MissingExtraError, ModelNotFoundError, unknown_name

if TYPE_CHECKING:
    from cutaway.models.base import MatteNet
    from cutaway.models.onnx_file import OnnxFacts
    from cutaway.models.summary import Row, Summary
    from cutaway.weights.spec import ModelSpec

SIZE = 320
CONVENTION = (
    "A multiply-add is a multiplication and the addition of its product; convolutions are counted, in evaluation. "
    'Indented lines are part of the line above them; "-" is used in training only.'
)
OUTPUTS = {
    1: "alpha (sigmoid)",
    2: "background, subject (softmax)",
    3: "background, subject, border (softmax)",
}


def info_text(model: str, *, size: int | None = None) -> str:
    """Everything known about an architecture, a model or a checkpoint.

    Args:
        model: name of an architecture or a model, or path of a .onnx or .ckpt file.
        size: side of the input for shapes and operations; None takes 320, or what a checkpoint was trained at.

    Raises:
        ModelNotFoundError: there is nothing by that name.
        ModelError: the file cannot be read.
        CheckpointError: the checkpoint cannot be read.
        MissingExtraError: the train extra is not installed.
    """
    suffix = Path(model).suffix.lower()
    if suffix == ".ckpt":
        return _checkpoint_text(Path(model), size)
    if suffix != ".onnx" and os.path.basename(model) == model:  # noqa: PTH119 - a name, not a path
        return _named_text(model, size)
    return _file_text(model)


def _named_text(name: str, size: int | None) -> str:
    from cutaway.weights.store import catalogue

    models = [entry.name for entry in catalogue()]
    if name in models:
        return _file_text(name)
    try:
        from cutaway.models.registry import ARCHITECTURES, build_on_paper
    except ImportError as error:
        raise MissingExtraError("looking into an architecture", "train", str(error.name)) from error
    if name not in ARCHITECTURES:
        raise ModelNotFoundError(unknown_name("architecture or model", name, [*ARCHITECTURES, *models]))
    return network_text(name, build_on_paper(name), size=size or SIZE)


def network_text(name: str, model: MatteNet, *, size: int) -> str:
    """A network as a table of its modules."""
    from cutaway.models.summary import summarise

    summary = summarise(model, size=size)
    head = ("module", "kind", "output", "parameters", "M multiply-adds")
    table = table_text(head, [*map(_cells, summary.rows), _total(summary)], numbers=(3, 4))
    columns = screen_columns()
    facts = {
        "input": f"{_shape(summary.input_shape)}, sides multiples of {model.stride}, others are padded",
        "output": f"{_shape(summary.output_shape)}: {OUTPUTS[model.classes]}",
        "parameters": _count(summary.parameters),
        "operations": f"{summary.multiply_adds / 1e9:.2f} G multiply-adds",
        "note": CONVENTION,
    }
    return f"{facts_text(name, facts, columns=columns)}\n\n{table}"


def _cells(row: Row) -> tuple[str, ...]:
    used = row.shape is not None
    return (
        "  " * row.depth + row.name,
        row.kind,
        _shape(row.shape) if row.shape else "-",
        _count(row.parameters),
        f"{row.multiply_adds / 1e6:.1f}" if used else "-",
    )


def _total(summary: Summary) -> tuple[str, ...]:
    operations = f"{summary.multiply_adds / 1e6:.1f}"
    return "together", "", _shape(summary.output_shape), _count(summary.parameters), operations


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _count(number: int) -> str:
    """8543296 as "8 543 296"."""
    return f"{number:,}".replace(",", " ")


def _file_text(model: str) -> str:
    from cutaway.models.onnx_file import look_into
    from cutaway.weights.store import resolve

    path = resolve(model)
    facts = look_into(path)
    title = model if facts.spec is None or facts.spec.name == model else f"{model} ({facts.spec.name})"
    return facts_text(title, {**_file_facts(facts), **_spec_facts(facts.spec)}, columns=screen_columns())


def _file_facts(facts: OnnxFacts) -> dict[str, str]:
    from cutaway.cli.models import megabytes

    return {
        "size": megabytes(facts.size_bytes),
        "made by": f"{facts.producer or 'unknown'}, operators of version {facts.opset}",
        "input": "; ".join(map(str, facts.inputs)),
        "output": "; ".join(map(str, facts.outputs)),
        "layers": ", ".join(f"{name} {count}" for name, count in facts.nodes.items()),
        "parameters": f"{_count(facts.parameters)} (what training needed only is left out)",
    }


def _spec_facts(spec: ModelSpec | None) -> dict[str, str]:
    if spec is None:
        return {"description": "none: it does not say how to feed it"}
    return {
        "arch": spec.arch or "unknown",
        "works at": f"about {spec.size} × {spec.size} px, sides multiples of {spec.stride}, fit {spec.fit}",
        "colour": "RGB" if spec.channels == 3 else "grey",
        "mean, std": f"{_numbers(spec.mean)} and {_numbers(spec.std)}, input scaled by {spec.input_scale}",
        "answers": spec.output,
        "licence": spec.licence or "unknown",
        "trained on": spec.training_data or "unknown",
        "scores": _plain_scores(spec.scores),
    }


def _plain_scores(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in scores.items()) or "-"


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4g}" for value in values)


def _checkpoint_text(path: Path, size: int | None) -> str:
    try:
        from cutaway.models.registry import build_on_paper
        from cutaway.training.checkpoint import load
    except ImportError as error:
        raise MissingExtraError("looking into a checkpoint", "train", str(error.name)) from error
    frozen = load(path)
    config, history = frozen.config, frozen.state.history
    network = build_on_paper(config.arch, classes=config.classes, grey=config.grey, network=config.network)
    facts = {
        "arch": config.arch,
        "epochs": f"{len(history)} of {config.epochs} done, {frozen.state.done} steps",
        "latest": _plain_scores(history[-1]) if history else "-",
        "licence": config.licence or "unknown",
        "trained on": config.training_data or ", ".join(config.data) or "unknown",
    }
    told = facts_text(str(path), facts, columns=screen_columns())
    return f"{told}\n\n{network_text(config.arch, network, size=size or config.size)}"
