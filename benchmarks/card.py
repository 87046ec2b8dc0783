"""All figures of a model's card in one command, side by side with the peers: one folder, one page.

    python benchmarks/card.py --models default PEERS/u2netp.onnx PEERS/u2net.onnx --data DATA/test \\
        --validation DATA/train --limit 40 --backgrounds DATA/backgrounds -o benchmarks/out/card

It runs, each as its own script would: `quality.py` on --data (scores by slice), `robustness.py` on --validation (points
lost under changes, confidence beside IoU with a plot) and on the empty scenes, and `network.py` (time of one look, in
one run). Whatever has no data is left out. card.md holds all tables and, first, the bars that the first model meets.
The test sets are for what is about to ship: choose with --validation.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import network
import quality
import robustness
from provenance import ROOT

from cutaway.evaluation.report import aligned, markdown
from cutaway.media.files import write_atomic

SCENES = ROOT / "docs" / "models" / "empty_scenes.txt"
MOST_LOST, MOST_ALPHA = 2.0, 0.03
"""The bars: points of mean IoU that a change may cost, and mean alpha of a kind of empty scenes."""


def bars(model: str, found: dict[str, Any]) -> list[list[str]]:
    """What one model was asked for and what came, a line each.

    Args:
        model: its label.
        found: values of `robustness.py`.
    """
    lines = [["bar", "asked", "found", "met"]]
    for name, one in found.get("models", {}).get(model, {}).items():
        lost = {change: points for change, points in one["losses"].items() if change != "as it is"}
        worst = max(lost, key=lost.__getitem__)
        text = f"{lost[worst]:+.1f} ({worst})"
        lines.append(
            [f"robust on {name}", f"≤ {MOST_LOST:g} points lost", text, _met(lost[worst] <= MOST_LOST)]
        )
    for kind, alphas in found.get("empty", {}).get(model, {}).items():
        mean = sum(alphas.values()) / len(alphas)
        bar = f"mean alpha ≤ {MOST_ALPHA:g}"
        lines.append([f"empty scenes, {kind}", bar, f"{mean:.4f}", _met(mean <= MOST_ALPHA)])
    return lines


def _met(yes: bool) -> str:
    return "yes" if yes else "no"


def jobs(args: argparse.Namespace) -> dict[str, tuple[Any, list[str]]]:
    """The scripts that have something to do, by their name, with their words."""
    models = ["--models", *args.models]
    shared = [*models, "--threads", str(args.threads)]
    sample = ["--limit", str(args.limit)] if args.limit else []
    scenes = ["--empty", str(SCENES), "--backgrounds", str(args.backgrounds)] if args.backgrounds else []
    held_out = ["--data", str(args.validation), *sample] if args.validation else []
    found: dict[str, tuple[Any, list[str]]] = {}
    if args.data:
        found["quality"] = (quality, [*shared, "--device", "cpu", "--data", str(args.data), *sample])
    if held_out or scenes:
        found["robustness"] = (robustness, [*shared, "--device", "cpu", *held_out, *scenes])
    found["network"] = (network, [*shared, "--rounds", str(args.rounds)])
    return found


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument(
        "--models", nargs="+", default=["default"], metavar="NAME|PATH", help="the first is the card's"
    )
    made.add_argument("--data", type=Path, help="slices to score on, as in quality.py")
    made.add_argument("--validation", type=Path, help="photos and masks to shake, as in robustness.py")
    made.add_argument("--backgrounds", type=Path, metavar="DIR", help="where the empty scenes are")
    made.add_argument("--limit", type=int, default=0, metavar="N", help="at most N pictures of each slice")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--rounds", type=int, default=9, help="of timing")
    made.add_argument("-o", "--out", type=Path, default=Path("benchmarks/out/card"), metavar="DIR")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; the worst exit code of the scripts."""
    args = parser().parse_args(argv)
    worst, pages = 0, []
    for name, (script, words) in jobs(args).items():
        out = args.out / f"{name}.json"
        code = script.main([*words, "-o", str(out)])
        worst = max(worst, code)
        if code == 2:  # it said why
            continue
        pages.append(out.with_suffix(".md").read_text("utf-8"))
    shaken = args.out / "robustness.json"
    found = json.loads(shaken.read_text("utf-8")) if shaken.is_file() and "robustness" in jobs(args) else {}
    label = next(iter(quality.labels(args.models).values()))
    told = bars(label, found)
    head = f"# {label}: all figures\n\n{markdown(told)}\n" if len(told) > 1 else f"# {label}: all figures\n"
    write_atomic(args.out / "card.md", "\n".join([head, *pages]).encode(), overwrite=True)
    print(aligned(told) if len(told) > 1 else "", f"\n{args.out / 'card.md'}")
    return worst


if __name__ == "__main__":
    sys.exit(main())
