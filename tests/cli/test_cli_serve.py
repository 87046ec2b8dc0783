"""`cutaway serve`: its flags, a busy port, a real start and a real stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import fields
from pathlib import Path

import pytest

from cutaway.cli import serve as serve_module
from cutaway.server.settings import Settings
from processes import line_of, started

pytest.importorskip("uvicorn", reason="the server extra is not installed")


def test_every_setting_has_a_flag() -> None:
    assert {name for name, *_ in serve_module._FLAGS} == {f.name for f in fields(Settings)}


def test_the_flags_arrive(cutaway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    seen: list[Settings] = []
    monkeypatch.setattr(serve_module, "_listen", lambda settings, console: seen.append(settings))
    monkeypatch.setenv("CUTAWAY_API_KEYS", "key-from-environment, another-key")
    monkeypatch.chdir(tmp_path)
    words = "--port 8000 --allow-host a --allow-host b --cors http://c --api-key key-on-the-line"
    assert cutaway("serve", *words.split(), "--allow-urls", "--jobs-dir", "j").code == 0
    wanted = Settings(
        port=8000, hosts=("a", "b"), origins=("http://c",), allow_urls=True, jobs_dir=str(tmp_path / "j"),
        keys=("key-on-the-line", "key-from-environment", "another-key"),
    )  # fmt: skip
    assert seen == [wanted]
    assert cutaway("serve").code == 0
    assert seen[1] == Settings(keys=("key-from-environment", "another-key"))


def test_a_busy_port_is_one_sentence(cutaway) -> None:  # type: ignore[no-untyped-def]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = cutaway("serve", "--port", port)
    assert ran.code == 2
    assert ran.err.count("\n") == 1
    assert f"port {port} on 127.0.0.1 is in use" in ran.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--port 70000", "port must be"),
        ("--host no.such.host.invalid", "no host"),
        ("--model nope", "no model 'nope'"),
        ("--ssl-cert x", "belong together"),
        ("--api-key abc", "8 characters"),
        ("--pool 0", "pool"),
    ],
)
def test_what_cannot_be_started(cutaway, words: str, says: str) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("serve", *words.split())
    assert ran.code == 2
    assert says in ran.err


def test_a_certificate_that_is_none(cutaway, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "c.pem").write_text("nothing")
    ran = cutaway("serve", "--port", 0, "--ssl-cert", tmp_path / "c.pem", "--ssl-key", tmp_path / "c.pem")
    assert ran.code == 2
    assert "certificate and key cannot be used" in ran.err


def test_a_missing_extra_names_its_install_line(cutaway, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setitem(sys.modules, "starlette", None)
    ran = cutaway("serve")
    assert ran.code == 2
    assert "pip install" in ran.err and "server" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_starts_serves_and_stops(bright_model: Path, tmp_path: Path, workers: int) -> None:
    words = [
        "serve",
        "--port",
        "0",
        "--model",
        str(bright_model),
        "--jobs-dir",
        str(tmp_path),
        "--workers",
        str(workers),
    ]
    with started([sys.executable, "-m", "cutaway", *words], stderr=subprocess.PIPE) as process:
        address = next(word for word in line_of(process.stderr).split() if word.startswith("http"))
        assert_ready(address)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
        assert process.returncode == 0
        assert told.endswith("stopped\n")


def assert_ready(address: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:  # not yet, or 503 while the model is loaded
            time.sleep(0.1)
    raise AssertionError("the server was never ready")
