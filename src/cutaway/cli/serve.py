"""`cutaway serve`: the HTTP server."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click

from cutaway.cli.console import Console, open_console, volume_flags
from cutaway.errors import MissingExtraError, OptionError
from cutaway.options import DEVICES, ENGINES, PRECISIONS
from cutaway.server.settings import Settings

KEYS_VARIABLE = "CUTAWAY_API_KEYS"

_Function = TypeVar("_Function", bound=Callable[..., Any])

_FLAGS: tuple[tuple[str, str, str | None, str], ...] = (
    ("host", "--host", "ADDRESS", "Address to listen on; 0.0.0.0 is all of the machine's."),
    ("port", "--port", "N", "Port to listen on; 0 takes a free one."),
    ("model", "--model", "NAME|PATH", "Model to serve."),
    ("engine", "--engine", None, "What runs the network."),
    (
        "precision",
        "--precision",
        None,
        "What the network calculates in; bf16 is quicker, coarser and OpenVINO's.",
    ),
    ("device", "--device", None, "Where the network runs."),
    ("threads", "--threads", "N", "Processor threads for the network; 0 lets the engine choose."),
    ("pool", "--pool", "N", "Pictures worked on at the same time."),
    ("queue", "--queue", "N", "Requests that may wait beyond these; one more is answered 503."),
    ("workers", "--workers", "N", "Processes that share the port, each with its own model."),
    ("max_body_mb", "--max-body-mb", "MB", "Largest request."),
    ("max_megapixels", "--max-megapixels", "MP", "Largest picture."),
    ("body_seconds", "--body-seconds", "S", "Longest time for a request to arrive."),
    ("work_seconds", "--work-seconds", "S", "Longest time for a picture, waiting included."),
    ("hosts", "--allow-host", "NAME", "Another name by which the server is called; * allows any."),
    ("origins", "--cors", "ORIGIN", "Web site whose pages may call the server; * allows any."),
    ("keys", "--api-key", "KEY", f"Key to ask for (also in {KEYS_VARIABLE}, where nobody else can read it)."),
    ("megapixels_per_minute", "--rate", "MP", "Megapixels a minute for each client; 0 is no limit."),
    ("allow_urls", "--allow-urls", None, "Fetch image_url and its like, from public addresses only."),
    ("full_size", "--full-size", None, "Answer remove.bg's small sizes in full size, too."),
    ("jobs_dir", "--jobs-dir", "FOLDER", "Where batches are kept; else in the user's cache."),
    ("job_hours", "--job-hours", "H", "How long a batch is kept."),
    ("max_job_mb", "--max-job-mb", "MB", "Largest batch."),
    ("max_job_pictures", "--max-job-pictures", "N", "Most pictures in a batch."),
    ("max_video_seconds", "--max-video-seconds", "S", "Longest video that is taken as a batch."),
    ("pairs", "--pairs", "FOLDER", "Let the page save photos and corrected mattes here, to train with."),
    ("ssl_cert", "--ssl-cert", "FILE", "Certificate (PEM), to speak HTTPS."),
    ("ssl_key", "--ssl-key", "FILE", "Private key (PEM) of the certificate."),
)
"""Field of `Settings`, flag, what stands for its value, help."""
_CHOICES = {"engine": ENGINES, "precision": PRECISIONS, "device": DEVICES}


def settings_flags(function: _Function) -> _Function:
    """Give a command one flag for each field of `Settings`; the values arrive in `ctx.obj`, a dictionary."""
    for name, flag, metavar, help in reversed(_FLAGS):
        default = getattr(Settings, name)
        function = click.option(
            flag,
            name,
            default=default,
            is_flag=isinstance(default, bool),
            multiple=isinstance(default, tuple),
            type=click.Choice(_CHOICES[name]) if name in _CHOICES else _kind(default),
            show_default=bool(default) and default is not True,
            metavar=metavar,
            help=help,
            callback=_keep,
            expose_value=False,
        )(function)
    return function


def _kind(default: object) -> Any:
    return type(default) if isinstance(default, bool | int | float) else str


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    assert param.name is not None
    ctx.ensure_object(dict)[param.name] = value


@click.command()
@settings_flags
@volume_flags
@click.pass_context
def serve(ctx: click.Context, verbose: int, quiet: bool) -> int:
    """Serve the HTTP API: our own, remove.bg's and rembg's.

    Only this machine can call it unless --host says otherwise. /docs describes all requests.

    Ctrl+C or SIGTERM ends it, after what is being worked on.
    """
    console = open_console(verbose, quiet)
    return start(Settings(**ctx.ensure_object(dict)), console)


def start(settings: Settings, console: Console) -> int:
    """Listen until the end.

    Raises:
        MissingExtraError: the extra `server` is not installed.
        OptionError: the port cannot be had, or the certificate cannot be used.
        ModelError: the model is not there.
    """
    from cutaway.weights.store import resolve

    _check_extra()
    resolve(settings.model)  # better now than when the first picture comes
    keys = (*settings.keys, *_keys_of_environment())
    jobs_dir, pairs = _absolute(settings.jobs_dir), _absolute(settings.pairs)
    _listen(replace(settings, keys=keys, jobs_dir=jobs_dir, pairs=pairs), console)
    return 0


def _check_extra() -> None:
    for package in ("starlette", "uvicorn", "python_multipart", "wsproto"):
        try:
            import_module(package)
        except ImportError as error:
            raise MissingExtraError("the server", "server", package.replace("_", "-")) from error


def _keys_of_environment() -> tuple[str, ...]:
    """Keys that need not stand on the command line, where other users of the machine could read them."""
    return tuple(key for key in os.environ.get(KEYS_VARIABLE, "").replace(",", " ").split() if key)


def _absolute(folder: str | None) -> str | None:
    return None if folder is None else str(Path(folder).expanduser().absolute())


def _listen(settings: Settings, console: Console) -> None:
    from cutaway.server.run import Listening, bind, serve_with_workers

    if settings.workers > 1 and os.name == "nt":
        raise OptionError("several workers cannot share a port on Windows: leave out --workers")
    bound = bind(settings.host, settings.port)
    listening = Listening(settings, bound=bound) if settings.workers == 1 else None
    console.say(_greeting(settings, bound.getsockname()[1]))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _asked_to_end)
    if listening is None:
        serve_with_workers(settings, bound)
    else:
        listening.serve()
    console.say("stopped")


def _asked_to_end(number: int, frame: FrameType | None) -> None:
    """Nothing: whoever listens has its own handler, and repeats the signal when it is done. That is no error."""


def _greeting(settings: Settings, port: int) -> str:
    scheme = "https" if settings.ssl_cert else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"Cutaway listens on {scheme}://{host}:{port} (what it can do: /docs); Ctrl+C ends it"
