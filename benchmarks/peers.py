"""The models we measure ourselves against: catalogue entries, so that Cutaway's own path can run them.

Cutaway neither ships nor trains from these files. How their publishers feed them stands in the catalogue
(src/cutaway/weights/catalogue.toml, "recipe"), which is the one place for it.
"""

from __future__ import annotations

from pathlib import Path

from cutaway.weights.published import recipes
from cutaway.weights.spec import ModelSpec

PEERS: dict[str, ModelSpec] = {f"{name}.onnx": spec for name, spec in recipes().items()}
"""File name to description."""


def peer_spec(model: str) -> ModelSpec | None:
    """The description of a peer's file by its name, None for anything else."""
    return PEERS.get(Path(model).name)
