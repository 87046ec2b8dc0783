"""Writing videos: time, alpha, sound and subtitles as they were; a complete file or none."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cutaway.errors import OptionError, OutputError, OutputExistsError
from cutaway.media.video.codecs import CODECS, choose_codec, encoder_options
from cutaway.media.video.encode import Coding, without_hidden
from cutaway.media.video.read import Part, VideoReader
from cutaway.media.video.write import VideoWriter
from cutaway.types import Cutout, Frame, Matte
from video_samples import NTSC, TICK, av, disc_frame, packets, times, write_clip


def soft(index: int, height: int = 48, width: int = 64) -> np.ndarray:
    """A soft-edged disc that moves, float32 in [0, 1]."""
    y, x = np.mgrid[:height, :width]
    distance = np.hypot(y - height / 2, x - width / 4 - index)
    return np.clip((height / 4 - distance) / 4 + 0.5, 0, 1).astype(np.float32)


def redo(
    source: Path, target: Path, *, codec: str | None = None, quality: str | int = 75, part: Part | None = None,
    transparent: bool = False, drop_subtitles: bool = False, overwrite: bool = False,
) -> VideoWriter:  # fmt: skip
    """Write every frame of a clip again."""
    with VideoReader(source, part or Part()) as reader, VideoWriter(
        target, reader.info, transparent=transparent, coding=Coding(codec, quality, "fastest"),
        sound_from=source, drop_subtitles=drop_subtitles, overwrite=overwrite,
    ) as writer:  # fmt: skip
        for index, frame in enumerate(reader):
            assert frame.time is not None
            cutout = Cutout(frame.pixels, soft(index, *frame.size))
            writer.write(cutout if transparent else frame, frame.time)
    return writer


def near(got: Sequence[Fraction], wanted: Sequence[Fraction], *, within: Fraction) -> bool:
    return len(got) == len(wanted) and max(abs(a - b) for a, b in zip(got, wanted, strict=True)) <= within


@pytest.mark.parametrize(
    "stamps", [range(12), [0, 1, 2, 4, 5, 9, 10, 20], range(7, 15)], ids=["cfr", "vfr", "late"]
)
@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        (".mp4", "h264"),
        (".mp4", "hevc"),
        (".mp4", "av1"),
        (".mov", "prores"),
        (".mkv", "h264"),
        (".webm", "vp9"),
    ],
)
def test_time_stamps_stay(suffix: str, codec: str, stamps: list[int], tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", stamps, tick=NTSC, size=(64, 64))
    redo(source, tmp_path / f"b{suffix}", codec=codec)
    half_tick = Fraction(1, 2000) if suffix in (".mkv", ".webm") else Fraction(0)
    assert near(times(tmp_path / f"b{suffix}"), [s * NTSC for s in stamps], within=half_tick)


def test_long_ntsc_does_not_drift(tmp_path: Path) -> None:
    stamps = [100_000, 100_001, 200_000]  # nearly two hours in
    redo(
        write_clip(tmp_path / "a.mp4", stamps, tick=NTSC, options={"bf": "0"}),
        tmp_path / "b.mkv",
        codec="h264",
    )
    assert near(times(tmp_path / "b.mkv"), [s * NTSC for s in stamps], within=Fraction(1, 2000))


@pytest.mark.parametrize(
    ("suffix", "quality", "worst"),
    [(".webm", 75, 8), (".mkv", 75, 8), (".webm", "lossless", 2), (".mov", 75, 2)],
)
def test_alpha_comes_back(suffix: str, quality: str | int, worst: int, tmp_path: Path) -> None:
    target = tmp_path / f"b{suffix}"
    redo(write_clip(tmp_path / "a.mp4"), target, quality=quality, transparent=True)
    with VideoReader(target) as reader:
        read = [frame.alpha for frame in reader]
    wrong = [np.abs(a.astype(float) - np.rint(soft(i) * 255)) for i, a in enumerate(read) if a is not None]
    assert len(wrong) == 12
    assert np.mean(wrong) <= 0.5
    assert np.max(wrong) <= worst


def test_what_is_hidden_is_gone_but_not_at_the_edge() -> None:
    alpha = np.zeros((40, 40), np.uint8)
    alpha[18:22, 18:22] = 1
    seen = without_hidden(np.full((40, 40, 3), 200, np.uint8), alpha)
    assert seen[2, 2].sum() == 0 and seen[12, 20].min() == 200 and seen[20, 20].min() == 200


@pytest.mark.parametrize("codec", [c for c in CODECS if c != "prores"])
def test_colour_comes_back(codec: str, tmp_path: Path) -> None:
    target = tmp_path / ("b.webm" if codec == "vp9" else "b.mkv")
    source = write_clip(tmp_path / "a.mp4", size=(64, 64))
    redo(source, target, codec=codec, quality=95)
    with VideoReader(source) as first, VideoReader(target) as second:
        for before, after in zip(first, second, strict=True):
            assert np.abs(before.pixels.astype(int) - after.pixels).mean() < 3
            assert second.info.colour.matrix == first.info.colour.matrix


@pytest.mark.parametrize("range_", [1, 2])
def test_range_and_matrix_survive(range_: int, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", tags={"color_range": range_, "colorspace": 5})
    redo(source, tmp_path / "b.mp4", quality=95)
    with VideoReader(tmp_path / "b.mp4") as reader:
        assert np.abs(next(iter(reader)).pixels.astype(int) - disc_frame(0)).mean() < 3
        assert (reader.info.colour.matrix, reader.info.colour.full) == ("601", False)


@pytest.mark.parametrize(
    ("codec", "size"), [("h264", (64, 68)), ("hevc", (64, 68)), ("vp9", (63, 67)), ("av1", (63, 67))]
)
def test_odd_sizes_are_kept_or_padded_by_one(codec: str, size: tuple[int, int], tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", size=(63, 67), pix_fmt="yuv444p")
    writer = redo(source, tmp_path / "b.mkv", codec=codec)
    with VideoReader(tmp_path / "b.mkv") as reader:
        assert reader.info.size == size
    assert [n for n in writer.notes if "67×63 becomes 68×64" in n] == writer.notes[: size == (64, 68)]


@pytest.mark.parametrize(
    ("sound", "layout"), [("aac", "stereo"), ("aac", "5.1"), ("libopus", "5.1"), ("flac", "stereo")]
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_copied_packet_by_packet(sound: str, layout: str, suffix: str, tmp_path: Path) -> None:
    source = write_clip(tmp_path / f"a{suffix}", sound=sound, layout=layout)
    writer = redo(source, tmp_path / f"b{suffix}", codec="h264")
    assert packets(tmp_path / f"b{suffix}") == packets(source)
    assert len(packets(source)) > 5 and writer.notes == []


def test_sound_from_mp4_to_mkv_is_not_shifted_by_its_priming(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", sound="aac")
    redo(source, tmp_path / "b.mkv", codec="h264")
    before, after = packets(source), packets(tmp_path / "b.mkv")
    assert [data for _, data in before] == [data for _, data in after]
    assert near([t for t, _ in after], [t for t, _ in before], within=Fraction(1, 2000))
    assert times(tmp_path / "b.mkv")[0] == 0


@pytest.mark.parametrize(("suffix", "name"), [(".webm", "opus"), (".mov", "aac")])
@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
def test_other_sound_is_encoded_anew_and_said(suffix: str, name: str, layout: str, tmp_path: Path) -> None:
    sound = "aac" if suffix == ".webm" else "libopus"
    source = write_clip(tmp_path / "a.mkv", sound=sound, layout=layout)
    writer = redo(source, tmp_path / f"b{suffix}")
    assert any("encoded anew" in note for note in writer.notes)
    with av.open(str(tmp_path / f"b{suffix}")) as out:
        stream = out.streams.audio[0]
        frames = list(out.decode(stream))
        assert stream.codec_context.name == name and stream.codec_context.layout.name == layout
        length = sum(frame.samples for frame in frames) / stream.codec_context.sample_rate
        start = frames[0].pts * frames[0].time_base
        peak = max(np.abs(frame.to_ndarray()).max() for frame in frames)
    assert abs(length - 0.5) < 0.05 and abs(start) < 0.03
    assert 0.2 < peak < 0.5


def test_no_sound_stays_no_sound(tmp_path: Path) -> None:
    redo(write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as out:
        assert [s.type for s in out.streams] == ["video"]


@pytest.mark.parametrize(
    ("source", "kind", "target", "becomes"),
    [("a.mkv", "srt", "b.mkv", "srt"), ("a.mkv", "ass", "b.mkv", "ass"), ("a.mp4", "mov_text", "b.mp4", "mov_text"),
     ("a.mkv", "srt", "b.mp4", "mov_text"), ("a.mp4", "mov_text", "b.mkv", "srt"),
     ("a.mkv", "ass", "b.webm", "webvtt")],
)  # fmt: skip
def test_subtitles_go_along(source: str, kind: str, target: str, becomes: str, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / source, subtitles=kind)
    writer = redo(clip, tmp_path / target)
    words = [(t, data) for t, data in packets(tmp_path / target, "subtitle") if b"Guten Tag" in data]
    assert [t for t, _ in words] == [Fraction(1, 10)]
    with av.open(str(tmp_path / target)) as out:
        stream = out.streams.subtitles[0]
        assert stream.codec_context.codec.canonical_name in (becomes, {"srt": "subrip"}.get(becomes))
        assert stream.metadata["language"] == "ger"
    assert any("converted" in note for note in writer.notes) == (kind != becomes)
    redo(clip, tmp_path / target, drop_subtitles=True, overwrite=True)
    with av.open(str(tmp_path / target)) as out:
        assert not out.streams.subtitles


def test_a_cut_takes_the_sound_along(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", range(50), sound="aac", seconds=2.0)
    redo(source, tmp_path / "b.mp4", part=Part(start=Fraction("0.5"), end=Fraction("1.5")))
    assert times(tmp_path / "b.mp4") == [i * TICK for i in range(25)]
    before, after = packets(source), packets(tmp_path / "b.mp4")
    shift = next(t for t, data in before if data == after[0][1]) - after[0][0]
    assert abs(shift - Fraction("0.52")) <= Fraction(1, 48000)
    assert 0 <= after[0][0] < Fraction(3, 100) and Fraction("0.9") < after[-1][0] < 1


def test_a_matte_is_grey(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4")) as reader:
        info = reader.info
    with VideoWriter(tmp_path / "m.mp4", info, transparent=False, coding=Coding(quality=95)) as writer:
        for index in range(4):
            writer.write(Matte(soft(index)), index * TICK)
    with VideoReader(tmp_path / "m.mp4") as reader:
        for index, frame in enumerate(reader):
            assert np.abs(frame.pixels - 255 * soft(index)[..., None]).mean() < 2
            assert np.ptp(frame.pixels.astype(int), axis=2).max() <= 3


def test_ten_bits_go_through_prores(tmp_path: Path) -> None:
    with VideoReader(write_clip(tmp_path / "a.mp4")) as reader:
        info = reader.info
    ramp = np.linspace(20_000, 40_000, 64).astype(np.uint16)[None, :, None].repeat(48, 0).repeat(3, 2)
    with VideoWriter(tmp_path / "b.mov", info, transparent=False, coding=Coding("prores")) as writer:
        writer.write(Frame(ramp), Fraction(0))
    with VideoReader(tmp_path / "b.mov", depth="source") as reader:
        assert (
            np.abs(next(iter(reader)).pixels.astype(int) - ramp).max() < 257
        )  # less than one step of 8 bits


def test_an_error_leaves_nothing_behind(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4", sound="aac")
    (tmp_path / "out").mkdir()
    with pytest.raises(RuntimeError, match="stop"), VideoReader(source) as reader, VideoWriter(
        tmp_path / "out" / "b.mp4", reader.info, transparent=False, sound_from=source
    ) as writer:  # fmt: skip
        for frame in reader:
            writer.write(frame, frame.time or Fraction(0))
            raise RuntimeError("stop")
    assert list((tmp_path / "out").iterdir()) == []


def test_results_are_not_replaced_unasked(tmp_path: Path) -> None:
    source = write_clip(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        redo(source, tmp_path / "b.mp4")
    assert (tmp_path / "b.mp4").read_bytes() == b"mine"
    redo(source, tmp_path / "b.mp4", overwrite=True)
    assert len(times(tmp_path / "b.mp4")) == 12
    (tmp_path / "d.mp4").mkdir()
    with pytest.raises(OutputError, match="folder"):
        redo(source, tmp_path / "d.mp4", overwrite=True)


def test_an_encoder_that_refuses_says_so(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="libx265 refuses pictures of 16×8"):
        redo(write_clip(tmp_path / "a.mp4", size=(8, 16)), tmp_path / "b.mp4", codec="hevc")
    assert {p.name for p in tmp_path.iterdir()} == {"a.mp4"}


def test_containers_and_codecs() -> None:
    assert choose_codec("a.mp4", None, transparent=False) == "h264"
    assert choose_codec("a.WEBM", None, transparent=True) == "vp9"
    assert choose_codec("a.mov", None, transparent=True) == "prores"
    assert choose_codec("a.mkv", None, transparent=True) == "vp9"
    for path, codec, transparent, words in (
        ("a.mp4", None, True, r"\.mp4 cannot be transparent.*\.webm"),
        ("a.mp4", "prores", False, r"cannot hold prores; \.mov can"),
        ("a.mkv", "h264", True, "h264 has no transparency"),
        ("a.txt", None, False, "suffix is one of"),
        ("a.mp4", "mpeg2", False, "no codec"),
    ):
        with pytest.raises(OptionError, match=words):
            choose_codec(path, codec, transparent=transparent)


def test_quality() -> None:
    assert float(encoder_options("h264", 0, "fast")["crf"]) > float(
        encoder_options("h264", "100", "fast")["crf"]
    )
    for bad in ("fine", -1, 101):
        with pytest.raises(OptionError, match="video-quality"):
            encoder_options("h264", bad, "fast")
    with pytest.raises(OptionError, match="av1 cannot be lossless"):
        encoder_options("av1", "lossless", "fast")
