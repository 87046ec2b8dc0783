"""Checkpoints: what goes in comes out, what is damaged is refused, and nothing in them is executed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch

from cutaway.errors import CheckpointError, OutputError
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig


def _checkpoint(value: float = 1.0) -> ckpt.Checkpoint:
    state = ckpt.RunState(
        epoch=2,
        step=5,
        done=25,
        loss_sum=3.5,
        seconds=9.0,
        best=0.9,
        since_best=1,
        history=[{"epoch": 1, "val_iou": 0.9}],
    )
    return ckpt.Checkpoint(
        config=TrainConfig(data=("pets",), out="run", lr=1e-3),
        state=state,
        model={"w": torch.full((3,), value)},
        ema={"w": torch.full((3,), value / 2)},
        optimiser={"state": {0: {"step": torch.tensor(4.0)}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
        fingerprint="abc",
        random=ckpt.random_state(),
    )


def test_there_and_back(tmp_path: Path) -> None:
    old = _checkpoint()
    ckpt.save(old, tmp_path / "last.ckpt")
    new = ckpt.load(tmp_path / "last.ckpt")
    assert (new.config, new.state, new.fingerprint) == (old.config, old.state, "abc")
    assert torch.equal(new.model["w"], torch.ones(3)) and torch.equal(new.ema["w"], torch.full((3,), 0.5))
    assert new.optimiser == old.optimiser and new.scaler == {}
    assert torch.equal(new.random["cpu"], old.random["cpu"])


def test_the_random_state_comes_back() -> None:
    state = ckpt.random_state()
    first = torch.rand(3)
    ckpt.restore_random(state)
    assert torch.equal(torch.rand(3), first)


def test_a_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    ckpt.save(_checkpoint(), path)
    whole = path.read_bytes()
    for share in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:share])
        with pytest.raises(CheckpointError, match=r"last\.ckpt cannot be read as a checkpoint"):
            ckpt.load(path)


def test_no_file_a_folder_a_text(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        ckpt.load(tmp_path / "none.ckpt")
    (tmp_path / "text.ckpt").write_text("epoch 3, lr 0.1")
    for name in ("", "text.ckpt"):
        with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
            ckpt.load(tmp_path / name)


class _Mischief:
    """A pickle that makes a folder when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.path,)


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_code_in_a_file_is_not_executed(tmp_path: Path, how: str) -> None:
    trap, path = tmp_path / "executed", tmp_path / "bad.ckpt"
    if how == "pickle":
        path.write_bytes(pickle.dumps({"format": ckpt.FORMAT, "model": _Mischief(trap)}, protocol=2))
    else:
        torch.save({"format": ckpt.FORMAT, "model": _Mischief(trap)}, path)
    with pytest.raises(CheckpointError):
        ckpt.load(path)
    assert not trap.exists()


@pytest.mark.parametrize("content", [[1, 2], {"state_dict": {}}, {"format": 99}])
def test_checkpoints_of_other_programs(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(CheckpointError, match="is not a Cutaway checkpoint of format 1"):
        ckpt.load(tmp_path / "other.ckpt")


@pytest.mark.parametrize("change", ["no config", "strange setting", "strange state", "strange part"])
def test_checkpoints_of_other_versions(tmp_path: Path, change: str) -> None:
    path = tmp_path / "last.ckpt"
    ckpt.save(_checkpoint(), path)
    data = torch.load(path, weights_only=True)
    if change == "no config":
        del data["config"]
    else:
        {"strange setting": data["config"], "strange state": data["state"], "strange part": data}[change][
            "tomorrow"
        ] = 1
    torch.save(data, path)
    with pytest.raises(CheckpointError, match="another version of Cutaway"):
        ckpt.load(path)


def test_an_interrupted_write_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "last.ckpt"
    ckpt.save(_checkpoint(1.0), path)

    def pulled_plug(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", pulled_plug)
    with pytest.raises(KeyboardInterrupt):
        ckpt.save(_checkpoint(2.0), path)
    assert torch.equal(ckpt.load(path).model["w"], torch.ones(3))
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        ckpt.save(_checkpoint(), tmp_path / "file" / "last.ckpt")
