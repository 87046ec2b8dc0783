"""The endpoints of batches: begin, look, listen, fetch, forget."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cutaway.media.video.library import Limits
from cutaway.server.body import limited_request
from cutaway.server.fields import BACKGROUND, LOGO
from cutaway.server.guards import who
from cutaway.server.jobs.receive import Receiver
from cutaway.server.jobs.runner import Runner, check
from cutaway.server.jobs.store import Job, Progress, Store, Wanted, cache_folder
from cutaway.server.jobs.video import accepted_video
from cutaway.server.problems import Problem
from cutaway.server.service import Service, drain, route
from cutaway.server.settings import MB

_LOOK_S = 0.25
_SIGN_OF_LIFE_S = 15.0
_ARRIVAL_S = 900.0
_GROWTH = 4
"""A video that is made may be so many times as large as the largest upload."""


class JobsApi:
    """The endpoints of batches, and the thread that works on them."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        folder = Path(settings.jobs_dir) if settings.jobs_dir else cache_folder()
        self.service = service
        self.store = Store(folder, hours=settings.job_hours)
        self.limits = Limits(
            max_pixels=min(Limits.max_pixels, settings.max_pixels), max_seconds=settings.max_video_seconds
        )
        self.runner = Runner(
            self.store,
            service.models,
            max_pixels=settings.max_pixels,
            limits=self.limits,
            max_video_bytes=int(_GROWTH * settings.max_job_mb * MB),
        )
        service.on_start.append(self.runner.start)
        service.on_stop.append(self.runner.stop)

    def routes(self) -> list[Route]:
        """All of them."""
        return [
            route("/jobs", self.begin, methods=("POST",)),
            route("/jobs/{id}", self.one, methods=("GET", "DELETE")),
            route("/jobs/{id}/events", self.listen),
            route("/jobs/{id}/result", self.fetch),
        ]

    async def begin(self, request: Request) -> Response:
        """Take in pictures or a video; they are worked on afterwards."""
        async with self.service.admitted(request) as client:
            incoming = await asyncio.to_thread(self.store.incoming)
            try:
                job = await self._accepted(request, incoming, client)
            except Problem as problem:
                await asyncio.to_thread(shutil.rmtree, incoming.folder, ignore_errors=True)
                if problem.status == 413:
                    await drain(request)
                raise
            except BaseException:  # also when the client is gone
                await asyncio.to_thread(shutil.rmtree, incoming.folder, ignore_errors=True)
                raise
            told = await progress_of(job)
        self.runner.wake()
        return JSONResponse(told.told(job.id), 202, {"Location": f"/jobs/{job.id}"})

    async def _accepted(self, request: Request, incoming: Job, client: str) -> Job:
        settings = self.service.settings
        receiver = Receiver(incoming, max_pictures=settings.max_job_pictures)
        limited = limited_request(request, max_bytes=int(settings.max_job_mb * MB), seconds=_ARRIVAL_S)
        await receiver.take(limited)
        if not receiver.names:
            raise Problem(
                400, "missing_source", "send the pictures as uploads named 'image', or one named 'video'"
            )
        wanted = Wanted(
            receiver.form.texts,
            receiver.names,
            BACKGROUND in receiver.beside,
            LOGO in receiver.beside,
            receiver.video,
        )
        if wanted.video:
            wanted, pixels = await asyncio.to_thread(
                accepted_video, incoming, wanted, self.limits, max_pixels=settings.max_pixels
            )
        else:
            await asyncio.to_thread(check, wanted)
            pixels = len(receiver.names) * MB
        self.service.rate.charge(client, pixels)
        return await asyncio.to_thread(self.store.accept, incoming, wanted)

    def _job(self, request: Request) -> Job:
        who(request, self.service.settings)
        return self.store.get(request.path_params["id"])

    async def one(self, request: Request) -> Response:
        """A batch by its address: one route for both methods, so that a refused third one names both (`Allow`)."""
        return await (self.forget if request.method == "DELETE" else self.look)(request)

    async def look(self, request: Request) -> Response:
        """How far it is."""
        job = self._job(request)
        return JSONResponse((await progress_of(job)).told(job.id))

    async def forget(self, request: Request) -> Response:
        """Delete it."""
        await asyncio.to_thread(self._job(request).remove)
        return Response(status_code=204)

    async def fetch(self, request: Request) -> Response:
        """All results as a zip."""
        job = self._job(request)
        if not job.is_finished:
            raise Problem(
                409, "not_ready", "the batch is not finished: see its 'events'", headers={"Retry-After": "1"}
            )
        return FileResponse(job.zip, media_type="application/zip", filename="cutaway.zip")

    async def listen(self, request: Request) -> Response:
        """Server-sent events (HTML Living Standard, 9.2): one for each change, until it is finished."""
        job = self._job(request)
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(job), media_type="text/event-stream", headers=headers)

    async def _events(self, job: Job) -> AsyncIterator[str]:
        last, said = None, time.monotonic()
        while not self.service.stopping.is_set():
            try:
                found = await progress_of(job)
            except Problem:  # it was deleted
                return
            if found != last:
                last, said = found, time.monotonic()
                yield f"event: {found.state}\ndata: {json.dumps(found.told(job.id))}\n\n"
            if found.state == "finished":
                return
            if time.monotonic() > said + _SIGN_OF_LIFE_S:
                said = time.monotonic()
                yield ": still there\n\n"
            await asyncio.sleep(_LOOK_S)


async def progress_of(job: Job) -> Progress:
    """How far a batch is.

    Raises:
        Problem: it is gone.
    """
    for _ in range(3):
        try:
            return await asyncio.to_thread(job.progress)
        except FileNotFoundError:  # it is just being finished, or deleted
            await asyncio.sleep(0.01)
    raise Problem(404, "not_found", "there is no such batch; it may have been cleaned away")
