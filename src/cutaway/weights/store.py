"""Where models are: inside the package, in the user's store, or at a path. Downloads are verified."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cutaway.errors import ModelError, ModelNotFoundError, unknown_name

_HERE = Path(__file__).parent
DEFAULT, FAST = "default", "fast"
"""Names of the models in the box: the one that is used unless another is named, and a smaller, quicker one."""
ALIASES = {"general": DEFAULT}
"""Other names for them."""
_BUILT_IN = _HERE / "builtin"
_CHECKPOINTS = {".ckpt", ".pt", ".pth"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class CatalogueEntry:
    """One model that can be used by its name.

    Attributes:
        name: what to give as `--model`.
        size_bytes: size of the file; 0 if not known.
        licence: SPDX name of the weights' licence; "unknown" for a file that was only put into the store.
        commercial: "yes", "no" or "unclear".
        training_data: what it was trained on.
        scores: name of a test set to mean IoU.
        source: where it comes from.
        sha256: of the file; empty if not known.
        md5: of the file, where its publisher tells no better checksum; empty if not known.
        address: where it can be fetched from; empty for a file that ships with the package or was put into the store.
        recipe: how to feed it, as fields of `ModelSpec`; empty where the file says so itself.
        path: where the file is, or would be; None if it can only be had elsewhere.
        is_here: whether the file is there.
    """

    name: str
    size_bytes: int = 0
    licence: str = "unknown"
    commercial: str = "unclear"
    training_data: str = "unknown"
    scores: dict[str, float] = field(default_factory=dict)
    source: str = ""
    sha256: str = ""
    md5: str = ""
    address: str = ""
    recipe: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    is_here: bool = False


def home() -> Path:
    """The folder where models are kept: `CUTAWAY_HOME`, else the platform's place for a user's data.

    `$XDG_DATA_HOME/cutaway` or `~/.local/share/cutaway` on Linux (XDG Base Directory Specification),
    `~/Library/Application Support/cutaway` on macOS, `%LOCALAPPDATA%\\cutaway` on Windows. It need not exist.
    """
    chosen = os.environ.get("CUTAWAY_HOME")
    return Path(chosen).expanduser() if chosen else _user_data() / "cutaway"


def _user_data() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path("~/AppData/Local").expanduser())
    if sys.platform == "darwin":
        return Path("~/Library/Application Support").expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser()


def offline() -> bool:
    """Whether nothing may be fetched: `CUTAWAY_OFFLINE` is set to anything but 0."""
    return os.environ.get("CUTAWAY_OFFLINE", "0") not in ("", "0")


def catalogue() -> list[CatalogueEntry]:
    """Every model that has a name: those in the box, the catalogue's, then other .onnx files in the store."""
    known = [_entry(name, block) for name, block in _blocks().items()]
    taken = {entry.name for entry in known} | set(ALIASES)
    boxed = [_found_entry(path) for path in sorted(_BUILT_IN.glob("*.onnx")) if path.stem not in taken]
    taken |= {entry.name for entry in boxed}
    stored = [_found_entry(path) for path in sorted(_store().glob("*.onnx")) if path.stem not in taken]
    return [*filter(is_built_in, known), *boxed, *(e for e in known if not is_built_in(e)), *stored]


def canonical(name: str) -> str:
    """A model's own name, where this is another one for it."""
    return ALIASES.get(name, name)


def built_in(name: str) -> Path | None:
    """The file of a model in the box, by any of its names; None if there is none by that name."""
    path = _BUILT_IN / f"{canonical(name)}.onnx"
    return path if _NAME.fullmatch(name) and os.path.isfile(path) else None  # noqa: PTH113


def resolve(model: str | os.PathLike[str]) -> Path:
    """The file of a model.

    Args:
        model: a name from `catalogue()`, or the path of a .onnx file.

    Raises:
        ModelNotFoundError: no model by that name or path, or it is not on this machine.
        ModelError: it is a file of another kind, or the stored file does not have the catalogue's checksum.
    """
    text = os.fspath(model)
    boxed = built_in(text)
    if boxed is not None:  # the catalogue would take longer to read than the photo
        return boxed
    text = canonical(text)
    if Path(text).suffix.lower() in _CHECKPOINTS:
        raise ModelError(f"{text!r} is a training checkpoint: cutaway export {text} -o MODEL.onnx")
    if text in _blocks():
        return _verified(_entry(text, _blocks()[text]))
    stored = _store() / f"{text}.onnx"
    if _NAME.fullmatch(text) and os.path.isfile(stored):  # noqa: PTH113
        return stored
    return _given_file(text)


def _given_file(text: str) -> Path:
    path = Path(os.path.expanduser(text))  # noqa: PTH111 - leaves an unknown ~user as it is
    if os.path.isdir(path):  # noqa: PTH112 - False, not an error, for a name that no file can have
        inside = path / "model.onnx"
        hint = f"did you mean {str(inside)!r}?" if inside.is_file() else "give the .onnx file"
        raise ModelError(f"model {text!r} is a folder: {hint}")
    if os.path.isfile(path):  # noqa: PTH113
        if path.suffix.lower() != ".onnx":
            raise ModelError(f"model {text!r} is not a .onnx file")
        return path
    if path.suffix.lower() == ".onnx" or len(path.parts) > 1:
        raise ModelNotFoundError(f"there is no model file {text!r}")
    raise ModelNotFoundError(_unknown(text))


def _unknown(name: str) -> str:
    known = [entry.name for entry in catalogue()]
    return unknown_name("model", name, known) + "; or give the path of a .onnx file"


def _verified(entry: CatalogueEntry) -> Path:
    """The entry's file. What came with the package is trusted; anything else must have its checksum."""
    if entry.path is None or not entry.is_here:
        raise ModelNotFoundError(_not_here(entry))
    if not is_built_in(entry) and not is_published(entry.path, entry):
        kind, wanted = ("SHA-256", entry.sha256) if entry.sha256 else ("MD5", entry.md5)
        raise ModelError(
            f"{str(entry.path)!r} is not the model {entry.name!r}: its {kind} differs from the catalogue's "
            f"{wanted}. Delete it and get it again"
        )
    return entry.path


def is_built_in(entry: CatalogueEntry) -> bool:
    """Whether the model comes with the package."""
    return entry.path is not None and bool({_HERE, _BUILT_IN} & set(entry.path.parents))


def is_published(path: Path, entry: CatalogueEntry) -> bool:
    """Whether a file is the one that the catalogue means: it has its checksum, or the catalogue knows none."""
    if entry.sha256:
        return _digest(path, "sha256") == entry.sha256
    return not entry.md5 or _digest(path, "md5") == entry.md5


def _not_here(entry: CatalogueEntry) -> str:
    if is_built_in(entry):
        return f"model {entry.name!r} is missing from this installation of Cutaway: install it again"
    if entry.address:
        way = (
            f"run 'cutaway models pull {entry.name}', or put it at {str(entry.path)!r}, from {entry.address}"
        )
    else:
        way = f"put it at {str(entry.path)!r}, from {entry.source}"
    return f"model {entry.name!r} is not on this machine: {way}"


def _digest(path: Path, kind: str) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()


def _store() -> Path:
    return home() / "models"


@lru_cache(maxsize=1)
def _blocks() -> Mapping[str, Mapping[str, Any]]:
    import tomllib

    blocks: dict[str, dict[str, Any]] = tomllib.loads((_HERE / "catalogue.toml").read_text("utf-8"))["models"]
    return blocks


def _entry(name: str, block: Mapping[str, Any]) -> CatalogueEntry:
    path = _HERE / block["file"] if "file" in block else _store() / f"{name}.onnx"
    is_here = path.is_file()
    return CatalogueEntry(
        name,
        size_bytes=block.get("size_bytes") or (path.stat().st_size if is_here else 0),
        licence=block.get("licence", "unknown"),
        commercial=block.get("commercial", "unclear"),
        training_data=block.get("training_data", "unknown"),
        scores=dict(block.get("scores", {})),
        source=block.get("source", block.get("address", "")),
        sha256=block.get("sha256", ""),
        md5=block.get("md5", ""),
        address=block.get("address", ""),
        recipe=dict(block.get("recipe", {})),
        path=path,
        is_here=is_here,
    )


def _found_entry(path: Path) -> CatalogueEntry:
    """A file that the catalogue does not know, in the file's own words."""
    from cutaway.weights.embedded import embedded_spec

    spec, known = embedded_spec(path), CatalogueEntry(path.stem)
    return CatalogueEntry(
        path.stem,
        size_bytes=path.stat().st_size,
        licence=(spec and spec.licence) or known.licence,
        training_data=(spec and spec.training_data) or known.training_data,
        source=str(path),
        path=path,
        is_here=True,
    )
