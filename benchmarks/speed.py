"""How fast, and with how much memory: cold start, warm removal and peak, side by side with rembg, in one run.

    python benchmarks/speed.py -o benchmarks/out
    python benchmarks/speed.py -o benchmarks/out --rembg-python /venvs/rembg/bin/python --u2net-home /peers

For the comparison rembg lives in an environment of its own, because it brings many packages:

    python -m venv /venvs/rembg && /venvs/rembg/bin/pip install 'rembg[cpu,cli]==2.0.86'

and --u2net-home names the folder that holds u2net.onnx and u2netp.onnx (rembg would else download them).
Contestants take turns in every round (A B C A B C ...), so that a busy spell of the machine hits all alike;
ratios are taken round by round. Compare ratios between machines, not seconds. Writes speed.json and
speed.md.

- cold: a whole process for one 2 MP photo, each run twice in a row and the second one timed, beside Python alone and
  the imports that nobody can avoid.
- warm: one removal, JPEG bytes to RGBA PNG bytes, in a process that has loaded its model and done it before.
- memory: the most memory a fresh process holds (max RSS) for one photo of 12 MP.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from contestants import Setup, Worker, environment, peak_mb, run
from photos import write_photo
from provenance import ROOT, describe, provenance
from timing import Samples, interleave, summary, table

COLD_MP, PEAK_MP = 2.0, 12.0
PHOTO = ROOT / "examples" / "photos" / "astronaut.jpg"
PARTS = ("cold", "warm", "memory")


def timed(command: Sequence[str], setup: Setup) -> Callable[[], float]:
    """A job that runs the command twice and gives the second one's wall-clock seconds.

    So each finds its own files and code where the last run left them; else whoever comes after the largest contestant
    would pay for what that one displaced.
    """

    def job() -> float:
        run(command, setup)
        started = time.perf_counter()
        run(command, setup)
        return time.perf_counter() - started

    return job


def measure_cold(setup: Setup, photo: Path, folder: Path, *, rounds: int) -> Samples:
    """Seconds of whole processes; each command has just run before: files are cached and code is compiled."""
    commands = {
        "cutaway remove": setup.cutaway_remove(photo, folder / "cold.png"),
        "import onnxruntime, PIL": [sys.executable, "-c", "import onnxruntime, PIL"],
        "python": [sys.executable, "-c", "pass"],
        "import cutaway": [sys.executable, "-c", "import cutaway"],
        "cutaway --help": setup.cutaway("--help"),
        **{f"{name} i": c for name, c in setup.removers(photo, folder).items() if name != "cutaway"},
    }
    return interleave({name: timed(command, setup) for name, command in commands.items()}, rounds=rounds)


def measure_warm(setup: Setup, photos: Mapping[float, Path], *, rounds: int) -> dict[float, Samples]:
    """Seconds of one removal by megapixels, all contestants loaded at once and taking turns."""
    with ExitStack() as stack:
        asks = {
            name: stack.enter_context(Worker(command, setup)).ask
            for name, command in setup.workers(list(photos.values())).items()
        }
        return {
            size: interleave({name: _bound(ask, photo) for name, ask in asks.items()}, rounds=rounds)
            for size, photo in photos.items()
        }


def _bound(ask: Callable[[Path], float], photo: Path) -> Callable[[], float]:
    return lambda: ask(photo)


def measure_memory(setup: Setup, photo: Path, folder: Path, *, rounds: int) -> Samples:
    """Peak memory in MB (1e6 bytes) of each contestant's whole process; empty where it cannot be told."""

    def job(command: Sequence[str]) -> Callable[[], float]:
        return lambda: peak_mb(command, setup)

    jobs = {name: job(command) for name, command in setup.removers(photo, folder).items()}
    if not hasattr(os, "wait4"):
        print("memory left out: this system does not tell a process's peak", file=sys.stderr)
        return {}
    return interleave(jobs, rounds=rounds)


def measure(
    setup: Setup, args: argparse.Namespace, folder: Path
) -> tuple[dict[str, Any], list[list[list[str]]]]:
    """All parts that were asked for: values for JSON, and the tables' cells."""
    values: dict[str, Any] = {}
    tables = []

    def keep(name: str, samples: Samples, *, to: str, title: str, unit: str) -> None:
        if samples:
            values[name] = summary(samples, to=to)
            tables.append(table(samples, to=to, title=title, unit=unit))

    def photo(megapixels: float) -> Path:
        base = args.photo if args.photo.is_file() else None
        return write_photo(folder / f"{megapixels:g}mp.jpg", megapixels * args.scale, base=base)

    if "cold" in args.parts:
        cold = measure_cold(setup, photo(COLD_MP), folder, rounds=args.rounds)
        keep("cold", cold, to="cutaway remove", title=f"cold, {COLD_MP:g} MP", unit="seconds")
    if "warm" in args.parts:
        warm = measure_warm(setup, {size: photo(size) for size in args.sizes}, rounds=args.rounds)
        for size, samples in warm.items():
            keep(f"warm {size:g} MP", samples, to="cutaway", title=f"warm, {size:g} MP", unit="seconds")
    if "memory" in args.parts:
        memory = measure_memory(setup, photo(PEAK_MP), folder, rounds=args.memory_rounds)
        keep("memory", memory, to="cutaway", title=f"peak memory, {PEAK_MP:g} MP", unit="MB")
    return values, tables


def setup_from(args: argparse.Namespace) -> Setup:
    """The command line as a setup; says why rembg is left out if it is."""
    if args.rembg_python is None:
        print("rembg left out: --rembg-python does not name its environment's interpreter", file=sys.stderr)
    elif not args.rembg_python.is_file():
        raise SystemExit(f"speed.py: --rembg-python {args.rembg_python} is not a file")
    surroundings = environment(args.threads, args.u2net_home)
    return Setup(args.model, args.threads, args.rembg_python, tuple(args.rembg_models), surroundings)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description="Measure speed and memory, side by side with rembg.")
    made.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "out", metavar="DIR")
    made.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    made.add_argument("--rounds", type=int, default=7, help="rounds of cold and warm")
    made.add_argument("--memory-rounds", type=int, default=3)
    made.add_argument(
        "--sizes", nargs="+", type=float, default=[0.2, 2.0, 12.0], metavar="MP", help="warm photos"
    )
    made.add_argument(
        "--scale", type=float, default=1.0, help="shrink every photo to this share; for trying out"
    )
    made.add_argument("--photo", type=Path, default=PHOTO, help="make the photos from this one")
    made.add_argument("--model", default="default", metavar="NAME|PATH")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument(
        "--rembg-python", type=Path, metavar="PATH", help="interpreter of the environment with rembg"
    )
    made.add_argument("--rembg-models", nargs="+", default=["u2netp", "u2net"], metavar="NAME")
    made.add_argument("--u2net-home", type=Path, metavar="DIR", help="folder with rembg's .onnx files")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    from cutaway.evaluation.report import aligned, markdown
    from cutaway.media.files import write_atomic

    args = parser().parse_args(argv)
    setup = setup_from(args)
    with tempfile.TemporaryDirectory(prefix="cutaway-speed-") as folder:
        values, tables = measure(setup, args, Path(folder))
    made = provenance()
    how = {
        "threads": setup.threads,
        "model": Path(setup.model).name,
        "rounds": args.rounds,
        "scale": args.scale,
    }
    text = json.dumps({**made, "how": how, **values}, indent=1, allow_nan=False) + "\n"
    note = f"Medians (smallest to largest), {args.rounds} interleaved rounds, threads: {setup.threads}."
    if args.scale != 1:
        note += f" A trial: every photo had only {args.scale:g} times the pixels that the tables say."
    page = "# Speed\n\n" + "\n".join(map(markdown, tables)) + f"\n{note} {describe(made)}\n"
    write_atomic(args.out / "speed.json", text.encode(), overwrite=True)
    write_atomic(args.out / "speed.md", page.encode(), overwrite=True)
    print("\n".join(map(aligned, tables)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
