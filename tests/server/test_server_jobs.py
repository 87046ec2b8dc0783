"""Batches: taken in, worked on, listened to, fetched; and what becomes of them when the server is killed."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from server_samples import Held, Start, code, encoded, wait_until
from starlette.testclient import TestClient

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.server.jobs import runner as runner_module
from cutaway.server.jobs import store as store_module
from cutaway.server.jobs.runner import locked
from cutaway.server.jobs.store import Store
from processes import line_of, started


def begin(
    client: Any, *pictures: tuple[str, bytes], more: dict[str, bytes] | None = None, **texts: str
) -> Any:
    files = [("image", picture) for picture in pictures] + list((more or {}).items())
    return client.post("/jobs", files=files, data=texts)


def finished(client: Any, id: str) -> Any:
    wait_until(lambda: client.get(f"/jobs/{id}").json()["state"] == "finished", seconds=60)
    return client.get(f"/jobs/{id}").json()


def unpacked(client: Any, id: str) -> dict[str, bytes]:
    files = zipfile.ZipFile(io.BytesIO(client.get(f"/jobs/{id}/result").content))
    return {name: files.read(name) for name in files.namelist()}


def test_a_batch_from_begin_to_end(client: TestClient, photo: bytes) -> None:
    names = ["cat.png", "cat.jpg", "../../etc/passwd.png", "no-picture.png"]
    pictures = [(name, photo if "no-" not in name else b"text") for name in names]
    answer = begin(client, *pictures, background="teal", format="webp")
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"/jobs/{told['id']}"
    assert told["total"] == 4
    done = finished(client, told["id"])
    assert (done["done"], done["failed"]) == (3, 1)
    files = unpacked(client, told["id"])
    assert set(files) == {"cat.webp", "cat-2.webp", "passwd.webp", "report.json"}
    wanted = Remover(engine=FakeEngine()).remove(photo, options=Options(background="teal", format="webp"))
    assert files["cat.webp"] == files["passwd.webp"] == wanted.to_bytes()
    assert "no picture" in json.loads(files["report.json"])["failed"]["no-picture.png"]


def test_a_background_picture_for_all(client: TestClient, photo: bytes) -> None:
    below = encoded(np.full((40, 40, 3), (0, 200, 0), np.uint8))
    id = begin(client, ("a.png", photo), more={"background": below}, canvas="background").json()["id"]
    finished(client, id)
    wanted = Remover(engine=FakeEngine()).remove(photo).over(below, canvas="background").to_bytes()
    assert unpacked(client, id)["a.png"] == wanted


def test_progress_as_events(client: TestClient, photo: bytes) -> None:
    id = begin(client, *[(f"{n}.png", photo) for n in range(3)]).json()["id"]
    with client.stream("GET", f"/jobs/{id}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert events[-1]["state"] == "finished" and events[-1]["done"] == 3
    counts = [event["done"] for event in events]
    assert counts == sorted(counts)


def test_a_batch_can_be_forgotten(client: TestClient, photo: bytes, tmp_path: Path) -> None:
    id = begin(client, ("a.png", photo)).json()["id"]
    assert client.delete(f"/jobs/{id}").status_code == 204
    assert code(client.get(f"/jobs/{id}")) == (404, "not_found")
    assert code(client.delete(f"/jobs/{id}")) == (404, "not_found")
    refused = client.put(f"/jobs/{id}")
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD", "DELETE"}


def test_a_batch_can_be_forgotten_while_it_is_worked_on(
    start: Start, photo: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    held = Held()
    client = start(engine=FakeEngine(held))
    id = begin(client, ("a.png", photo)).json()["id"]
    wait_until(lambda: held.calls > 0)
    assert client.delete(f"/jobs/{id}").status_code == 204
    held.go.set()
    finished(client, begin(client, ("b.png", photo)).json()["id"])
    assert not (tmp_path / "jobs" / id).exists()
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("id", ["x", "..%2f..%2fetc", "A" * 22, ".lock", "incoming-" + "A" * 22])
def test_ids_that_are_none(client: TestClient, id: str) -> None:
    for path in ("", "/events", "/result"):
        assert client.get(f"/jobs/{id}{path}").status_code == 404


def test_a_result_before_its_time(start: Start, photo: bytes) -> None:
    def slow(tensor: np.ndarray) -> np.ndarray:
        time.sleep(0.3)
        return np.asarray(tensor.mean(axis=1, keepdims=True), np.float32)

    client = start(engine=FakeEngine(slow))
    id = begin(client, ("a.png", photo)).json()["id"]
    assert code(client.get(f"/jobs/{id}/result")) == (409, "not_ready")
    finished(client, id)


@pytest.mark.parametrize(
    ("files", "texts", "wanted"),
    [
        ([], {}, (400, "missing_source")),
        ([("picture", ("a.png", b"x"))], {}, (400, "unknown_field")),
        ([("image", ("a.png", b"x"))], {"bakground": "red"}, (400, "unknown_field")),
        ([("image", ("a.png", b"x"))], {"background": "/etc/passwd"}, (400, "invalid_option")),
        ([("image", ("a.png", b"x"))], {"background": "x" * 20_000}, (400, "invalid_body")),
        ([("image", ("a.png", b"x"))] * 6, {}, (400, "file_too_large")),
        ([("image", ("a.png", bytes(400_000)))], {}, (413, "file_too_large")),
    ],
)
def test_what_is_refused(
    start: Start, tmp_path: Path, files: list[Any], texts: dict[str, str], wanted: tuple[int, str]
) -> None:
    client = start(max_job_mb=0.3, max_job_pictures=5)
    form = {name: (None, value) for name, value in texts.items()}
    body = [*files, *form.items()] or [("note", (None, ""))]
    assert code(client.post("/jobs", files=body)) == wanted
    assert [path.name for path in (tmp_path / "jobs").iterdir() if path.is_dir()] == []
    assert code(client.post("/jobs", content=b"x")) == (400, "invalid_body")


def test_what_is_old_is_cleaned_away(tmp_path: Path) -> None:
    store = Store(tmp_path, hours=1)
    old, new = store.incoming(), store.incoming()
    os.utime(old.folder, (time.time() - 4000, time.time() - 4000))
    store.clean()
    assert not old.folder.exists() and new.folder.exists()


def test_there_is_an_end_to_batches(start: Start, photo: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MAX_JOBS", 1)
    client = start()
    assert begin(client, ("a.png", photo)).status_code == 202
    assert code(begin(client, ("a.png", photo))) == (503, "server_busy")


def test_a_picture_that_kills_the_server_is_given_up(start: Start, photo: bytes, tmp_path: Path) -> None:
    store = Store(tmp_path / "jobs", hours=1)
    job = store.incoming()
    job.input(0).write_bytes(photo)
    job = store.accept(job, store_module.Wanted({}, ["a.png"]))
    for _ in range(runner_module.MAX_TRIES):
        assert job.try_again(0, most=runner_module.MAX_TRIES)  # as if the server had died each time
    client = start()
    assert finished(client, job.id)["failed"] == 1
    assert "down each time" in json.loads(unpacked(client, job.id)["report.json"])["failed"]["a.png"]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    first = locked(tmp_path / "lock")
    assert first is not None
    assert locked(tmp_path / "lock") is None
    first.close()
    again = locked(tmp_path / "lock")
    assert again is not None
    again.close()


SERVER = """
import sys, time
from cutaway.engines.fake import FakeEngine, luminance
from cutaway.remover import Remover
from cutaway.server.run import Listening
from cutaway.server.settings import Settings

def slow(tensor):
    time.sleep(0.1)
    return luminance(tensor)

listening = Listening(Settings(port=0, jobs_dir=sys.argv[1]), remover=Remover(engine=FakeEngine(slow)))
print(listening.port, flush=True)
listening.serve()
"""


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Any, httpx.Client]]:
    """A server in a process of its own, and a client of it."""
    with started([sys.executable, "-c", SERVER, str(folder)]) as process:
        address = f"http://127.0.0.1:{int(line_of(process.stdout))}"
        with httpx.Client(base_url=address, timeout=10) as client:
            wait_until(lambda: answers(client), seconds=60)
            yield process, client


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_nothing_is_lost_when_the_server_is_killed(tmp_path: Path, photo: bytes) -> None:
    with serving(tmp_path) as (process, client):
        id = begin(client, *[(f"{n}.png", photo) for n in range(8)]).json()["id"]
        wait_until(lambda: client.get(f"/jobs/{id}").json()["done"] >= 2, seconds=60)
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    with serving(tmp_path) as (_, client):
        assert client.get(f"/jobs/{id}").json()["done"] >= 2
        assert finished(client, id)["done"] == 8
        files = unpacked(client, id)
    wanted = Remover(engine=FakeEngine()).remove(photo).to_bytes()
    assert {name for name in files if name != "report.json"} == {f"{n}.png" for n in range(8)}
    assert all(data == wanted for name, data in files.items() if name != "report.json")
