"""Models in the box: found by what lies there, described by the file itself, and known by their other names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import cutaway
from cutaway.cli.models import described
from cutaway.engines.open import open_engine
from cutaway.server.opened import Models
from cutaway.weights import store
from cutaway.weights.embedded import embedded_spec
from cutaway.weights.published import entry_of
from cutaway.weights.spec import ModelSpec
from cutaway.weights.store import DEFAULT, FAST, catalogue, resolve

DEFAULT_FILE = Path(store.__file__).parent / "builtin" / "default.onnx"


def described_model(source: Path, path: Path) -> Path:
    """The tiny model under the name "tiny", with something to say about its data."""
    onnx = pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")
    proto = onnx.load(str(source))
    spec = ModelSpec.from_json(proto.metadata_props[0].value)
    proto.metadata_props[0].value = replace(spec, name="tiny", training_data="discs").to_json()
    onnx.save(proto, path)
    return path


@pytest.fixture
def box(tmp_path: Path, bright_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box with a tiny `tiny` in it."""
    monkeypatch.setattr(store, "_BUILT_IN", tmp_path / "builtin")
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    (tmp_path / "builtin").mkdir()
    described_model(bright_model, tmp_path / "builtin" / "tiny.onnx")
    return tmp_path / "builtin"


def test_a_model_in_the_box_is_listed_in_its_own_words(box: Path) -> None:
    entry = entry_of("tiny")
    assert (entry.licence, entry.training_data, entry.is_here) == ("Apache-2.0", "discs", True)
    assert store.is_built_in(entry) and entry.size_bytes == (box / "tiny.onnx").stat().st_size
    names = [e.name for e in catalogue()]
    assert names[:2] == [DEFAULT, FAST] and names.count("tiny") == 1
    assert "licence      Apache-2.0 (commercial use unclear)" in described(entry, columns=90)


def test_it_opens_by_its_name_without_the_catalogue(box: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_blocks", lambda: pytest.fail("the catalogue was read"))
    assert resolve("tiny") == box / "tiny.onnx"
    assert open_engine("tiny", device="cpu", threads=1).spec.name == "tiny"


def test_a_server_lets_requests_name_it(box: Path) -> None:
    assert Models(cutaway.Options(threads=1)).get("tiny").spec.name == "tiny"


def test_it_comes_before_a_stored_file_of_its_name(box: Path) -> None:
    stored = store.home() / "models" / "tiny.onnx"
    stored.parent.mkdir(parents=True)
    stored.write_bytes((box / "tiny.onnx").read_bytes())
    assert resolve("tiny") == box / "tiny.onnx"
    assert [e.name for e in catalogue()].count("tiny") == 1


def test_general_is_another_name_for_default() -> None:
    assert resolve("general") == resolve(DEFAULT) == DEFAULT_FILE
    assert entry_of("general").name == DEFAULT
    assert cutaway.Remover("general").spec.name == DEFAULT
    assert described(entry_of(DEFAULT), columns=90).endswith("\n  also called  general")
    assert [e.name for e in catalogue()].count("general") == 0


@pytest.mark.parametrize("name", ["../default", "builtin/default", "", "default.onnx"])
def test_a_name_is_no_way_out_of_the_box(name: str) -> None:
    assert store.built_in(name) is None


def test_a_description_is_read_without_opening_the_network(box: Path) -> None:
    assert embedded_spec(box / "tiny.onnx") == open_engine("tiny", device="cpu", threads=1).spec
    told = embedded_spec(DEFAULT_FILE)
    assert told is not None and told == cutaway.Remover().spec


@pytest.mark.parametrize("cut", [1, 10, 60, 200])
def test_a_file_that_is_cut_short_or_no_model_says_nothing(box: Path, tmp_path: Path, cut: int) -> None:
    whole = (box / "tiny.onnx").read_bytes()
    others = {"text": b"this is no model" * 9, "empty": b"", "ff": b"\xff" * 99}
    for name, data in {"short": whole[:-cut], **others}.items():
        (tmp_path / name).write_bytes(data)
        assert embedded_spec(tmp_path / name) is None, (name, cut)
    assert embedded_spec(tmp_path / "none.onnx") is None
