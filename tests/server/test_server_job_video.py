"""A batch that is one video: made as `cutaway video` makes it, and not lost by a crash."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from server_samples import Held, Live, Start, code, encoded, wait_until
from starlette.testclient import TestClient
from video_jobs import FRAMES, NOT_TAKEN, accepted, begin, finished, frames, made

from cutaway.engines.fake import FakeEngine, luminance
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server.jobs.runner import MAX_TRIES
from cutaway.streams import segments
from cutaway.streams.convert import Job, convert
from processes import line_of, started
from video_samples import av, write_clip


def test_a_video_from_begin_to_end(client: TestClient, clip: Path, tmp_path: Path) -> None:
    answer = begin(client, clip, background="teal", name="../my cat.mov")
    assert (answer.json()["total"], answer.json()["unit"]) == (FRAMES, "frames")
    (tmp_path / "out").mkdir()
    path, report = made(client, answer.json()["id"], tmp_path / "out")
    assert path.name == "my cat.mp4"
    assert report == {"total": 1, "failed": {}, "frames": FRAMES, "notes": []}
    wanted = tmp_path / "wanted.mp4"
    convert(Job(clip, wanted, Options(background="teal")), Remover(engine=FakeEngine()))
    assert all(
        np.array_equal(one.pixels, other.pixels)
        for one, other in zip(frames(path), frames(wanted), strict=True)
    )
    told = finished(client, answer.json()["id"])
    assert (told["total"], told["done"], told["failed"]) == (FRAMES, FRAMES, 0)


def test_without_a_background_it_is_transparent(client: TestClient, clip: Path, tmp_path: Path) -> None:
    path, _ = made(client, begin(client, clip).json()["id"], tmp_path)
    assert path.suffix == ".webm"
    last = frames(path)[-1]
    assert last.alpha is not None and last.alpha.min() < 60 and last.alpha.max() > 200


@pytest.mark.parametrize(("format", "codec"), [("mov", "prores"), ("webm", "vp9")])
def test_what_it_becomes_can_be_said(
    client: TestClient, clip: Path, tmp_path: Path, format: str, codec: str
) -> None:
    path, _ = made(client, begin(client, clip, video_format=format).json()["id"], tmp_path)
    with av.open(str(path)) as found:
        assert (path.suffix, found.streams.video[0].codec_context.codec.canonical_name) == (
            f".{format}",
            codec,
        )


def test_pictures_behind_and_over_it(client: TestClient, clip: Path, tmp_path: Path) -> None:
    behind = ("background", ("b.png", encoded(np.full((48, 64, 3), (0, 200, 0), np.uint8))))
    over = ("logo", ("l.png", encoded(np.full((8, 8, 3), (200, 0, 0), np.uint8))))
    path, _ = made(client, begin(client, clip, behind, over, logo="top-left,25%").json()["id"], tmp_path)
    pixels = frames(path)[0].pixels.astype(int)
    assert np.abs(pixels[-4, -4] - (0, 200, 0)).max() < 40
    assert (np.abs(pixels - (200, 0, 0)).max(axis=2) < 40).sum() > 50


def test_its_sound_goes_along(client: TestClient, tmp_path: Path) -> None:
    talking = write_clip(tmp_path / "talking.mp4", sound="aac", subtitles="mov_text")
    path, report = made(client, begin(client, talking).json()["id"], tmp_path)
    with av.open(str(path)) as found:
        assert [s.type for s in found.streams] == ["video", "audio"]
    assert "encoded anew as Opus" in " ".join(report["notes"])


def test_progress_as_events(client: TestClient, clip: Path) -> None:
    id = begin(client, clip, background="white").json()["id"]
    with client.stream("GET", f"/jobs/{id}/events") as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    counts = [event["done"] for event in events]
    assert counts == sorted(counts)
    assert events[-1]["state"] == "finished"
    assert events[-1]["done"] == events[-1]["total"] == FRAMES
    assert {event["unit"] for event in events} == {"frames"}


@pytest.mark.parametrize(
    ("more", "texts", "wanted"),
    [
        ([("image", ("a.png", b"x"))], {}, (400, "multiple_sources")),
        ([("video", ("a.mp4", b"x"))], {}, (400, "multiple_sources")),
        ([], {"video_format": "mp4"}, (400, "invalid_option")),  # which cannot be transparent
        ([], {"video_format": "avi"}, (400, "invalid_option")),
        ([], {"video_format": "../x"}, (400, "invalid_option")),
        ([], {"format": "png"}, (400, "invalid_option")),
        ([], {"crop": "true"}, (400, "invalid_option")),
        ([], {"canvas": "1:1"}, (400, "invalid_option")),
        ([], {"background": "/etc/passwd"}, (400, "invalid_option")),
        ([], {"bakground": "red"}, (400, "unknown_field")),
        ([("background", ("b.png", b"x"))], {}, NOT_TAKEN),
        ([("logo", ("b.png", b"x"))], {}, NOT_TAKEN),
    ],
)
def test_what_is_refused(
    client: TestClient, clip: Path, tmp_path: Path, more: Any, texts: dict[str, str], wanted: tuple[int, str]
) -> None:
    assert code(begin(client, clip, *more, **texts)) == wanted
    assert [path for path in (tmp_path / "jobs").iterdir() if path.is_dir()] == []


def test_a_photo_first_and_then_a_video(client: TestClient, clip: Path) -> None:
    files = [("image", ("a.png", b"x")), ("video", ("a.mp4", clip.read_bytes()))]
    refused = client.post("/jobs", files=files)
    assert code(refused) == (400, "multiple_sources")
    assert "one video or many photos" in refused.json()["errors"][0]["detail"]
    photo = client.post("/jobs", files=files[:1], data={"video_format": "mp4"})
    assert code(photo) == (400, "invalid_option")


def test_a_video_that_kills_the_server_is_given_up(start: Start, clip: Path, tmp_path: Path) -> None:
    job = accepted(tmp_path, clip.read_bytes())
    for _ in range(MAX_TRIES):
        assert job.try_again(0, most=MAX_TRIES)
    assert finished(start(), job.id)["failed"] == FRAMES


def test_it_can_be_forgotten_while_it_is_made(
    start: Start, photo: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    client = start(engine=FakeEngine(held))
    id = begin(client, write_clip(tmp_path / "long.mp4", range(60))).json()["id"]
    wait_until(lambda: held.calls > 0)
    assert client.get(f"/jobs/{id}").json()["state"] == "working"
    assert client.delete(f"/jobs/{id}").status_code == 204
    held.go.set()
    after = client.post("/jobs", files={"image": ("a.png", photo)}).json()["id"]
    finished(client, after)
    assert [path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()] == [after]
    assert held.calls < 60  # the rest was not begun
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


def slow(tensor: np.ndarray) -> np.ndarray:
    time.sleep(0.05)
    return luminance(tensor)


def test_a_server_that_ends_goes_on_later(
    live: type[Live], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_FRAMES", 4)
    video = write_clip(tmp_path / "a.mp4", range(30))
    first = live(engine=FakeEngine(slow))
    id = httpx.post(f"{first.url}/jobs", files={"video": video.read_bytes()}, timeout=10).json()["id"]
    wait_until(lambda: httpx.get(f"{first.url}/jobs/{id}", timeout=10).json()["done"] >= 5, seconds=30)
    first.stop()
    folder = tmp_path / "jobs" / id
    assert list((folder / "results").iterdir()) == []  # it is no try that failed
    assert list(folder.glob("work/.*.parts/000000.json"))
    with httpx.Client(base_url=live().url, timeout=10) as client:
        assert len(frames(made(client, id, tmp_path)[0])) == 30


SERVER = """
import sys, time
from cutaway.streams import segments
segments.SEGMENT_FRAMES = 4
from cutaway.engines.fake import FakeEngine, luminance
from cutaway.remover import Remover
from cutaway.server.run import Listening
from cutaway.server.settings import Settings

def slow(tensor):
    time.sleep(float(sys.argv[2]))
    return luminance(tensor)

listening = Listening(Settings(port=0, jobs_dir=sys.argv[1]), remover=Remover(engine=FakeEngine(slow)))
print(listening.port, flush=True)
listening.serve()
"""


@contextmanager
def serving(folder: Path, *, pause_s: float) -> Iterator[tuple[Any, httpx.Client]]:
    """A server in a process of its own, and a client of it."""
    with started([sys.executable, "-c", SERVER, str(folder), str(pause_s)]) as process:
        address = f"http://127.0.0.1:{int(line_of(process.stdout))}"
        with httpx.Client(base_url=address, timeout=10) as client:
            yield process, client


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_nothing_is_lost_when_the_server_is_killed(tmp_path: Path) -> None:
    jobs = tmp_path / "jobs"
    video = write_clip(tmp_path / "a.mp4", range(30))
    with serving(jobs, pause_s=0.05) as (process, client):
        id = begin(client, video).json()["id"]
        wait_until(lambda: client.get(f"/jobs/{id}").json()["done"] >= 5, seconds=60)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert list((jobs / id).glob("work/.*.parts/000000.json"))
    with serving(jobs, pause_s=0.0) as (_, client):
        assert [frame.time for frame in frames(made(client, id, tmp_path)[0])] == [
            Fraction(n, 25) for n in range(30)
        ]
    assert sorted(path.name for path in (jobs / id).iterdir()) == ["job.json", "result.zip"]
