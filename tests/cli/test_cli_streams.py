"""stdin, stdout, stderr and terminals."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cutaway.cli.console import Console, one_line, open_console, print_error
from cutaway.cli.progress import Progress

Draw = Callable[[Path], Path]


def test_from_stdin_to_stdout(remove, stdin, encoded: bytes) -> None:  # type: ignore[no-untyped-def]
    stdin(encoded)
    ran = remove("-", "-o", "-")
    assert ran.code == 0
    assert Image.open(io.BytesIO(ran.out)).mode == "RGBA"
    assert ran.err.startswith("stdout (128×96")
    stdin(encoded)
    assert remove("-").out == ran.out


def test_stdin_into_a_file_and_into_a_folder(remove, stdin, encoded: bytes, here: Path) -> None:  # type: ignore[no-untyped-def]
    stdin(encoded)
    assert remove("-", "-o", "x.webp").code == 0
    stdin(encoded)
    assert remove("-", "-o", "out/").code == 0
    assert (here / "x.webp").exists() and (here / "out" / "stdin.png").exists()


def test_the_dash_alone_is_short_for_remove(cutaway, bright_model: Path, stdin, encoded: bytes) -> None:  # type: ignore[no-untyped-def]
    stdin(encoded)
    ran = cutaway("-", "--model", bright_model, "--format", "webp")
    assert ran.out[8:12] == b"WEBP"


def test_an_empty_stdin_is_an_error(remove, stdin) -> None:  # type: ignore[no-untyped-def]
    stdin(b"")
    ran = remove("-", "-o", "-")
    assert (ran.code, ran.out, len(ran.errors)) == (2, b"", 1)


def test_stdin_beside_others_needs_a_folder(remove, stdin, encoded: bytes, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    stdin(encoded)
    assert remove("-", "a.png").code == 2
    stdin(encoded)
    assert remove("-", "a.png", "-o", "out").code == 0
    assert {p.name for p in (here / "out").iterdir()} == {"stdin.png", "a.png"}


def test_never_binary_onto_a_terminal(
    remove, stdin, terminal, encoded: bytes, here: Path, draw: Draw
) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    terminal("stdout")
    for args in (("a.png", "-o", "-"), ("-",), ("-", "-o", "-")):
        stdin(encoded)
        ran = remove(*args)
        assert (ran.code, ran.out) == (2, b"")
        assert "-o" in ran.err


def test_a_terminal_as_stdin_is_refused_not_waited_for(remove, terminal, stdin) -> None:  # type: ignore[no-untyped-def]
    stdin(b"")
    terminal("stdin")
    ran = remove("-", "-o", "-")
    assert ran.code == 2
    assert "stdin is a terminal" in ran.err


def test_a_terminal_by_its_device_name_is_refused(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    pty = pytest.importorskip("pty")
    draw(here / "a.png")
    leader, follower = pty.openpty()
    try:
        ran = remove("a.png", "-o", os.ttyname(follower), "--format", "png", "--overwrite")
    finally:
        os.close(leader)
        os.close(follower)
    assert ran.code == 2
    assert "is a terminal" in ran.err


def test_stdout_carries_nothing_else(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    ran = remove("a.png", "-o", "-", "-vv")
    assert ran.out.startswith(b"\x89PNG") and ran.out.endswith(b"IEND\xaeB`\x82")


def test_quiet_says_nothing_but_errors(remove, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    draw(here / "a.png")
    (here / "bad.png").touch()
    assert remove("a.png", "--format", "jpg", "-q").err == ""
    ran = remove("a.png", "bad.png", "-q")
    assert ran.err.splitlines() == ran.errors and len(ran.errors) == 1


def test_a_bar_with_rate_and_time_on_a_terminal_only(remove, terminal, here: Path, draw: Draw) -> None:  # type: ignore[no-untyped-def]
    for name in "abc":
        draw(here / f"{name}.png")
    plain = remove("a.png", "b.png", "c.png")
    assert "\r" not in plain.err and "/s" not in plain.err
    terminal("stderr")
    shown = remove("a.png", "b.png", "c.png", "--overwrite")
    assert "3/3" in shown.err and "/s" in shown.err and " left" in shown.err
    assert shown.err.splitlines()[-1].startswith("3 done")
    assert "\r" not in remove("a.png", "b.png", "--overwrite", "-q").err
    assert "\r" not in remove("a.png", "--overwrite").err


def test_the_bar_knows_rate_and_remaining_time() -> None:
    now = 0.0
    bar = Progress(200, None, clock=lambda: now)
    assert bar.line().endswith("0/200  ...")
    now = 10.0
    for _ in range(50):
        bar.step()
    assert bar.line() == "[######------------------] 50/200  5.0/s  0:30 left"


def test_what_was_done_before_does_not_count_for_the_rate() -> None:
    now = 0.0
    bar = Progress(7300, None, start=50, clock=lambda: now)
    now = 50.0
    for _ in range(50):
        bar.step()
    assert "100/7300  1.0/s  2:00:00 left" in bar.line()


def test_skipped_photos_do_not_count_for_the_rate() -> None:
    now = 0.0
    bar = Progress(101, None, clock=lambda: now)
    for _ in range(50):
        bar.step(worked=False)
    now = 2.0
    bar.step()
    assert bar.line().endswith("51/101  0.5/s  1:40 left")


def test_the_bar_is_wiped_before_a_line_is_printed() -> None:
    stream = io.StringIO()
    bar = Progress(2, stream)
    bar.step()
    drawn = stream.getvalue()
    bar.clear()
    assert stream.getvalue() == drawn + "\r" + " " * len(drawn.strip("\r")) + "\r"


@pytest.mark.parametrize(("no_color", "coloured"), [(None, True), ("", True), ("1", False)])
def test_no_color(no_color, coloured: bool, terminal, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    styled = []
    monkeypatch.setattr("click.style", lambda text, fg: styled.append(fg) or text)
    terminal("stderr")
    print_error("x")
    assert styled == (["red"] if coloured else [])
    assert capsys.readouterr().err == "cutaway: error: x\n"


def test_nothing_is_coloured_when_not_a_terminal(cutaway) -> None:  # type: ignore[no-untyped-def]
    assert "\x1b" not in cutaway("missing.png").err


def test_one_line() -> None:
    assert one_line("a\n  b\n") == "a b"
    assert one_line("caf\udce9 \x1b[31m ü 写") == "caf\\udce9 \\x1b[31m ü 写"


@pytest.mark.parametrize(
    ("verbose", "quiet", "level"),
    [
        (0, False, logging.WARNING),
        (1, False, logging.INFO),
        (3, False, logging.DEBUG),
        (1, True, logging.ERROR),
    ],
)
def test_verbosity(verbose: int, quiet: bool, level: int, capsys) -> None:  # type: ignore[no-untyped-def]
    console = open_console(verbose, quiet)
    assert logging.getLogger("cutaway").level == level
    logging.getLogger("cutaway.somewhere").log(level, "hello")
    console.say("line")
    out, err = capsys.readouterr()
    assert (out, err.count("hello"), "line" in err) == ("", 1, not quiet)


def test_console_says_on_stderr(capsys) -> None:  # type: ignore[no-untyped-def]
    Console(-1).say("no")
    Console().say("yes")
    assert capsys.readouterr() == ("", "yes\n")
