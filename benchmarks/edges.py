"""Edges at the photo's own resolution, measured on twelve composites whose alpha and colour are known.

    python benchmarks/edges.py [--small] [--matting] [--json FILE] [--save FOLDER]
    python benchmarks/edges.py --pairs FOLDER ...

The script draws subjects (discs, polygons, strands like hair, glass) with a soft alpha and their own colour, lays them
over a ground, and simulates the network: the true alpha averaged over areas down to 352 px, once as it is and once
slightly blurred (sigma 0.7 px there), as real networks answer. Grounds are photos from CUTAWAY_TEST_DATA/backgrounds
where that is set, else drawn. Reported: SAD, MSE, Grad, Conn over the whole picture, mean over the twelve, for plain
bilinear enlargement and after each step; and the colour error along the edge before and after estimation of the
subject's own colour. `--small` does it at 1 megapixel, `--matting` adds closed-form matting on the
refined matte. `--pairs` asks instead whether real photos gain: IoU and
boundary IoU of the default model on 60 pairs of each folder, evenly chosen, plain and refined.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from provenance import describe, provenance

from cutaway.evaluation.matting_metrics import matting_scores
from cutaway.pixels.resize import fit_cover, resize
from cutaway.types import Floats, Pixels, Size

SEEN_PX = 352
"""Longer side at which the simulated network answers."""
BLUR_PX = 0.7
"""Standard deviation of its blur in its own pixels, where it has one."""
SIZES = {"full": (3000, 4000), "small": (866, 1155)}
_Made = TypeVar("_Made")
KINDS = ("disc", "polygon", "hair", "glass")


@dataclass(frozen=True, eq=False)
class Scene:
    """One composite and what it was made of: all of one size, alpha float in [0, 1], pixels uint8."""

    name: str
    photo: Pixels
    alpha: Floats
    colour: Pixels


def scenes(size: Size, *, count: int = 12) -> list[Callable[[], Scene]]:
    """The composites, each made when it is called for."""
    return [lambda index=index: _scene(size, index) for index in range(count)]  # type: ignore[misc]


def _scene(size: Size, index: int) -> Scene:
    rng, kind = np.random.default_rng(100 + index), KINDS[index % len(KINDS)]
    alpha = _DRAW[kind](size, rng)
    colour, ground = _texture(size, rng, strength=18), _ground(size, rng, index)
    mixed = alpha[..., None] * colour + (1 - alpha[..., None]) * ground
    grained = mixed + rng.normal(0, 2, size).astype(np.float32)[..., None]
    return Scene(f"{index + 1}-{kind}", _bytes(grained), alpha, _bytes(colour))


def _bytes(values: Floats) -> Pixels:
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8)


def _texture(size: Size, rng: np.random.Generator, *, strength: float) -> Floats:
    """A random colour with noise at several octaves, each twice as coarse and as strong as the one before."""
    picture = np.empty((*size, 3), np.float32)
    picture[:] = rng.uniform(25, 230, 3)
    for octave in range(6):
        cells = 3 * 2**octave
        noise = rng.normal(0, strength / 2 ** (octave / 2), (cells, cells, 3)).astype(np.float32)
        picture += cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
    return picture


def _ground(size: Size, rng: np.random.Generator, index: int) -> Floats:
    data = os.environ.get("CUTAWAY_TEST_DATA")
    photos = sorted((Path(data) / "backgrounds").glob("*.webp")) if data else []
    if not photos:
        return _texture(size, rng, strength=30)
    found = cv2.imread(str(photos[index * len(photos) // 12]), cv2.IMREAD_COLOR_RGB)
    return fit_cover(np.asarray(found, np.uint8), size).astype(np.float32)


def _disc(size: Size, rng: np.random.Generator) -> Floats:
    """Two discs, one with an edge of a pixel, one out of focus."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    unit, alpha = min(size) / 10, np.zeros(size, np.float32)
    for radius, soft_px in (2.5, 1.0), (1.5, unit / 15):
        centre = np.array([0.3, 0.25]) * size + rng.uniform(0, 0.45, 2) * size
        inside = radius * unit - np.hypot(y - centre[0], x - centre[1])
        alpha = np.maximum(alpha, np.clip(inside / soft_px + 0.5, 0, 1))
    return alpha.astype(np.float32)


def _polygon(size: Size, rng: np.random.Generator) -> Floats:
    """A star with a hole; corners and straight edges."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, 14))
    radii = rng.uniform(0.18, 0.45, 14) * min(size)
    points = np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None] + np.array(size[::-1]) / 2
    plane = _filled(size, [points])
    hole = _filled(size, [points * 0.25 + np.array(size[::-1]) * 0.375])
    return np.asarray(plane - np.minimum(plane, hole), np.float32)


def _filled(size: Size, polygons: list[npt.NDArray[np.float64]]) -> Floats:
    plane = np.zeros(size, np.uint8)
    cv2.fillPoly(plane, [np.rint(p * 16).astype(np.int32) for p in polygons], 255, cv2.LINE_AA, 4)
    return np.asarray(plane.astype(np.float32) / 255, np.float32)


def _hair(size: Size, rng: np.random.Generator) -> Floats:
    """A head with strands of one to three pixels (at 12 MP) that leave it and bend."""
    height, width = size
    centre, radius = np.array([width / 2, height * 0.55]), 0.22 * height
    plane = np.zeros(size, np.uint8)
    cv2.circle(
        plane, tuple(np.rint(centre * 16).astype(int).tolist()), round(radius * 16), 255, -1, cv2.LINE_AA, 4
    )
    for _ in range(700):
        angle, bend = rng.uniform(-np.pi, 0), rng.normal(0, 0.5)
        steps = np.linspace(0.9, 1 + rng.uniform(0.1, 0.5), 12)
        turns = angle + bend * (steps - 0.9)
        strand = centre + radius * steps[:, None] * np.stack([np.cos(turns), np.sin(turns)], 1)
        thick = max(1, round(float(rng.uniform(1, 3.5)) * height / 3000))
        cv2.polylines(plane, [np.rint(strand * 16).astype(np.int32)], False, 255, thick, cv2.LINE_AA, 4)
    return np.asarray(plane.astype(np.float32) / 255, np.float32)


def _glass(size: Size, rng: np.random.Generator) -> Floats:
    """A vessel with a firm rim and walls whose alpha rises and falls slowly."""
    outer = _vessel(size, 1.0)
    inner = _vessel(size, 0.86)
    across = np.linspace(-1, 1, size[1], dtype=np.float32)[None]
    down = np.linspace(0, 1, size[0], dtype=np.float32)[:, None]
    body = np.clip(0.25 + float(rng.uniform(0.2, 0.5)) * across**2 * 4 + 0.3 * down, 0, 1)
    return np.asarray(outer * (1 - inner) + inner * body, np.float32)


def _vessel(size: Size, scale: float) -> Floats:
    outline = np.array([[-0.22, -0.38], [0.22, -0.38], [0.16, 0.38], [-0.16, 0.38]]) * scale
    return _filled(size, [outline * size[0] + np.array(size[::-1]) / 2])


_DRAW: dict[str, Callable[[Size, np.random.Generator], Floats]] = {
    "disc": _disc, "polygon": _polygon, "hair": _hair, "glass": _glass,
}  # fmt: skip


def answered(alpha: Floats, *, blur_px: float, seen_px: int = SEEN_PX) -> Floats:
    """What a network that knows the truth would answer, at its own size."""
    shrink = seen_px / max(alpha.shape)
    small = resize(alpha, (round(alpha.shape[0] * shrink), round(alpha.shape[1] * shrink)))
    return np.asarray(cv2.GaussianBlur(small, (0, 0), blur_px), np.float32) if blur_px else small


def measured(
    scene: Scene, *, blur_px: float, seen_px: int = SEEN_PX, matting: bool = False
) -> dict[str, dict[str, float]]:
    """Scores and milliseconds of each step on one composite; its milliseconds are the step's own."""
    from cutaway.pixels.foreground import foreground
    from cutaway.pixels.refine import refine

    small = answered(scene.alpha, blur_px=blur_px, seen_px=seen_px)
    plain, enlarging = _timed(lambda: np.clip(resize(small, scene.alpha.shape), 0, 1))
    fine, refining = _timed(lambda: refine(scene.photo, plain, seen=(small.shape[0], small.shape[1])))
    own, colouring = _timed(lambda: foreground(scene.photo, fine))
    colours = {"ms": colouring, "photo": _colour_error(scene, scene.photo), "own": _colour_error(scene, own)}
    found = {
        "bilinear": matting_scores(plain, scene.alpha) | {"ms": enlarging},
        "refined": matting_scores(fine, scene.alpha) | {"ms": refining},
        "colour": colours,
    }
    if matting:
        from cutaway.pixels.closed_form import matted

        solved, solving = _timed(lambda: matted(scene.photo, fine))
        found["closed-form"] = matting_scores(fine if solved is None else solved, scene.alpha) | {
            "ms": solving
        }
    return found


def _timed(work: Callable[[], _Made]) -> tuple[_Made, float]:
    work()
    began = time.perf_counter()
    made = work()
    return made, 1000 * (time.perf_counter() - began)


def _colour_error(scene: Scene, colour: Pixels) -> float:
    """Mean distance to the true colour where the truth is soft, in steps of 1/255."""
    halo = (scene.alpha > 0.02) & (scene.alpha < 0.98)
    return float(np.abs(colour[halo].astype(np.float32) - scene.colour[halo]).mean())


def means(rows: Sequence[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Means over composites, step by step."""
    return {
        step: {name: float(np.mean([row[step][name] for row in rows])) for name in rows[0][step]}
        for step in rows[0]
    }


def table(found: dict[str, dict[str, dict[str, float]]]) -> str:
    """The means as Markdown; behind each measure its share of plain enlargement's."""
    lines = ["| answer | step | SAD | MSE · 10³ | Grad | Conn | ms |", "|---|---|---|---|---|---|---|"]
    for answer, steps in found.items():
        base = steps["bilinear"]
        for step in (step for step in ("bilinear", "refined", "closed-form") if step in steps):
            row = {**steps[step], "mse": 1000 * steps[step]["mse"]}
            share = {n: steps[step][n] / base[n] for n in ("sad", "mse", "grad", "conn")}
            shown = " | ".join(f"{row[n]:.3f} ({share[n]:.2f} ×)" for n in share)
            lines.append(f"| {answer} | {step} | {shown} | {row['ms']:.0f} |")
    for answer, steps in found.items():
        colour = steps["colour"]
        lines.append(
            f"\nColour error along the edge ({answer}): {colour['photo']:.1f} with the photo's colours, "
            f"{colour['own']:.1f} with the subject's own ({colour['ms']:.0f} ms)."
        )
    return "\n".join(lines)


def on_pairs(folder: Path, *, count: int = 60) -> dict[str, dict[str, float]]:
    """Means over pairs of a folder with the default model, plain and refined."""
    from cutaway import Options, Remover
    from cutaway.data.masks import read_mask
    from cutaway.data.pairs import find_pairs
    from cutaway.evaluation.metrics import boundary_iou, iou

    pairs = find_pairs(folder)
    rows: dict[str, list[tuple[float, float]]] = {"plain": [], "refined": []}
    for name, of_step in rows.items():
        remover = Remover(options=Options(refine=name == "refined"))
        for pair in pairs[:: max(1, len(pairs) // count)][:count]:
            matte, truth = remover.matte(pair.image).alpha, read_mask(pair.mask)
            of_step.append((iou(matte, truth), boundary_iou(matte, truth)))
    return {
        name: dict(zip(("iou", "boundary_iou"), np.mean(r, axis=0).tolist(), strict=True))
        for name, r in rows.items()
    }


def main() -> None:
    """Measure, print the table, write the JSON that was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="composites of 1 instead of 12 megapixels")
    parser.add_argument("--matting", action="store_true", help="closed-form matting as a further step")
    parser.add_argument("--seen", type=int, default=SEEN_PX, metavar="PX", help="longer side of the answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers here")
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", help="write the composites and their mattes here"
    )
    parser.add_argument(
        "--pairs", type=Path, nargs="+", metavar="FOLDER", help="measure on real pairs instead"
    )
    asked = parser.parse_args()
    for folder in asked.pairs or ():
        for name, scores in on_pairs(folder).items():
            print(folder.name, name, *(f"{key} {value:.4f}" for key, value in scores.items()))
    if asked.pairs:
        return
    answers = {"exact": 0.0, f"blurred {BLUR_PX:g} px": BLUR_PX}
    rows: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in answers}
    for make in scenes(SIZES["small" if asked.small else "full"]):
        scene = make()
        for name, blur_px in answers.items():
            rows[name].append(measured(scene, blur_px=blur_px, seen_px=asked.seen, matting=asked.matting))
        if asked.save:
            _save(scene, asked.save)
    found = {name: means(of_answer) for name, of_answer in rows.items()}
    print(table(found))
    print("\n" + describe(made := provenance()))
    if asked.json:
        asked.json.write_text(json.dumps({**made, "means": found, "rows": rows}, indent=1), "utf-8")


def _save(scene: Scene, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{scene.name}.jpg"), cv2.cvtColor(scene.photo, cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(folder / f"{scene.name}-alpha.png"), _bytes(scene.alpha * 255))


if __name__ == "__main__":
    main()
