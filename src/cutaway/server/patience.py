"""Connections that end: uvicorn's HTTP protocol, with a limit for slow request headers and for slow readers.

uvicorn ends idle connections only between requests. Without these limits a client that sends one header byte a
second (slow loris), or that never reads its answer, could hold a connection and its memory for ever.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 15.0
STUCK_SECONDS = 30.0


class PatientProtocol(H11Protocol):
    """Gives a client `HEADER_SECONDS` to send the head of a request, and ends answers that nobody reads."""

    _head_timer: asyncio.TimerHandle | None = None
    _stuck_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Take in bytes; the wait ends when a head is complete."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop("_head_timer")
        elif self._head_timer is None:
            self._await_head()

    def on_response_complete(self) -> None:
        """Watch whether the answer is read."""
        super().on_response_complete()
        self._watch(self.transport.get_write_buffer_size())

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timers."""
        self._stop("_head_timer")
        self._stop("_stuck_timer")
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(HEADER_SECONDS, self._head_late)

    def _head_late(self) -> None:
        self._head_timer = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()

    def _watch(self, unread: int) -> None:
        self._stop("_stuck_timer")
        if unread:
            self._stuck_timer = self.loop.call_later(STUCK_SECONDS, self._look_again, unread)

    def _look_again(self, before: int) -> None:
        unread = self.transport.get_write_buffer_size()
        if unread >= before:
            self.transport.abort()
        else:
            self._watch(unread)

    def _stop(self, name: str) -> None:
        timer: Any = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)
