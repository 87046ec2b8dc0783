"""How much steadier `--steady` makes mattes, and whether it costs accuracy: dtSSD, IoU and boundary IoU.

    python benchmarks/steady.py --pairs DATA/train/voc --backgrounds DATA/backgrounds -o benchmarks/out
    python benchmarks/steady.py --pairs DATA/held-out --backgrounds DATA/backgrounds --between 0.4 0.9 -o benchmarks/out
    python benchmarks/steady.py --clips DATA/test/video -o benchmarks/out

The first line draws moving composites: subjects of photos with known masks wander, turn and grow a little before
photos without a subject, with a sensor's noise, so that the truth of every frame is known. The second one takes only
those on which the model is in doubt, by the IoU of the first frame. Choose settings on these.
The last line reports on real sequences: folders with `images/` and `masks/` of the same stems. The network runs once
for each frame; its mattes are then judged as they are and as each kind of smoothing leaves them. Writes steady.json
and steady.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from provenance import describe, provenance

from cutaway.evaluation.metrics import boundary_iou, iou
from cutaway.evaluation.video_metrics import dtssd
from cutaway.media.images import read_image
from cutaway.options import Options
from cutaway.pixels.resize import fit_cover, resize
from cutaway.pixels.steady import Steadier
from cutaway.remover import Remover
from cutaway.types import Floats, Pixels

SIZE = (360, 480)
KINDS: dict[str, tuple[str, int] | None] = {
    "off": None,
    "normal": ("normal", 5),
    "strong": ("strong", 5),
    "normal, live": ("normal", 0),
}
"""Name to strength and frames looked ahead."""
Clip = tuple[list[Pixels], list[Floats]]


def composites(
    pairs: Path, backgrounds: Path, *, clips: int, frames: int, shuffled: bool = False
) -> Iterator[tuple[str, Clip]]:
    """Subjects that move before photos without a subject: `clips` of them, or all in a random order."""
    photos = sorted((pairs / "images").iterdir())
    grounds = sorted(path for path in backgrounds.rglob("*") if path.is_file())
    rng = np.random.default_rng(0)
    if shuffled:
        chosen = [photos[i] for i in rng.permutation(len(photos))]
    else:
        chosen = [photos[(number * len(photos)) // clips] for number in range(clips)]
    for number, photo in enumerate(chosen):
        subject = fit_cover(read_image(photo).pixels, SIZE)
        mask = fit_cover(read_image(pairs / "masks" / f"{photo.stem}.png").pixels, SIZE)[..., 0]
        ground = fit_cover(read_image(grounds[number % len(grounds)]).pixels, SIZE)
        yield photo.stem, _moving(subject, mask.astype(np.float32) / 255, ground, frames=frames, rng=rng)


def _moving(subject: Pixels, alpha: Floats, ground: Pixels, *, frames: int, rng: np.random.Generator) -> Clip:
    """Up to five pixels a frame; the ground moves as well, as if the camera were held by hand."""
    phase, pictures, truths = rng.uniform(0, 6, 4), [], []
    for index in range(frames):
        t = index / 8
        turn, grow = 4 * np.sin(t + phase[0]), 0.9 + 0.05 * np.sin(t + phase[1])
        matrix = cv2.getRotationMatrix2D((SIZE[1] / 2, SIZE[0] / 2), float(turn), float(grow))
        matrix[:, 2] += (30 * np.sin(t + phase[2]), 10 * np.sin(2 * t + phase[3]))
        hand = np.float32([[1, 0, 2 * np.sin(1.7 * t)], [0, 1, 2 * np.cos(1.3 * t)]])
        here = cv2.warpAffine(alpha, matrix, SIZE[::-1])[..., None]
        colour = cv2.warpAffine(subject, matrix, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
        behind = cv2.warpAffine(ground, hand, SIZE[::-1], borderMode=cv2.BORDER_REFLECT)
        mixed = here * colour + (1 - here) * behind + rng.normal(0, 2, (*SIZE, 1))
        pictures.append(np.clip(mixed, 0, 255).astype(np.uint8))
        truths.append(here[..., 0])
    return pictures, truths


def real(folder: Path) -> Iterator[tuple[str, Clip]]:
    """Sequences with a mask for every frame."""
    for clip in sorted(path for path in folder.iterdir() if (path / "images").is_dir()):
        files = sorted((clip / "images").iterdir())
        masks = (read_image(clip / "masks" / f"{file.stem}.png").pixels[..., 0] for file in files)
        yield clip.name, ([read_image(file).pixels for file in files],
                          [mask.astype(np.float32) / mask.max(initial=1) for mask in masks])  # fmt: skip


def judged(mattes: list[Floats], truths: list[Floats]) -> dict[str, float]:
    """The three measures of one clip."""
    fitted = [resize(matte, truth.shape) for matte, truth in zip(mattes, truths, strict=True)]
    hard = [truth >= 0.5 for truth in truths]  # as the measures cut mattes
    return {
        "dtssd": dtssd(fitted, truths),
        "iou": float(np.mean([iou(m, t) for m, t in zip(fitted, hard, strict=True)])),
        "boundary_iou": float(np.mean([boundary_iou(m, t) for m, t in zip(fitted, hard, strict=True)])),
    }


def smoothed(mattes: list[Floats], pictures: list[Pixels], kind: tuple[str, int] | None) -> list[Floats]:
    """The mattes as one kind of smoothing leaves them."""
    if kind is None:
        return mattes
    steadier = Steadier(kind[0], ahead=kind[1])  # type: ignore[arg-type]
    found = [m for a, p in zip(mattes, pictures, strict=True) for m in steadier.push(a, p)]
    return found + steadier.flush()


def table(clips: dict[str, dict[str, dict[str, float]]]) -> str:
    """The means over the clips as Markdown."""
    rows = [f"| `--steady`, {len(clips)} clips | dtSSD | IoU | boundary IoU |", "|---|---:|---:|---:|"]
    for kind in KINDS:
        mean = {
            name: np.mean([clip[kind][name] for clip in clips.values()])
            for name in ("dtssd", "iou", "boundary_iou")
        }
        rows.append(f"| {kind} | {mean['dtssd']:.2f} | {mean['iou']:.3f} | {mean['boundary_iou']:.3f} |")
    return "\n".join(rows) + "\n"


def _is_between(matte: Floats, truth: Floats, bounds: tuple[float, float]) -> bool:
    return bounds[0] < iou(matte, truth >= 0.5) < bounds[1]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--model", default="default")
    parser.add_argument("--clips", type=Path, help="real sequences")
    parser.add_argument("--pairs", type=Path, help="photos with masks, for composites")
    parser.add_argument("--backgrounds", type=Path)
    parser.add_argument("--count", type=int, default=6, help="composites")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument(
        "--between", type=float, nargs=2, metavar=("LOW", "HIGH"), help="IoU of a composite's start"
    )
    args = parser.parse_args()
    if args.clips is None and (args.pairs is None or args.backgrounds is None):
        parser.error("give --clips, or --pairs and --backgrounds")
    source = (
        real(args.clips)
        if args.clips
        else composites(
            args.pairs,
            args.backgrounds,
            clips=args.count,
            frames=args.frames,
            shuffled=args.between is not None,
        )
    )
    found: dict[str, Any] = {}
    with Remover(options=Options(model=args.model)) as remover:
        for name, (pictures, truths) in source:
            if args.between and not _is_between(remover.matte(pictures[0]).alpha, truths[0], args.between):
                continue
            mattes = [remover.matte(picture).alpha for picture in pictures]
            found[name] = {
                kind: judged(smoothed(mattes, pictures, how), truths) for kind, how in KINDS.items()
            }
            if args.clips is None and len(found) == args.count:
                break
    made = provenance()
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "steady.json").write_text(json.dumps({**made, "clips": found}, indent=1) + "\n", "utf-8")
    (args.output / "steady.md").write_text(f"{table(found)}\n{describe(made)}\n", "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
