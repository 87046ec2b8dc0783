"""An engine whose network sees smaller or larger pictures than it was trained on."""

from __future__ import annotations

from dataclasses import replace

from cutaway.engines.base import Engine, RecurrentEngine
from cutaway.errors import OptionError
from cutaway.types import Floats
from cutaway.weights.spec import ModelSpec


class Resized:
    """Another engine at another input size: smaller is faster and coarser. Use `resized` to make one.

    Args:
        engine: runs the network.
        spec: its description, with the other size.
    """

    def __init__(self, engine: Engine, spec: ModelSpec) -> None:
        self._engine, self.spec = engine, spec
        self.name, self.device = engine.name, engine.device

    def run(self, tensor: Floats) -> Floats:
        """Run the network; see `Engine.run`."""
        return self._engine.run(tensor)


class _ResizedRecurrent(Resized):
    _engine: RecurrentEngine

    def stream(self) -> Engine:
        """See `RecurrentEngine.stream`."""
        return Resized(self._engine.stream(), self.spec)


def resized(engine: Engine, size: int) -> Engine:
    """The same engine, shown pictures of about size × size pixels; second looks grow and shrink as much.

    Args:
        engine: an opened model.
        size: a multiple of its stride.

    Raises:
        OptionError: the size is no such multiple, or the model takes pictures of one size only.
    """
    spec = engine.spec
    if size == spec.size:
        return engine
    if spec.fit == "stretch":
        raise OptionError(
            f"model {spec.name!r} takes pictures of {spec.size}×{spec.size} only: leave out input-size"
        )
    if size < spec.stride or size % spec.stride:
        raise OptionError(
            f"input-size must be a multiple of {spec.stride} for model {spec.name!r}, not {size}"
        )
    kind = _ResizedRecurrent if isinstance(engine, RecurrentEngine) else Resized
    zoom_size = round(spec.zoom_size * size / spec.size / spec.stride) * spec.stride
    return kind(engine, replace(spec, size=size, zoom_size=zoom_size))
