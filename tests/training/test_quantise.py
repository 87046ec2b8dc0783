"""An int8 copy: small, described like its original, measured on photos it was not calibrated with, or refused."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cutaway.cli import main
from cutaway.engines.fake import FakeEngine
from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import DataError, ModelError, OutputExistsError
from cutaway.models.onnx_file import look_into
from cutaway.remover import Remover
from cutaway.training import quantise as room
from cutaway.training.quantise import HELD_OUT, MOST, Recorder, quantise
from cutaway.training.quantise_loss import MOST_LOST, Loss


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve small photos of a bright square."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(5)
    for number in range(12):
        pixels = rng.integers(0, 90, (40, 50, 3), np.uint8)
        pixels[8:30, 5 + number : 25 + number] += 150
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return folder


def test_the_copy_is_int8_and_answers_alike(bright_model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    told: list[tuple[int, int]] = []
    made = quantise(bright_model, photos, out=out, threads=1, progress=lambda *state: told.append(state))
    assert (made.calibrated, made.compared, made.failed) == (9, 3, ())
    assert 0 < made.difference <= made.worst < 0.02
    assert (made.size_bytes, made.before_bytes) == (out.stat().st_size, bright_model.stat().st_size)
    assert (told[8], told[-1]) == ((9, 9), (3, 3))
    facts = look_into(out)
    assert facts.nodes["QuantizeLinear"] and facts.nodes["DequantizeLinear"]
    assert facts.spec == look_into(bright_model).spec
    mattes = [
        Remover(engine=OnnxEngine(m, device="cpu")).matte(photos / "01.png").alpha
        for m in (bright_model, out)
    ]
    assert 0 < np.abs(mattes[0] - mattes[1]).mean() < 0.02
    assert f"over 3 photos, by {made.worst:.4f} on the worst" in made.text()


def test_weights_have_a_scale_for_each_channel(tmp_path: Path, photos: Path) -> None:
    onnx = pytest.importorskip("onnx")
    out = tmp_path / "int8.onnx"
    for path in sorted(photos.iterdir())[3:]:
        path.unlink()
    quantise("default", photos, out=out, threads=1, force=True)
    sizes = {tensor.name: tensor.dims for tensor in onnx.load(str(out)).graph.initializer}
    scales = [dims for name, dims in sizes.items() if "weight" in name.lower() and name.endswith("_scale")]
    assert any(list(dims) and dims[0] > 8 for dims in scales)
    assert out.stat().st_size < 0.35 * 12_600_000


def test_a_copy_that_differs_too_much_is_refused_unless_forced(
    bright_model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "TOLERANCE", 1e-9)
    with pytest.raises(ModelError, match=r"differs by 0\.\d+ in alpha .*--force"):
        quantise(bright_model, photos, out=tmp_path / "int8.onnx", threads=1)
    assert not (tmp_path / "int8.onnx").exists()
    quantise(bright_model, photos, out=tmp_path / "int8.onnx", threads=1, force=True)
    assert (tmp_path / "int8.onnx").is_file()


def test_calibration_sees_what_prediction_asks_the_second_look_included(photos: Path) -> None:
    recorder = Recorder(FakeEngine())
    Remover(engine=recorder).matte(photos / "00.png")
    first, second = recorder.asked
    assert second.mean() > 1.3 * first.mean()  # the bright subject, closer


def test_unreadable_photos_are_told_and_left_out(bright_model: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "00.png").write_bytes(b"no picture")
    made = quantise(bright_model, photos, out=tmp_path / "int8.onnx", threads=1)
    assert (made.calibrated, made.compared, len(made.failed)) == (8, 3, 1)
    for path in photos.iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="not one of the photos to calibrate with can be read"):
        quantise(bright_model, photos, out=tmp_path / "other.onnx", threads=1)


def test_what_cannot_be_quantised(bright_model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "int8.onnx"
    with pytest.raises(DataError, match="not a folder"):
        quantise(bright_model, tmp_path / "none", out=out)
    quantise(bright_model, photos, out=out, threads=1)
    with pytest.raises(OutputExistsError, match="--overwrite"):
        quantise(bright_model, photos, out=out)
    with pytest.raises(ModelError, match="quantised already"):
        quantise(out, photos, out=tmp_path / "twice.onnx")
    for path in sorted(photos.iterdir())[1:]:
        path.unlink()
    with pytest.raises(DataError, match="at least 2 photos"):
        quantise(bright_model, photos, out=tmp_path / "one.onnx")


def test_photos_are_split_evenly() -> None:
    learn, compare = room._split([Path(f"{n:04}") for n in range(1000)])
    assert (len(learn), len(compare)) == (MOST - MOST // HELD_OUT, MOST // HELD_OUT)
    assert not set(learn) & set(compare)
    assert max(learn) > Path("0980")
    assert room._split([Path("a"), Path("b")]) == ([Path("a")], [Path("b")])


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Run `cutaway export ARGS...`: exit code and stderr."""
    log = logging.getLogger("cutaway")
    before = log.level, log.propagate, log.handlers[:]
    training = logging.getLogger("cutaway.training")
    level = training.level
    training.setLevel(logging.NOTSET)  # `cutaway train` raised it, in tests that ran before in this process

    def run(*args: object) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["export", *map(str, args)])
        return int(end.value.code or 0), capsys.readouterr().err

    yield run
    log.level, log.propagate, log.handlers[:] = before
    training.setLevel(level)


def test_as_typed(typed, bright_model: Path, photos: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "int8.onnx"
    code, told = typed(bright_model, "--int8", "--calibrate", photos, "-o", out)
    assert (code, len(told.splitlines())) == (0, 1), told
    assert "alpha differs by" in told
    assert OnnxEngine(out, device="cpu").spec.name == "bright"
    for words, message in (
        ((bright_model, "--int8"), "needs --calibrate"),
        ((bright_model, "--calibrate", photos), "belong to --int8"),
        ((bright_model, "--int8", "--calibrate", photos, "--size", 96), "--size is settled"),
        ((bright_model, "--int8", "--calibrate", photos, "--zoom-size", 96), "--zoom-size is settled"),
    ):
        code, told = typed(*words, "-o", tmp_path / "no.onnx")
        assert code == 2 and message in told
    assert not (tmp_path / "no.onnx").exists()


@pytest.fixture
def pairs(tmp_path: Path, photos: Path) -> Path:
    """The photos with the masks that the tiny model finds in them."""
    for name in ("images", "masks"):
        (tmp_path / "pairs" / name).mkdir(parents=True)
    for path in sorted(photos.iterdir())[:4]:
        pixels = np.asarray(Image.open(path))
        Image.fromarray(pixels).save(tmp_path / "pairs" / "images" / path.name)
        mask = np.where(pixels.mean(axis=2) > 127.5, 255, 0).astype(np.uint8)
        Image.fromarray(mask).save(tmp_path / "pairs" / "masks" / path.name)
    return tmp_path / "pairs"


def test_the_loss_is_measured_on_known_masks(
    bright_model: Path, photos: Path, pairs: Path, tmp_path: Path
) -> None:
    made = quantise(bright_model, photos, out=tmp_path / "int8.onnx", measure=[pairs], threads=1)
    assert made.loss is not None and made.loss.pictures == 4
    assert 0.9 < made.loss.before <= 1 and abs(made.loss.points) <= MOST_LOST
    assert "points over 4 photos with masks" in made.text()


def test_a_copy_that_loses_too_much_is_refused(
    typed: Any, bright_model: Path, photos: Path, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "measured_loss", lambda *args, **more: Loss(9, 0.9, 0.89))
    out = tmp_path / "int8.onnx"
    words = (bright_model, "--int8", "--calibrate", photos, "--measure", pairs, "-o", out)
    code, told = typed(*words)
    assert code == 2 and "it loses 1.00 points over 9 photos with masks, more than 0.5" in told
    assert not out.exists()
    code, told = typed(*words, "--force")
    assert code == 0 and out.exists()
    code, told = typed(bright_model, "--measure", pairs, "-o", tmp_path / "no.onnx")
    assert code == 2 and "belong to --int8" in told


def test_a_loss_by_hand() -> None:
    assert Loss(2, 0.9, 0.895).points == pytest.approx(0.5)
    assert "it gains 0.50 points" in Loss(2, 0.895, 0.9).text()
