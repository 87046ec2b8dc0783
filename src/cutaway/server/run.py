"""A listening server: one process, or several on the same port."""

from __future__ import annotations

import errno
import logging
import multiprocessing
import os
import signal
import socket
import ssl
import time
from multiprocessing.context import SpawnProcess
from types import FrameType

import uvicorn

from cutaway.engines.memory import keep_freed_memory
from cutaway.errors import OptionError
from cutaway.remover import Remover
from cutaway.server.app import create_app
from cutaway.server.camera import MAX_FRAME_BYTES
from cutaway.server.guards import Guard
from cutaway.server.patience import PatientProtocol
from cutaway.server.settings import Settings

log = logging.getLogger(__name__)

BACKLOG = 512
MAX_CONNECTIONS = 1000
MAX_HEAD_BYTES = 32 * 1024
GRACE_SECONDS = 30
_RESTART_SECONDS = 1.0


class _Server(uvicorn.Server):
    """uvicorn's server, which tells the application first when it is going to stop."""

    def __init__(self, config: uvicorn.Config, app: Guard) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.service.stopping.set()
        await super().shutdown(sockets=sockets)


class Listening:
    """A server that has its port; requests are answered while `serve` runs.

    Args:
        settings: how it behaves.
        remover: a model that is open already; None opens the settings' model.
        bound: a socket that is bound already; None binds one.

    Raises:
        OptionError: the port is in use or not allowed, the host is unknown, or the certificate cannot be used.
    """

    def __init__(
        self, settings: Settings, *, remover: Remover | None = None, bound: socket.socket | None = None
    ) -> None:
        self._socket = bound or bind(settings.host, settings.port)
        self.port: int = self._socket.getsockname()[1]
        app = create_app(settings, remover=remover)
        self._server = _Server(_config(app, settings), app)

    @property
    def started(self) -> bool:
        """Whether connections are accepted."""
        return self._server.started

    def serve(self) -> None:
        """Answer requests until `stop`, Ctrl+C or SIGTERM; what is being worked on is finished first."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `serve`, from another thread."""
        self._server.should_exit = True


def _config(app: Guard, settings: Settings) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=None,
        access_log=False,  # it would write down queries; the guard logs without them
        server_header=False,
        backlog=BACKLOG,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ssl_certfile=settings.ssl_cert,
        ssl_keyfile=settings.ssl_key,
        ws="wsproto",
        ws_max_size=MAX_FRAME_BYTES,
        ws_per_message_deflate=False,  # what is sent is compressed already
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as error:
        raise OptionError(f"the certificate and key cannot be used: {error}") from error
    return config


def bind(host: str, port: int) -> socket.socket:
    """Take a port.

    Raises:
        OptionError: it is in use or not allowed, or there is no such host.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError) as error:
        raise OptionError(f"there is no host {host!r} to listen on") from error
    bound = socket.socket(family, kind, protocol)
    try:
        if os.name != "nt":  # there it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        raise OptionError(_why_not(host, port, error)) from error
    bound.set_inheritable(True)
    return bound


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use by another program: choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} is not allowed to you: choose one above 1023 with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}"


def serve_with_workers(settings: Settings, bound: socket.socket) -> None:
    """Answer requests in `settings.workers` processes; one that dies is replaced. Ends with Ctrl+C or SIGTERM."""
    wanted = _Wanted()
    processes = [_worker(settings, bound) for _ in range(settings.workers)]
    try:
        while not wanted.stop:
            time.sleep(0.2)
            for i, process in enumerate(processes):
                if not process.is_alive() and not wanted.stop:
                    log.error("a worker process ended (exit code %s) and is started anew", process.exitcode)
                    time.sleep(_RESTART_SECONDS)
                    processes[i] = _worker(settings, bound)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(GRACE_SECONDS)


class _Wanted:
    """Notes that the process was asked to end."""

    def __init__(self) -> None:
        self.stop = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.stop = True


def _worker(settings: Settings, bound: socket.socket) -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(target=_serve_one, args=(settings, bound))
    process.start()
    return process


def _serve_one(settings: Settings, bound: socket.socket) -> None:
    keep_freed_memory()  # as the command that started it
    Listening(settings, bound=bound).serve()
