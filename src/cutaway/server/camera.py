"""`/camera`: a webcam's frames in, mattes out, over one WebSocket. The page's camera tab speaks it.

Each binary message is four bytes, a number of the client's choice, and a small picture (JPEG, PNG or WebP). The answer
is the same four bytes and a PNG of that picture's size whose alpha is the matte: whoever kept the frame lays both
together, so that a matte is never seen over another frame than its own. Frames that come faster than they are worked on
are not queued: the newest wins, the others get no answer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any, cast

import numpy as np
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from cutaway.media.encode import encode
from cutaway.options import Options
from cutaway.pixels.steady import Steadier
from cutaway.server.camera_words import Wish, problem_text, read_wish
from cutaway.server.guards import who
from cutaway.server.pictures import read_upload
from cutaway.server.problems import ClientGoneError, Problem, problem_of
from cutaway.server.service import Service, note_bug
from cutaway.server.work import Check
from cutaway.types import Cutout, Floats

log = logging.getLogger(__name__)

PATH = "/camera"
MAX_CAMERAS = 8
MAX_FRAME_BYTES = 2_000_000
MAX_FRAME_PIXELS = 2_100_000
IDLE_SECONDS = 60.0
"""A connection from which nothing comes for so long is closed."""
STUCK_SECONDS = 15.0
"""And one that takes so long to read an answer."""
NUMBER_BYTES = 4
_OPTIONS = Options(zoom="off", refine=False)
"""One look, and none at the edge: a frame is as small as the network sees it, so there is nothing more to see."""
_POLICY, _LATER = 1008, 1013  # RFC 6455, section 7.4.1, and the registry it names


class CameraApi:
    """The endpoint."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._open = 0
        service.metrics.gauge("cutaway_cameras", "Cameras that are connected.", lambda: self._open)

    def routes(self) -> list[WebSocketRoute]:
        """It alone."""
        return [WebSocketRoute(PATH, self.camera)]

    async def camera(self, socket: WebSocket) -> None:
        """Serve one camera until it leaves."""
        await socket.accept()
        if self._open >= MAX_CAMERAS:
            await _refused(
                socket, Problem(503, "server_busy", f"{MAX_CAMERAS} cameras are connected"), _LATER
            )
            return
        self._open += 1
        try:
            await _Session(self.service, socket).run()
        except Problem as problem:
            await _refused(socket, problem, _POLICY)
        except WebSocketDisconnect:
            pass
        except TimeoutError:
            with suppress(WebSocketDisconnect, RuntimeError):  # it has just gone
                await socket.close()
        finally:
            self._open -= 1


async def _refused(socket: WebSocket, problem: Problem, code: int) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(problem_text(problem))
        await socket.close(code)


class _Session:
    """One connection: a task reads, so that newer frames replace older ones while one is worked on."""

    def __init__(self, service: Service, socket: WebSocket) -> None:
        self.service, self.socket = service, socket
        self._wish = Wish()
        self._client = ""
        self._newest: bytes | None = None
        self._news = asyncio.Event()
        self._steadier: Steadier | None = None

    async def run(self) -> None:
        """Answer frames until the client leaves.

        Raises:
            Problem: it may not come in, or says what cannot be understood.
            WebSocketDisconnect, TimeoutError: it is gone, or does not send or read any more.
        """
        await self._let_in()
        reading = asyncio.create_task(self._read())
        reading.add_done_callback(self._over)
        frames, begin = 0, time.monotonic()
        try:
            while (message := await self._next(reading)) is not None:
                await self._answer(message, reading)
                frames += 1
            reading.result()
        finally:
            reading.cancel()
            log.info("%s closed after %d frames in %.0f s", PATH, frames, time.monotonic() - begin)

    def _over(self, reading: asyncio.Task[None]) -> None:
        """No frame comes any more; why, is looked at here too, as asyncio complains of errors that nobody saw."""
        if not reading.cancelled():
            reading.exception()
        self._news.set()

    async def _let_in(self) -> None:
        """Look at the key, which a browser can only send as a message, and say what frames are useful."""
        if self.service.settings.keys and "x-api-key" not in self.socket.headers:
            self._hear(await self._receive())
        self._client = who(self.socket, self.service.settings, key=self._wish.key)
        size = (await asyncio.to_thread(self.service.models.load)).spec.size
        await self.socket.send_json({"ready": True, "frame_pixels": size**2})

    async def _read(self) -> None:
        while True:
            self._hear(await self._receive())

    async def _receive(self) -> Any:
        message = await asyncio.wait_for(self.socket.receive(), IDLE_SECONDS)
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        return message.get("text") or message.get("bytes") or ""

    def _hear(self, message: str | bytes) -> None:
        if isinstance(message, str):
            before, self._wish = self._wish, read_wish(message, self._wish)
            if before.steady != self._wish.steady:
                self._steadier = None
        else:
            self._newest = message
            self._news.set()

    async def _next(self, reading: asyncio.Task[None]) -> bytes | None:
        """The newest frame, once there is one that was not seen yet; None when no more come."""
        while self._newest is None:
            if reading.done():
                return None
            self._news.clear()
            await self._news.wait()
        message, self._newest = self._newest, None
        return message

    async def _answer(self, message: bytes, reading: asyncio.Task[None]) -> None:
        """Work on a frame and send its matte, or what is wrong with it; in both cases the next one may be good."""
        number, data = message[:NUMBER_BYTES], message[NUMBER_BYTES:]
        begin = time.monotonic()
        try:
            self.service.rate.take(self._client)
            with self.service.workshop.admitted():
                matte = await self.service.workshop.run_until(
                    _over(reading), lambda check: self._matte(data, check)
                )
            await self._send(number + matte)
            status = 200
        except (WebSocketDisconnect, TimeoutError):
            raise
        except ClientGoneError:
            status = 499  # nginx's number for it
        except Exception as error:
            status = await self._tell(error, number)
        self.service.metrics.count(PATH, "FRAME", status, time.monotonic() - begin)

    async def _tell(self, error: Exception, number: bytes) -> int:
        problem = problem_of(error)
        if problem.status == 500:
            note_bug(PATH, error)
        await self._send(problem_text(problem, frame=int.from_bytes(number, "big")))
        return problem.status

    async def _send(self, message: bytes | str) -> None:
        sending = self.socket.send_bytes if isinstance(message, bytes) else self.socket.send_text
        await asyncio.wait_for(sending(cast(Any, message)), STUCK_SECONDS)

    def _matte(self, data: bytes, check: Check) -> bytes:
        """A frame's matte as the alpha of a white PNG; in one of the service's threads, one frame at a time."""
        frame = read_upload(data, max_pixels=MAX_FRAME_PIXELS, what="the frame")
        self.service.charge(self._client, frame)
        check()
        remover = self.service.models.get(self._wish.model)
        alpha = remover.remove(frame, options=_OPTIONS).cutout.alpha
        check()
        white = np.full((*alpha.shape, 3), 255, np.uint8)
        return encode(Cutout(white, self._steadied(alpha, frame.pixels)), format="png")

    def _steadied(self, alpha: Floats, pixels: Any) -> Floats:
        if self._wish.steady == "off":
            return alpha
        self._steadier = self._steadier or Steadier(self._wish.steady, ahead=0)
        return self._steadier.push(alpha, pixels)[0]


async def _over(reading: asyncio.Task[None]) -> None:
    await asyncio.wait([reading])
