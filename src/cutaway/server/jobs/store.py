"""Batches on disk. All that is known about one is in its folder, so any process can tell how far it is.

FOLDER/ID/job.json        what is wanted; written before the folder takes its name
FOLDER/ID/inputs/0000     a picture as it came, or the only video
FOLDER/ID/background      a picture to lay behind them all, if there is one
FOLDER/ID/logo            a picture to lay over them all, if there is one
FOLDER/ID/results/0000.png, 0000.error, 0000.tries
FOLDER/ID/work            a video in the making; `work/frames` has a byte for each finished frame
FOLDER/ID/result.zip      when all is done; the inputs and single results are gone then
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cutaway.media.files import write_atomic
from cutaway.server.names import plain_stem
from cutaway.server.problems import Problem

MAX_JOBS = 200
"""Batches that may be kept at the same time."""
INCOMING = "incoming-"
_STALE_S = 3600.0
_ID = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class Wanted:
    """What a batch wants: options as the form gave them, and the pictures' own names.

    `video` says that the only file is a video, of about so many `frames`.
    """

    texts: dict[str, str]
    names: list[str]
    background: bool = False
    logo: bool = False
    video: bool = False
    frames: int = 0
    created: float = field(default_factory=time.time)

    def to_json(self) -> bytes:
        """The text of `job.json`."""
        return json.dumps(self.__dict__).encode()


@dataclass(frozen=True)
class Progress:
    """How far a batch is, in photos or in frames of its video."""

    state: Literal["waiting", "working", "finished"]
    total: int
    done: int
    failed: int
    unit: Literal["pictures", "frames"] = "pictures"

    def told(self, id: str) -> dict[str, Any]:
        """As JSON for the client."""
        links = {"self": f"/jobs/{id}", "events": f"/jobs/{id}/events", "result": f"/jobs/{id}/result"}
        return {"id": id, **self.__dict__, "links": links}


def cache_folder() -> Path:
    """Where batches are kept unless told otherwise: in the platform's place for a user's cache."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path("~/AppData/Local").expanduser())
    elif sys.platform == "darwin":
        base = Path("~/Library/Caches").expanduser()
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return base / "cutaway" / "jobs"


class Store:
    """The folder with all batches.

    Args:
        folder: where it is; made when the first batch comes.
        hours: how long a batch is kept.
    """

    def __init__(self, folder: Path, *, hours: float) -> None:
        self.folder = folder
        self._seconds = hours * 3600

    def incoming(self) -> Job:
        """A new batch, which is not worked on before `accept`.

        Raises:
            Problem: there are too many already.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sum(1 for _ in self._folders()) >= MAX_JOBS:
            raise Problem(
                503, "server_busy", f"{MAX_JOBS} batches are kept already", headers={"Retry-After": "600"}
            )
        job = Job(self.folder / (INCOMING + secrets.token_urlsafe(16)))
        (job.folder / "inputs").mkdir(parents=True, mode=0o700)
        return job

    def accept(self, job: Job, wanted: Wanted) -> Job:
        """Let a batch be worked on, whose pictures are all there."""
        (job.folder / "results").mkdir()
        write_atomic(job.folder / "job.json", wanted.to_json(), overwrite=False)
        accepted = self.folder / job.folder.name.removeprefix(INCOMING)
        job.folder.rename(accepted)
        return Job(accepted)

    def get(self, id: str) -> Job:
        """A batch by its id.

        Raises:
            Problem: there is none.
        """
        job = Job(self.folder / id)
        if not _ID.fullmatch(id) or not job.exists:
            raise Problem(404, "not_found", "there is no such batch; it may have been cleaned away")
        return job

    def unfinished(self) -> Iterator[Job]:
        """Batches that are to be worked on, oldest first."""
        begun: list[tuple[float, Job]] = []
        for job in map(Job, self._folders()):
            if _ID.fullmatch(job.id) and job.exists and not job.is_finished:
                with suppress(FileNotFoundError):  # it is just being removed
                    begun.append((job.wanted().created, job))
        yield from (job for _, job in sorted(begun, key=lambda one: one[0]))

    def clean(self) -> None:
        """Remove batches whose time since their last change is over, and those that never arrived whole."""
        now = time.time()
        for folder in self._folders():
            limit = self._seconds if _ID.fullmatch(folder.name) else min(_STALE_S, self._seconds)
            try:
                age_s = now - folder.stat().st_mtime
            except OSError:
                continue
            if age_s > limit:
                shutil.rmtree(folder, ignore_errors=True)

    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (path for path in self.folder.iterdir() if path.is_dir())


class Job:
    """One batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        """Its name: 128 bits of chance, so that knowing it is the right to see it."""
        return self.folder.name

    @property
    def exists(self) -> bool:
        """Whether it is there."""
        return (self.folder / "job.json").is_file()

    @property
    def is_finished(self) -> bool:
        """Whether its zip is there."""
        return self.zip.is_file()

    @property
    def zip(self) -> Path:
        """Where all results are when it is finished."""
        return self.folder / "result.zip"

    @property
    def background(self) -> Path:
        """The picture to lay behind them all."""
        return self.folder / "background"

    @property
    def logo(self) -> Path:
        """The picture to lay over them all."""
        return self.folder / "logo"

    def input(self, number: int) -> Path:
        """One of its pictures."""
        return self.folder / "inputs" / f"{number:04d}"

    def wanted(self) -> Wanted:
        """What it wants."""
        return Wanted(**json.loads((self.folder / "job.json").read_text("utf-8")))

    def progress(self) -> Progress:
        """How far it is."""
        wanted = self.wanted()
        if wanted.video:
            return self._frames_progress(wanted)
        total = len(wanted.names)
        if self.is_finished:
            failed = len(self._report()["failed"])
            return Progress("finished", total, total - failed, failed)
        suffixes = [path.suffix for path in (self.folder / "results").iterdir()]
        failed, tried = suffixes.count(".error"), suffixes.count(".tries")
        done = len(suffixes) - failed - tried
        return Progress("working" if done + failed + tried else "waiting", total, done, failed)

    def _frames_progress(self, wanted: Wanted) -> Progress:
        if self.is_finished:
            report = self._report()
            total, failed = report["frames"], bool(report["failed"])
            return Progress("finished", total, 0 if failed else total, total if failed else 0, "frames")
        done = self.frames_made()
        begun = any((self.folder / "results").iterdir())
        return Progress("working" if begun else "waiting", max(wanted.frames, done), done, 0, "frames")

    def _report(self) -> dict[str, Any]:
        with zipfile.ZipFile(self.zip) as files:
            return dict(json.loads(files.read("report.json")))

    @property
    def frames(self) -> Path:
        """A file with a byte for each frame of the video that is finished."""
        return self.work / "frames"

    @property
    def notes(self) -> Path:
        """What a person should know about the finished video, as JSON."""
        return self.work / "notes"

    @property
    def work(self) -> Path:
        """Where the video is made."""
        return self.folder / "work"

    def frames_made(self) -> int:
        """How many frames of the video are finished."""
        return self.frames.stat().st_size if self.frames.exists() else 0

    def open_numbers(self) -> list[int]:
        """The pictures that have neither a result nor an error yet."""
        settled = {path.stem for path in (self.folder / "results").iterdir() if path.suffix != ".tries"}
        return [n for n in range(len(self.wanted().names)) if f"{n:04d}" not in settled]

    def try_again(self, number: int, *, most: int) -> bool:
        """Note that a picture is begun; False if it was begun so often that it seems to take the server down."""
        path = self.folder / "results" / f"{number:04d}.tries"
        tries = path.stat().st_size if path.exists() else 0
        if tries >= most:
            return False
        with path.open("ab") as file:
            file.write(b".")
        return True

    def forget_tries(self, number: int) -> None:
        """It came further than before, or was stopped on purpose: begin to count anew."""
        (self.folder / "results" / f"{number:04d}.tries").unlink(missing_ok=True)

    def keep(self, number: int, made: Path) -> None:
        """Take a file as a result; its suffix stays."""
        made.replace(self.folder / "results" / f"{number:04d}{made.suffix}")

    def settle(self, number: int, data: bytes, suffix: str) -> None:
        """Write a result, whole or not at all; suffix "error" is for a sentence that says why there is none."""
        write_atomic(self.folder / "results" / f"{number:04d}.{suffix}", data, overwrite=True)

    def finish(self) -> None:
        """Put all results into one zip, with `report.json`, and let go of the rest."""
        wanted, failed = self.wanted(), {}
        names = wanted.names
        temporary = self.folder / ".result.tmp"
        with zipfile.ZipFile(temporary, "w") as files:  # pictures are compressed already
            taken: set[str] = {"report.json"}
            for path in sorted((self.folder / "results").iterdir()):
                own = names[int(path.stem)]
                if path.suffix == ".error":
                    failed[own or path.stem] = path.read_text("utf-8")
                elif path.suffix != ".tries":
                    files.write(path, _free_name(own, int(path.stem), path.suffix, taken))
            report = {"total": len(names), "failed": failed}
            if wanted.video:
                report["frames"] = wanted.frames if failed else self.frames_made()
                report["notes"] = [] if failed else json.loads(self.notes.read_text("utf-8"))
            files.writestr("report.json", json.dumps(report, indent=1))
        temporary.replace(self.zip)
        for part in ("inputs", "results", "work"):
            shutil.rmtree(self.folder / part, ignore_errors=True)

    def remove(self) -> None:
        """Delete it."""
        (self.folder / "job.json").unlink(missing_ok=True)  # from here on it is gone for everyone
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_name(own: str, number: int, suffix: str, taken: set[str]) -> str:
    """A name for the zip made from the picture's own, without folders or odd characters, and not taken yet."""
    stem = plain_stem(own) or f"picture-{number + 1}"
    name, n = f"{stem}{suffix}", 2
    while name.lower() in taken:
        name, n = f"{stem}-{n}{suffix}", n + 1
    taken.add(name.lower())
    return name
