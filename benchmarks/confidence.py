"""How well a photo's confidence tells whether its mask is right: `Result.confidence` beside the IoU with the truth.

    python benchmarks/confidence.py DATA... -o benchmarks/out --validation 0.06

DATA are folders of photos and masks as `cutaway train` takes them. With --validation only the share that training with
that setting holds out is used, so that no photo is one that the model was trained on. Writes confidence.json and
confidence.md: photos in bins of equal number by confidence, and how many of the bad ones (IoU below 0.8) are among the
fifth that the confidence likes least.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from provenance import ROOT, describe, provenance
from quality import pairs_of

BAD_IOU = 0.8
REVIEWED = 0.2

Numbers = npt.NDArray[np.float64]


def measure(
    data: Sequence[Path], *, model: str, validation: float | None, most: int
) -> tuple[Numbers, Numbers]:
    """Confidence and IoU of each photo."""
    from cutaway import Options, Remover
    from cutaway.data.masks import read_mask
    from cutaway.evaluation.metrics import iou

    pairs = pairs_of(data, validation=validation)
    found = []
    with Remover(model, Options(model=model, refine=False, foreground=False)) as remover:
        for pair in pairs[:: max(1, len(pairs) // most)]:
            matte = remover.remove(pair.image).matte
            truth = read_mask(pair.mask)
            found.append((matte.confidence or 0.0, iou(matte.alpha, truth)))
    sure, right = np.array(found, np.float64).T
    return sure, right


def bins(sure: Numbers, right: Numbers, *, number: int) -> list[dict[str, float]]:
    """Photos in groups of about equal size, the least sure first."""
    order = np.argsort(sure, kind="stable")
    return [
        {
            "photos": len(part),
            "from": float(sure[part].min()),
            "to": float(sure[part].max()),
            "confidence": float(sure[part].mean()),
            "iou": float(right[part].mean()),
            "bad": float((right[part] < BAD_IOU).mean()),
        }
        for part in np.array_split(order, number)
    ]


def summary(sure: Numbers, right: Numbers) -> dict[str, float]:
    """How far confidence and IoU go together."""
    ranks = [np.argsort(np.argsort(values)) for values in (sure, right)]
    bad = right < BAD_IOU
    reviewed = np.argsort(sure, kind="stable")[: round(REVIEWED * len(sure))]
    return {
        "photos": len(sure),
        "rank_correlation": float(np.corrcoef(*ranks)[0, 1]),
        "mean_error": float(np.abs(sure - right).mean()),
        "bad": int(bad.sum()),
        "bad_among_reviewed": int(bad[reviewed].sum()),
    }


def page(values: dict[str, Any], made: dict[str, Any]) -> str:
    """The tables as Markdown."""
    told = values["summary"]
    lines = [
        "# Confidence",
        "",
        "| confidence | photos | mean | mean IoU | IoU below 0.8 |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in values["bins"]:
        lines.append(
            f"| {row['from']:.3f} to {row['to']:.3f} | {row['photos']} | {row['confidence']:.3f} | {row['iou']:.3f} "
            f"| {row['bad']:.0%} |"
        )
    lines += [
        "",
        f"{told['photos']} photos; rank correlation {told['rank_correlation']:.2f}; mean distance of confidence "
        f"and IoU {told['mean_error']:.3f}. Of {told['bad']} photos with an IoU below {BAD_IOU}, "
        f"{told['bad_among_reviewed']} are in the least sure {REVIEWED:.0%}. {describe(made)}",
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    from cutaway.media.files import write_atomic

    parser = argparse.ArgumentParser(description="Measure how far confidence and truth go together.")
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "out", metavar="DIR")
    parser.add_argument("--model", default="default", metavar="NAME|PATH")
    parser.add_argument("--validation", type=float, metavar="SHARE")
    parser.add_argument("--most", type=int, default=400, metavar="N", help="at most about so many photos")
    parser.add_argument("--bins", type=int, default=8)
    args = parser.parse_args(argv)
    sure, right = measure(args.data, model=args.model, validation=args.validation, most=args.most)
    values = {"summary": summary(sure, right), "bins": bins(sure, right, number=args.bins)}
    made = provenance()
    write_atomic(
        args.out / "confidence.json",
        (json.dumps({**made, **values}, indent=1) + "\n").encode(),
        overwrite=True,
    )
    text = page(values, made)
    write_atomic(args.out / "confidence.md", text.encode(), overwrite=True)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
