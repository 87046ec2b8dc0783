"""What a 12 megapixel photo costs beyond what nobody can avoid: network, bare decoding, bare encoding.

    python benchmarks/bare.py [PHOTO ...] [--megapixels 12] [--rounds 7] [--json FILE]

For each photo (those of examples/photos unless named), brought to size as a JPEG with grain: a warm removal from the
JPEG's bytes to the RGBA PNG's bytes, all defaults, beside three bare jobs in the same process and the same rounds:

- network: the engine's own runs on the tensors of that photo, the second look included where there is one;
- decode: the JPEG to an array, by the faster of OpenCV and simplejpeg;
- encode: the result's RGBA array to a PNG, by the fastest library: OpenCV, Pillow, or one call of isal on lines that
  numpy filtered, each at its first level;
- own: the same by our writer, which is isal on several threads.

The share is total / (network + decode + encode), round by round; beside it, with our own writer as the encoder, which
asks for more. Last comes the peak memory of a fresh process for one photo.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from isal import isal_zlib
from photos import write_photo
from PIL import Image
from provenance import ROOT, describe, provenance

from cutaway import Remover
from cutaway.media.png import write_png
from cutaway.types import Floats

Job = Callable[[], object]
PHOTOS = sorted((ROOT / "examples" / "photos").glob("*.jpg"))
_REMOVE = "import sys, cutaway; cutaway.remove(sys.argv[1]).save(sys.argv[2])"


class _Noted:
    """An engine that keeps the tensors it was given."""

    def __init__(self, remover: Remover) -> None:
        self._engine = remover._opened()
        self.name, self.device, self.spec = self._engine.name, self._engine.device, self._engine.spec
        self.tensors: list[Floats] = []

    def run(self, tensor: Floats) -> Floats:
        self.tensors.append(tensor)
        return self._engine.run(tensor)


def decoders(data: bytes) -> dict[str, Job]:
    """Ways to decode a JPEG."""
    raw = np.frombuffer(data, np.uint8)
    return {
        "decode OpenCV": lambda: cv2.imdecode(raw, cv2.IMREAD_COLOR_RGB),
        "decode simplejpeg": lambda: simplejpeg.decode_jpeg(data),
    }


def encoders(rgba: Any) -> dict[str, Job]:
    """Ways to encode a PNG quickly."""

    def pillow() -> bytes:
        out = io.BytesIO()
        Image.fromarray(rgba).save(out, format="PNG", compress_level=1)
        return out.getvalue()

    def isal() -> bytes:
        rows = rgba.reshape(len(rgba), -1)
        lines = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
        lines[:, 0], lines[0, 1:] = 2, rows[0]  # filter "up": the difference from the line above
        np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
        return isal_zlib.compress(lines, 1)

    return {
        "own writer": lambda: write_png(rgba),
        "encode isal": isal,
        "encode OpenCV": lambda: cv2.imencode(".png", rgba, [cv2.IMWRITE_PNG_COMPRESSION, 1]),
        "encode Pillow": pillow,
    }


def measured(data: bytes, remover: Remover, *, rounds: int) -> dict[str, list[float]]:
    """Seconds of each job in each round; the jobs take turns."""
    noted = _Noted(remover)
    result = Remover(engine=noted).remove(data)
    rgba = np.ascontiguousarray(result.to_numpy())
    rgba[rgba[..., 3] == 0] = 0
    jobs: dict[str, Job] = {
        "total": lambda: remover.remove(data).to_bytes(),
        "network": lambda: [noted._engine.run(tensor) for tensor in noted.tensors],
        **decoders(data),
        **encoders(rgba),
    }
    if rounds > 3:  # what is clearly slower need not be waited for in every round
        seconds = {name: _seconds(job) for name, job in jobs.items()}
        best = [
            min((n for n in jobs if n.startswith(kind)), key=lambda n: seconds[n])
            for kind in ("decode", "encode")
        ]
        jobs = {n: job for n, job in jobs.items() if not n.startswith(("decode", "encode")) or n in best}
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            taken[name].append(_seconds(job))
    return taken


def _seconds(job: Job) -> float:
    began = time.perf_counter()
    job()
    return time.perf_counter() - began


def shares(taken: dict[str, list[float]], encode: str = "encode") -> list[float]:
    """Total over what nobody can avoid, round by round; `encode` begins the names of the encoders that count."""
    kinds = {kind: [taken[n] for n in taken if n.startswith(kind)] for kind in ("network", "decode", encode)}
    bare = [sum(min(t[i] for t in ts) for ts in kinds.values()) for i in range(len(taken["total"]))]
    return [total / least for total, least in zip(taken["total"], bare, strict=True)]


def peak_mb(photo: Path) -> float:
    """The most memory that a fresh process holds for one photo, in MB; see _peak.py."""
    with tempfile.TemporaryDirectory() as folder:
        measure = [sys.executable, "-I", "-S", str(Path(__file__).parent / "_peak.py")]
        command = [*measure, sys.executable, "-c", _REMOVE, str(photo), str(Path(folder) / "out.png")]
        told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=300).stdout)
    return float(told["peak_bytes"] or 0) / 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="*", default=PHOTOS)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    rows: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, Remover() as remover:
        for base in asked.photos:
            photo = write_photo(Path(folder) / f"{base.stem}.jpg", asked.megapixels, base=base)
            taken = measured(photo.read_bytes(), remover, rounds=asked.rounds)
            share, own, peak = shares(taken), shares(taken, "own"), peak_mb(photo)
            rows[base.stem] = {"seconds": taken, "share": share, "own_share": own, "peak_mb": peak}
            each = ", ".join(f"{name} {1000 * np.median(t):.0f}" for name, t in taken.items())
            print(
                f"{base.stem}: {np.median(share):.2f} x bare ({min(share):.2f} to {max(share):.2f}), "
                f"with our writer {np.median(own):.2f} ({min(own):.2f} to {max(own):.2f}); ms: {each}; "
                f"peak {peak:.0f} MB",
                flush=True,
            )
    print(describe(made := provenance()))
    if asked.json:
        asked.json.write_text(json.dumps({**made, "rows": rows}, indent=1), "utf-8")


if __name__ == "__main__":
    main()
