"""Several processes: two on the CPU (gloo) make the steps that one makes alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import torch
from training_runs import Finished, quick, rows_of, tiny

from cutaway.errors import OptionError
from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig, load_config
from cutaway.training.distributed import Team, together
from cutaway.training.interrupt import interrupt_remembered
from cutaway.training.run import train
from cutaway.training.setup import set_up
from processes import run, started

no_windows = pytest.mark.skipif(
    sys.platform == "win32", reason="no torchrun with gloo, no SIGINT to one process"
)
TORCHRUN = [
    sys.executable,
    "-m",
    "torch.distributed.run",
    "--standalone",
    "--nproc-per-node",
    "2",
    "-m",
    "cutaway",
]
TABLE = """
arch = "unet"
size = 32
epochs = 2
samples_per_epoch = 10
batch = 5
optimiser = "sgd"
lr = 0.1
ema = 0.3
validation = 0.2
device = "cpu"
precision = "float32"
threads = 1
pretrained = false

[network]
blocks = 1
filters = 4
dropout = 0.0
batch_norm = false
"""


@no_windows
def test_two_processes_are_one_run(leaves: Path, tmp_path: Path) -> None:
    """torchrun's real command: the same weights and scores as alone, but for the order of sums; then resumed."""
    (tmp_path / "run.toml").write_text(TABLE, encoding="utf-8")
    command = ["train", str(leaves), "-o", str(tmp_path / "two"), "--config", str(tmp_path / "run.toml")]
    ran = run([*TORCHRUN, *command], seconds=100, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr.count("epoch 1/2: loss") == 1  # one process speaks
    alone = load_config(tmp_path / "run.toml", {"data": [str(leaves)], "out": str(tmp_path / "one")})
    train(alone)
    one, two = (ckpt.load(tmp_path / name / "last.ckpt") for name in ("one", "two"))
    assert (two.state.epoch, two.state.done) == (one.state.epoch, one.state.done) == (2, 4)
    assert all(torch.allclose(two.model[k], one.model[k], atol=1e-5) for k in one.model)
    start = set_up(
        quick(leaves, tmp_path / "new", **_plain(alone)), resume=False, team=Team()
    ).model.state_dict()
    assert any(not torch.allclose(one.model[k], start[k], atol=1e-3) for k in start)  # it did learn
    for mine, wanted in zip(rows_of(tmp_path / "two"), rows_of(tmp_path / "one"), strict=True):
        for name in ("train_loss", "val_loss", "val_iou", "lr"):
            assert float(mine[name]) == pytest.approx(float(wanted[name]), abs=1e-4)
    assert (tmp_path / "two" / "model.onnx").is_file()
    assert train(alone, resume=True).epochs == 2


def _plain(config: TrainConfig) -> dict[str, object]:
    return {k: v for k, v in vars(config).items() if k not in ("data", "out")}


@no_windows
def test_a_stop_that_one_process_hears_stops_all_at_the_same_step(leaves: Path, tmp_path: Path) -> None:
    """SIGINT to the second process alone; the first saves, and both end."""
    (tmp_path / "run.toml").write_text(TABLE.replace("epochs = 2", "epochs = 100000"), encoding="utf-8")
    command = [
        sys.executable, "-m", "cutaway", "train", str(leaves), "-o", str(tmp_path / "run"),
        "--config", str(tmp_path / "run.toml"), "--patience", "100000",
    ]  # fmt: skip
    place = {
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        "OMP_NUM_THREADS": "1",
    }
    with ExitStack() as stack:
        environments = [os.environ | place | {"RANK": r, "LOCAL_RANK": r} for r in ("0", "1")]
        processes = [
            stack.enter_context(started(command, stderr=subprocess.PIPE, env=e)) for e in environments
        ]
        _wait_for(tmp_path / "run" / "log.csv")
        processes[1].send_signal(signal.SIGINT)
        told = [process.communicate(timeout=60)[1] for process in processes]
    assert all(process.returncode != 0 for process in processes)
    assert "stopped and saved; go on with: torchrun --nproc-per-node 2 -m cutaway train -o" in told[0]
    assert "Traceback" not in told[0] + told[1]
    assert ckpt.load(tmp_path / "run" / "last.ckpt").state.done > 0


def _free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(path: Path) -> None:
    for _ in range(600):
        if path.is_file():
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} has not appeared")


def test_shares_of_a_step_are_all_of_it() -> None:
    for world in (1, 2, 3):
        for samples in (range(10, 15), range(6)):
            shares = [Team(rank, world).share(samples) for rank in range(world)]
            assert sorted(n for share in shares for n in share) == list(samples)
            weights = [Team(rank, world).weight(len(s), whole=len(samples)) for rank, s in enumerate(shares)]
            assert sum(weights) / world == pytest.approx(1)
            means = [sum(s) / len(s) for s in shares]
            mean = sum(w * m for w, m in zip(weights, means, strict=True)) / world
            assert mean == pytest.approx(sum(samples) / len(samples))


def test_a_team_of_one_does_nothing_special() -> None:
    with together("cpu") as team:
        model = torch.nn.Linear(2, 2)
        assert team == Team() and team.leads and team.wrap(model) is model
        assert team.total([1.0, 2.0]) == [1.0, 2.0] and team.hand_down(lambda: "x") == "x"
        assert not team.any(False) and team.any(True)
        team.wait()


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE='two' is no number"),
        ({"WORLD_SIZE": "2", "RANK": "2"}, "RANK=2 and WORLD_SIZE=2 do not fit"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE=0 do not fit"),
    ],
)
def test_variables_that_make_no_sense(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OptionError, match=said), together("cpu"):
        pass


def test_a_batch_too_small_to_be_shared(leaves: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="a batch of 4 is too small for 3 processes"):
        set_up(tiny(leaves, tmp_path / "run"), resume=False, team=Team(0, 3))
    assert not (tmp_path / "run").exists()


def test_a_last_batch_too_small_to_be_shared_is_left_out(leaves: Path, tmp_path: Path) -> None:
    run = set_up(tiny(leaves, tmp_path / "run"), resume=False, team=Team())
    assert run.steps == 3  # 4 + 4 + 2 samples
    run.team = Team(0, 2)
    assert run.steps == 2


def test_followers_write_nothing(unbroken: Finished, leaves: Path, tmp_path: Path) -> None:
    run = set_up(tiny(leaves, tmp_path / "run"), resume=False, team=Team())
    (tmp_path / "run" / "last.ckpt").unlink()
    run.team = Team(1, 2)
    run.save("last")
    assert not (tmp_path / "run" / "last.ckpt").exists()


def test_a_stop_is_remembered_and_the_handlers_put_back() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    with interrupt_remembered(enabled=True) as asked:
        assert not asked.heard
        signal.raise_signal(signal.SIGINT)
        assert asked.heard
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_nothing_is_remembered_where_nobody_listens() -> None:
    with pytest.raises(KeyboardInterrupt), interrupt_remembered(enabled=False):
        signal.raise_signal(signal.SIGINT)
    notes = []

    def work() -> None:
        with interrupt_remembered(enabled=True) as asked:
            notes.append(asked.heard)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(60)
    assert notes == [False]
