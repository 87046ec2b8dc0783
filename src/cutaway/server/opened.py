"""The models that requests may name: those of the catalogue, each opened once."""

from __future__ import annotations

import threading
from dataclasses import replace

from cutaway.errors import unknown_name
from cutaway.kept import Kept
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server.problems import Problem
from cutaway.weights.store import CatalogueEntry, canonical, catalogue

_MORE_MODELS = 2


class Models:
    """The served model, and the few others that requests asked for last.

    Args:
        options: the served model, the device and the threads.
        remover: the served model if it is open already.

    Attributes:
        is_broken: whether the served model could not be opened.
    """

    def __init__(self, options: Options, *, remover: Remover | None = None) -> None:
        self._options = options
        self._served = remover
        self.is_broken = False
        self._lock = threading.Lock()
        self._others: Kept[str, Remover] = Kept(_MORE_MODELS)

    @property
    def served_name(self) -> str:
        """The name of the model that is used unless a request names another; never a path."""
        name = self._options.model
        return name if _named(name) else "served"

    @property
    def is_ready(self) -> bool:
        """Whether the served model is open."""
        return self._served is not None

    def load(self) -> Remover:
        """Open the served model, once.

        Raises:
            ModelError, DeviceError: it cannot be opened.
        """
        with self._lock:
            if self._served is None:
                self._served = Remover(options=self._options)
            return self._served

    def get(self, name: str | None = None) -> Remover:
        """The remover for a request.

        Args:
            name: as the request gave it: a name of the catalogue, never a path; None for the served model.

        Raises:
            Problem: there is no model by that name, or it is not on this machine.
        """
        if name is None or name == self.served_name:
            return self.load()
        entry = _named(name)
        if entry is None:
            known = [e.name for e in self.listed()]
            raise Problem(400, "invalid_model", unknown_name("model", name[:40], known))
        if not entry.is_here:
            raise Problem(400, "invalid_model", f"model {entry.name!r} is not on this server")
        return self._others.get(name, lambda: Remover(options=replace(self._options, model=name)))

    def listed(self) -> list[CatalogueEntry]:
        """What can be named: the catalogue, after the served model if it is a file of its own."""
        named = catalogue()
        if self.served_name in [entry.name for entry in named]:
            return named
        return [CatalogueEntry(self.served_name, is_here=True), *named]


def _named(name: str) -> CatalogueEntry | None:
    return next((entry for entry in catalogue() if entry.name == canonical(name)), None)
