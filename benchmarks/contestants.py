"""The programs that speed.py compares, as commands, and how each is run: to its end, or kept loaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Setup:
    """What is compared, and how.

    Attributes:
        model: Cutaway's model.
        threads: processor threads for each contestant.
        rembg_python: the interpreter of rembg's environment; None leaves rembg out.
        rembg_models: its models.
        environment: of every process that is started.
    """

    model: str
    threads: int
    rembg_python: Path | None
    rembg_models: tuple[str, ...]
    environment: Mapping[str, str]

    def cutaway(self, *arguments: str) -> list[str]:
        """The installed command, or the module where there is none beside this interpreter."""
        found = shutil.which("cutaway", path=str(Path(sys.executable).parent))
        return [*([found] if found else [sys.executable, "-m", "cutaway"]), *arguments]

    def cutaway_remove(self, photo: Path, result: Path) -> list[str]:
        """One photo through the command line, quietly."""
        options = ("--overwrite", "-q", "--model", self.model, "--threads", str(self.threads))
        return self.cutaway("remove", str(photo), "-o", str(result), *options)

    def removers(self, photo: Path, folder: Path) -> dict[str, list[str]]:
        """The command of every contestant that removes one photo's background in a process of its own."""
        commands = {"cutaway": self.cutaway_remove(photo, folder / "cutaway.png")}
        if self.rembg_python is not None:
            script = str(self.rembg_python.parent / "rembg")
            for name in self.rembg_models:
                commands[f"rembg {name}"] = [script, "i", "-m", name, str(photo), str(folder / f"{name}.png")]
        return commands

    def workers(self, photos: Sequence[Path]) -> dict[str, list[str]]:
        """The command of every contestant that stays loaded."""
        tail = [str(self.threads), *map(str, photos)]
        commands = {"cutaway": [sys.executable, str(HERE / "_cutaway_worker.py"), self.model, *tail]}
        if self.rembg_python is not None:
            for name in self.rembg_models:
                script = str(HERE / "_rembg_worker.py")
                commands[f"rembg {name}"] = [str(self.rembg_python), script, name, *tail]
        return commands


def run(command: Sequence[str], setup: Setup) -> str:
    """Run a command to its end and give its output; its complaints are shown only if it fails."""
    done = subprocess.run(command, env=dict(setup.environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"speed.py: {' '.join(command)} failed ({done.returncode}):\n{done.stderr.strip()}")
    return done.stdout


class Worker:
    """A process, loaded and warmed up, that removes one background at a time and says how long that took."""

    def __init__(self, command: Sequence[str], setup: Setup) -> None:
        self._command = " ".join(command)
        self._process = subprocess.Popen(
            command,
            env=dict(setup.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        print(f"ready: {self._answer()['ready']}", file=sys.stderr, flush=True)

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=60)  # closes its stdin, which ends it
        finally:
            self._process.kill()

    def ask(self, photo: Path) -> float:
        """Seconds of one removal, from the photo's bytes to the result's."""
        stdin = cast(IO[str], self._process.stdin)
        stdin.write(f"{photo}\n")
        stdin.flush()
        return float(self._answer()["seconds"])

    def _answer(self) -> dict[str, Any]:
        line = cast(IO[str], self._process.stdout).readline()
        if not line:
            raise SystemExit(f"speed.py: a worker ended early: {self._command}")
        return dict(json.loads(line))


def peak_mb(command: Sequence[str], setup: Setup) -> float:
    """Peak memory of one command, started by a process too small to colour the result."""
    told = json.loads(run([sys.executable, "-I", "-S", str(HERE / "_peak.py"), *command], setup))
    if told["exit"]:
        raise SystemExit(f"speed.py: {' '.join(command)} failed ({told['exit']})")
    return float(told["peak_bytes"]) / 1e6


def environment(threads: int, u2net_home: Path | None) -> dict[str, str]:
    """This process's environment with the number of threads and the folder of rembg's models set.

    Bytecode is kept, as it is for anything that was installed: some containers switch that off.
    """
    changed = {"OMP_NUM_THREADS": str(threads)}
    if u2net_home is not None:
        changed["U2NET_HOME"] = str(u2net_home.resolve())
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **changed}
