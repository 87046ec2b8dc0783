"""Large photos: a warm removal beside rembg's, plain and with its alpha matting, three photos, in one run.

    python benchmarks/large.py --rembg-python /venvs/rembg/bin/python --u2net-home /peers -o benchmarks/out

The three photos of examples/photos, each brought to 12 megapixels as a JPEG with grain. Each contestant is a process
that has loaded its model and has done a photo before (rembg's alpha matting compiles itself then, which is not
counted); from the JPEG's bytes to the RGBA PNG's bytes, all defaults. Alpha matting takes a minute a photo, so it
has fewer rounds. Writes large.json and large.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from contestants import Setup, Worker, environment
from photos import write_photo
from provenance import ROOT, describe, provenance
from timing import Samples, ratios, summary, table

PHOTOS = ("astronaut", "chelsea", "coffee")
MODEL = "u2netp"
ASKED = {f"rembg {MODEL}": 4.0, f"rembg {MODEL}+a": 20.0}
"""How many times as long each should take, at least."""


def measure(setup: Setup, folder: Path, *, megapixels: float, rounds: int, matting_rounds: int) -> Samples:
    """Seconds by contestant, over all photos and rounds in which that contestant took part."""
    photos = [
        write_photo(folder / f"{name}.jpg", megapixels, base=ROOT / "examples" / "photos" / f"{name}.jpg")
        for name in PHOTOS
    ]
    commands = setup.workers(photos[:1])
    matting = f"rembg {MODEL}+a"
    samples: Samples = {name: [] for name in commands}
    with ExitStack() as stack:
        asks = {name: stack.enter_context(Worker(command, setup)).ask for name, command in commands.items()}
        for turn in range(rounds):
            for photo in photos:
                for name, ask in asks.items():
                    if name != matting or turn < matting_rounds:
                        samples[name].append(ask(photo))
    return samples


def against_ours(samples: Samples) -> dict[str, Samples]:
    """Each other contestant beside our times on the same photos and rounds."""
    return {
        name: {"cutaway": samples["cutaway"][: len(seconds)], name: seconds}
        for name, seconds in samples.items()
        if name != "cutaway"
    }


def verdict(pair: Samples, name: str) -> str:
    """What was asked of a pair, and whether the median meets it."""
    found = ratios(pair, to="cutaway")[name].median
    return f"{name}: {found:.1f} times, asked {ASKED[name]:g}: {'met' if found >= ASKED[name] else 'not met'}"


def main(argv: list[str] | None = None) -> int:
    """Measure, print and write."""
    from cutaway.evaluation.report import aligned, markdown

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "out", metavar="DIR")
    parser.add_argument("--rembg-python", type=Path, required=True, metavar="PATH")
    parser.add_argument("--u2net-home", type=Path, metavar="DIR")
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--matting-rounds", type=int, default=1, help="0 leaves alpha matting out")
    args = parser.parse_args(argv)
    models = (MODEL, f"{MODEL}+a") if args.matting_rounds else (MODEL,)
    setup = Setup(
        "default", args.threads, args.rembg_python, models, environment(args.threads, args.u2net_home)
    )
    with tempfile.TemporaryDirectory(prefix="cutaway-large-") as folder:
        samples = measure(
            setup,
            Path(folder),
            megapixels=args.megapixels,
            rounds=args.rounds,
            matting_rounds=args.matting_rounds,
        )
    pairs = against_ours(samples)
    title = f"warm, {args.megapixels:g} MP, three photos"
    tables = [table(pair, to="cutaway", title=title, unit="seconds") for pair in pairs.values()]
    told = "\n".join(verdict(pair, name) for name, pair in pairs.items())
    values = {name: summary(pair, to="cutaway") for name, pair in pairs.items()}
    made: dict[str, Any] = provenance()
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "large.json").write_text(json.dumps({**made, **values}, indent=1), "utf-8")
    rounds = f"{args.rounds} rounds, {args.matting_rounds} with matting"
    text = f"\n{told}\n\nMedians (smallest to largest), {rounds}. {describe(made)}"
    (args.out / "large.md").write_text("\n".join(map(markdown, tables)) + text + "\n", "utf-8")
    print("\n".join(map(aligned, tables)), told, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
