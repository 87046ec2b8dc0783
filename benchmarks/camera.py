"""How old a live picture is when the browser has it, and how many there are in a second.

    python benchmarks/camera.py -o benchmarks/out

A drawn clip stands in for a camera at 25 frames a second; one viewer reads the stream of `cutaway camera` as a
browser would. Measured for each setting that costs time: the general model at its own and at its small input size,
with and without smoothing, and a scene that does not move. The age is counted from the arrival of a frame to the last
byte of its picture. Writes camera.json and camera.md.
"""

from __future__ import annotations

import argparse
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from photos import draw
from provenance import describe, provenance

from cutaway.engines.open import open_engine
from cutaway.engines.resized import resized
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server.watch import BrowserView
from cutaway.streams.live import Live
from cutaway.streams.looking import LiveOptions
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.types import Frame

RATE = 25
TIMEOUT_S = 30.0


def frames(*, height: int, width: int, moving: bool) -> Iterator[Frame]:
    """A figure that walks to the right and back, without an end; or one that stands, with a sensor's noise."""
    picture = draw(height, width + 100)
    rng = np.random.default_rng(0)
    noise = [rng.integers(-3, 4, (height, width, 3), np.int16) for _ in range(8)]
    index = 0
    while True:
        left = abs((index * 4) % 200 - 100) if moving else 50
        noisy = picture[:, left : left + width] + noise[index % len(noise)]
        yield Frame(np.clip(noisy, 0, 255).astype(np.uint8), time=Fraction(index, RATE))
        index += 1


def watch(view: BrowserView) -> threading.Thread:
    """A viewer that reads the stream until it ends."""

    def read() -> None:
        connection = http.client.HTTPConnection(view.address.removeprefix("http://"), timeout=TIMEOUT_S)
        try:
            connection.request("GET", "/stream.mjpg")
            answer = connection.getresponse()
            while answer.read(1 << 16):
                pass
        except OSError:
            return
        finally:
            connection.close()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def measure(
    args: argparse.Namespace, options: LiveOptions, *, size: int | None, moving: bool = True
) -> dict[str, Any]:
    """One setting."""
    engine = open_engine(args.model)
    pictured, meter = Options(model=args.model, zoom="off", foreground=False), Meter()
    scenes = Scenes(["teal"], pictured)
    view = BrowserView(scenes, meter)
    try:
        with Remover(options=pictured, engine=resized(engine, size or engine.spec.size)) as remover:
            live = Live(frames(height=args.height, width=args.width, moving=moving), remover, scenes, [view],
                        options=options, meter=meter)  # fmt: skip
            viewer = watch(view)
            live.run(seconds=args.seconds)
    finally:
        view.close()
    viewer.join(TIMEOUT_S)
    pace = meter.pace()
    return {"fps": pace.rate, "p50_ms": pace.p50_ms, "p95_ms": pace.p95_ms, "pictures": pace.pictures,
            "frames": live.frames_read, "looks": live.looks, "kept": live.kept}  # fmt: skip


def table(found: dict[str, dict[str, Any]], args: argparse.Namespace) -> str:
    """The figures as Markdown."""
    rows = [
        f"| {args.width}×{args.height} at {RATE} frames/s | pictures/s | p50, ms | p95, ms |",
        "|---|---:|---:|---:|",
    ]
    rows += [
        f"| {name} | {f['fps']:.1f} | {f['p50_ms']:.0f} | {f['p95_ms']:.0f} |" for name, f in found.items()
    ]
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--model", default="default")
    parser.add_argument("--size", type=int, default=224, help="the small input size")
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--seconds", type=float, default=12.0)
    args = parser.parse_args()
    plain = LiveOptions("realtime", 0, "off")
    found = {
        f"input {args.size}": measure(args, plain, size=args.size),
        f"input {args.size}, --steady normal": measure(args, replace(plain, steady="normal"), size=args.size),
        "the model's own input size": measure(args, plain, size=None),
        f"input {args.size}, nothing moves": measure(
            args, replace(plain, still=3.0), size=args.size, moving=False
        ),
    }
    made = provenance()
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "camera.json").write_text(
        json.dumps({**made, "settings": found}, indent=1) + "\n", "utf-8"
    )
    (args.output / "camera.md").write_text(f"{table(found, args)}\n{describe(made)}\n", "utf-8")
    print(table(found, args))


if __name__ == "__main__":
    main()
