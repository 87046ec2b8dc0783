"""A run that was stopped and resumed is, bit by bit, the run that was not."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from training_runs import EPOCHS, STEPS, Finished, quick, rows_of

from cutaway.errors import CheckpointError, OutputError
from cutaway.training import checkpoint as ckpt
from cutaway.training import run as run_module
from cutaway.training.run import Tick, train

pytestmark = pytest.mark.usefixtures("without_the_end")
Stop = Callable[[pytest.MonkeyPatch], "Callable[[Tick], None] | None"]


def _after_a_step(_: pytest.MonkeyPatch) -> Callable[[Tick], None]:
    """Between the steps of epoch 2."""

    def stop(tick: Tick) -> None:
        if (tick.epoch, tick.step) == (2, 2):
            raise KeyboardInterrupt

    return stop


def _within_a_step(patch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in step 2 of epoch 2, when the weights have moved and nothing has been counted."""
    step, calls = run_module._step, []

    def interrupted(*args: Any) -> float:
        calls.append(1)
        loss = step(*args)
        if len(calls) == STEPS + 2:
            signal.raise_signal(signal.SIGINT)
        return loss

    patch.setattr(run_module, "_step", interrupted)


def _while_validating(patch: pytest.MonkeyPatch) -> None:
    """After the last step of epoch 2, before it is judged."""
    validate, calls = run_module.validate, []

    def interrupted(*args: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return validate(*args, **named)

    patch.setattr(run_module, "validate", interrupted)


def _while_saving(name: str) -> Stop:
    def prepare(patch: pytest.MonkeyPatch) -> None:
        """As the checkpoint of epoch 1 is being written."""
        save, calls = ckpt.save, []

        def interrupted(checkpoint: ckpt.Checkpoint, path: Path) -> None:
            if path.name == name and not calls:
                calls.append(1)
                raise KeyboardInterrupt
            save(checkpoint, path)

        patch.setattr(ckpt, "save", interrupted)

    return prepare


STOPS: dict[str, Stop] = {
    "after a step": _after_a_step,
    "within a step": _within_a_step,
    "while validating": _while_validating,
    "while saving best": _while_saving("best.ckpt"),
    "while saving last": _while_saving("last.ckpt"),
}


@pytest.mark.parametrize("how", list(STOPS))
def test_resumed_is_unbroken(
    how: str, finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(finished.config, out=str(tmp_path / "unbroken"))
    with monkeypatch.context() as patch:
        progress = STOPS[how](patch)
        patch.setattr(run_module, "finish", None)  # it must not come this far
        with pytest.raises(KeyboardInterrupt):
            train(config, progress=progress)
    stopped = ckpt.load(tmp_path / "unbroken" / "last.ckpt").state
    assert 0 < stopped.done < EPOCHS * STEPS
    ticks: list[Tick] = []
    result = train(config, resume=True, progress=ticks.append)
    assert len(ticks) == EPOCHS * STEPS - stopped.done
    assert result.scores == finished.result.scores
    _same_log(tmp_path / "unbroken", finished.folder)
    for name in ("last.ckpt", "best.ckpt"):
        _same_checkpoint(ckpt.load(tmp_path / "unbroken" / name), ckpt.load(finished.folder / name))


def _same_log(one: Path, other: Path) -> None:
    def metrics(folder: Path) -> list[dict[str, str]]:
        return [
            {k: v for k, v in row.items() if k not in ("seconds", "images_per_s")} for row in rows_of(folder)
        ]

    assert metrics(one) == metrics(other)


def _same_checkpoint(one: ckpt.Checkpoint, other: ckpt.Checkpoint) -> None:
    for weights, wanted in ((one.model, other.model), (one.ema, other.ema)):
        assert weights.keys() == wanted.keys()
        assert all(torch.equal(weights[k], wanted[k]) for k in weights)
    for moments, wanted in zip(
        one.optimiser["state"].values(), other.optimiser["state"].values(), strict=True
    ):
        assert all(torch.equal(moments[k], wanted[k]) for k in wanted)
    assert torch.equal(one.random["cpu"], other.random["cpu"])
    assert (one.state.epoch, one.state.done, one.state.best) == (
        other.state.epoch,
        other.state.done,
        other.state.best,
    )


def test_resuming_a_finished_run_teaches_nothing_more(finished: Finished, tmp_path: Path) -> None:
    out = _copy(finished, tmp_path)
    ticks: list[Tick] = []
    result = train(replace(finished.config, out=str(out)), resume=True, progress=ticks.append)
    assert ticks == [] and result.epochs == 3 and result.scores == finished.result.scores


def _copy(finished: Finished, tmp_path: Path, *, name: str = "unbroken") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for file in ("last.ckpt", "best.ckpt"):
        (folder / file).write_bytes((finished.folder / file).read_bytes())
    return folder


@pytest.mark.parametrize(
    ("setting", "value"),
    [("lr", 5e-4), ("seed", 1), ("arch", "lite1"), ("size", 96), ("epochs", 4), ("ema", 0.9)],
)
def test_other_settings_are_refused(finished: Finished, tmp_path: Path, setting: str, value: Any) -> None:
    out = _copy(finished, tmp_path)
    before = (out / "last.ckpt").read_bytes()
    with pytest.raises(CheckpointError, match=f"started with {setting} = .*, not {value!r}.*--init"):
        train(replace(finished.config, out=str(out), **{setting: value}), resume=True)
    assert (out / "last.ckpt").read_bytes() == before
    assert not (out / "config.json").exists()


def test_threads_and_place_may_change(finished: Finished, tmp_path: Path) -> None:
    out = _copy(finished, tmp_path, name="moved")
    result = train(replace(finished.config, out=str(out), workers=1, save_minutes=1.0), resume=True)
    assert result.epochs == 3
    assert ckpt.load(out / "last.ckpt").config.name == "unbroken"


def test_changed_data_is_refused(finished: Finished, drawing: ModuleType, tmp_path: Path) -> None:
    drawing.draw_set(tmp_path / "more", 13)
    out = _copy(finished, tmp_path)
    with pytest.raises(CheckpointError, match="the data has changed"):
        train(replace(finished.config, out=str(out), data=(str(tmp_path / "more"),)), resume=True)


def test_nothing_to_resume(leaves: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nothing to resume: there is no .*last\.ckpt"):
        train(quick(leaves, tmp_path / "run"), resume=True)
    assert not (tmp_path / "run").exists()


def test_a_damaged_checkpoint_is_not_resumed(leaves: Path, tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        train(quick(leaves, tmp_path), resume=True)


def test_a_run_is_not_begun_over_another(finished: Finished, tmp_path: Path) -> None:
    out = _copy(finished, tmp_path)
    before = (out / "last.ckpt").read_bytes()
    with pytest.raises(OutputError, match=r"already holds a training run; add --resume"):
        train(replace(finished.config, out=str(out)))
    assert (out / "last.ckpt").read_bytes() == before


def test_checkpoints_within_an_epoch(leaves: Path, tmp_path: Path) -> None:
    """With save_minutes 0 the last checkpoint is never older than a step, so a power cut costs no more than that."""
    steps: list[int] = []

    def look(tick: Tick) -> None:
        if tick.step > 1:
            steps.append(ckpt.load(tmp_path / "run" / "last.ckpt").state.step)

    train(quick(leaves, tmp_path / "run", epochs=1, save_minutes=0), progress=look)
    assert steps == [1, 2]
