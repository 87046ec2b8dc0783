"""What a model loses when the photo is changed in ways that change nothing, and whether it knows how good it is.

    python benchmarks/robustness.py --data VALIDATION --models default -o out/robustness.json
    python benchmarks/robustness.py --empty docs/models/empty_scenes.txt --backgrounds DATA/backgrounds

With --data (photos and masks as in quality.py): mean IoU at 0.5 as it is, and points lost when the photo is mirrored,
turned upside down, 20 % brighter or darker, saved as JPEG of quality 40, or halved in size; and the confidence of
`cutaway label` (two views) beside the measured IoU, as a table, a rank correlation and a picture. With --empty: mean
alpha on scenes without a subject, listed ones and twenty drawn ones. Writes JSON and, beside it, Markdown.
Choose models on validation sets with this; the test sets are for what is about to ship.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from provenance import describe, provenance
from quality import find_slices, labels, open_model

from cutaway.data.label_views import look
from cutaway.data.masks import read_matte
from cutaway.data.pairs import Pair
from cutaway.data.photo_folder import read_names
from cutaway.data.samples import load_photo
from cutaway.errors import CutawayError, DataError
from cutaway.evaluation.report import aligned, markdown
from cutaway.evaluation.run import mask_readings
from cutaway.media.files import write_atomic
from cutaway.options import DEVICES
from cutaway.remover import Remover
from cutaway.types import Floats, Frame

Picture = npt.NDArray[np.uint8]
BRIGHTER, QUALITY = 0.2, 40
BINS = 5
DRAWN_PX, DRAWN = (288, 384), 20


def scaled(photo: Picture, factor: float) -> Picture:
    """Every value times `factor`, clipped."""
    return np.clip(np.rint(photo * np.float32(factor)), 0, 255).astype(np.uint8)


def as_jpeg(photo: Picture) -> Picture:
    """The photo after a JPEG of quality 40."""
    data = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def halved(photo: Picture) -> Picture:
    """Half the width and height."""
    size = max(1, photo.shape[1] // 2), max(1, photo.shape[0] // 2)
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def enlarged(alpha: Floats, like: Floats) -> Floats:
    """A matte brought to another's size."""
    if alpha.shape == like.shape:
        return alpha
    return np.asarray(cv2.resize(alpha, like.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


@dataclass(frozen=True)
class Change:
    """Something done to the photo, and how its matte is brought back."""

    photo: Callable[[Picture], Picture]
    back: Callable[[Floats], Floats] = lambda alpha: alpha


CHANGES: dict[str, Change] = {
    "as it is": Change(lambda photo: photo),
    "mirrored": Change(lambda photo: photo[:, ::-1], lambda alpha: alpha[:, ::-1]),
    "upside down": Change(lambda photo: photo[::-1], lambda alpha: alpha[::-1]),
    "brighter": Change(lambda photo: scaled(photo, 1 + BRIGHTER)),
    "darker": Change(lambda photo: scaled(photo, 1 - BRIGHTER)),
    "JPEG 40": Change(as_jpeg),
    "half size": Change(halved),
}


def iou(alpha: Floats, truth: Floats) -> float:
    """Overlap at 0.5; 1 where both are empty."""
    found, there = enlarged(alpha, truth) >= 0.5, truth >= 0.5
    union = float((found | there).sum())
    return float((found & there).sum()) / union if union else 1.0


def measure(remover: Remover, photo: Picture, truth: Floats) -> dict[str, float]:
    """IoU under every change, and "confidence"."""

    def matte(frame: Frame) -> Floats:
        return remover.matte(frame).alpha

    scores = {
        name: iou(change.back(matte(Frame(np.ascontiguousarray(change.photo(photo))))), truth)
        for name, change in CHANGES.items()
    }
    return {**scores, "confidence": look(Frame(photo), matte_of=matte, views=2).confidence}


def losses(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean IoU as it is, and the points lost under each change (negative: gained)."""
    means = {name: float(np.mean([row[name] for row in rows])) for name in CHANGES}
    plain = means.pop("as it is")
    return {"as it is": plain, **{name: 100 * (plain - mean) for name, mean in means.items()}}


def calibration(confidence: Sequence[float], measured: Sequence[float]) -> dict[str, Any]:
    """How confidence and IoU go together: rank correlation, mean gap, and means of equally many pictures each.

    The correlation is Spearman's: Pearson's of the ranks, ties sharing their mean rank; 0 where one does not vary.
    """
    order = np.argsort(confidence, kind="stable")
    parts = [part for part in np.array_split(order, min(BINS, len(order))) if len(part)]
    sure, found = np.asarray(confidence, float), np.asarray(measured, float)
    ranks = _ranks(sure), _ranks(found)
    varied = len(sure) > 1 and min(np.std(ranks[0]), np.std(ranks[1])) > 0
    return {
        "rank correlation": float(np.corrcoef(*ranks)[0, 1]) if varied else 0.0,
        "mean gap": float(np.mean(sure - found)),
        "bins": [
            {"pictures": len(part), "confidence": float(sure[part].mean()), "iou": float(found[part].mean())}
            for part in parts
        ],
    }


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place], float)


def drawn_scenes() -> dict[str, Picture]:
    """Twenty scenes without a subject: plain, gradients, noise of several grains, stripes and checks."""
    rng = np.random.default_rng(11)
    height, width = DRAWN_PX
    y, x = np.mgrid[:height, :width] / np.array([height, width])[:, None, None]
    made: dict[str, Picture] = {}
    for number in range(DRAWN // 5):
        low, high = rng.integers(0, 256, (2, 3))
        turn, period = rng.uniform(0, np.pi), rng.uniform(0.03, 0.2)
        along = x * np.cos(turn) + y * np.sin(turn)
        grain = rng.random((height >> number, width >> number)).astype(np.float32)
        shapes = {
            "plain": np.zeros_like(x),
            "gradient": (along - along.min()) / np.ptp(along),
            "noise": cv2.resize(grain, (width, height), interpolation=cv2.INTER_CUBIC),
            "stripes": 0.5 + 0.5 * np.sin(2 * np.pi * along / period),
            "checks": ((x // period + y // period) % 2),
        }
        for name, share in shapes.items():
            mixed = low + np.clip(share, 0, 1)[..., None] * (high - low)
            made[f"{name} {number + 1}"] = np.rint(mixed).astype(np.uint8)
    return made


def listed_scenes(names: Path, folder: Path) -> dict[str, Picture]:
    """The scenes that a list names.

    Raises:
        DataError: the list cannot be read, or one of them is not in the folder.
    """
    wanted = read_names(names)
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder} lacks {len(missing)} of the scenes in {names}, {missing[0]} for one")
    return {name: load_photo(folder / name) for name in wanted}


def mean_alphas(remover: Remover, scenes: dict[str, Picture]) -> dict[str, float]:
    """Mean alpha of each scene."""
    return {name: float(remover.matte(photo).alpha.mean()) for name, photo in scenes.items()}


def plot(path: Path, points: dict[str, list[tuple[float, float]]]) -> None:
    """Confidence against IoU as a picture, with the means of fifths, where matplotlib is installed."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no picture: matplotlib is not installed", file=sys.stderr)
        return
    figure, axes = pyplot.subplots(figsize=(5, 5))
    for name, pairs in points.items():
        sure, right = zip(*pairs, strict=True)
        dots = axes.scatter(sure, right, s=6, alpha=0.35, linewidths=0)
        means = calibration(sure, right)["bins"]
        axes.plot(
            [part["confidence"] for part in means],
            [part["iou"] for part in means],
            "o-",
            color=dots.get_facecolor()[0],
            alpha=1,
            label=f"{name}, means of fifths",
        )
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axes.set(xlabel="confidence", ylabel="IoU with the mask", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.legend()
    figure.savefig(path, dpi=120, bbox_inches="tight")
    pyplot.close(figure)


def score(remover: Remover, pairs: Sequence[Pair]) -> list[dict[str, float]]:
    """Every picture's scores; one that cannot be read is told and left out."""
    readings, rows = mask_readings(pairs), []
    for pair in pairs:
        try:
            photo, truth = load_photo(pair.image), read_matte(pair, reading=readings[pair.id])
            rows.append(measure(remover, photo, truth))
        except CutawayError as error:
            print(f"{pair.id}: {error}", file=sys.stderr)
    return rows


def summary(name: str, rows: Sequence[dict[str, float]]) -> dict[str, Any]:
    """One slice's losses and calibration.

    Raises:
        DataError: there are no scores.
    """
    if not rows:
        raise DataError(f"not one picture of {name} could be scored")
    told = calibration([row["confidence"] for row in rows], [row["as it is"] for row in rows])
    return {"pictures": len(rows), "losses": losses(rows), "calibration": told}


def loss_cells(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Models and slices, IoU as it is and the points lost."""
    head = ["model", "slice", "pictures", *CHANGES]
    return [head] + [
        [model, name, str(one["pictures"]), f"{one['losses']['as it is']:.3f}",
         *(f"{one['losses'][change]:+.1f}" for change in list(CHANGES)[1:])]
        for model, slices in found.items()
        for name, one in slices.items()
    ]  # fmt: skip


def calibration_cells(found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Models and slices, and IoU from the least to the most confident fifth."""
    head = ["model", "slice", "rank correlation", "gap", "IoU (confidence), least confident fifth first"]
    return [head] + [
        [model, name, f"{c['rank correlation']:.2f}", f"{c['mean gap']:+.3f}",
         ", ".join(f"{b['iou']:.2f} ({b['confidence']:.2f})" for b in c["bins"])]
        for model, slices in found.items()
        for name, one in slices.items()
        for c in [one["calibration"]]
    ]  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--data", type=Path, help="photos and masks; a slice or a folder of slices")
    made.add_argument("--models", nargs="+", default=["default"], metavar="NAME|PATH")
    made.add_argument("--slices", nargs="+", default=(), metavar="NAME", help="only these")
    made.add_argument("--limit", type=int, default=0, metavar="N", help="at most N pictures of each slice")
    made.add_argument("--empty", type=Path, metavar="LIST", help="names of scenes without a subject")
    made.add_argument("--backgrounds", type=Path, metavar="DIR", help="where these scenes are")
    made.add_argument("--device", choices=DEVICES, default="auto")
    made.add_argument("--threads", type=int, default=0)
    made.add_argument("-o", "--out", type=Path, default=Path("benchmarks/out/robustness.json"))
    return made


def run(args: argparse.Namespace) -> tuple[dict[str, Any], list[list[list[str]]]]:
    """All that was asked for: the values for JSON and the tables."""
    if args.data is None and args.empty is None:
        raise DataError("give --data, --empty or both")
    if args.empty is not None and args.backgrounds is None:
        raise DataError("--empty names scenes: say with --backgrounds where they are")
    slices = find_slices(args.data, only=args.slices, limit=args.limit) if args.data else {}
    scenes = (
        {"drawn": drawn_scenes(), "listed": listed_scenes(args.empty, args.backgrounds)} if args.empty else {}
    )
    found: dict[str, dict[str, Any]] = {}
    empty: dict[str, dict[str, dict[str, float]]] = {}
    points: dict[str, list[tuple[float, float]]] = {}
    for model, label in labels(args.models).items():
        remover = open_model(model, device=args.device, threads=args.threads)
        if slices:
            rows = {name: score(remover, pairs) for name, pairs in slices.items()}
            found[label] = {name: summary(name, some) for name, some in rows.items()}
            points[label] = [(row["confidence"], row["as it is"]) for some in rows.values() for row in some]
        empty[label] = {kind: mean_alphas(remover, some) for kind, some in scenes.items()}
    tables = [loss_cells(found), calibration_cells(found)] if found else []
    if scenes:
        tables.append(empty_cells(empty))
    if points:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        plot(args.out.with_suffix(".png"), points)
    return {"models": found, "empty": empty}, tables


def empty_cells(found: dict[str, dict[str, dict[str, float]]]) -> list[list[str]]:
    """Models and kinds of scenes: mean alpha, and the scene where it is largest."""
    head = ["model", "scenes", "count", "mean alpha", "largest", "on"]
    return [head] + [
        [model, kind, str(len(alphas)), f"{np.mean(list(alphas.values())):.4f}", f"{max(alphas.values()):.4f}",
         max(alphas, key=alphas.__getitem__)]
        for model, kinds in found.items()
        for kind, alphas in kinds.items()
    ]  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line; 2: nothing could be done."""
    args = parser().parse_args(argv)
    try:
        values, tables = run(args)
        made = provenance()
        text = "# Robustness\n\n" + "\n".join(map(markdown, tables)) + f"\n{describe(made)}\n"
        data = json.dumps({**made, **values}, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        write_atomic(args.out, data.encode(), overwrite=True)
        write_atomic(args.out.with_suffix(".md"), text.encode(), overwrite=True)
    except CutawayError as error:
        print(f"robustness.py: {error}", file=sys.stderr)
        return 2
    for cells in tables:
        print(aligned(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
