"""Runs that cannot be, runs that go wrong, and runs that start from another one."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from training_runs import Finished, tiny

from cutaway.data.masks import MaskReading
from cutaway.data.pairs import find_pairs
from cutaway.errors import CheckpointError, CutawayError, DataError, MissingExtraError, OptionError
from cutaway.training import checkpoint as ckpt
from cutaway.training import run as run_module
from cutaway.training.run import Tick, train
from cutaway.training.setup import _sampler

pytestmark = pytest.mark.usefixtures("without_the_end")


@pytest.mark.parametrize("missing", ["data", "out"])
def test_a_run_needs_data_and_a_place(leaves: Path, tmp_path: Path, missing: str) -> None:
    config = replace(
        tiny(leaves, tmp_path / "run"), **{missing: type(getattr(tiny(leaves, tmp_path), missing))()}
    )
    with pytest.raises(OptionError, match="cutaway train DATA -o RUN"):
        train(config)


def test_no_data_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        train(tiny(tmp_path / "nothing", tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("package", ["matplotlib", "onnx", "onnxscript"])
def test_what_the_end_needs_is_asked_for_at_the_start(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == package else find(name, *a)
    )
    with pytest.raises(MissingExtraError, match=f"'{package}'.*pip install"):
        train(tiny(leaves, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_too_few_pairs(drawing: ModuleType, tmp_path: Path) -> None:
    drawing.draw_set(tmp_path / "one", 1)
    with pytest.raises(DataError, match="at least 2 usable pairs"):
        train(tiny(tmp_path / "one", tmp_path / "run"))
    drawing.draw_set(tmp_path / "two", 2)
    with pytest.raises(DataError, match=r"an epoch of 1 sample is too short.*samples_per_epoch"):
        train(tiny(tmp_path / "two", tmp_path / "run", samples_per_epoch=0))
    assert not (tmp_path / "run").exists()
    assert train(tiny(tmp_path / "two", tmp_path / "run", samples_per_epoch=4, epochs=1)).epochs == 1


def _spoil(folder: Path) -> None:
    (folder / "images" / "leaf-003.jpg").write_text("not a photo")
    (folder / "masks" / "leaf-005.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    Image.new("L", (20, 30), 255).save(folder / "masks" / "leaf-007.png")


def test_bad_pairs_are_left_out_and_the_rest_go_on(
    own_leaves: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _spoil(own_leaves)
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        assert train(tiny(own_leaves, tmp_path / "run", epochs=1)).epochs == 1
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 3 and all(w.startswith("left out: ") for w in warnings)
    for number, warning in zip(("003", "005", "007"), warnings, strict=True):
        assert f"leaf-{number}" in warning
    said = re.search(r"(\d+) pairs to learn from, (\d+) held out", caplog.text)
    assert said is not None and sum(map(int, said.groups())) == 12 - 3


def test_nothing_but_bad_pairs(own_leaves: Path, tmp_path: Path) -> None:
    for photo in (own_leaves / "images").iterdir():
        photo.write_text("not a photo")
    with pytest.raises(DataError, match=r"not one pair can be used.*cutaway data check"):
        train(tiny(own_leaves, tmp_path / "run"))


def test_ambiguous_masks_are_a_question_and_masks_the_answer(own_leaves: Path, tmp_path: Path) -> None:
    for path in (own_leaves / "masks").iterdir():
        mask = np.asarray(Image.open(path))
        Image.fromarray(np.where(mask > 0, 1, 2).astype(np.uint8)).save(path)
    with pytest.raises(DataError, match="--masks subject:"):
        train(tiny(own_leaves, tmp_path / "run"))
    assert train(tiny(own_leaves, tmp_path / "run", masks="subject:1", epochs=1)).epochs == 1


def test_a_loss_that_is_no_number_stops_the_run(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss, calls = run_module.matte_loss, []

    def explodes(*args: Any, **named: Any) -> torch.Tensor:
        calls.append(1)
        return loss(*args, **named) * (float("nan") if len(calls) == 5 else 1.0)

    monkeypatch.setattr(run_module, "matte_loss", explodes)
    with pytest.raises(DataError, match="the loss became nan at epoch 2, step 2; try a smaller --lr"):
        train(tiny(leaves, tmp_path / "run"))
    weights = ckpt.load(tmp_path / "run" / "last.ckpt").model  # of the end of epoch 1
    assert all(torch.isfinite(w).all() for w in weights.values())


@pytest.fixture
def falling_scores(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Validation that says 0.5, 0.6, and then less and less; the list fills with what was said."""
    said: list[float] = []

    def judge(*_: Any, **__: Any) -> tuple[dict[str, float], list[Any]]:
        said.append([0.5, 0.6, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35][len(said)])
        return {"loss": 1.0, "iou": said[-1], "dice": said[-1], "mae": 0.1, "boundary_iou": 0.1}, []

    monkeypatch.setattr(run_module, "validate", judge)
    yield said


def test_early_stop_and_no_way_on(
    leaves: Path, tmp_path: Path, falling_scores: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    config = tiny(leaves, tmp_path / "run", epochs=20, patience=3, samples_per_epoch=2, batch=2)
    with caplog.at_level(logging.INFO, logger="cutaway.training"):
        assert train(config).epochs == 5  # the best was the second; a third as good is no better
    assert "no better validation IoU for 3 epochs" in caplog.text
    best = ckpt.load(tmp_path / "run" / "best.ckpt").state
    assert (best.epoch, best.best, best.since_best) == (2, 0.6, 0)
    ticks: list[Tick] = []
    assert train(config, resume=True, progress=ticks.append).epochs == 5
    assert ticks == []


def test_init_starts_from_those_weights(unbroken: Finished, tmp_path: Path, leaves: Path) -> None:
    """At a rate of almost nothing, what comes out is what went in: the averaged weights of the checkpoint."""
    start = unbroken.folder / "best.ckpt"
    train(tiny(leaves, tmp_path / "run", init=str(start), lr=1e-12, epochs=1, seed=5))
    old, new = ckpt.load(start), ckpt.load(tmp_path / "run" / "last.ckpt")
    names = [k for k in old.ema if "running_" not in k and "num_batches" not in k]
    assert all(torch.allclose(new.model[k], old.ema[k], rtol=0, atol=1e-6) for k in names)
    assert any(not torch.allclose(old.model[k], old.ema[k], rtol=0, atol=1e-6) for k in names)


def test_init_of_another_network_is_refused(unbroken: Finished, tmp_path: Path, leaves: Path) -> None:
    start = str(unbroken.folder / "best.ckpt")
    with pytest.raises(CheckpointError, match=r"--init .*best\.ckpt is not a lite2 network") as caught:
        train(tiny(leaves, tmp_path / "run", arch="lite2", network={}, init=start))
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        train(tiny(leaves, tmp_path / "run", init=str(tmp_path / "none.ckpt")))


def test_an_unknown_network(leaves: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"no architecture 'unnet'.*unet"):
        train(tiny(leaves, tmp_path / "run", arch="unnet"))
    with pytest.raises(OptionError, match=r"no setting 'blokcs'.*blocks"):
        train(tiny(leaves, tmp_path / "run", network={"blokcs": 2}))
    assert not (tmp_path / "run").exists()


def test_backgrounds_from_a_folder(leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "walls").mkdir()
    with pytest.raises(DataError, match="no picture to use as background"):
        train(tiny(leaves, tmp_path / "run", background_folder=str(tmp_path / "walls")))
    Image.new("RGB", (200, 150), (90, 120, 30)).save(tmp_path / "walls" / "wall.png")
    config = tiny(leaves, tmp_path / "run", background_folder=str(tmp_path / "walls"), background=1, epochs=1)
    seen: list[int] = []
    from cutaway.data import augment as augmenting

    lay_over = augmenting.lay_over

    def watching(picture: Any, matte: Any, *, background: Any, rng: Any) -> Any:
        seen.append(int((background == (90, 120, 30)).all()))
        return lay_over(picture, matte, background=background, rng=rng)

    monkeypatch.setattr(augmenting, "lay_over", watching)
    train(config)
    assert 0 < sum(seen) < len(seen)  # some from the folder, some from the other photos


def test_listed_backgrounds_are_never_laid_under_a_subject(leaves: Path, tmp_path: Path) -> None:
    (tmp_path / "walls").mkdir()
    for name, colour in (("wall", (90, 120, 30)), ("scene", (250, 0, 250))):
        Image.new("RGB", (200, 150), colour).save(tmp_path / "walls" / f"{name}.png")
    (tmp_path / "list.txt").write_text("scene.png\n", "utf-8")
    folder, listed = str(tmp_path / "walls"), str(tmp_path / "list.txt")
    config = tiny(leaves, tmp_path / "run", background_folder=folder, background_exclude=listed)
    used = _sampler(config, find_pairs(leaves), MaskReading("grey")).backgrounds
    assert [tuple(picture[0, 0]) for picture in used] == [(90, 120, 30)]
    with pytest.raises(OptionError, match="background_exclude names files of background_folder"):
        tiny(leaves, tmp_path / "run", background_exclude=listed)


def test_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(CutawayError) as caught:
        train(tiny(tmp_path, tmp_path / "run"))
    assert "\n" not in str(caught.value)
