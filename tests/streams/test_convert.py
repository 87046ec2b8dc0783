"""A video's whole way, on an engine to which bright is subject."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine
from cutaway.errors import ModelError, OptionError, OutputExistsError
from cutaway.media.video.read import VideoReader
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.streams.behind import VideoBehind
from cutaway.streams.convert import Done, Job, convert
from cutaway.streams.options import VideoOptions
from cutaway.types import Floats, Frame
from video_samples import TICK, bright, disc_frame, packets, times, write_clip

PLAIN = VideoOptions(steady="off", preset="fastest")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.mp4", sound="aac")


def make(
    source: Path, target: Path, *, video: VideoOptions = PLAIN, behind: Path | None = None,
    folder: bool = False, overwrite: bool = False, remover: Remover | None = None, **options: object,
) -> Done:  # fmt: skip
    job = Job(source, target, Options(**options), video, behind, folder, overwrite)  # type: ignore[arg-type]
    return convert(job, remover or bright())


def frames(path: Path) -> list[Frame]:
    with VideoReader(path) as reader:
        return list(reader)


def test_transparent(clip: Path, tmp_path: Path) -> None:
    done = make(clip, tmp_path / "b.webm")
    assert (done.frames, done.damaged, done.missing) == (12, 0, 0.0)
    for index, frame in enumerate(frames(tmp_path / "b.webm")):
        assert frame.alpha is not None
        subject = disc_frame(index)[..., 0] > 100
        assert frame.alpha[subject].mean() > 200 and frame.alpha[:, 50 + index :].max() < 60


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_on_a_colour_with_sound(suffix: str, clip: Path, tmp_path: Path) -> None:
    make(clip, tmp_path / f"b{suffix}", background="#0000ff")
    last = frames(tmp_path / f"b{suffix}")[-1].pixels
    assert last[24, 27].min() > 150 and last[2, 60, 2] > 200
    assert [data for _, data in packets(tmp_path / f"b{suffix}")] == [data for _, data in packets(clip)]
    assert times(tmp_path / f"b{suffix}") == times(clip)


def test_matte_only_and_pair(clip: Path, tmp_path: Path) -> None:
    make(clip, tmp_path / "m.mp4", mask_only=True)
    assert np.ptp(frames(tmp_path / "m.mp4")[0].pixels.astype(int), axis=2).max() <= 3
    make(clip, tmp_path / "p.mp4", video=replace(PLAIN, pair=True))
    colour, matte = frames(tmp_path / "p.mp4")[0].pixels, frames(tmp_path / "p-matte.mp4")[0].pixels
    assert colour[24, 16].min() > 180 and matte[24, 16].min() > 180
    assert np.abs(matte.astype(int) - frames(tmp_path / "m.mp4")[0].pixels).max() <= 4


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_animations_and_back(suffix: str, clip: Path, tmp_path: Path) -> None:
    make(clip, tmp_path / f"b{suffix}")
    done = make(tmp_path / f"b{suffix}", tmp_path / "c.webm")
    assert done.frames == 12
    assert times(tmp_path / "c.webm") == [i * TICK for i in range(12)]
    first = frames(tmp_path / "c.webm")[0]
    assert first.alpha is not None and first.alpha[24, 16] > 180 and first.alpha[2, 60] < 40


def test_a_folder_and_back(clip: Path, tmp_path: Path) -> None:
    make(clip, tmp_path / "seq", folder=True)
    assert [p.name for p in sorted((tmp_path / "seq").iterdir())][:2] == [
        "frame-000000.png",
        "frame-000001.png",
    ]
    make(tmp_path / "seq", tmp_path / "b.webm", video=replace(PLAIN, fps=Fraction(10)))
    assert times(tmp_path / "b.webm") == [i * Fraction(1, 10) for i in range(12)]
    with pytest.raises(OutputExistsError):
        make(clip, tmp_path / "seq", folder=True)


def test_a_picture_or_blur_behind(clip: Path, tmp_path: Path) -> None:
    make(clip, tmp_path / "b.mp4", background="blur")
    assert frames(tmp_path / "b.mp4")[0].pixels[2, 60].max() < 80


def test_a_video_behind_is_looped_at_its_own_rate(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "a.mp4", range(25))
    tick = Fraction(1, 10)
    behind = write_clip(tmp_path / "behind.mp4", range(4), tick=tick, size=(96, 128))
    make(clip, tmp_path / "b.mp4", behind=behind)
    assert len(times(tmp_path / "b.mp4")) == 25
    playing = VideoBehind(behind)
    shown = [playing.at(i * TICK) for i in range(25)]
    assert [f.time for f in shown] == [(i * TICK % Fraction(4, 10)) // tick * tick for i in range(25)]
    playing.close()


def test_parts_and_sizes(clip: Path, tmp_path: Path) -> None:
    done = make(clip, tmp_path / "b.webm", video=replace(PLAIN, every=4, max_size=32))
    assert (done.frames, done.info.size) == (3, (24, 32))


def test_a_model_that_breaks_half_way_stops_all(clip: Path, tmp_path: Path) -> None:
    calls = []

    def answer(tensor: Floats) -> Floats:
        calls.append(1)
        if len(calls) > 5:
            raise ModelError("the model broke")
        return np.full((1, 1, *tensor.shape[2:]), 0.5, np.float32)

    with pytest.raises(ModelError, match="broke"):
        make(clip, tmp_path / "b.mp4", background="red", remover=Remover(engine=FakeEngine(answer)))
    assert {p.name for p in tmp_path.iterdir()} == {"clip.mp4"}
    assert [t for t in threading.enumerate() if t.name.startswith("cutaway")] == []


def test_ctrl_c_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    def press() -> None:
        raise KeyboardInterrupt

    job = Job(clip, tmp_path / "b.mp4", Options(background="red"), PLAIN)
    with pytest.raises(KeyboardInterrupt):
        convert(job, bright(), on_frame=press)
    assert {p.name for p in tmp_path.iterdir()} == {"clip.mp4"}


def test_mp4_is_not_transparent(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"\.webm"):
        make(clip, tmp_path / "b.mp4")
    with pytest.raises(OptionError, match="choose one of"):
        make(clip, tmp_path / "b.txt")
    with pytest.raises(OptionError, match="--codec is for"):
        make(clip, tmp_path / "b.gif", video=replace(PLAIN, codec="vp9"))


def test_memory_stays_flat(tmp_path: Path) -> None:
    """300 frames: hardly more is alive at the end than after 100, and never more than a few frames at once."""
    tracemalloc = pytest.importorskip("tracemalloc")
    clip = write_clip(tmp_path / "long.mp4", range(300), size=(96, 128))
    held: list[int] = []

    def look() -> Iterator[None]:
        while True:
            held.append(tracemalloc.get_traced_memory()[0])
            yield

    looking = look()
    tracemalloc.start(1)
    try:
        convert(Job(clip, tmp_path / "b.mp4", Options(background="red"), PLAIN), bright(),
                on_frame=lambda: next(looking))  # fmt: skip
    finally:
        tracemalloc.stop()
    assert len(held) == 300
    assert max(held[200:]) < max(held[50:150]) + 2_000_000


@pytest.mark.parametrize("bad", [{"quality": "fine"}, {"codec": "mpeg2"}, {"preset": "placebo"}, {"steady": "very"},
                                 {"fps": Fraction(0)}, {"every": 0}])  # fmt: skip
def test_impossible_settings(bad: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        VideoOptions(**bad)  # type: ignore[arg-type]
