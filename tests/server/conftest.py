"""A server on the fake engine: in the process for most tests, on a real port for those that need a connection."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("starlette", reason="the server extra is not installed")
pytest.importorskip("uvicorn", reason="the server extra is not installed")
pytest.importorskip("python_multipart", reason="the server extra is not installed")
pytest.importorskip("wsproto", reason="the server extra is not installed")
pytest.importorskip("httpx", reason="httpx, by which the tests call the server, is not installed")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette's test client would rather have httpx2
    from starlette.testclient import TestClient

from server_samples import Live, Start, encoded

from cutaway.engines.fake import FakeEngine
from cutaway.remover import Remover
from cutaway.server.app import create_app
from cutaway.server.settings import Settings


@pytest.fixture(autouse=True)
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No model but those in the box is here, whatever lies in this user's own folder."""
    monkeypatch.setenv("CUTAWAY_HOME", str(tmp_path / "home"))


@pytest.fixture
def photo(disc: np.ndarray) -> bytes:
    """The bright disc (96 x 128) as a PNG; the fake engine finds what is bright."""
    return encoded(disc)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A video of twelve frames, 64 x 48: a bright disc that moves."""
    from video_samples import write_clip

    return write_clip(tmp_path / "clip.mp4")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an application in this process: `start(engine=..., queue=3)` gives a client."""
    opened: list[TestClient] = []

    def begin(*, engine: FakeEngine | None = None, **settings: object) -> TestClient:
        values = {"jobs_dir": str(tmp_path / "jobs"), **settings}
        app = create_app(Settings(**values), remover=Remover(engine=engine or FakeEngine()))  # type: ignore[arg-type]
        client = TestClient(
            app, base_url="http://localhost", raise_server_exceptions=False, follow_redirects=False
        )
        opened.append(client.__enter__())
        return client

    with contextlib.ExitStack() as stack:
        yield begin
        for client in opened:
            stack.callback(client.__exit__, None, None, None)


@pytest.fixture
def client(start: Start) -> TestClient:
    return start()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[type[Live]]:
    """Start a server on a real port: `live(engine=..., queue=3)`; it is stopped when the test ends."""
    opened: list[Live] = []

    def begin(*, engine: FakeEngine | None = None, **settings: object) -> Live:
        opened.append(
            Live(engine or FakeEngine(), {"jobs_dir": str(tmp_path / "jobs"), "port": 0, **settings})
        )
        return opened[-1]

    with contextlib.ExitStack() as stack:
        yield begin  # type: ignore[misc]
        for server in opened:
            stack.callback(server.stop)


@pytest.fixture(scope="session")
def hypothesis_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What hypothesis notes down for itself goes elsewhere than into the source tree."""
    from hypothesis.configuration import set_hypothesis_home_dir

    set_hypothesis_home_dir(tmp_path_factory.mktemp("hypothesis"))
