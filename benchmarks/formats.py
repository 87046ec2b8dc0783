"""How long each output format takes for one cut-out, how large it is, how good, and how much memory it needs.

    python benchmarks/formats.py [--megapixels 12] [--rounds 5] [--only NAME ...] [--memory] [-o FOLDER]

The cut-out: a drawn photo of a figure with grain (`photos.py`) and its soft alpha, as large as asked, in memory; only
the encoder is measured. Formats take turns, so that a busy spell hits all alike. Ratios are to the default PNG. The
error is the mean difference of what is read back to what was written, in steps of 255, over the visible pixels (the
colours) and over all (alpha). `--memory` also starts a process for each format, which reads the cut-out from a file and
encodes it, and reports its peak over one that only reads it. Writes formats.json and formats.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from photos import GRAIN, draw
from provenance import describe, provenance
from timing import Spread, interleave, plain, ratios

from cutaway.formats import TABLE
from cutaway.media.bundle import Layer, write_ora
from cutaway.media.encode import encode
from cutaway.media.images import read_image
from cutaway.types import Cutout, Frame

PEAK = Path(__file__).with_name("_peak.py")
NOTHING = "nothing"
"""A job that only reads the cut-out."""


def cutout(megapixels: float) -> Cutout:
    """A figure before nothing, 4:3."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    noise = np.random.default_rng(7).normal(0, GRAIN, (height, width, 1)).astype(np.float32)
    pixels = np.clip(draw(height, width) + noise, 0, 255).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    cv2.ellipse(mask, (width // 2, height // 2), (width // 3, height * 2 // 5), 0, 0, 360, 255, -1)
    alpha = cv2.GaussianBlur(mask, (0, 0), max(1.0, height / 250)).astype(np.float32) / 255
    return Cutout(pixels, alpha)


def ora(picture: Cutout) -> bytes:
    """Two layers, as `cutaway remove --format ora` writes them: the subject, and the photo switched off."""
    return write_ora(
        [Layer("Subject", picture), Layer("Photo", Frame(picture.pixels), visible=False)], picture
    )


JOBS: dict[str, Callable[[Cutout], bytes]] = {
    "png": lambda c: encode(c, format="png"),
    "png, level 0": lambda c: encode(c, format="png", png_level=0),
    "png, level 6": lambda c: encode(c, format="png", png_level=6),
    "png, level 9": lambda c: encode(c, format="png", png_level=9),
    "webp": lambda c: encode(c, format="webp"),
    "webp, quality 100": lambda c: encode(c, format="webp", quality=100),
    "jpg": lambda c: encode(c, format="jpg"),
    "avif": lambda c: encode(c, format="avif"),
    "tiff": lambda c: encode(c, format="tiff"),
    "gif": lambda c: encode(c, format="gif"),
    "zip": lambda c: encode(c, format="zip"),
    "ora": ora,
}


def errors(name: str, data: bytes, written: Cutout) -> dict[str, float | None]:
    """Mean difference of colours and of alpha to what was written, in steps of 255; None where there is no alpha."""
    if name == "ora":
        with zipfile.ZipFile(BytesIO(data)) as archive:
            data = archive.read("data/layer0.png")
    if name == "zip":
        with zipfile.ZipFile(BytesIO(data)) as archive:
            colour, alpha = read_image(archive.read("color.jpg")), read_image(archive.read("alpha.png"))
        frame = Frame(colour.pixels, alpha.pixels[..., 0].copy())
    else:
        frame = read_image(data)
    wanted = np.rint(written.alpha * 255).astype(np.int16)
    visible = wanted == 255
    colour_error = float(np.abs(frame.pixels[visible].astype(np.int16) - written.pixels[visible]).mean())
    alpha_error = None if frame.alpha is None else float(np.abs(frame.alpha.astype(np.int16) - wanted).mean())
    return {"colour": colour_error, "alpha": alpha_error}


def peak_mb(name: str, stored: Path) -> float | None:
    """The most memory, in MB, of a process that reads the cut-out from a folder and encodes it once."""
    words = [sys.executable, str(PEAK), sys.executable, __file__, "--child", name, "--stored", str(stored)]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=120)
    told = json.loads(ran.stdout)
    assert told["exit"] == 0, f"{name} failed"
    return None if told["peak_bytes"] is None else float(told["peak_bytes"]) / 1e6


def memory(names: list[str], picture: Cutout) -> dict[str, float]:
    """What encoding needs beyond the cut-out itself, in MB, by format; empty where the system does not tell."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "pixels.npy"), picture.pixels)
        np.save(Path(folder, "alpha.npy"), picture.alpha)
        bare = peak_mb(NOTHING, Path(folder))
        peaks = {name: peak_mb(name, Path(folder)) for name in names}
    return {} if bare is None else {name: peak - bare for name, peak in peaks.items() if peak is not None}


def child(name: str, stored: Path) -> None:
    """What `peak_mb` starts. The cut-out is read, not made: making it holds more than most encoders do."""
    picture = Cutout(np.load(stored / "pixels.npy"), np.load(stored / "alpha.npy"))
    if name != NOTHING:
        JOBS[name](picture)


def measured(names: list[str], *, megapixels: float, rounds: int, with_memory: bool) -> dict[str, Any]:
    """All numbers, by format."""
    picture = cutout(megapixels)
    made: dict[str, bytes] = {}

    def timed(name: str) -> Callable[[], float]:
        def job() -> float:
            start = time.perf_counter()
            made[name] = JOBS[name](picture)
            return time.perf_counter() - start

        return job

    names = list(dict.fromkeys(["png", *names]))
    samples = interleave({name: timed(name) for name in names}, rounds=rounds)
    against = ratios(samples, to="png")
    peaks = memory(names, picture) if with_memory else {}
    found: dict[str, Any] = {}
    for name in names:
        found[name] = {
            "seconds": samples[name],
            **vars(Spread.of(samples[name])),
            "times_png": vars(against[name]) if name in against else None,
            "bytes": len(made[name]),
            "error": errors(name, made[name], picture),
            "peak_mb_over_cutout": peaks.get(name),
        }
    return found


def table(found: dict[str, Any]) -> str:
    """Markdown."""
    lines = [
        "| format | seconds | times png | MB | colour error | alpha error | memory, MB |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, row in found.items():
        spread = Spread(row["median"], row["low"], row["high"]).show()
        times = Spread(**row["times_png"]).show(digits=2) if row["times_png"] else "1"
        error, peak = row["error"], row["peak_mb_over_cutout"]
        shown = [
            name,
            spread,
            times,
            plain(row["bytes"] / 1e6, 3),
            plain(error["colour"], 2),
            "–" if error["alpha"] is None else plain(error["alpha"], 2),
            "–" if peak is None else f"{peak:.0f}",
        ]
        lines.append(f"| {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=list(JOBS), default=list(JOBS), metavar="NAME")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--child", choices=[NOTHING, *JOBS], help=argparse.SUPPRESS)
    parser.add_argument("--stored", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.stored)
        return
    found = measured(asked.only, megapixels=asked.megapixels, rounds=asked.rounds, with_memory=asked.memory)
    made = provenance()
    text = (
        f"One cut-out of {asked.megapixels:g} megapixels, medians (smallest to largest) of {asked.rounds} interleaved "
        f"rounds.\n\n{table(found)}\n\n{describe(made)}\n"
    )
    print(text)
    if asked.output:
        asked.output.mkdir(parents=True, exist_ok=True)
        (asked.output / "formats.md").write_text(text, "utf-8")
        (asked.output / "formats.json").write_text(json.dumps({**made, "formats": found}, indent=1), "utf-8")


assert set(TABLE) <= {name.partition(",")[0] for name in JOBS}

if __name__ == "__main__":
    main()
