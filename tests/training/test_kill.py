"""Killed without a warning, in another process, a run goes on and becomes the run that was not killed."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training_runs import Finished, metrics_of, same_checkpoint

from cutaway.training import checkpoint as ckpt
from cutaway.training.config import TrainConfig
from cutaway.training.run import train
from processes import line_of, started

pytestmark = pytest.mark.usefixtures("without_the_end")

AT_A_STEP = """
import json, sys, time
from cutaway.training.config import load_config
from cutaway.training.run import train

def wait(tick):
    if [tick.epoch, tick.step] == json.loads(sys.argv[2]):
        print("there", flush=True)
        time.sleep(600)

train(load_config(None, json.loads(sys.argv[1])), progress=wait)
"""

WITHIN_A_WRITE = """
import json, os, pathlib, sys
import torch
from cutaway.training.config import load_config
from cutaway.training.run import train

config = load_config(None, json.loads(sys.argv[1]))
save, calls = torch.save, []

def half(data, buffer):
    save(data, buffer)
    calls.append(1)
    if len(calls) == json.loads(sys.argv[2]):
        torn = pathlib.Path(config.out) / ".0123456789abcdef.tmp"
        torn.write_bytes(buffer.getvalue()[:1000])
        os.kill(os.getpid(), 9)

torch.save = half
train(config)
"""


def _process(
    script: str, config: TrainConfig, where: object, tmp_path: Path
) -> AbstractContextManager[subprocess.Popen[str]]:
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    command = [sys.executable, str(tmp_path / "script.py"), config.to_json(), str(where)]
    threads = os.environ | {"OMP_NUM_THREADS": "1"}
    return started(command, env=threads)


def _same_in_the_end(config: TrainConfig, unbroken: Finished) -> None:
    train(config, resume=True)
    mine, wanted = Path(config.out), unbroken.folder
    assert metrics_of(mine) == metrics_of(wanted)
    for name in ("last.ckpt", "best.ckpt"):
        same_checkpoint(ckpt.load(mine / name), ckpt.load(wanted / name))
    assert not list(mine.glob(".*"))


@pytest.mark.parametrize(
    ("where", "changes", "done"),
    [([1, 2], {}, 0), ([2, 3], {}, 3), ([2, 2], {"save_minutes": 0.0}, 4)],
    ids=["before any save", "since the last epoch", "since the last step"],
)
def test_killed_at_a_step(
    unbroken: Finished, tmp_path: Path, where: list[int], changes: dict[str, Any], done: int
) -> None:
    config = replace(unbroken.config, out=str(tmp_path / "run"), **changes)
    with _process(AT_A_STEP, config, where, tmp_path) as process:
        assert line_of(process.stdout) == "there\n"
        process.kill()
    assert ckpt.load(tmp_path / "run" / "last.ckpt").state.done == done
    _same_in_the_end(config, unbroken)


@pytest.mark.parametrize(
    ("write", "done"), [(3, 0), (5, 3)], ids=["best is written, last is not", "in the second epoch"]
)
def test_killed_within_a_write(unbroken: Finished, tmp_path: Path, write: int, done: int) -> None:
    """What was being written is torn and lies about; the checkpoint before it is whole."""
    config = replace(unbroken.config, out=str(tmp_path / "run"))
    with _process(WITHIN_A_WRITE, config, write, tmp_path) as process:
        assert process.wait(60) != 0
    assert (tmp_path / "run" / ".0123456789abcdef.tmp").is_file()
    assert ckpt.load(tmp_path / "run" / "last.ckpt").state.done == done
    _same_in_the_end(config, unbroken)
