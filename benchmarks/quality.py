"""Score models on held-out photos, slice by slice, through the very path that users get.

    python benchmarks/quality.py --models default /peers/u2netp.onnx /peers/u2net.onnx -o out/quality.json

A slice is a folder with images/ and masks/ below the data folder; a folder of such folders (video/dog, ...)
is one slice too. Measures are those of `cutaway evaluate`: mattes at the mask's size, means over pictures,
masks cut at 0.5. A model is a Cutaway model's name, its .onnx file, or a peer's file (see peers.py). Writes
JSON and, beside it, the same as Markdown tables.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peers import peer_spec
from provenance import describe, provenance

from cutaway.data.pairs import Pair, find_pairs, split_pairs
from cutaway.errors import CutawayError, DataError
from cutaway.evaluation.metrics import summarise
from cutaway.evaluation.report import aligned, markdown, score_cells
from cutaway.evaluation.run import mask_readings, score_pairs
from cutaway.media.files import write_atomic
from cutaway.options import DEVICES, Options
from cutaway.remover import Remover

SHOWN = {
    "iou": "IoU",
    "mae": "MAE",
    "boundary_iou": "bIoU",
    "weighted_f": "wF",
    "max_f": "maxF",
    "s_measure": "S",
}


@dataclass(frozen=True)
class Score:
    """One model on one slice."""

    slice: str
    model: str
    pictures: int
    failed: int
    scores: dict[str, float]


def find_slices(data: Path, *, only: Sequence[str] = (), limit: int = 0) -> dict[str, list[Pair]]:
    """Pairs by slice, at most `limit` of each (0: all), evenly spaced.

    Raises:
        DataError: there is no slice, or one that was asked for is missing.
    """
    single = (data / "images").is_dir()
    folders = [data] if single else sorted(p for p in data.glob("*") if p.is_dir() and any(p.rglob("images")))
    found = {folder.name: folder for folder in folders}
    missing = [name for name in only if name not in found]
    if missing or not found:
        raise DataError(
            f"{data} has no slice {', '.join(missing) or 'at all'}; found: {', '.join(found) or 'none'}"
        )
    return {
        name: evenly(find_pairs(folder), limit) for name, folder in found.items() if not only or name in only
    }


def pairs_of(data: Sequence[Path], *, validation: float | None) -> list[Pair]:
    """All pairs of the folders, or of them the share that `cutaway train --validation` holds out."""
    pairs = find_pairs(data)
    return pairs if validation is None else split_pairs(pairs, validation=validation, seed=0)[1]


def evenly(pairs: Sequence[Pair], limit: int) -> list[Pair]:
    """`limit` of the pairs, the middle one of as many equal parts; all of them for 0."""
    if not 0 < limit < len(pairs):
        return list(pairs)
    return [pairs[(2 * i + 1) * len(pairs) // (2 * limit)] for i in range(limit)]


def open_model(model: str, *, device: str, threads: int) -> Remover:
    """A remover for a Cutaway model, as it ships (with its second look), or for a peer's file, as that is published."""
    spec = peer_spec(model)
    values = {"model": model, "device": device, "threads": threads, "zoom": "off" if spec else "auto"}
    options = Options.from_mapping(values)
    if spec is None:
        return Remover(model, options)
    from cutaway.engines.onnx import OnnxEngine

    engine = OnnxEngine(Path(model), spec=spec, device=options.device, threads=threads)
    return Remover(model, options, engine=engine)


def labels(models: Sequence[str]) -> dict[str, str]:
    """A short name for each model: a file's stem, or all of its path where two stems are the same."""
    short = {model: Path(model).stem if model.endswith(".onnx") else model for model in models}
    taken = list(short.values())
    return {model: name if taken.count(name) == 1 else model for model, name in short.items()}


def score_model(model: str, remover: Remover, slices: dict[str, list[Pair]]) -> list[Score]:
    """The model's scores on each slice; says how far it is on stderr."""
    result = []
    for name, pairs in slices.items():
        rows, _ = score_pairs(remover, pairs, readings=mask_readings(pairs))
        good = [row.scores for row in rows if row.scores is not None]
        for row in rows:
            if row.error:
                print(f"{model}: {name}/{row.id}: {row.error}", file=sys.stderr)
        result.append(Score(name, model, len(rows), len(rows) - len(good), summarise(good)))
        print(f"{model}: {name} done, {len(rows)} pictures", file=sys.stderr, flush=True)
    return result


def slice_cells(scores: Sequence[Score], name: str) -> list[list[str]]:
    """One slice's table, a line for each model."""
    lines = [[name, "pictures", *SHOWN.values()]]
    for score in scores:
        if score.slice == name:
            count = str(score.pictures - score.failed)
            lines.append([score.model, count, *score_cells(score.scores, tuple(SHOWN))])
    return lines


def overview_cells(scores: Sequence[Score]) -> list[list[str]]:
    """Mean IoU of every model on every slice."""
    models = list(dict.fromkeys(score.model for score in scores))
    by_place = {(score.slice, score.model): score for score in scores}
    lines = [["IoU", *models]]
    for name in dict.fromkeys(score.slice for score in scores):
        lines.append([name, *(score_cells(by_place[name, model].scores, ("iou",))[0] for model in models)])
    return lines


def write(out: Path, scores: Sequence[Score], *, specs: dict[str, Any], data: Path, limit: int) -> None:
    """The JSON file and the Markdown beside it."""
    made = provenance()
    values = {
        **made,
        "data": data.name,
        "limit": limit,
        "specs": specs,
        "scores": [asdict(s) for s in scores],
    }
    slices = dict.fromkeys(score.slice for score in scores)
    tables = [markdown(overview_cells(scores)), *(markdown(slice_cells(scores, name)) for name in slices)]
    sample = f" At most {limit} pictures of each slice." if limit else ""
    text = "# Quality\n\n" + "\n".join(tables) + f"\n{describe(made)}{sample}\n"
    write_atomic(
        out,
        (json.dumps(values, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode(),
        overwrite=True,
    )
    write_atomic(out.with_suffix(".md"), text.encode(), overwrite=True)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    default = Path(os.environ["CUTAWAY_TEST_DATA"]) / "test" if os.environ.get("CUTAWAY_TEST_DATA") else None
    made = argparse.ArgumentParser(description="Score models on held-out photos, slice by slice.")
    made.add_argument(
        "--data",
        type=Path,
        default=default,
        required=default is None,
        help="default: $CUTAWAY_TEST_DATA/test",
    )
    made.add_argument("--models", nargs="+", default=["default"], metavar="NAME|PATH")
    made.add_argument("--slices", nargs="+", default=(), metavar="NAME", help="only these")
    made.add_argument(
        "--limit", type=int, default=0, metavar="N", help="at most N pictures of each slice, evenly spaced"
    )
    made.add_argument("--device", choices=DEVICES, default="auto")
    made.add_argument("--threads", type=int, default=0)
    made.add_argument(
        "-o", "--out", type=Path, default=Path("benchmarks/out/quality.json"), metavar="FILE.json"
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 0: every picture was scored, 1: some were not, 2: nothing could be done."""
    args = parser().parse_args(argv)
    try:
        slices = find_slices(args.data, only=args.slices, limit=args.limit)
        scores: list[Score] = []
        specs: dict[str, Any] = {}
        for model, label in labels(args.models).items():
            remover = open_model(model, device=args.device, threads=args.threads)
            specs[label] = asdict(remover.spec)
            scores += score_model(label, remover, slices)
        write(args.out, scores, specs=specs, data=args.data, limit=args.limit)
    except CutawayError as error:
        print(f"quality.py: {error}", file=sys.stderr)
        return 2
    for cells in [overview_cells(scores), *(slice_cells(scores, name) for name in slices)]:
        print(aligned(cells))
    return 1 if any(score.failed for score in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
