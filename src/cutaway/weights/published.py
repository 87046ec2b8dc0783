"""Models that others have published, whose files do not say how to feed them: the catalogue does."""

from __future__ import annotations

import os
from pathlib import Path

from cutaway.errors import ModelNotFoundError, unknown_name
from cutaway.weights.spec import ModelSpec
from cutaway.weights.store import CatalogueEntry, canonical, catalogue, is_published


def entry_of(name: str) -> CatalogueEntry:
    """What the catalogue knows about a model.

    Raises:
        ModelNotFoundError: it knows none by that name; the nearest one is suggested.
    """
    known = {entry.name: entry for entry in catalogue()}
    if canonical(name) not in known:
        raise ModelNotFoundError(unknown_name("model", name, known))
    return known[canonical(name)]


def recipes() -> dict[str, ModelSpec]:
    """How each model whose file does not say so itself is fed by its publisher, by name."""
    return {entry.name: _spec(entry) for entry in catalogue() if entry.recipe}


def published_spec(model: str | os.PathLike[str]) -> ModelSpec | None:
    """How to feed a model made elsewhere; None for one that says so itself.

    Args:
        model: a name of the catalogue; or a path whose stem is one, and whose content has that model's checksum, so
            that a file of the same name made by somebody else is not fed wrongly.
    """
    text = os.fspath(model)
    known = {entry.name: entry for entry in catalogue() if entry.recipe}
    if text in known:
        return _spec(known[text])
    path = Path(text)
    entry = known.get(path.stem)
    if entry is None or not os.path.isfile(path) or not is_published(path, entry):  # noqa: PTH113
        return None
    return _spec(entry)


def _spec(entry: CatalogueEntry) -> ModelSpec:
    facts = {"licence": entry.licence, "training_data": entry.training_data, "scores": entry.scores}
    return ModelSpec.from_mapping({"name": entry.name, **facts, **entry.recipe})
