"""A run that was stopped and resumed is, bit by bit, the run that was not."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from training_runs import EPOCHS, STEPS, Finished, metrics_of, rows_of, same_checkpoint, tiny

from cutaway.errors import CheckpointError, DataError, OutputError
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
            if path.name == name and checkpoint.state.epoch == 1 and not calls:
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
    how: str, unbroken: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(unbroken.config, out=str(tmp_path / "run"))
    with monkeypatch.context() as patch:
        progress = STOPS[how](patch)
        patch.setattr(run_module, "finish", None)  # it must not come this far
        with pytest.raises(KeyboardInterrupt):
            train(config, progress=progress)
    stopped = ckpt.load(tmp_path / "run" / "last.ckpt").state
    assert 0 < stopped.done < EPOCHS * STEPS
    ticks: list[Tick] = []
    result = train(config, resume=True, progress=ticks.append)
    assert len(ticks) == EPOCHS * STEPS - stopped.done
    assert result.scores == unbroken.result.scores
    assert metrics_of(tmp_path / "run") == metrics_of(unbroken.folder)
    for name in ("last.ckpt", "best.ckpt"):
        same_checkpoint(ckpt.load(tmp_path / "run" / name), ckpt.load(unbroken.folder / name))


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
        train(tiny(leaves, tmp_path / "run"), resume=True)
    assert not (tmp_path / "run").exists()


def test_a_run_that_has_done_nothing_may_be_begun_anew(leaves: Path, tmp_path: Path) -> None:
    """It has a checkpoint from the start, so that it can be resumed, but there is nothing in it to lose."""
    with pytest.raises(DataError, match="nothing was done"):
        train(tiny(leaves, tmp_path / "run"), progress=_raise)
    assert ckpt.load(tmp_path / "run" / "last.ckpt").state.done == 0
    assert train(tiny(leaves, tmp_path / "run", epochs=1, lr=1e-4)).epochs == 1
    with pytest.raises(OutputError, match="already holds a training run"):
        train(tiny(leaves, tmp_path / "run", epochs=1, lr=1e-4))


def _raise(_: Tick) -> None:
    raise DataError("nothing was done that is worth keeping")


def test_a_damaged_run_is_not_begun_over(leaves: Path, tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(OutputError, match="already holds a training run"):
        train(tiny(leaves, tmp_path))


@pytest.mark.parametrize("schedule", ["constant", "plateau"])
def test_the_plateau_is_remembered(
    leaves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    """Rates cut after an epoch without progress, in a run stopped after each epoch, as in one that was not."""
    scores = iter([0.5, 0.4, 0.3, 0.2, 0.5, 0.4, 0.3, 0.2])

    def judge(*_: Any, **__: Any) -> Any:
        value = next(scores)
        return {"loss": 1.0, "iou": value, "dice": value, "mae": 0.1, "boundary_iou": 0.1}, []

    monkeypatch.setattr(run_module, "validate", judge)
    monkeypatch.setattr(run_module, "_finish", lambda run: None)
    changes = {"schedule": schedule, "plateau_patience": 1, "plateau_factor": 0.5, "warmup": 0, "epochs": 4}
    train(tiny(leaves, tmp_path / "whole", **changes))

    for again in (False, True, True, True):
        with pytest.raises(KeyboardInterrupt):
            train(tiny(leaves, tmp_path / "broken", **changes), resume=again, progress=_in_a_new_epoch())
    train(tiny(leaves, tmp_path / "broken", **changes), resume=True)
    rates = [[row["lr"] for row in rows_of(tmp_path / name)] for name in ("whole", "broken")]
    assert rates[0] == rates[1]
    assert rates[0] == (["0.004", "0.004", "0.002", "0.001"] if schedule == "plateau" else ["0.004"] * 4)


def _in_a_new_epoch() -> Callable[[Tick], None]:
    """Stop at the second step of the first epoch that is not begun in its middle."""
    begun: list[int] = []

    def stop(tick: Tick) -> None:
        begun.extend([tick.epoch] * (tick.step == 1))
        if begun and tick.step == 2:
            raise KeyboardInterrupt

    return stop


def test_a_damaged_checkpoint_is_not_resumed(leaves: Path, tmp_path: Path) -> None:
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 half a file")
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        train(tiny(leaves, tmp_path), resume=True)


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

    train(tiny(leaves, tmp_path / "run", epochs=1, save_minutes=0), progress=look)
    assert steps == [1, 2]
