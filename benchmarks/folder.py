"""A folder of photos: `cutaway remove FOLDER` beside the bare network and our own one-at-a-time loop, and beside rembg.

    python benchmarks/folder.py -o benchmarks/out
    python benchmarks/folder.py -o benchmarks/out --rembg-python /venvs/rembg/bin/python --u2net-home /peers

Photos per second over the whole folder, each contestant in turn, several rounds, in one run:

- folder: `cutaway remove FOLDER`, the whole process, its start included.
- one at a time: the same steps for one photo after the other in one loaded process, with all threads for the network.
- bare network: as many runs of the opened model on a tensor that is ready, as the photos need looks (a small subject
  is looked at twice); nothing is read, composited or written.
- rembg: its own folder command `rembg p`, with u2netp.

The bar: the folder's throughput is at least 0.9 of the bare network's, or 1.7 times that of one at a time, whichever is
smaller. Writes folder.json and folder.md.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from contestants import Setup, environment, run
from photos import write_photo
from provenance import ROOT, describe, provenance
from timing import Samples, Spread, interleave, ratios, summary

from cutaway import Options, Remover
from cutaway.media.files import write_atomic
from cutaway.media.images import read_image
from cutaway.pixels.prepare import prepare

PHOTO = ROOT / "examples" / "photos" / "astronaut.jpg"
NETWORK_SHARE, LOOP_TIMES = 0.9, 1.7


class _Counted:
    """An engine that counts how often it is run."""

    def __init__(self, remover: Remover) -> None:
        self._engine, self.runs = remover._opened(), 0
        self.name, self.device, self.spec = self._engine.name, self._engine.device, self._engine.spec

    def run(self, tensor: Any) -> Any:
        self.runs += 1
        return self._engine.run(tensor)


def write_photos(folder: Path, count: int, *, megapixels: float, base: Path | None) -> list[Path]:
    """So many photos: one, shifted sideways a little more each time, so that no two are alike."""
    import cv2

    folder.mkdir()
    first = cv2.imread(str(write_photo(folder / "photo-000.jpg", megapixels, base=base)))
    for number in range(1, count):
        shifted = np.roll(first, 7 * number % first.shape[1], axis=1) if number % 2 else first
        cv2.imwrite(
            str(folder / f"photo-{number:03}.jpg"), shifted, [cv2.IMWRITE_JPEG_QUALITY, 90 + number % 6]
        )
    return sorted(folder.iterdir())


def folder_job(setup: Setup, photos: Path, out: Path) -> Callable[[], float]:
    """Seconds of the command on the whole folder."""
    command = setup.cutaway("remove", str(photos), "-o", str(out), "-q", "--threads", str(setup.threads))

    def job() -> float:
        shutil.rmtree(out, ignore_errors=True)
        started = time.perf_counter()
        run([*command, "--model", setup.model], setup)
        return time.perf_counter() - started

    return job


def loop_job(remover: Remover, photos: Sequence[Path], out: Path) -> Callable[[], float]:
    """Seconds of one photo after the other."""

    def job() -> float:
        started = time.perf_counter()
        for photo in photos:
            write_atomic(out / f"{photo.stem}.png", remover.remove(photo).to_bytes("png"), overwrite=True)
        return time.perf_counter() - started

    return job


def network_job(remover: Remover, photo: Path, runs: int) -> Callable[[], float]:
    """Seconds of so many runs of the network alone."""
    tensor = prepare(read_image(photo).pixels, remover.spec).tensor
    engine = remover._opened()

    def job() -> float:
        started = time.perf_counter()
        for _ in range(runs):
            engine.run(tensor)
        return time.perf_counter() - started

    return job


def rembg_job(setup: Setup, photos: Path, out: Path) -> Callable[[], float]:
    """Seconds of rembg's folder command."""
    assert setup.rembg_python is not None
    script = str(setup.rembg_python.parent / "rembg")

    def job() -> float:
        shutil.rmtree(out, ignore_errors=True)
        started = time.perf_counter()
        run([script, "p", "-m", "u2netp", str(photos), str(out)], setup)
        return time.perf_counter() - started

    return job


def verdict(samples: Samples, count: int) -> dict[str, Any]:
    """Photos per second, and which of the two bars is the smaller one."""
    per_second = {name: count / Spread.of(values).median for name, values in samples.items()}
    bars = {
        f"{NETWORK_SHARE} x bare network": NETWORK_SHARE * per_second["bare network"],
        f"{LOOP_TIMES} x one at a time": LOOP_TIMES * per_second["one at a time"],
    }
    bar = min(bars, key=lambda name: bars[name])
    return {
        "per_second": per_second,
        "bar": bar,
        "wanted": bars[bar],
        "met": per_second["folder"] >= bars[bar],
    }


def page(samples: Samples, told: dict[str, Any], args: argparse.Namespace, made: dict[str, Any]) -> str:
    """The table as Markdown."""
    against = ratios(samples, to="folder")
    lines = [
        "# A folder of photos",
        "",
        f"| {args.count} photos of {args.megapixels:g} MP | photos a second | ",
    ]
    lines[-1] += "seconds | times folder |"
    lines.append("|---|---:|---:|---:|")
    for name, values in samples.items():
        times = against[name].show(digits=2) if name in against else "1"
        lines.append(f"| {name} | {told['per_second'][name]:.1f} | {Spread.of(values).show()} | {times} |")
    met = "met" if told["met"] else "not met"
    lines += [
        "",
        f"Smaller bar: {told['bar']}: {told['wanted']:.1f} photos a second; {met}. Medians (smallest to largest), "
        f"{args.rounds} interleaved rounds, threads: {args.threads}. {describe(made)}",
    ]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    args = parser().parse_args(argv)
    setup = Setup(
        args.model, args.threads, args.rembg_python, ("u2netp",), environment(args.threads, args.u2net_home)
    )
    with tempfile.TemporaryDirectory(prefix="cutaway-folder-") as place:
        folder, out = Path(place) / "photos", Path(place) / "out"
        photos = write_photos(folder, args.count, megapixels=args.megapixels, base=args.photo)
        options = Options(model=args.model, threads=args.threads)
        remover = Remover(args.model, options)
        counted = _Counted(remover)
        Remover(engine=counted, options=options).remove(photos[0])
        jobs = {
            "folder": folder_job(setup, folder, out / "folder"),
            "one at a time": loop_job(remover, photos, out / "loop"),
            "bare network": network_job(remover, photos[0], counted.runs * len(photos)),
        }
        if args.rembg_python is not None:
            jobs["rembg u2netp"] = rembg_job(setup, folder, out / "rembg")
        samples = interleave(jobs, rounds=args.rounds)
    told, made = verdict(samples, args.count), provenance()
    how = {"count": args.count, "megapixels": args.megapixels, "threads": args.threads, "looks": counted.runs}
    values = {**made, "how": how, "folder": summary(samples, to="folder"), **told}
    write_atomic(args.out / "folder.json", (json.dumps(values, indent=1) + "\n").encode(), overwrite=True)
    text = page(samples, told, args, made)
    write_atomic(args.out / "folder.md", text.encode(), overwrite=True)
    print(text)
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description="Measure a folder of photos.")
    made.add_argument("-o", "--out", type=Path, default=ROOT / "benchmarks" / "out", metavar="DIR")
    made.add_argument("--count", type=int, default=200)
    made.add_argument("--megapixels", type=float, default=2.0)
    made.add_argument("--rounds", type=int, default=3)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--photo", type=Path, default=PHOTO, help="make the photos from this one")
    made.add_argument("--model", default="default", metavar="NAME|PATH")
    made.add_argument("--rembg-python", type=Path, metavar="PATH")
    made.add_argument("--u2net-home", type=Path, metavar="DIR")
    return made


if __name__ == "__main__":
    sys.exit(main())
