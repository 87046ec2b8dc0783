"""Reading videos: every frame, its exact time, upright, in the right colours; and what is wrong with bad files."""

from __future__ import annotations

import logging
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import CutawayError, ImageError, MissingExtraError, OptionError
from cutaway.media.video.hdr import to_standard
from cutaway.media.video.read import Part, VideoReader
from cutaway.types import Frame
from video_samples import NTSC, TICK, av, disc_frame, write_clip


def read(path: Path, part: Part | None = None, **more: object) -> list[Frame]:
    with VideoReader(path, part or Part(), **more) as reader:  # type: ignore[arg-type]
        return list(reader)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".avi", ".ts"])
def test_all_frames_come_also_those_the_decoder_holds_back(suffix: str, tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / f"a{suffix}", options={"bf": "3"}))
    assert len(frames) == 12
    for index, frame in enumerate(frames):
        assert np.abs(frame.pixels.astype(int) - disc_frame(index)).mean() < 4, index


@pytest.mark.parametrize(
    "stamps", [range(12), [0, 1, 2, 4, 5, 9, 10, 20], range(7, 15)], ids=["cfr", "vfr", "late"]
)
@pytest.mark.parametrize("tick", [TICK, NTSC], ids=["25", "29.97"])
def test_time_is_exact(stamps: list[int], tick: Fraction, tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / "a.mp4", stamps, tick=tick))
    assert [frame.time for frame in frames] == [stamp * tick for stamp in stamps]


def test_one_frame_is_a_video(tmp_path: Path) -> None:
    frames = read(write_clip(tmp_path / "one.mp4", [0]))
    assert [frame.time for frame in frames] == [0]


@pytest.mark.parametrize("turn", [0, 90, 180, -90])
def test_phone_videos_come_upright(turn: int, tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4", turn=turn)) as reader:
        upright = np.rot90(disc_frame(0), turn // 90)
        assert reader.info.size == upright.shape[:2]
        assert np.abs(next(iter(reader)).pixels.astype(int) - upright).mean() < 4


@pytest.mark.parametrize("size", [(47, 63), (1, 1), (48, 63)])
def test_odd_sizes(size: tuple[int, int], tmp_path: Path) -> None:
    assert {f.size for f in read(write_clip(tmp_path / "a.mp4", size=size, pix_fmt="yuv444p"))} == {size}


@pytest.mark.parametrize("matrix", [1, 5], ids=["709", "601"])
@pytest.mark.parametrize("range_", [1, 2], ids=["limited", "full"])
def test_matrix_and_range_are_obeyed(matrix: int, range_: int, tmp_path: Path) -> None:
    """Colours coded by hand by the equations of BT.601 and BT.709 come back."""
    kr, kb = {1: (0.2126, 0.0722), 5: (0.299, 0.114)}[matrix]
    rgb = np.array([200.0, 60.0, 90.0]) / 255
    luma = kr * rgb[0] + (1 - kr - kb) * rgb[1] + kb * rgb[2]
    chroma = (rgb[2] - luma) / (2 - 2 * kb), (rgb[0] - luma) / (2 - 2 * kr)
    scale, offset, span = (219, 16, 224) if range_ == 1 else (255, 0, 255)
    codes = [luma * scale + offset, chroma[0] * span + 128, chroma[1] * span + 128]
    planes = np.stack([np.full((16, 16), round(code), np.uint8) for code in codes])
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width = stream.height = 16
        stream.pix_fmt = "yuv444p"
        stream.codec_context.colorspace, stream.codec_context.color_range = matrix, range_
        frame = av.VideoFrame.from_ndarray(planes, "yuv444p")
        frame.colorspace, frame.color_range, frame.pts, frame.time_base = matrix, range_, 0, TICK
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert np.abs(read(path)[0].pixels[8, 8].astype(int) - [200, 60, 90]).max() <= 2


def test_ten_bits_are_kept_where_they_are_wanted(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", codec="ffv1", pix_fmt="yuv420p10le")
    assert read(path)[0].pixels.dtype == np.uint8
    assert read(path, depth="source")[0].pixels.dtype == np.uint16
    assert read(write_clip(tmp_path / "b.mkv"), depth="source")[0].pixels.dtype == np.uint8


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_converted_and_said(
    curve: int, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tags = {"color_trc": curve, "color_primaries": 9, "colorspace": 9, "color_range": 1}
    path = write_clip(tmp_path / "a.mkv", codec="libx265", pix_fmt="yuv420p10le", tags=tags, size=(64, 64),
                      options={"x265-params": "log-level=none"})  # fmt: skip
    with caplog.at_level(logging.WARNING):
        frame = read(path)[0]
    assert f"HDR ({name})" in caplog.text
    assert frame.pixels.dtype == np.uint8 and frame.pixels.std() > 20


@pytest.mark.parametrize(("curve", "white", "grey"), [("PQ", 0.5807, 0.4), ("HLG", 0.75, 0.5)])
def test_hdr_white_becomes_white(curve: str, white: float, grey: float) -> None:
    codes = np.rint(np.array([[[0.0] * 3, [grey] * 3, [white] * 3, [1.0] * 3]]) * 65535).astype(np.uint16)
    black, middle, diffuse, bright = to_standard(codes, curve, depth=8)[0, :, 0]  # type: ignore[arg-type]
    assert black == 0 and 90 < middle < 190 and diffuse >= 253 and bright == 255
    assert to_standard(codes, curve, depth=16)[0, 2, 0] > 65000  # type: ignore[arg-type]


def test_interlaced_is_noticed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = write_clip(tmp_path / "a.mkv", options={"x264-params": "interlaced=1"}, size=(64, 64))
    with caplog.at_level(logging.WARNING):
        read(path)
    assert "interlaced" in caplog.text


@pytest.mark.parametrize(("codec", "pix_fmt", "suffix"), [("libvpx-vp9", "yuva420p", ".webm"),
                                                          ("prores_ks", "yuva444p10le", ".mov"),
                                                          ("qtrle", "argb", ".mov")])  # fmt: skip
def test_an_alpha_of_its_own_is_read(codec: str, pix_fmt: str, suffix: str, tmp_path: Path) -> None:
    frame = read(write_clip(tmp_path / f"a{suffix}", codec=codec, pix_fmt=pix_fmt))[0]
    assert frame.alpha is not None and frame.alpha.min() >= 254  # the clip is drawn opaque


def test_parts(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", range(25), options={"g": "8"})
    some = read(path, Part(start=Fraction("0.5"), end=Fraction("0.8")))
    assert [f.time for f in some] == [i * TICK for i in range(7)]  # 0.52 is the first frame and becomes 0
    assert np.abs(some[0].pixels.astype(int) - disc_frame(13)).mean() < 4
    assert [f.time for f in read(path, Part(every=10))] == [0, Fraction("0.4"), Fraction("0.8")]
    assert {f.size for f in read(path, Part(max_size=32))} == {(24, 32)}
    with VideoReader(path, Part(every=10, end=Fraction("0.8"))) as reader:
        assert reader.info.frames == 2 == len(list(reader))


@pytest.mark.parametrize("bad", [{"every": 0}, {"max_size": 1}, {"start": Fraction(-1)},
                                 {"start": Fraction(2), "end": Fraction(1)}])  # fmt: skip
def test_impossible_parts(bad: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        Part(**bad)  # type: ignore[arg-type]


def test_a_start_behind_the_end(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="behind the end"):
        read(write_clip(tmp_path / "a.mp4"), Part(start=Fraction(100)))


def test_truncated_files_end_with_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = write_clip(tmp_path / "a.mkv", range(0, 600, 20), options={"g": "5"})
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with VideoReader(cut) as reader, caplog.at_level(logging.WARNING):
        frames = list(reader)
        assert 1 < len(frames) < 30
        assert reader.missing > 5 or reader.damaged
    assert "cut off" in caplog.text or "damaged" in caplog.text


def test_a_damaged_frame_does_not_hang_nor_shift_the_others(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mkv", codec="ffv1", options={"slicecrc": "1"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    path.write_bytes(data)
    frames = read(path)
    assert 6 <= len(frames) <= 12
    assert all(frame.time % TICK == 0 for frame in frames)


@pytest.mark.parametrize("content", [b"", b"words", b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"])
def test_what_is_no_video_says_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=r"a\.mp4"):
        read(path)


def test_sound_alone_and_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no video file"):
        read(tmp_path / "nix.mp4")
    with pytest.raises(ImageError, match="no video file"):
        read(Path("http://localhost/a.mp4"))
    with av.open(str(tmp_path / "a.wav"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), "s16", "stereo")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    with pytest.raises(CutawayError, match="no video track"):
        read(tmp_path / "a.wav")


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", [0])
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install.*\[video\]"):
        read(path)
