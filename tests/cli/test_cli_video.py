"""`cutaway video` from the arguments to the files, with the tiny model."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cutaway.media.video.read import VideoReader
from video_samples import times, write_clip

Files = Callable[[Path], set[str]]
QUICK = ("--encoder-preset", "fastest")


@pytest.fixture
def video(cutaway, bright_model: Path):  # type: ignore[no-untyped-def]
    """Run `cutaway video ARGS...` with the tiny model."""
    return lambda *args: cutaway("video", "--model", bright_model, *QUICK, *args)


@pytest.fixture
def clip(here: Path) -> Path:
    return write_clip(here / "clip.mp4", sound="aac")


def test_a_video_lies_beside_its_source(video, clip: Path, here: Path, files: Files) -> None:  # type: ignore[no-untyped-def]
    source = clip.read_bytes()
    ran = video("clip.mp4")
    assert (ran.code, ran.out) == (0, b"")
    assert "clip-cutout.webm (64×48, 12 frames, " in ran.err and "encoded anew as Opus" in ran.err
    assert files(here) == {"clip.mp4", "clip-cutout.webm"} and clip.read_bytes() == source
    assert len(times(here / "clip-cutout.webm")) == 12
    assert video("clip.mp4", "--background", "teal").code == 0
    assert files(here) == {"clip.mp4", "clip-cutout.webm", "clip-cutout.mp4"}


def test_flags_reach_their_place(video, clip: Path, here: Path) -> None:  # type: ignore[no-untyped-def]
    ran = video("clip.mp4", "-o", "b.mkv", "--background", "red", "--codec", "av1", "--video-quality", "40", "-q",
                "--start", "0:0.1", "--end", "0.4", "--every", "2", "--max-size", "32")  # fmt: skip
    assert (ran.code, ran.err) == (0, "")
    with VideoReader(here / "b.mkv") as reader:
        assert reader.info.size == (24, 32) and reader.info.sound == ("aac",)
        assert len(list(reader)) == 4
    assert times(here / "b.mkv")[:2] == [0, Fraction(2, 25)]


@pytest.mark.parametrize("flag", ["--matte-only", "--mask-only"])
def test_matte_only(flag: str, video, clip: Path, here: Path) -> None:  # type: ignore[no-untyped-def]
    assert video("clip.mp4", flag).code == 0
    with VideoReader(here / "clip-cutout.mp4") as reader:
        assert np.ptp(next(iter(reader)).pixels.astype(int), axis=2).max() <= 3


def test_pair_and_folder_and_video_behind(video, clip: Path, here: Path, files: Files) -> None:  # type: ignore[no-untyped-def]
    assert video("clip.mp4", "--pair", "-o", "p.mp4").code == 0
    assert video("clip.mp4", "--every", "6", "-o", "seq/").code == 0
    assert video("seq", "--fps", "30000/1001", "-o", "s.webm").code == 0
    assert video("clip.mp4", "--background", "p.mp4", "-o", "b.mp4").code == 0
    made = {"p.mp4", "p-matte.mp4", "seq/frame-000000.png", "seq/frame-000001.png", "s.webm", "b.mp4"}
    assert files(here) == {"clip.mp4"} | made


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("nix.mp4",), "there is no video file nix.mp4"),
        (("clip.mp4", "-o", "b.mp4"), ".mp4 cannot be transparent: choose .mkv, .mov, .webm"),
        (("clip.mp4", "-o", "b.txt"), "choose one of .mp4"),
        (("clip.mp4", "-o", "clip.mp4", "--background", "red"), "is the video itself"),
        (("clip.mp4", "-o", "taken.webm"), "taken.webm is already there"),
        (("clip.mp4", "--format", "png"), "--format is for photos"),
        (("clip.mp4", "--start", "x"), "is no time"),
        (("clip.mp4", "--start", "9"), "behind the end"),
        (("clip.mp4", "--start", "2", "--end", "1"), "must come after start"),
        (("clip.mp4", "--fps", "x"), "is no rate"),
        (("clip.mp4", "--video-quality", "best"), "0 to 100 or 'lossless'"),
        (("clip.mp4", "--pair", "--background", "red"), "--pair writes"),
        (("clip.mp4", "--crop"), "moving pictures keep their frame"),
        (("clip.mp4", "--canvas", "90x90"), "moving pictures keep their frame"),
        (("clip.mp4", "--preset", "square"), "moving pictures keep their frame"),
        (("clip.mp4", "--background", "clip.mp4", "--mask-only"), "background video"),
        (("clip.mp4", "--background", "nix.mp4"), "background 'nix.mp4' is neither"),
        (("words.mp4",), "words.mp4 cannot be read as a video"),
        (("empty", "-o", "b.webm"), "holds no pictures"),
    ],
)
def test_mistakes_are_one_line(
    args: tuple[str, ...], words: str, video, clip: Path, here: Path, files: Files
) -> None:  # type: ignore[no-untyped-def]
    (here / "taken.webm").write_bytes(b"mine")
    (here / "words.mp4").write_bytes(b"words")
    (here / "empty").mkdir()
    before = files(here)
    ran = video(*args)
    assert ran.code == 2 and words in ran.err and len(ran.errors) == 1, ran.err
    assert "Traceback" not in ran.err and files(here) == before


def test_damage_is_said_and_seen_in_the_exit_code(video, here: Path) -> None:  # type: ignore[no-untyped-def]
    whole = write_clip(here / "a.mkv", range(0, 600, 20), options={"g": "5"})
    (here / "cut.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    ran = video("cut.mkv", "--background", "red")
    assert ran.code == 1 and "cut off" in ran.err
    assert len(times(here / "cut-cutout.mp4")) > 1


def test_ctrl_c(video, clip: Path, here: Path, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def press(self: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cutaway.cli.video._Watch.step", press)
    ran = video("clip.mp4")
    assert ran.code == 130 and ran.errors == ["cutaway: error: interrupted"]
    assert files(here) == {"clip.mp4"}


def test_without_the_extra(video, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    ran = video("clip.mp4")
    assert ran.code == 2 and "pip install -e '.[video]'" in ran.err


def test_progress_on_a_terminal(video, clip: Path, terminal: Callable[[str], None]) -> None:  # type: ignore[no-untyped-def]
    terminal("stderr")
    ran = video("clip.mp4")
    assert "12/12" in ran.err and "/s" in ran.err


def test_resume_goes_on_after_finished_segments(
    video, clip: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("cutaway.streams.segments.SEGMENT_FRAMES", 5)
    with monkeypatch.context() as breaking:
        left = iter(range(7))

        def step(self: object) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        breaking.setattr("cutaway.cli.video._Watch.step", step)
        ran = video("clip.mp4", "--resume")
        assert ran.code == 130 and "--resume goes on" in ran.err
    assert (here / ".clip-cutout.webm.parts" / "000000.json").exists()
    assert video("clip.mp4", "--resume").code == 0
    assert {p.name for p in here.iterdir()} == {"clip.mp4", "clip-cutout.webm"}
    assert video("clip.mp4", "--resume", "-o", "b.gif").code == 2
