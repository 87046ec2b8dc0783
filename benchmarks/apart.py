"""What it gains, and costs, to look at subjects that stand apart one by one instead of in a box around all of them.

    python benchmarks/apart.py DATA/fashion --validation 0.06 --backgrounds DATA/backgrounds --models default fast

DATA is a folder of photos and masks as `cutaway train` takes them, of people best; with --validation only the share
that training with that setting holds out is used. Two to four of their subjects are put side by side on a photo without
one, from 45 to 92 per cent as high as it, and the whole is cut out both ways in turn. Prints the means of IoU, boundary
IoU and MAE, and the median time of a photo.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from provenance import describe, provenance
from quality import pairs_of

from cutaway import Remover
from cutaway.data.masks import read_mask
from cutaway.data.pairs import Pair
from cutaway.evaluation.metrics import boundary_iou, iou
from cutaway.media.images import read_image
from cutaway.pixels import zoom
from cutaway.types import Floats, Pixels

SIZE = (480, 640)
SLOTS = 5
"""So many places for subjects side by side."""
WIDEST_PX = 200
Way: TypeAlias = Literal["one box", "one by one"]
MOST: dict[Way, int] = {"one box": 1, "one by one": zoom.MOST}


def cut(pair: Pair) -> tuple[Pixels, Floats]:
    """A photo and its mask, cut to the subject."""
    photo, mask = read_image(pair.image).pixels, read_mask(pair.mask).astype(np.float32)
    left, top, width, height = cv2.boundingRect((mask >= 0.5).view(np.uint8))
    part = np.s_[top : top + height, left : left + width]
    return photo[part], mask[part]


def scene(
    subjects: Sequence[tuple[Pixels, Floats]], ground: Pixels, rng: np.random.Generator
) -> tuple[Pixels, Floats]:
    """Some of the subjects side by side on a photo, and their masks together."""
    picture = np.asarray(cv2.resize(ground, SIZE[::-1], interpolation=cv2.INTER_AREA), np.float32)
    truth = np.zeros(SIZE, np.float32)
    for slot in rng.permutation(SLOTS)[: rng.integers(2, 5)]:
        photo, mask = subjects[rng.integers(len(subjects))]
        height = int(SIZE[0] * rng.uniform(0.45, 0.92))
        width = int(np.clip(mask.shape[1] * height / mask.shape[0], 1, WIDEST_PX))
        middle = (slot + 0.5) * SIZE[1] / SLOTS
        left = int(np.clip(middle - width / 2, 0, SIZE[1] - width))
        top = int(SIZE[0] - height - rng.integers(0, 30))
        here = np.s_[top : top + height, left : left + width]
        colour, alpha = (cv2.resize(a, (width, height), interpolation=cv2.INTER_AREA) for a in (photo, mask))
        picture[here] += alpha[..., None] * (colour - picture[here])
        truth[here] = np.maximum(truth[here], alpha)
    return np.rint(picture).astype(np.uint8), truth


def scenes(pairs: Sequence[Pair], backgrounds: Path, *, count: int) -> Iterator[tuple[Pixels, Floats]]:
    """So many of them, the same every time."""
    grounds = sorted(path for path in backgrounds.rglob("*") if path.is_file())
    subjects, rng = [cut(pair) for pair in pairs], np.random.default_rng(5)
    for _ in range(count):
        yield scene(subjects, read_image(grounds[rng.integers(len(grounds))]).pixels, rng)


def measured(
    remover: Remover, pictures: Sequence[tuple[Pixels, Floats]]
) -> dict[Way, npt.NDArray[np.float64]]:
    """IoU, boundary IoU, MAE and milliseconds of each picture, both ways in turn."""
    found: dict[Way, list[tuple[float, ...]]] = {way: [] for way in MOST}
    remover.matte(pictures[0][0])
    for picture, truth in pictures:
        for way, most in MOST.items():
            zoom.MOST = most
            start = time.perf_counter()
            alpha = remover.matte(picture).alpha
            ms, hard = 1e3 * (time.perf_counter() - start), truth >= 0.5
            scores = iou(alpha, hard), boundary_iou(alpha, hard), float(np.abs(alpha - truth).mean())
            found[way].append((*scores, ms))
    return {way: np.array(rows) for way, rows in found.items()}


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description="Look at subjects that stand apart one by one, or all at once."
    )
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--backgrounds", type=Path, required=True)
    parser.add_argument("--validation", type=float, metavar="SHARE")
    parser.add_argument("--models", nargs="+", default=["default"], metavar="NAME|PATH")
    parser.add_argument("--count", type=int, default=60)
    args = parser.parse_args(argv)
    pairs = pairs_of(args.data, validation=args.validation)
    pictures = list(scenes(pairs, args.backgrounds, count=args.count))
    print(f"| {len(pictures)} scenes | | IoU | boundary IoU | MAE | ms |\n|---|---|---:|---:|---:|---:|")
    for model in args.models:
        with Remover(model) as remover:
            for way, rows in measured(remover, pictures).items():
                means = " | ".join(f"{value:.4f}" for value in rows[:, :3].mean(axis=0))
                print(f"| {model} | {way} | {means} | {np.median(rows[:, 3]):.0f} |", flush=True)
    print(f"\n{describe(provenance())}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
