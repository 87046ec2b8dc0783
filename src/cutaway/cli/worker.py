"""A process that makes results for another one, which hands it photo after photo; `apart` starts and asks it.

On its standard input come pickled things: first an `Orders`, then a `Task` each; on its standard output
go `Said`, log records and for each task what came of it. Both ends are ours, so that nothing foreign is unpickled.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
from logging.handlers import QueueHandler
from typing import IO, Any, NamedTuple, NoReturn

from cutaway.cli.maker import Maker
from cutaway.cli.naming import Destination
from cutaway.cli.report import Outcome
from cutaway.engines.memory import keep_freed_memory
from cutaway.errors import CutawayError
from cutaway.options import Options


class Orders(NamedTuple):
    """What is the same for all photos; `level` is how much is logged."""

    options: Options
    destination: Destination
    overwrite: bool
    level: int


class Said(NamedTuple):
    """A line for the user."""

    text: str


class Made(NamedTuple):
    """What came of a task, and why there is no use in going on (None as long as there is)."""

    outcome: Outcome | Exception
    stopped: str | None = None


def send(stream: IO[bytes], thing: Any) -> None:
    """Write one thing."""
    pickle.dump(thing, stream, protocol=pickle.HIGHEST_PROTOCOL)
    stream.flush()


class _Sender(QueueHandler):
    """Sends log records on, their arguments made into text."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(None)  # type: ignore[arg-type] # nothing is put into a queue
        self._stream = stream

    def enqueue(self, record: logging.LogRecord) -> None:
        send(self._stream, record)


def _sendable(error: Exception) -> Exception:
    """The error itself, or its words where its kind cannot be made again on the other side."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return CutawayError(str(error))
    return error


def main() -> NoReturn:
    """Work until the standard input ends, then end this process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the other process's to hear
    tasks = os.fdopen(os.dup(0), "rb")
    told = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints something does not garble what is told
    orders: Orders = pickle.load(tasks)
    log = logging.getLogger("cutaway")
    log.setLevel(orders.level)
    log.propagate = False
    log.handlers[:] = [_Sender(told)]
    gc.set_threshold(50_000)  # this and the next as the command that started it
    keep_freed_memory()
    maker = Maker(
        orders.options, orders.destination, overwrite=orders.overwrite, workers=1,
        say=lambda text: send(told, Said(text)),
    )  # fmt: skip
    while True:
        try:
            task = pickle.load(tasks)
        except EOFError:
            os._exit(0)  # all that was made is written; `cli.run` says what this spares
        try:
            made = Made(maker.make(task), maker.stopped)
        except Exception as error:
            made = Made(_sendable(error))
        send(told, made)
