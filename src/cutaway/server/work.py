"""A few threads that work on pictures, a short queue before them, and an end to everything.

A request is admitted before its body is read, so that memory is bounded by (pool + queue) bodies and by (pool)
decoded pictures, whatever comes in.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias, TypeVar

from starlette.requests import Request

from cutaway.server.problems import ClientGoneError, Problem

_T = TypeVar("_T")

Check: TypeAlias = Callable[[], None]
"""Called between the steps of a picture: raises `ClientGoneError` if nobody waits for it any more."""


class Workshop:
    """Runs functions on pictures, a few at a time.

    Args:
        pool: how many run at the same time.
        queue: how many more may be admitted.
        seconds: how long one may take, waiting included.
    """

    def __init__(self, *, pool: int, queue: int, seconds: float) -> None:
        self._threads = ThreadPoolExecutor(pool, thread_name_prefix="cutaway-work")
        self._pool, self._places, self._seconds = pool, pool + queue, seconds
        self._lock = threading.Lock()
        self._taken = 0
        self._usual_s = 0.5

    @property
    def taken(self) -> int:
        """Requests that are inside now: arriving, waiting or worked on."""
        return self._taken

    @property
    def places(self) -> int:
        """How many requests may be inside."""
        return self._places

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold one of the places.

        Raises:
            Problem: all are taken (503, with `Retry-After`).
        """
        with self._lock:
            if self._taken >= self._places:
                raise Problem(
                    503, "server_busy", "try again soon", headers={"Retry-After": self._retry_after()}
                )
            self._taken += 1
        try:
            yield
        finally:
            self._leave()

    def _leave(self, _: object = None) -> None:
        with self._lock:
            self._taken -= 1

    def _retry_after(self) -> str:
        return str(max(1, math.ceil(self._usual_s * self._places / self._pool)))

    async def run(self, request: Request, function: Callable[[Check], _T]) -> _T:
        """`run_until` the client of a request, whose body has been read, goes away."""
        return await self.run_until(_gone(request), function)

    async def run_until(self, gone: Coroutine[Any, Any, None], function: Callable[[Check], _T]) -> _T:
        """Run a function in one of the threads, as long as somebody waits for it.

        Args:
            gone: ends when nobody waits any more.
            function: is given a `Check` to call between its steps.

        Raises:
            Problem: it took too long (504).
            ClientGoneError: the client closed the connection; the function is not begun, or ends at its next check.
        """
        unwanted = threading.Event()
        future = self._threads.submit(self._timed, function, unwanted)
        waiting, leaving = asyncio.wrap_future(future), asyncio.ensure_future(gone)
        try:
            either: set[asyncio.Future[Any]] = {waiting, leaving}
            await asyncio.wait(either, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            if leaving.done():
                raise ClientGoneError
            raise Problem(504, "time_limit", f"it was given up after {self._seconds:g} seconds")
        finally:
            leaving.cancel()
            self._forget(future, unwanted)
            if not waiting.done():
                waiting.add_done_callback(_ignore)

    def _timed(self, function: Callable[[Check], _T], unwanted: threading.Event) -> _T:
        def check() -> None:
            if unwanted.is_set():
                raise ClientGoneError

        start = time.monotonic()
        try:
            check()
            return function(check)
        finally:
            self._usual_s += 0.2 * (time.monotonic() - start - self._usual_s)

    def _forget(self, future: Future[_T], unwanted: threading.Event) -> None:
        """Drop what is not done; a thread that cannot be stopped keeps its place until it is."""
        unwanted.set()
        if not future.cancel() and not future.done():
            with self._lock:
                self._taken += 1
            future.add_done_callback(self._leave)

    def close(self) -> None:
        """Begin nothing more; what runs may finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _gone(request: Request) -> None:
    """Returns when the client has closed the connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _ignore(future: asyncio.Future[_T]) -> None:
    """Look at what came of an answer that nobody waits for, so that asyncio does not complain."""
    with suppress(asyncio.CancelledError):
        future.exception()
