"""Every kind of clip goes the whole way: all frames at their times, the same sound, the subject in its place."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine
from cutaway.media.video.read import VideoReader
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.streams.convert import Done, Job, convert
from cutaway.streams.network import open_for_video
from cutaway.streams.options import VideoOptions
from cutaway.types import Floats
from video_samples import NTSC, TICK, av, disc_frame, packets, times, write_clip

WHOLE = range(12)


@dataclass(frozen=True)
class Kind:
    """One kind of clip, and what is special about it."""

    stamps: Sequence[int] = WHOLE
    tick: Fraction = TICK
    size: tuple[int, int] = (48, 64)
    suffix: str = ".mp4"
    more: dict[str, Any] = field(default_factory=dict)


KINDS = {
    "variable rate": Kind([0, 1, 2, 4, 5, 9, 10, 20]),
    "29.97": Kind(tick=NTSC),
    "late start": Kind(range(7, 15)),
    "odd size": Kind(size=(47, 63), more={"pix_fmt": "yuv444p"}),
    "B-frames": Kind(more={"options": {"bf": "3", "b-adapt": "0"}}),
    "5.1 sound": Kind(more={"sound": "aac", "layout": "5.1"}),
    "stereo": Kind(more={"sound": "aac"}),
    "no sound": Kind(),
    "one frame": Kind([0]),
    "rotated": Kind(more={"turn": 90}),
    "10 bits": Kind(suffix=".mkv", more={"codec": "libx265", "pix_fmt": "yuv420p10le",
                                         "options": {"x265-params": "log-level=none"}}),
}  # fmt: skip


def hard(tensor: Floats) -> Floats:
    return (tensor.mean(axis=1, keepdims=True) > 0.5).astype(np.float32)


def make(source: Path, target: Path, *, steady: str = "normal", workers: int = 1, **options: Any) -> Done:
    video = VideoOptions(steady=steady, preset="fastest")  # type: ignore[arg-type]
    with Remover(engine=FakeEngine(hard)) as remover:
        return convert(Job(source, target, Options(**options), video), remover, workers=workers)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("suffix", "background"), [(".mp4", "#0000ff"), (".webm", "none")])
def test_nothing_is_lost_on_the_way(kind: str, suffix: str, background: str, tmp_path: Path) -> None:
    is_ = KINDS[kind]
    source = write_clip(tmp_path / f"a{is_.suffix}", is_.stamps, tick=is_.tick, size=is_.size, **is_.more)
    target = tmp_path / f"b{suffix}"
    done = make(source, target, background=background)
    assert (done.frames, done.damaged, done.missing) == (len(is_.stamps), 0, 0.0)

    wanted = [stamp * is_.tick for stamp in is_.stamps]
    within = Fraction(1, 2000) if suffix == ".webm" or is_.suffix == ".mkv" else Fraction(0)
    assert max(abs(a - b) for a, b in zip(times(target), wanted, strict=True)) <= within
    _check_sound(source, target, sound="sound" in is_.more)
    _check_pictures(target, is_)


def _check_sound(source: Path, target: Path, *, sound: bool) -> None:
    with av.open(str(target)) as clip:
        assert len(clip.streams.audio) == int(sound)
    if sound and target.suffix == ".mp4":
        assert packets(target) == packets(source)  # each one, at its time, byte by byte
    elif sound:  # encoded anew as Opus
        before, after = packets(source), packets(target)
        assert abs(after[0][0] - before[0][0]) < Fraction(3, 100)
        assert abs(after[-1][0] - before[-1][0]) < Fraction(6, 100)


def _check_pictures(target: Path, kind: Kind) -> None:
    with VideoReader(target) as reader:
        for index, frame in enumerate(reader):
            truth = np.rot90(disc_frame(index, *kind.size), kind.more.get("turn", 0) // 90)
            inside = truth[..., 0] > 100
            height, width = inside.shape
            pixels = frame.pixels[:height, :width].astype(int)
            assert frame.size == (height + height % 2, width + width % 2) or target.suffix == ".webm"
            assert np.abs(pixels[inside] - truth[inside]).mean() < 25
            if frame.alpha is None:
                assert np.abs(pixels[~inside] - (0, 0, 255)).mean() < 25
            else:
                assert frame.alpha[inside].mean() > 230 and frame.alpha[~inside].mean() < 25


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_frames_worked_on_side_by_side_stay_in_order(workers: int, tmp_path: Path) -> None:
    """The network takes longer for some frames than for later ones."""
    source = write_clip(tmp_path / "a.mp4", range(20))
    waits = iter([0.02, 0.0, 0.01, 0.0] * 5)
    lock, stop = threading.Lock(), threading.Event()

    def slow(tensor: Floats) -> Floats:
        with lock:
            wait = next(waits)
        stop.wait(wait)
        return hard(tensor)

    job = Job(
        source,
        tmp_path / "b.mp4",
        Options(background="#0000ff", zoom="off"),
        VideoOptions(steady="off", preset="fastest"),
    )
    with Remover(engine=FakeEngine(slow)) as remover:
        assert convert(job, remover, workers=workers).frames == 20
    assert times(job.target) == times(source)
    _check_pictures(job.target, Kind(range(20)))
    assert [t for t in threading.enumerate() if t.name.startswith("cutaway")] == []


def test_an_error_in_one_of_several_frames_ends_all(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", range(20))
    calls = iter(range(20))

    def breaks(tensor: Floats) -> Floats:
        if next(calls) == 7:
            raise RuntimeError("broken")
        return hard(tensor)

    job = Job(source, tmp_path / "b.mp4", Options(background="red"), VideoOptions(steady="off"))
    with Remover(engine=FakeEngine(breaks)) as remover, pytest.raises(RuntimeError, match="broken"):
        convert(job, remover, workers=3)
    assert {path.name for path in tmp_path.iterdir()} == {"a.mp4"}
    assert [t for t in threading.enumerate() if t.name.startswith("cutaway")] == []


@pytest.mark.parametrize(("threads", "workers", "each"), [(1, 1, 1), (2, 2, 1), (4, 4, 1), (16, 8, 2)])
def test_threads_are_shared_out(threads: int, workers: int, each: int, bright_model: Path) -> None:
    remover, found = open_for_video(Options(model=str(bright_model), threads=threads))
    with remover:
        assert (found, remover.options.threads) == (workers, each)


@pytest.mark.slow
def test_memory_stays_flat_over_ten_thousand_frames(tmp_path: Path) -> None:
    """The whole process, FFmpeg's memory included; `test_memory_stays_flat` watches Python's over 300."""
    resource = pytest.importorskip("resource")
    source = write_clip(tmp_path / "long.mp4", range(10_000), size=(96, 128), options={"preset": "ultrafast"})
    held: list[int] = []
    job = Job(source, tmp_path / "b.mp4", Options(background="red"), VideoOptions(preset="fastest"))
    with Remover(engine=FakeEngine(hard)) as remover:
        convert(job, remover, workers=2,
                on_frame=lambda: held.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))  # fmt: skip
    assert len(held) == 10_000
    assert held[-1] - held[1000] < 30_000  # kB: the highest so far hardly rises after the first thousand


@pytest.mark.parametrize(("size", "zoom", "wanted"), [(256, "off", 3), (256, "auto", 4), (352, "off", 4)])
def test_a_small_network_leaves_a_core_to_the_rest(
    size: int, zoom: Any, wanted: int, bright_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cutaway.remover

    opened = cutaway.remover.Remover(str(bright_model), Options(model=str(bright_model), threads=1))
    monkeypatch.setattr(opened._opened(), "spec", replace(opened.spec, size=size))
    monkeypatch.setattr(cutaway.remover, "Remover", lambda options: opened)
    assert open_for_video(Options(model=str(bright_model), threads=4, zoom=zoom))[1] == wanted
