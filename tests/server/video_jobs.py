"""What the tests of a batch that is one video share."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from server_samples import wait_until

from cutaway.media.video.read import VideoReader
from cutaway.server.jobs.store import Job, Store, Wanted

FRAMES = 12
NOT_TAKEN = (400, "invalid_file_type")


def begin(
    client: Any, video: Path | bytes, *more: tuple[str, Any], name: str = "clip.mp4", **texts: str
) -> Any:
    data = video if isinstance(video, bytes) else video.read_bytes()
    return client.post("/jobs", files=[("video", (name, data)), *more], data=texts)


def finished(client: Any, id: str) -> Any:
    wait_until(lambda: client.get(f"/jobs/{id}").json()["state"] == "finished", seconds=60)
    return client.get(f"/jobs/{id}").json()


def unpacked(client: Any, id: str) -> zipfile.ZipFile:
    """The zip of a batch, when it is finished."""
    finished(client, id)
    return zipfile.ZipFile(io.BytesIO(client.get(f"/jobs/{id}/result").content))


def made(client: Any, id: str, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The video in a batch's zip, when it is finished, and its report."""
    files = unpacked(client, id)
    (name,) = set(files.namelist()) - {"report.json"}
    return Path(files.extract(name, folder)), json.loads(files.read("report.json"))


def frames(path: Path) -> list[Any]:
    with VideoReader(path) as reader:
        return list(reader)


def accepted(tmp_path: Path, data: bytes) -> Job:
    """A batch that another server has taken in, without looking at its video."""
    store = Store(tmp_path / "jobs", hours=1)
    job = store.incoming()
    job.input(0).write_bytes(data)
    return store.accept(job, Wanted({}, ["a.mp4"], video=True, frames=FRAMES))
