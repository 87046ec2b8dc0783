"""Other people's models: described by the catalogue, fetched whole and verified, and fed as their publishers do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from http_server import Served, serving
from PIL import Image

from cutaway.cli import cli
from cutaway.engines.open import open_engine
from cutaway.errors import DownloadError, ModelError, ModelNotFoundError
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.weights import store
from cutaway.weights.published import entry_of, published_spec, recipes
from cutaway.weights.pull import pull

CONTENT = bytes(range(256)) * 40
EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "photos"
RECIPE = {"size": 64, "stride": 8, "fit": "stretch", "input_scale": "image-max", "output": "minmax"}


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server with one file, and an empty store."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CUTAWAY_OFFLINE", raising=False)
    monkeypatch.delenv("CUTAWAY_MIRROR", raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving() as state:
        state.files["/files/theirs-epoch_7.onnx"] = CONTENT
        yield state


@pytest.fixture(params=["sha256", "md5"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def put_block(
    monkeypatch: pytest.MonkeyPatch, server: Served, *, kind: str = "sha256", content: bytes = CONTENT
) -> None:
    """A catalogue with a model "theirs" on the server."""
    block = {
        "address": f"{server.url}/files/theirs-epoch_7.onnx",
        kind: hashlib.new(kind, content).hexdigest(),
        "licence": "CC-BY-NC-4.0",
        "commercial": "no",
        "training_data": "secret photos",
        "source": "somewhere",
        "recipe": RECIPE,
    }
    blocks = {**store._blocks(), "theirs": block}
    monkeypatch.setattr(store, "_blocks", lambda: blocks)


def stored(tmp_path: Path) -> Path:
    return tmp_path / "home" / "models" / "theirs.onnx"


def names(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def test_a_pulled_model_lies_in_the_store_alone(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    put_block(monkeypatch, server, kind=kind)
    told: list[tuple[int, int]] = []
    path = pull("theirs", progress=lambda *state: told.append(state))
    assert path == stored(tmp_path) == store.resolve("theirs")
    assert path.read_bytes() == CONTENT
    assert names(path) == ["theirs.onnx"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    pull("theirs")
    assert len(server.asked) == 1  # the second time nothing is asked for


def test_a_broken_transfer_goes_on(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    put_block(monkeypatch, server, kind=kind)
    server.break_after = 1000
    with pytest.raises(DownloadError, match="broke after 1000 of"):
        pull("theirs")
    assert not stored(tmp_path).exists()
    server.break_after = None
    assert pull("theirs").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-"]
    assert names(stored(tmp_path)) == ["theirs.onnx"]


def test_a_wrong_checksum_leaves_nothing(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    put_block(monkeypatch, server, kind=kind, content=b"other")
    with pytest.raises(DownloadError, match=r"not the file that was wanted: its (SHA-256|MD5) is"):
        pull("theirs")
    assert names(stored(tmp_path)) == []


def test_a_damaged_stored_file_is_refused_and_replaced(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    put_block(monkeypatch, server, kind=kind)
    stored(tmp_path).parent.mkdir(parents=True)
    stored(tmp_path).write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"(SHA-256|MD5) differs"):
        store.resolve("theirs")
    assert pull("theirs").read_bytes() == CONTENT


def test_a_mirror_is_asked_for_the_files_own_name(server: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    put_block(monkeypatch, server)
    server.files = {"/mirror/theirs-epoch_7.onnx": CONTENT}
    monkeypatch.setenv("CUTAWAY_MIRROR", f"{server.url}/mirror/")
    assert pull("theirs").read_bytes() == CONTENT


def test_what_cannot_be_pulled_says_why(
    server: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ModelNotFoundError, match="Did you mean 'u2net"):
        pull("u3net")
    with pytest.raises(ModelError, match=r"cannot be fetched: put it at .*imgly-medium\.onnx.*npm"):
        pull("imgly-medium")
    put_block(monkeypatch, server)
    monkeypatch.setenv("CUTAWAY_OFFLINE", "1")
    with pytest.raises(DownloadError, match="CUTAWAY_OFFLINE is set"):
        pull("theirs")
    assert server.asked == []


def test_the_built_in_model_is_here_already(server: Served) -> None:
    assert pull("default") == store.resolve("default")
    assert server.asked == []


def test_a_model_that_is_not_here_names_the_command(server: Served) -> None:
    for name in recipes():
        if entry_of(name).address:
            with pytest.raises(ModelNotFoundError, match=f"cutaway models pull {name}'"):
                store.resolve(name)


def test_the_command_tells_the_licence_first_and_the_place_last(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_block(monkeypatch, server)
    ran = CliRunner().invoke(cli, ["models", "pull", "theirs"])
    assert ran.exit_code == 0, ran.output
    assert "CC-BY-NC-4.0 (not for commercial use); trained on secret photos" in ran.stderr
    assert ran.stdout == f"{stored(tmp_path)}\n"
    server.files.clear()
    stored(tmp_path).unlink()
    failed = CliRunner().invoke(cli, ["models", "pull", "theirs"])
    assert isinstance(failed.exception, DownloadError) and "404" in str(failed.exception)


def test_a_pulled_model_is_fed_as_published(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bright_model: Path
) -> None:
    bare = without_description(bright_model)
    server.files["/files/theirs-epoch_7.onnx"] = bare
    put_block(monkeypatch, server, content=bare)
    pull("theirs")
    spec = open_engine("theirs", device="cpu", threads=1).spec
    assert (spec.name, spec.fit, spec.input_scale, spec.output) == (
        "theirs", "stretch", "image-max", "minmax",
    )  # fmt: skip
    assert (spec.licence, spec.training_data) == ("CC-BY-NC-4.0", "secret photos")
    elsewhere = tmp_path / "theirs.onnx"
    elsewhere.write_bytes(bare)
    assert open_engine(elsewhere, device="cpu", threads=1).spec == spec


def test_a_file_of_that_name_by_somebody_else_is_not_fed_so(
    server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bright_model: Path
) -> None:
    put_block(monkeypatch, server)
    own = tmp_path / "theirs.onnx"
    own.write_bytes(bright_model.read_bytes())
    assert published_spec(own) is None
    assert open_engine(own, device="cpu", threads=1).spec.name == "bright"


def without_description(model: Path) -> bytes:
    onnx = pytest.importorskip("onnx", reason="the train extra (onnx) is not installed")
    proto = onnx.load(str(model))
    del proto.metadata_props[:]
    return bytes(proto.SerializeToString())


def test_u2net_is_fed_by_its_published_recipe() -> None:
    """320 × 320, each picture divided by its own maximum, ImageNet's mean and deviation, the answer stretched."""
    for name in ("u2net", "u2netp", "u2net_human_seg", "silueta"):
        spec = recipes()[name]
        assert (spec.size, spec.fit, spec.input_scale, spec.output) == (320, "stretch", "image-max", "minmax")
        assert (spec.mean, spec.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert recipes()["isnet-general-use"].std == (1.0, 1.0, 1.0)
    assert recipes()["birefnet-general"].output == "logits"


def test_the_built_in_model_does_not_read_the_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    def no() -> None:
        raise AssertionError("the catalogue was read")

    monkeypatch.setattr(store, "_blocks", no)
    assert open_engine("default", device="cpu", threads=1).spec.name == "default"


@pytest.mark.parametrize("name", ["u2netp", "u2net"])
def test_u2net_gives_the_mask_that_its_publishers_steps_give(name: str) -> None:
    """Within 3/255 on average over the example photos, with their own steps written out here (Pillow's Lanczos)."""
    if not entry_of(name).is_here:
        pytest.skip(f"{name} is not in the store: cutaway models pull {name}")
    remover = Remover(
        options=Options(zoom="off", refine=False), engine=open_engine(name, device="cpu", threads=1)
    )
    differences = []
    for path in sorted(EXAMPLES.glob("*.jpg")):
        photo = Image.open(path).convert("RGB")
        small = np.asarray(photo.resize((320, 320), Image.Resampling.LANCZOS), np.float32)
        scaled = (small / small.max() - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        raw = open_engine(name, device="cpu").run(scaled.transpose(2, 0, 1)[None].astype(np.float32))[0, 0]
        stretched = Image.fromarray(((raw - raw.min()) / np.ptp(raw) * 255).astype(np.uint8))
        theirs = np.asarray(stretched.resize(photo.size, Image.Resampling.LANCZOS), float)
        differences.append(np.abs(remover.matte(path).alpha * 255 - theirs).mean())
    assert len(differences) == 3
    assert np.mean(differences) <= 3, differences
