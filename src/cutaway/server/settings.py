"""How a server behaves: fixed when it starts, the same in all of its worker processes."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.errors import OptionError
from cutaway.options import DeviceName, EngineName, Options, Precision

MB = 1_000_000
ANY = "*"


@dataclass(frozen=True)
class Settings:
    """Everything that can be settled when a server starts.

    Attributes:
        host, port: where it listens; port 0 takes a free one.
        model, engine, precision, device, threads: as in `cutaway.Options`; requests may name other models of the
            catalogue.
        pool: pictures that are worked on at the same time.
        queue: requests that may wait beyond these; one more is answered 503.
        max_body_mb: largest request body, in millions of bytes.
        max_megapixels: largest photo or background, in millions of pixels.
        body_seconds: how long a client may take to send a request.
        work_seconds: how long a request may wait and be worked on.
        hosts: names by which the server may be called besides localhost and IP addresses; "*" allows all.
        origins: web sites whose pages may call the server (CORS); "*" allows all.
        keys: keys of which a request must carry one (`X-API-Key`); none needed if empty.
        megapixels_per_minute: what one client may have worked on; a picture counts at least 1. 0 is no limit.
        allow_urls: whether `image_url` and its like are fetched.
        full_size: whether remove.bg's `size=preview` gives the full size too, and png more than 10 megapixels.
        jobs_dir: where batches are kept; None is a folder of the user's cache.
        job_hours: how long a batch is kept.
        max_job_mb: largest batch, in millions of bytes.
        max_job_pictures: most pictures in a batch.
        max_video_seconds: longest video that is taken.
        pairs: a folder to which the page may save photos and corrected mattes, to train with; None refuses.
        ssl_cert, ssl_key: files for HTTPS; both or neither.
        workers: processes that listen on the same port, each with its own model.

    Raises:
        OptionError: a value is out of range or two contradict each other.
    """

    host: str = "127.0.0.1"
    port: int = 7000
    model: str = "default"
    engine: EngineName = "auto"
    precision: Precision = "f32"
    device: DeviceName = "auto"
    threads: int = 0
    pool: int = 2
    queue: int = 16
    max_body_mb: float = 32.0
    max_megapixels: float = 50.0
    body_seconds: float = 60.0
    work_seconds: float = 120.0
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    megapixels_per_minute: float = 0.0
    allow_urls: bool = False
    full_size: bool = False
    jobs_dir: str | None = None
    job_hours: float = 24.0
    max_job_mb: float = 1000.0
    max_job_pictures: int = 1000
    max_video_seconds: float = 600.0
    pairs: str | None = None
    ssl_cert: str | None = None
    ssl_key: str | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        _ = self.options  # says what contradicts
        if not 0 <= self.port <= 65535:
            raise OptionError(f"port must be between 0 (a free one) and 65535, not {self.port}")
        for name in ("pool", "workers", "max_job_pictures"):
            _at_least(name, getattr(self, name), 1)
        for name in ("queue", "threads", "megapixels_per_minute"):
            _at_least(name, getattr(self, name), 0)
        for name in (
            "max_body_mb",
            "max_megapixels",
            "body_seconds",
            "work_seconds",
            "job_hours",
            "max_job_mb",
            "max_video_seconds",
        ):
            _above_zero(name, getattr(self, name))
        if (self.ssl_cert is None) != (self.ssl_key is None):
            raise OptionError("ssl_cert and ssl_key belong together: give both or neither")
        for file in (self.ssl_cert, self.ssl_key):
            if file is not None and not Path(file).is_file():
                raise OptionError(f"there is no certificate or key file {file!r}")
        if self.pairs is not None and not Path(self.pairs).is_dir():
            raise OptionError(f"there is no folder {self.pairs!r} for training pairs: make it first")
        if any(len(key) < 8 for key in self.keys):
            raise OptionError("an API key must have at least 8 characters")

    @property
    def max_body_bytes(self) -> int:
        """`max_body_mb` in bytes."""
        return int(self.max_body_mb * MB)

    @property
    def max_pixels(self) -> int:
        """`max_megapixels` in pixels."""
        return int(self.max_megapixels * MB)

    @property
    def options(self) -> Options:
        """The model, and what runs it.

        Raises:
            OptionError: they contradict each other.
        """
        return Options(
            model=self.model, engine=self.engine, precision=self.precision, device=self.device, threads=self.threads
        )  # fmt: skip

    def to_json(self) -> str:
        """The settings as text for another process."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """The settings of `to_json`."""
        values: dict[str, Any] = json.loads(text)
        given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        return cls(**given)


def _at_least(name: str, value: float, least: int) -> None:
    if not value >= least:
        raise OptionError(f"{name} must be at least {least}, not {value:g}")


def _above_zero(name: str, value: float) -> None:
    if not 0 < value < float("inf"):
        raise OptionError(f"{name} must be above 0, not {value:g}")
