"""Interrupted jobs go on after their finished segments."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine, luminance
from cutaway.errors import OptionError
from cutaway.media.video.read import VideoReader
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.streams import segments
from cutaway.streams.convert import Job, convert
from cutaway.streams.options import VideoOptions
from cutaway.types import Floats
from video_samples import NTSC, packets, times, write_clip

STAMPS = [*range(20), 22, 25, *range(30, 48)]


@pytest.fixture(autouse=True)
def _short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SEGMENT_FRAMES", 10)
    monkeypatch.setattr("cutaway.streams.convert.WARM_FRAMES", 4)


class Stop(Exception):
    pass


class Counting:
    """A remover that counts what the network was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.remover = Remover(engine=FakeEngine(self._answer))

    def _answer(self, tensor: Floats) -> Floats:
        self.asked += 1
        return luminance(tensor)


def stop_after(frames: int):  # type: ignore[no-untyped-def]
    left = iter(range(frames))

    def step() -> None:
        if next(left, None) is None:
            raise Stop

    return step


@pytest.mark.parametrize(
    ("name", "codec", "background"),
    [("b.mp4", "h264", "red"), ("b.mkv", "hevc", "red"), ("b.webm", "vp9", "none"), ("b.mov", "prores", "none"),
     ("b.mp4", "av1", "red")],
)  # fmt: skip
def test_the_result_is_the_same_as_without_interruption(
    name: str, codec: str, background: str, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", STAMPS, tick=NTSC, sound="aac", seconds=1.6, size=(64, 64))
    video = VideoOptions(codec=codec, preset="fastest", steady="off")
    job = Job(clip, tmp_path / name, Options(background=background), video, resume=True)
    with pytest.raises(Stop):
        convert(job, Counting().remover, on_frame=stop_after(25))
    assert not job.target.exists() and (tmp_path / f".{name}.parts").is_dir()

    second = Counting()
    done = convert(job, second.remover)
    assert done.frames == 40
    assert second.asked <= (20 + 4) * 2  # each frame may be looked at twice
    assert {p.name for p in tmp_path.iterdir()} == {"clip.mp4", name}

    plain = Job(clip, tmp_path / f"plain{job.target.suffix}", job.options, video)
    convert(plain, Counting().remover)
    assert times(job.target) == times(plain.target)
    assert [d for _, d in packets(job.target)] == [d for _, d in packets(plain.target)]
    with VideoReader(job.target) as a, VideoReader(plain.target) as b:
        for one, other in zip(a, b, strict=True):
            assert np.abs(one.pixels.astype(int) - other.pixels).mean() < 6
            if background == "none":
                assert one.alpha is not None and other.alpha is not None
                assert np.abs(one.alpha.astype(int) - other.alpha).mean() < 2


def test_steady_and_a_video_behind_go_on(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", range(30))
    behind = write_clip(tmp_path / "behind.mp4", range(7))
    whole = Job(clip, tmp_path / "w.mp4", Options(), VideoOptions(preset="fastest"), behind)
    convert(whole, Counting().remover)
    job = Job(clip, tmp_path / "b.mp4", Options(), VideoOptions(preset="fastest"), behind, resume=True)
    with pytest.raises(Stop):
        convert(job, Counting().remover, on_frame=stop_after(15))
    convert(job, Counting().remover)
    with VideoReader(job.target) as a, VideoReader(whole.target) as b:
        for one, other in zip(a, b, strict=True):
            assert np.abs(one.pixels.astype(int) - other.pixels).mean() < 6


def test_segments_of_another_job_are_not_used(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", range(24))
    video = VideoOptions(preset="fastest", steady="off")
    red = Job(clip, tmp_path / "b.mp4", Options(background="red"), video, resume=True)
    with pytest.raises(Stop):
        convert(red, Counting().remover, on_frame=stop_after(15))
    counting = Counting()
    convert(Job(clip, tmp_path / "b.mp4", Options(background="blue"), video, resume=True), counting.remover)
    assert counting.asked >= 24
    with VideoReader(tmp_path / "b.mp4") as reader:
        assert next(iter(reader)).pixels[2, 60, 2] > 200


def test_a_job_interrupted_after_its_last_frame_is_only_joined(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", range(20))
    video = VideoOptions(preset="fastest", steady="off")
    job = Job(clip, tmp_path / "b.mp4", Options(background="red"), video, resume=True)
    with pytest.raises(Stop):
        convert(job, Counting().remover, on_frame=stop_after(19))
    assert convert(job, Counting().remover).frames == 20
    assert times(job.target) == times(clip)


@pytest.mark.parametrize("target", ["b.gif", "b.webp"])
def test_only_video_files_can_be_resumed(target: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="resume"):
        Job(tmp_path / "a.mp4", tmp_path / target, Options(), resume=True)
    with pytest.raises(OptionError, match="resume"):
        Job(tmp_path / "a.mp4", tmp_path / "b.mp4", Options(), VideoOptions(pair=True), resume=True)
