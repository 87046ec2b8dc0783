"""How fast videos are: `cutaway video` against the sum of its own parts, and against a loop over rembg, in one run.

    python benchmarks/video.py -o benchmarks/out
    python benchmarks/video.py -o benchmarks/out --rembg-python /venvs/rembg/bin/python --u2net-home /peers

A clip is drawn (720p H.264 unless told otherwise) and its background replaced by a colour. The parts (decode, network,
compose, encode) are then measured alone, in CPU time; a pipeline that wastes nothing would need their sum divided by
the cores. Only the sum is exact, because encoders work on in threads of their own. `efficiency` is that ideal time by
the real one; on a machine that is busy with other things it says little, and `cpu_efficiency`, the parts' CPU time by
that of the whole, shows at least that nothing is done twice. The rembg loop does what its users do: read each frame,
remove, compose, and encode. Compare ratios between machines, not seconds. Writes video.json and video.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from photos import draw
from provenance import describe, provenance

from cutaway.engines.memory import keep_freed_memory
from cutaway.media.video.encode import Coding
from cutaway.media.video.info import VideoInfo
from cutaway.media.video.read import VideoReader
from cutaway.media.video.write import VideoWriter
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.streams.convert import Job, convert
from cutaway.streams.network import open_for_video
from cutaway.streams.options import VideoOptions
from cutaway.types import Frame

RATE = Fraction(25)

REMBG_LOOP = """
import sys, time, av, numpy as np
from rembg import new_session, remove
source, target = sys.argv[1:3]
session = new_session("u2netp")
remove(np.zeros((64, 64, 3), np.uint8), session=session)
began, spent = time.perf_counter(), time.process_time()
with av.open(source) as clip, av.open(target, "w") as out:
    stream = out.add_stream("libx264", rate=25, options={"preset": "veryfast"})
    for index, frame in enumerate(clip.decode(video=0)):
        rgba = remove(frame.to_ndarray(format="rgb24"), session=session).astype(np.float32)
        alpha = rgba[..., 3:] / 255
        flat = (rgba[..., :3] * alpha + np.array([0, 128, 128]) * (1 - alpha)).astype(np.uint8)
        if index == 0:
            stream.height, stream.width = flat.shape[:2]
        picture = av.VideoFrame.from_ndarray(flat, "rgb24")
        picture.pts = index
        out.mux(stream.encode(picture))
    out.mux(stream.encode(None))
print(time.perf_counter() - began, time.process_time() - spent)
"""


def write_clip(path: Path, *, frames: int, height: int, width: int) -> None:
    """A drawn figure that walks over a drawn ground."""
    picture = draw(height, width + frames)
    info = VideoInfo((height, width), RATE, 1 / RATE)
    with VideoWriter(path, info, transparent=False, coding=Coding("h264", preset="fastest")) as writer:
        for index in range(frames):
            writer.write(Frame(np.ascontiguousarray(picture[:, index : index + width])), index / RATE)


def parts(clip: Path, remover: Remover, options: Options, target: Path) -> dict[str, float]:
    """CPU seconds of each part alone, over the whole clip, one frame in memory at a time."""
    spent = dict.fromkeys(("decode", "network", "compose", "encode"), 0.0)
    with (
        VideoReader(clip) as reader,
        VideoWriter(target, reader.info, transparent=False, overwrite=True) as writer,
    ):
        for frame in _timed_items(iter(reader), spent, "decode"):
            result = _timed(spent, "network", lambda frame=frame: remover.remove(frame, options=options))
            picture = _timed(spent, "compose", lambda result=result: result.picture)
            _timed(spent, "encode", lambda frame=frame, picture=picture: writer.write(picture, frame.time))
        _timed(spent, "encode", writer.finish)
    return spent


def _timed(spent: dict[str, float], name: str, work: Callable[[], Any]) -> Any:
    began = time.process_time()
    try:
        return work()
    finally:
        spent[name] += time.process_time() - began


def _timed_items(items: Iterator[Frame], spent: dict[str, float], name: str) -> Iterator[Frame]:
    while (item := _timed(spent, name, lambda: next(items, None))) is not None:
        yield item


def whole(
    clip: Path, remover: Remover, options: Options, target: Path, *, workers: int
) -> tuple[float, float]:
    """Wall and CPU seconds of `convert`, the model being open."""
    began, spent = time.perf_counter(), time.process_time()
    job = Job(clip, target, options, VideoOptions(steady="off"), overwrite=True)
    convert(job, remover, workers=workers)
    return time.perf_counter() - began, time.process_time() - spent


def rembg_loop(
    args: argparse.Namespace, clip: Path, target: Path, *, cores: int
) -> tuple[float, float] | None:
    """Wall and CPU seconds of the loop; None where rembg's interpreter is not given."""
    if args.rembg_python is None:
        print("rembg left out: --rembg-python does not name its environment's interpreter", file=sys.stderr)
        return None
    settings = {
        "OMP_NUM_THREADS": str(cores),
        **os.environ,
        **({"U2NET_HOME": str(args.u2net_home)} if args.u2net_home else {}),
    }
    command = [str(args.rembg_python), "-c", REMBG_LOOP, str(clip), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=settings)
    wall, cpu = done.stdout.split()[-2:]
    return float(wall), float(cpu)


def measure(args: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """All figures of one run."""
    clip = folder / "clip.mp4"
    write_clip(clip, frames=args.frames, height=args.height, width=args.width)
    options = Options(model=args.model, background="teal", zoom=args.zoom)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    remover, workers = open_for_video(options)
    with remover:
        whole(clip, remover, options, folder / "warm.mp4", workers=workers)
        took = [
            whole(clip, remover, options, folder / "out.mp4", workers=workers) for _ in range(args.rounds)
        ]
        spent = parts(clip, remover, options, folder / "parts.mp4")
    best, ideal = min(wall for wall, _ in took), sum(spent.values()) / cores
    cpu = min(cpu for _, cpu in took)
    theirs = rembg_loop(args, clip, folder / "rembg.mp4", cores=cores)
    return {
        "frames": args.frames, "zoom": args.zoom, "size": [args.height, args.width], "cores": cores, "took_s": took,
        "parts_cpu_s": spent, "ideal_s": ideal, "efficiency": ideal / best, "fps": args.frames / best,
        "cpu_efficiency": sum(spent.values()) / cpu, "rembg_s": theirs,
        "times_faster": theirs[0] / best if theirs else None, "times_less_cpu": theirs[1] / cpu if theirs else None,
    }  # fmt: skip


def table(found: dict[str, Any]) -> str:
    """The figures as Markdown."""
    (height, width), frames = found["size"], found["frames"]
    rows = [
        f"| {width}×{height}, {frames} frames, zoom {found['zoom']} | value |",
        "|---|---:|",
        f"| frames/s | {found['fps']:.1f} |",
    ]
    spent = found["parts_cpu_s"].items()
    rows += [f"| {name}, CPU ms a frame | {1000 * seconds / frames:.1f} |" for name, seconds in spent]
    rows.append(f"| ideal time by real time | {found['efficiency']:.2f} |")
    rows.append(f"| the parts' CPU time by the whole's | {found['cpu_efficiency']:.2f} |")
    if found["times_faster"]:
        rows.append(f"| times faster than a loop over rembg u2netp | {found['times_faster']:.1f} |")
        rows.append(f"| times less CPU time than that loop | {found['times_less_cpu']:.1f} |")
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure and write."""
    keep_freed_memory()  # as the command does
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--model", default="default")
    parser.add_argument("--zoom", choices=("auto", "off"), default="auto", help="as of cutaway video")
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rembg-python", type=Path)
    parser.add_argument("--u2net-home", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(args, Path(folder))
    made = provenance()
    args.output.mkdir(parents=True, exist_ok=True)
    (args.output / "video.json").write_text(json.dumps({**made, **found}, indent=1) + "\n", "utf-8")
    (args.output / "video.md").write_text(f"{table(found)}\n{describe(made)}\n", "utf-8")
    print(table(found))


if __name__ == "__main__":
    main()
