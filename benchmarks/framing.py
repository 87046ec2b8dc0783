"""What framing costs, in units of the PNG that is written afterwards.

    python benchmarks/framing.py [--megapixels 12] [--runs 5] [--only WORDS] [--json FILE]

A drawn photo with a soft disc as its matte, one of the example photos enlarged. Each case makes the picture of a
`Result` (no network, no file); in turns with it the plain cut-out of the same photo is encoded as PNG. Reported: the
median ratio of the two and its spread, in wall time and in processor time.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from provenance import describe, provenance

from cutaway.media.encode import encode
from cutaway.options import Options
from cutaway.pixels.blur import gaussian
from cutaway.result import Result
from cutaway.types import Cutout, Floats, Frame, Matte

PHOTO = Path(__file__).parent.parent / "examples" / "photos" / "coffee.jpg"
CASES: list[dict[str, object]] = [
    {"crop": True, "margin": "5%"},
    {"canvas": "1:1"},
    {"canvas": "1000x1000"},
    {"canvas": "2000x2000", "fill": 85},
    {"preset": "amazon"},
    {"shadow": "drop"},
    {"shadow": "contact"},
    {"outline": "1%,white"},
    {"preset": "amazon", "shadow": "drop"},
]


def scene(megapixels: float) -> tuple[Frame, Floats]:
    """A photo of 4:3 and a matte whose disc takes up half of its height."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    photo = np.asarray(Image.open(PHOTO).convert("RGB").resize((width, height), Image.Resampling.BICUBIC))
    y, x = np.mgrid[:height, :width]
    disc = np.asarray(np.hypot(y - height / 2, x - width / 2) < height / 3, np.float32)
    return Frame(photo), gaussian(disc, sigma_px=height / 1000)


def clocked(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall and of the processors."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(frame: Frame, alpha: Floats, settings: dict[str, object], runs: int) -> dict[str, object]:
    """Ratios of one case to the PNG, in turns."""
    cutout, matte = Cutout(frame.pixels, alpha), Matte(alpha)
    options = Options.from_mapping(settings)
    ratios: list[tuple[float, float]] = []
    for _ in range(runs + 1):
        png = clocked(lambda: encode(cutout, format="png"))
        made = clocked(lambda: Result(frame, matte, cutout, options).picture)
        ratios.append((made[0] / png[0], made[1] / png[1]))
    wall, cpu = (sorted(kind) for kind in zip(*ratios[1:], strict=True))  # the first run warms up
    return {
        "settings": settings,
        "wall": statistics.median(wall), "wall_spread": [wall[0], wall[-1]],
        "processor": statistics.median(cpu), "processor_spread": [cpu[0], cpu[-1]],
    }  # fmt: skip


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=12)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", default="", metavar="WORDS", help="measure the cases that hold these words")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    logging.getLogger("cutaway").setLevel(logging.ERROR)
    facts = provenance()
    print(describe(facts))
    frame, alpha = scene(args.megapixels)
    found = []
    for settings in CASES:
        words = " ".join(f"--{k}" if v is True else f"--{k} {v}" for k, v in settings.items())
        if args.only not in words:
            continue
        case = measure(frame, alpha, settings, args.runs)
        low, high = case["wall_spread"]  # type: ignore[misc]
        print(
            f"{words:36} {case['wall']:.2f} x the PNG ({low:.2f} to {high:.2f}), processor {case['processor']:.2f} x",
            flush=True,
        )
        found.append(case)
    if args.json:
        args.json.write_text(json.dumps({"provenance": facts, "cases": found}, indent=1))


if __name__ == "__main__":
    main()
