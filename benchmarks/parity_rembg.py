"""Are foreign models fed as their publishers feed them? Cutaway's masks beside rembg's own, of the same files.

    python -m venv VENV && VENV/bin/pip install 'rembg[cpu,cli]==2.0.86'
    python benchmarks/parity_rembg.py --rembg-python VENV/bin/python --u2net-home PEERS --photos A.jpg B.jpg ...

PEERS holds u2net.onnx and u2netp.onnx; rembg runs in its own environment, in a process of its own. Cutaway looks once
and draws no edges (--zoom off --no-refine), as rembg does. For each photo: mean and largest difference of the masks in
steps of 255. Exit code 1 if a model's mean over the photos is above 3. Writes JSON and, beside it, Markdown.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from contestants import environment
from peers import PEERS
from provenance import ROOT, describe, provenance

from cutaway.data.samples import load_photo
from cutaway.engines.onnx import OnnxEngine
from cutaway.errors import CutawayError, DataError
from cutaway.evaluation.report import aligned, markdown
from cutaway.media.files import write_atomic
from cutaway.options import Options
from cutaway.remover import Remover

BAR = 3.0
"""Largest mean difference in steps of 255, over all photos."""
HERE = Path(__file__).resolve().parent
TIMEOUT_S = 600


@dataclass(frozen=True)
class Difference:
    """Two masks of one photo: mean and largest absolute difference in steps of 255, and the share beyond 10 steps."""

    photo: str
    mean: float
    largest: float
    beyond_10: float


def difference(photo: str, ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> Difference:
    """How far two masks, both in 0..255 and of one shape, are from each other.

    Raises:
        DataError: their shapes differ.
    """
    if ours.shape != theirs.shape:
        raise DataError(f"{photo}: our mask is {ours.shape}, theirs {theirs.shape}")
    gap = np.abs(ours.astype(float) - theirs.astype(float))
    return Difference(photo, float(gap.mean()), float(gap.max()), float((gap > 10).mean()))


def their_masks(model: str, photos: Sequence[Path], out: Path, args: argparse.Namespace) -> None:
    """Let rembg write its masks.

    Raises:
        DataError: it failed.
    """
    command = [str(args.rembg_python), str(HERE / "_rembg_masks.py"), model, str(out), *map(str, photos)]
    env = environment(args.threads, args.u2net_home)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        raise DataError(f"rembg failed on {model}: {done.stderr.strip()[-500:]}")


def compare(model: str, photos: Sequence[Path], args: argparse.Namespace) -> list[Difference]:
    """Both programs' masks of every photo, compared."""
    file = f"{model}.onnx"
    engine = OnnxEngine(args.u2net_home / file, spec=PEERS[file], device="cpu", threads=args.threads)
    remover = Remover(model, Options(zoom="off", refine=False), engine=engine)
    found = []
    with tempfile.TemporaryDirectory(prefix="cutaway-parity-") as folder:
        their_masks(model, photos, Path(folder), args)
        for photo in photos:
            theirs = cv2.imread(str(Path(folder) / f"{photo.stem}.png"), cv2.IMREAD_GRAYSCALE)
            ours = np.rint(remover.matte(load_photo(photo)).alpha * 255)
            found.append(difference(photo.name, ours, np.asarray(theirs)))
    return found


def cells(found: dict[str, list[Difference]]) -> list[list[str]]:
    """A line for each photo and model, and each model's mean."""
    lines = [["model", "photo", "mean difference", "largest", "beyond 10"]]
    for model, rows in found.items():
        for row in rows:
            lines.append(
                [model, row.photo, f"{row.mean:.2f}", f"{row.largest:.0f}", f"{100 * row.beyond_10:.1f} %"]
            )
        lines.append([model, "all", f"{mean(rows):.2f}", f"{max(row.largest for row in rows):.0f}", ""])
    return lines


def mean(rows: Sequence[Difference]) -> float:
    """The mean difference over all photos, each counted once."""
    return float(np.mean([row.mean for row in rows]))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--rembg-python", type=Path, required=True, metavar="PATH")
    made.add_argument("--u2net-home", type=Path, required=True, metavar="DIR")
    made.add_argument("--models", nargs="+", default=["u2netp", "u2net"], choices=["u2netp", "u2net"])
    made.add_argument(
        "--photos", nargs="+", type=Path, default=sorted((ROOT / "examples" / "photos").glob("*.jpg"))
    )
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("-o", "--out", type=Path, default=Path("benchmarks/out/parity.json"))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 1: a model is fed otherwise, 2: nothing could be done."""
    args = parser().parse_args(argv)
    try:
        found = {model: compare(model, args.photos, args) for model in args.models}
    except (CutawayError, OSError, subprocess.TimeoutExpired) as error:
        print(f"parity_rembg.py: {error}", file=sys.stderr)
        return 2
    made = provenance()
    values = {model: [asdict(row) for row in rows] for model, rows in found.items()}
    page = f"# Masks beside rembg's, in steps of 255\n\n{markdown(cells(found))}\n{describe(made)}\n"
    text = json.dumps({**made, "bar": BAR, "models": values}, indent=1, allow_nan=False) + "\n"
    write_atomic(args.out, text.encode(), overwrite=True)
    write_atomic(args.out.with_suffix(".md"), page.encode(), overwrite=True)
    print(aligned(cells(found)))
    return 1 if any(mean(rows) > BAR for rows in found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
