"""Cutaway: remove or replace the background of photos, and train the model that does it.

    import cutaway
    cutaway.remove("photo.jpg").save("photo-cutout.png")

Importing this package loads nothing heavy: names are resolved when they are first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cutaway._version import __version__

if TYPE_CHECKING:
    from cutaway.errors import CutawayError
    from cutaway.one_call import change_background, remove
    from cutaway.options import Options
    from cutaway.remover import Remover, Result
    from cutaway.types import Cutout, Frame, Matte

_WHERE = {
    "CutawayError": "cutaway.errors",
    "Cutout": "cutaway.types",
    "Frame": "cutaway.types",
    "Matte": "cutaway.types",
    "Options": "cutaway.options",
    "Remover": "cutaway.remover",
    "Result": "cutaway.remover",
    "change_background": "cutaway.one_call",
    "remove": "cutaway.one_call",
}

__all__ = [
    "CutawayError",
    "Cutout",
    "Frame",
    "Matte",
    "Options",
    "Remover",
    "Result",
    "__version__",
    "change_background",
    "remove",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(import_module(_WHERE[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'cutaway' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
