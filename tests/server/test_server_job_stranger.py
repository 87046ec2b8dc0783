"""A video that a stranger sends: no video at all, one that names other files, is damaged, or would fill the machine."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from server_samples import Start, code, encoded
from starlette.testclient import TestClient
from video_jobs import FRAMES, NOT_TAKEN, accepted, begin, finished, frames, made, unpacked

from cutaway.media.video import library, survey
from cutaway.media.video.read import VideoReader
from cutaway.server.jobs import routes as routes_module
from cutaway.server.jobs import video as video_module
from video_samples import write_clip


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {}\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>{}</BaseURL></Period></MPD>',
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ],
    ids=["hls", "concat", "dash", "sdp"],
)
def test_a_playlist_opens_nothing(client: TestClient, clip: Path, tmp_path: Path, text: str) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(clip.read_bytes())
    assert code(begin(client, text.format(secret).encode())) == NOT_TAKEN


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are of POSIX")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\npart.mp4\n#EXT-X-ENDLIST\n"),
        ("0000", "ffconcat version 1.0\nfile part.mp4\n"),
    ],
)
@pytest.mark.parametrize("limits", [None, library.Limits()], ids=["anybody", "a stranger"])
def test_no_playlist_is_followed(tmp_path: Path, limits: library.Limits | None, name: str, text: str) -> None:
    """The file that it names is a pipe without a writer: whoever opened that would wait for ever."""
    os.mkfifo(tmp_path / "part.mp4")
    playlist = tmp_path / name
    playlist.write_text(text, "utf-8")
    said: list[str] = []

    def look() -> None:
        try:
            library.open_input(playlist, limits)
        except library.ImageError as error:
            said.append(str(error))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(10)
    assert said, "it was opened"


@pytest.mark.parametrize(
    "data", [b"", b"text", encoded(np.zeros((8, 8, 3), np.uint8)), b"\0\0\0\x18ftypmp42" + bytes(99)]
)
def test_what_is_no_video(client: TestClient, data: bytes) -> None:
    refused = begin(client, data)
    assert code(refused) == NOT_TAKEN
    detail = refused.json()["errors"][0]["detail"]
    assert detail.startswith("the video ") and "incoming-" not in detail and "0000" not in detail


def test_a_video_that_is_too_long(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = start(max_video_seconds=5)
    slow = write_clip(tmp_path / "slow.mp4", tick=Fraction(1))
    refused = begin(client, slow)
    assert code(refused) == NOT_TAKEN
    assert "longer than 5 seconds" in refused.json()["errors"][0]["detail"]
    monkeypatch.setattr(survey, "MAX_RATE", 2)
    assert "10 frames" in begin(client, write_clip(tmp_path / "many.mp4")).json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("limit", "value", "said"),
    [
        ("MAX_STREAMS", 1, "2 tracks"),
        ("MIN_SOUND_HZ", 96_000, "samples a second"),
        ("MAX_SOUND_BYTES", 5, "pieces"),
    ],
)
def test_sound_that_would_fill_the_memory(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, said: str
) -> None:
    monkeypatch.setattr(survey, limit, value)
    refused = begin(client, write_clip(tmp_path / "talking.mp4", sound="aac"))
    assert code(refused) == NOT_TAKEN
    assert said in refused.json()["errors"][0]["detail"]


def test_frames_that_are_too_large(start: Start, clip: Path) -> None:
    assert code(begin(start(max_megapixels=0.001), clip)) == (400, "resolution_too_high")
    with pytest.raises(library.ImageError, match="the video cannot be read"):
        VideoReader(clip, limits=library.Limits(max_pixels=1000))


def test_a_result_that_becomes_too_large(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_module, "_LOOK_FRAMES", 1)
    monkeypatch.setattr(routes_module, "_GROWTH", 0)
    client = start()
    id = begin(client, write_clip(tmp_path / "a.mp4", range(50)), video_format="mov").json()["id"]
    assert finished(client, id)["failed"] == 50
    files = unpacked(client, id)
    assert "larger than 0 MB" in json.loads(files.read("report.json"))["failed"]["clip.mp4"]
    assert not (tmp_path / "jobs" / id / "work").exists()


def test_where_videos_cannot_be_read(client: TestClient, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    refused = begin(client, clip)
    assert code(refused) == (400, "not_implemented")
    assert "pip install -e '.[video]'" in refused.json()["errors"][0]["detail"]


def test_a_video_that_is_damaged_on_disk(start: Start, tmp_path: Path) -> None:
    job = accepted(tmp_path, b"text")
    client = start()
    told = finished(client, job.id)
    assert (told["done"], told["failed"], told["total"]) == (0, FRAMES, FRAMES)
    files = unpacked(client, job.id)
    assert files.namelist() == ["report.json"]
    failed = json.loads(files.read("report.json"))["failed"]["a.mp4"]
    assert failed.startswith("the video cannot be read") and job.id not in failed


def test_a_video_that_breaks_off(client: TestClient, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "a.mkv", range(50)).read_bytes()
    path, report = made(client, begin(client, whole[: len(whole) * 2 // 3]).json()["id"], tmp_path)
    assert 5 < len(frames(path)) == report["frames"] < 50


def test_damaged_videos_come_to_an_end(
    client: TestClient, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes anywhere in the file are changed: it is refused, or made as far as it goes, or the report says why not."""
    chance, whole = np.random.default_rng(7), np.frombuffer(clip.read_bytes(), np.uint8)
    begun = []
    for count in (1, 1, 3, 3, 10, 10, 30, 30, 100, 100):
        data = whole.copy()
        data[chance.integers(0, data.size, count)] = chance.integers(0, 256, count)
        answer = begin(client, data.tobytes())
        assert answer.status_code in (202, 400)
        begun += [answer.json()["id"]] if answer.status_code == 202 else []
    told = [finished(client, id) for id in begun]
    assert all(one["done"] + one["failed"] == one["total"] for one in told)
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []
