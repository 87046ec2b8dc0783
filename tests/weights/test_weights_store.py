"""Finding a model by name or path, and saying well why not."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from cutaway.errors import ModelError, ModelNotFoundError
from cutaway.weights import store
from cutaway.weights.store import catalogue, home, offline, resolve


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "models").mkdir(parents=True)
    return tmp_path / "home"


def with_block(monkeypatch: pytest.MonkeyPatch, name: str, **block: object) -> None:
    blocks = {**store._blocks(), name: block}
    monkeypatch.setattr(store, "_blocks", lambda: blocks)


def test_every_block_of_the_catalogue_is_complete() -> None:
    for name, block in store._blocks().items():
        assert not ("file" in block and "address" in block), name
        assert "file" in block or block["recipe"], name
        assert block["commercial"] in ("yes", "no", "unclear"), name
        assert block["licence"] and block["training_data"] and block["source"], name
        assert all(isinstance(score, float) for score in block["scores"].values()), name
        if "file" in block and not block["sha256"]:
            continue
        assert len(block.get("sha256", "")) == 64 or len(block["md5"]) == 32, name


def test_default_is_in_the_catalogue_and_ships_inside_the_package() -> None:
    entry = next(e for e in catalogue() if e.name == "default")
    assert entry.path is not None
    assert entry.path.parent.name == "builtin"
    if entry.is_here:
        assert resolve("default") == entry.path
        assert entry.size_bytes == entry.path.stat().st_size
        digest = hashlib.sha256(entry.path.read_bytes()).hexdigest()
        assert entry.sha256 in ("", digest)


def test_missing_built_in_model_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with_block(monkeypatch, "gone", file="builtin/gone.onnx")
    with pytest.raises(ModelNotFoundError, match="'gone' is missing from this installation"):
        resolve("gone")


def test_a_path_is_used_as_it_is(bright_model: Path) -> None:
    assert resolve(bright_model) == bright_model
    assert resolve(str(bright_model)) == bright_model


def test_a_model_in_the_store_has_a_name(own_home: Path, bright_model: Path) -> None:
    stored = own_home / "models" / "mine.onnx"
    stored.write_bytes(bright_model.read_bytes())
    assert resolve("mine") == stored
    entry = catalogue()[-1]
    assert (entry.name, entry.is_here, entry.size_bytes) == ("mine", True, stored.stat().st_size)


@pytest.mark.parametrize("name", ["../outside", "a/b", ".hidden", ""])
def test_a_name_does_not_lead_out_of_the_store(own_home: Path, bright_model: Path, name: str) -> None:
    for place in (own_home / "outside.onnx", own_home / "models" / ".hidden.onnx"):
        place.write_bytes(bright_model.read_bytes())
    with pytest.raises(ModelError):
        resolve(name)


def test_a_known_model_that_is_not_here_says_where_to_put_it(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_block(monkeypatch, "other", address="https://example.org/other.onnx", sha256="0" * 64, size_bytes=12)
    with pytest.raises(ModelNotFoundError, match=r"not on this machine.*models.*example\.org"):
        resolve("other")
    entry = next(e for e in catalogue() if e.name == "other")
    assert (entry.is_here, entry.size_bytes) == (False, 12)


def test_a_stored_file_must_have_the_catalogues_checksum(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own_home / "models" / "other.onnx"
    path.write_bytes(b"weights")
    with_block(
        monkeypatch, "other", address="https://example.org", sha256=hashlib.sha256(b"weights").hexdigest()
    )
    assert resolve("other") == path
    path.write_bytes(b"weight$")
    with pytest.raises(ModelError, match="SHA-256"):
        resolve("other")


@pytest.mark.parametrize("name", ["run/best.ckpt", "u2net.pth", "x.PT"])
def test_a_checkpoint_points_to_export(name: str) -> None:
    with pytest.raises(ModelError, match="training checkpoint: cutaway export"):
        resolve(name)


def test_a_misspelt_name_is_recognised(own_home: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="Did you mean 'default'"):
        resolve("defualt")


@pytest.mark.parametrize(
    "name", ["x" * 5000, "nul\0l", "~nobody-here/m.onnx", "no/such/model.onnx", "model.onnx"]
)
def test_names_that_no_file_has(own_home: Path, name: str) -> None:
    with pytest.raises(ModelNotFoundError):
        resolve(name)


def test_other_files_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"not a \.onnx file"):
        resolve(tmp_path / "photo.jpg")
    with pytest.raises(ModelError, match="is a folder"):
        resolve(tmp_path)
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"did you mean .*model\.onnx"):
        resolve(tmp_path)


def test_home_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("CUTAWAY_HOME")
    monkeypatch.setattr(store.sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert home() == tmp_path / "xdg" / "cutaway"
    monkeypatch.setattr(store.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert home() == tmp_path / "local" / "cutaway"
    monkeypatch.setattr(store.sys, "platform", "darwin")
    assert home().parts[-3:] == ("Library", "Application Support", "cutaway")


@pytest.mark.parametrize(
    ("value", "wanted"), [(None, False), ("", False), ("0", False), ("1", True), ("yes", True)]
)
def test_offline(monkeypatch: pytest.MonkeyPatch, value: str | None, wanted: bool) -> None:
    monkeypatch.delenv("CUTAWAY_OFFLINE", raising=False)
    if value is not None:
        monkeypatch.setenv("CUTAWAY_OFFLINE", value)
    assert offline() is wanted
