"""The thread that works on batches, one thing after the other, below the requests that somebody waits for."""

from __future__ import annotations

import logging
import sys
import threading
import time
from pathlib import Path
from typing import IO

from cutaway.errors import CutawayError, OutputError
from cutaway.media.video.library import Limits
from cutaway.server.fields import VIDEO_FORMAT, read_options
from cutaway.server.jobs.store import Job, Store, Wanted
from cutaway.server.jobs.video import StoppedError, make_video, without_paths
from cutaway.server.opened import Models
from cutaway.server.own import Order
from cutaway.server.pictures import read_upload
from cutaway.server.problems import Problem, problem_of

log = logging.getLogger(__name__)

MAX_TRIES = 3
"""A picture that was begun so often without coming to an end has taken the server down each time."""
_LOOK_S = 1.0
_CLEAN_S = 60.0


class Runner:
    """Works on the batches of a store until it is stopped.

    Of several processes that share a folder, the one that holds its lock does the work; the system lets go of the lock
    when that process dies, however it dies.

    Args:
        store: the batches.
        models: the models.
        max_pixels: largest picture.
        limits: what a video may be.
        max_video_bytes: largest video that is made.
    """

    def __init__(
        self, store: Store, models: Models, *, max_pixels: int, limits: Limits, max_video_bytes: int
    ) -> None:
        self._store, self._models, self._max_pixels = store, models, max_pixels
        self._limits, self._max_video_bytes = limits, max_video_bytes
        self._stop, self._news = threading.Event(), threading.Event()
        self._lock: IO[bytes] | None = None
        self._cleaned = 0.0
        self._thread = threading.Thread(target=self._run, name="cutaway-jobs", daemon=True)

    def start(self) -> None:
        """Begin; batches that an earlier process left are taken up."""
        self._thread.start()

    def wake(self) -> None:
        """Look at once whether there is something new."""
        self._news.set()

    def stop(self, *, seconds: float = 30.0) -> None:
        """End after the picture that is being worked on; a video is gone on with after the next start."""
        self._stop.set()
        self._news.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                worked = self._holds_lock() and self._step()
            except Exception as error:  # a full disk, a folder that was taken away
                log.error("batches cannot be worked on: %s", type(error).__name__)
                worked = False
            if not worked:
                self._news.wait(_LOOK_S)
                self._news.clear()
        if self._lock is not None:
            self._lock.close()

    def _holds_lock(self) -> bool:
        if self._lock is None and self._store.folder.is_dir():
            self._lock = locked(self._store.folder / ".lock")
        return self._lock is not None

    def _step(self) -> bool:
        """Do one picture, or finish a batch; False if there is nothing to do."""
        if time.monotonic() > self._cleaned + _CLEAN_S or not self._cleaned:
            self._cleaned = time.monotonic()
            self._store.clean()
        job = next(self._store.unfinished(), None)
        if job is None:
            return False
        try:
            self._work_on(job)
        except (FileNotFoundError, OutputError):
            if job.exists:
                raise
        if not job.exists:
            job.remove()  # also what was written after its removal
            log.info("a batch was removed while it was worked on")
        return True

    def _work_on(self, job: Job) -> None:
        left = job.open_numbers()
        if not left:
            job.finish()
            return
        number = left[0]
        if not job.try_again(number, most=MAX_TRIES):
            job.settle(number, b"it took the server down each time", "error")
            return
        wanted = job.wanted()
        if wanted.video:
            self._make_video(job, wanted)
            return
        data, suffix = self._made(job, wanted, number)
        job.settle(number, data, suffix)

    def _make_video(self, job: Job, wanted: Wanted) -> None:
        try:
            remover = self._models.get(wanted.texts.get("model"))
            made = make_video(
                job,
                wanted,
                remover,
                limits=self._limits,
                max_bytes=self._max_video_bytes,
                stop=self._stop.is_set,
            )
        except StoppedError:
            job.forget_tries(0)
        except CutawayError as error:
            job.settle(0, without_paths(problem_of(error), job).encode(), "error")
        except FileNotFoundError:
            raise
        except Exception as error:
            log.error("a video failed: %s", type(error).__name__)
            job.settle(0, b"something went wrong in the server", "error")
        else:
            job.keep(0, made)

    def _made(self, job: Job, wanted: Wanted, number: int) -> tuple[bytes, str]:
        """The bytes and the suffix of a result, or a sentence and "error"."""
        try:
            photo = read_upload(job.input(number).read_bytes(), max_pixels=self._max_pixels)
            order = Order.of_texts(wanted.texts, picture=wanted.background, logo=wanted.logo)
            result = self._models.get(order.model).remove(photo, options=order.options)
            below = None
            if wanted.background:
                below = read_upload(
                    job.background.read_bytes(), max_pixels=self._max_pixels, what="the background"
                )
            order.logo = job.logo.read_bytes() if wanted.logo else None
            answer = order.make(result, lambda: None, background=below, max_pixels=self._max_pixels)
            return answer.data, answer.format
        except CutawayError as error:
            return str(problem_of(error)).encode(), "error"
        except FileNotFoundError:
            raise
        except Exception as error:
            log.error("a picture of a batch failed: %s", type(error).__name__)
            return b"something went wrong in the server", "error"


def check(wanted: Wanted) -> None:
    """Say at once what is wrong with a batch's options.

    Raises:
        Problem, OptionError: a name is unknown or a value impossible.
    """
    if VIDEO_FORMAT in wanted.texts:
        raise Problem(
            400, "invalid_option", f"{VIDEO_FORMAT} goes with an uploaded video; photos have 'format'"
        )
    read_options(wanted.texts, picture=wanted.background, logo=wanted.logo)


def locked(path: Path) -> IO[bytes] | None:
    """Take a file's lock, which lasts until it is closed or the process ends; None if another process has it."""
    file = path.open("ab")
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
