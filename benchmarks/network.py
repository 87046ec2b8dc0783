"""The network alone: milliseconds of one look, engines and models side by side, and what an engine costs to start.

    python benchmarks/network.py --models default PEERS/u2netp.onnx PEERS/u2net.onnx --threads 2 -o out/network.json
    python benchmarks/network.py --engines onnxruntime openvino openvino:bf16 --threads 2

Every model is fed as its publisher does, from a photo; those that keep a photo's shape see three of them in turn
(4:3, 3:4 and 1:1), and the time is their mean. All models and engines are opened first and take turns in every round.

- look: one run of the network, no reading, preparing or writing.
- start: a fresh process that imports the engine, opens the model and looks once (of the first model only).
- agree: how far alpha is from ONNX Runtime's on the example photos, through the whole path of prediction (same).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from peers import peer_spec
from photos import draw
from provenance import ROOT, describe, provenance
from quality import labels
from timing import Samples, interleave, summary, table

from cutaway.engines.base import Engine
from cutaway.engines.open import open_engine
from cutaway.errors import CutawayError
from cutaway.options import Options
from cutaway.pixels.prepare import prepare
from cutaway.remover import Remover
from cutaway.types import Floats

ENGINES = ("onnxruntime", "openvino", "openvino:bf16")
SHAPES = ((480, 640), (640, 480), (560, 560))
PHOTOS = ROOT / "examples" / "photos"
PAUSE_S = 0.02
"""Between two runs: an engine's threads wait for more work for a while, and would take the next one's time."""


def opened(model: str, engine: str, *, threads: int) -> Engine:
    """One model in one engine, on the CPU; a peer's file is fed as its publisher does."""
    from cutaway.engines.onnx import OnnxEngine
    from cutaway.engines.openvino import OpenVinoEngine

    name, _, precision = engine.partition(":")
    spec = peer_spec(model)
    if spec is None:
        return open_engine(
            model,
            engine=name,
            device="cpu",
            threads=threads,
            **({"precision": precision} if precision else {}),
        )
    if name == "openvino":
        return OpenVinoEngine(model, threads=threads, precision=precision or "f32", spec=spec)
    return OnnxEngine(model, device="cpu", threads=threads, spec=spec)


def tensors(engine: Engine) -> list[Floats]:
    """What the network is given for each of the shapes."""
    return [prepare(draw(*shape), engine.spec).tensor for shape in SHAPES]


def look_job(engine: Engine) -> Callable[[], float]:
    """A job that looks at every shape once: milliseconds of one look, their mean."""
    given = tensors(engine)
    for tensor in given:  # the first run of a shape is slower
        engine.run(tensor)

    def job() -> float:
        spent = 0.0
        for tensor in given:
            time.sleep(PAUSE_S)
            started = time.perf_counter()
            engine.run(tensor)
            spent += time.perf_counter() - started
        return 1000 * spent / len(given)

    return job


def start_job(model: str, engine: str, *, threads: int) -> Callable[[], float]:
    """A job that starts a fresh process: milliseconds from an interpreter with numpy to the first answer."""
    words = [sys.executable, __file__, "--start-once", engine, "--models", model, "--threads", str(threads)]

    def job() -> float:
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
        return float(done.stdout)

    return job


def start_once(model: str, engine: str, *, threads: int) -> float:
    """Milliseconds to import the engine, open the model and look once."""
    given = np.zeros((1, 3, 320, 320), np.float32)
    started = time.perf_counter()
    opened(model, engine, threads=threads).run(given)
    return 1000 * (time.perf_counter() - started)


def agreement(model: str, engine: str, *, threads: int) -> dict[str, float]:
    """Largest and mean difference in alpha from ONNX Runtime's over the example photos, and grey steps that change."""
    spec = peer_spec(model)
    options = Options(zoom="off" if spec else "auto")
    both = [
        Remover(model, options, engine=opened(model, one, threads=threads)) for one in (ENGINES[0], engine)
    ]
    gaps, steps = [], []
    for photo in sorted(PHOTOS.glob("*.jpg")):
        one, two = (remover.matte(photo).alpha for remover in both)
        gaps.append(np.abs(one - two).ravel())
        steps.append((np.rint(one * 255) != np.rint(two * 255)).ravel())
    gap = np.concatenate(gaps)
    return {
        "largest": float(gap.max()),
        "mean": float(gap.mean()),
        "changed": float(np.concatenate(steps).mean()),
    }


def agreement_cells(found: Mapping[str, Mapping[str, float]], model: str) -> list[list[str]]:
    """Engines and their differences."""
    head = [f"alpha of {model}", "largest difference", "mean", "8-bit values that change"]
    return [head] + [
        [name, f"{one['largest']:.1e}", f"{one['mean']:.1e}", f"{100 * one['changed']:.3f} %"]
        for name, one in found.items()
    ]


def measure(args: argparse.Namespace) -> tuple[dict[str, Any], list[list[list[str]]]]:
    """All parts that were asked for: values for JSON, and the tables' cells."""
    short = labels(args.models)
    first, several = args.models[0], len(args.engines) > 1
    values: dict[str, Any] = {}
    tables: list[list[list[str]]] = []

    def keep(name: str, samples: Samples, *, title: str) -> None:
        base = next(iter(samples))
        values[name] = summary(samples, to=base)
        tables.append(table(samples, to=base, title=title, unit="ms"))

    if "look" in args.parts:
        jobs = {
            f"{short[model]}, {engine}" if several else short[model]: look_job(
                opened(model, engine, threads=args.threads)
            )
            for model in args.models
            for engine in args.engines
        }
        keep("look", interleave(jobs, rounds=args.rounds), title="one look")
    if "start" in args.parts:
        starts = {engine: start_job(first, engine, threads=args.threads) for engine in args.engines}
        keep("start", interleave(starts, rounds=args.start_rounds), title=f"start, {short[first]}")
    if "agree" in args.parts and several:
        others = [engine for engine in args.engines if engine != ENGINES[0]]
        values["agree"] = {engine: agreement(first, engine, threads=args.threads) for engine in others}
        tables.append(agreement_cells(values["agree"], short[first]))
    return values, tables


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--models", nargs="+", default=["default"], metavar="NAME|PATH")
    made.add_argument("--engines", nargs="+", default=["onnxruntime"], choices=ENGINES)
    made.add_argument("--parts", nargs="+", default=["look"], choices=["look", "start", "agree"])
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--rounds", type=int, default=9)
    made.add_argument("--start-rounds", type=int, default=5)
    made.add_argument("--start-once", choices=ENGINES, help=argparse.SUPPRESS)
    made.add_argument("-o", "--out", type=Path, default=Path("benchmarks/out/network.json"))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 2: nothing could be done."""
    from cutaway.evaluation.report import aligned, markdown
    from cutaway.media.files import write_atomic

    args = parser().parse_args(argv)
    if args.start_once:
        print(start_once(args.models[0], args.start_once, threads=args.threads))
        return 0
    try:
        values, tables = measure(args)
    except CutawayError as error:
        print(f"network.py: {error}", file=sys.stderr)
        return 2
    made = provenance()
    note = f"Medians (smallest to largest), {args.rounds} interleaved rounds, threads: {args.threads}."
    text = json.dumps({**made, "threads": args.threads, **values}, indent=1, allow_nan=False) + "\n"
    page = "# The network alone\n\n" + "\n".join(map(markdown, tables)) + f"\n{note} {describe(made)}\n"
    write_atomic(args.out, text.encode(), overwrite=True)
    write_atomic(args.out.with_suffix(".md"), page.encode(), overwrite=True)
    print("\n".join(map(aligned, tables)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
