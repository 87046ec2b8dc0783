"""Rooms import only rooms below them; read from the source, so lazy and type-checking imports count too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cutaway

PACKAGE = Path(cutaway.__file__).parent
LAYERS = {
    "_version": 0, "errors": 0,
    "types": 1, "formats": 1, "weights": 1,  # ModelSpec is a border type as well: pixels.prepare works by it
    "options": 2, "pixels": 2,
    "models": 3,
    "engines": 4, "media": 4,
    "remover": 5,
    "data": 6, "streams": 6,
    "evaluation": 7, "server": 7, "compat": 7,
    "training": 8,
    "cli": 9,
}  # fmt: skip
SAME_ROOM = {
    "lengths": "types",
    "backdrops": "options", "looks": "options", "option_fields": "options", "hints": "options", "presets": "options",
    "result": "remover", "making": "remover", "staging": "remover", "writing": "remover",
    "shaping": "remover", "one_call": "remover", "guidance": "remover", "kept": "remover",
    "__main__": "cli",
}  # fmt: skip
ONLY_IN = {  # a package, and the rooms or files that may import it
    "torch": ("models/", "training/", "engines/torch.py"),
    "av": ("media/video/", "media/camera.py"),
    "urllib": ("weights/download.py", "server/"),
    "http": ("weights/download.py", "server/"),
    "requests": (),
    "click": ("cli/",),
}
MODULES = sorted(p.relative_to(PACKAGE) for p in PACKAGE.rglob("*.py"))


def imported(source: str, package: str) -> Iterator[str]:
    """Full names of all that a module imports; `package` is where its relative imports start."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{name.name}" for name in node.names)


def room(first: str) -> str:
    return SAME_ROOM.get(first, first)


def complaints(module: Path, source: str) -> list[str]:
    own = room(module.parts[0].removesuffix(".py"))
    found = []
    for name in imported(source, ".".join(["cutaway", *module.parent.parts])):
        top, *rest = name.split(".")
        other = room(rest[0]) if rest else ""
        if top == "cutaway" and other in LAYERS and other != own and LAYERS[other] >= LAYERS[own]:
            found.append(f"{module} ({own}, layer {LAYERS[own]}) imports {name} (layer {LAYERS[other]})")
        if top in ONLY_IN and not module.as_posix().startswith(ONLY_IN[top]):
            found.append(f"{module} imports {name}; only {', '.join(ONLY_IN[top])} may")
    return found


@pytest.mark.parametrize("module", [m for m in MODULES if m != Path("__init__.py")], ids=str)
def test_imports_point_downwards(module: Path) -> None:
    assert room(module.parts[0].removesuffix(".py")) in LAYERS, "a new room: give it a layer"
    assert complaints(module, (PACKAGE / module).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import cutaway.media.images",
        "from cutaway.cli import main",
        "from cutaway import remover",
        "def f():\n    from ..media import images",
        "if TYPE_CHECKING:\n    from cutaway.engines.base import Engine",
        "from cutaway.options import Options",
        "import torch.nn as nn",
        "from urllib import request",
    ],
)
def test_this_test_can_fail(source: str) -> None:
    assert len(complaints(Path("pixels/prepare.py"), source)) == 1
    assert (
        complaints(Path("pixels/prepare.py"), "import cutaway.types\nfrom . import resize\nimport numpy")
        == []
    )
