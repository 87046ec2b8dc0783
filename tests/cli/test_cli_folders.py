"""Whole folders: photos side by side, killed and taken up again, watched, reviewed; memory has a bound."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.cli.batch import share_out
from cutaway.cli.inputs import Photo
from cutaway.cli.naming import Task
from cutaway.cli.watch import Watch
from cutaway.options import Options

PATIENCE_S = 60.0
"""No step may take longer, however busy the machine."""


def draw_photos(folder: Path, count: int, *, side: int = 48) -> None:
    """So many different photos of a bright disc."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = np.ogrid[:side, :side]
    for number in range(count):
        near = (rows - side / 2) ** 2 + (columns - side / 2 + number % 5) ** 2 < (side / 4) ** 2
        Image.fromarray(np.where(near[..., None], 230, 30 + number % 40).astype(np.uint8).repeat(3, 2)).save(
            folder / f"photo-{number:03}.png"
        )


def told(report: Path) -> list[dict[str, object]]:
    """The lines of a report that tell of a photo."""
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    return [line for line in lines if "input" in line]


def start(folder: Path, model: Path, *flags: str) -> subprocess.Popen[bytes]:
    """`cutaway remove` of a folder in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "cutaway",
        "remove",
        "photos",
        "-o",
        "out",
        "--model",
        str(model),
        *flags,
    ]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Exit code and stderr; a process that hangs is killed and fails the test."""
    try:
        _, said = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        pytest.fail("it hangs")
    return process.returncode, said.decode()


def wait_for(condition, process: subprocess.Popen[bytes]) -> None:  # type: ignore[no-untyped-def]
    """Wait until something has happened, as long as the process lives."""
    until = time.monotonic() + PATIENCE_S
    while not condition() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)


def visible(folder: Path) -> dict[str, bytes]:
    """Name and content of each result that anybody would see."""
    if not folder.is_dir():
        return {}
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".")}


def test_photos_are_done_side_by_side_with_the_same_bytes(remove, here: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    draw_photos(here / "photos", 12)
    for processors in (1, 4):
        monkeypatch.setattr("cutaway.cli.batch.usable_threads", lambda n=processors: n)
        assert remove("photos", "-o", f"out{processors}", "--report", f"r{processors}.jsonl").code == 0
    assert len(visible(here / "out1")) == 12
    assert visible(here / "out1") == visible(here / "out4")
    assert {line["input"] for line in told(here / "r1.jsonl")} == {
        line["input"] for line in told(here / "r4.jsonl")
    }


def test_all_processors_work_at_the_same_time(remove, here: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from cutaway.remover import Remover

    draw_photos(here / "photos", 6)
    meeting, real = threading.Barrier(3, timeout=PATIENCE_S), Remover.remove

    def together(self: Remover, photo: object) -> object:
        meeting.wait()
        return real(self, photo)  # type: ignore[arg-type]

    monkeypatch.setattr(Remover, "remove", together)
    monkeypatch.setattr("cutaway.cli.batch.usable_threads", lambda: 3)
    assert remove("photos", "-o", "out").code == 0
    assert len(visible(here / "out")) == 6


@pytest.mark.parametrize(("threads", "photos", "workers", "each"), [
    (4, 100, 4, 1), (4, 2, 2, 2), (4, 1, 1, 4), (1, 9, 1, 1), (4, None, 4, 1), (4, 0, 1, 4), (6, 4, 4, 1),
])  # fmt: skip
def test_threads_are_shared_out(threads: int, photos: int | None, workers: int, each: int) -> None:
    count, options = share_out(Options(threads=threads), photos=photos)
    assert (count, options.threads) == (workers, each)


def test_many_bad_files_do_not_stop_the_others(remove, here: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("cutaway.cli.batch.usable_threads", lambda: 4)
    draw_photos(here / "photos", 10)
    for number in range(10):
        (here / "photos" / f"bad-{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    ran = remove("photos", "-o", "out", "--report", "r.jsonl")
    assert ran.code == 1
    assert len(ran.errors) == 10
    assert len(visible(here / "out")) == 10
    assert sorted(str(line["status"]) for line in told(here / "r.jsonl")) == ["done"] * 10 + ["failed"] * 10


def test_a_model_that_cannot_be_opened_ends_the_run_at_once(cutaway, here: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("cutaway.cli.batch.usable_threads", lambda: 4)
    draw_photos(here / "photos", 10)
    (here / "broken.onnx").write_bytes(b"no model")
    ran = cutaway("remove", "photos", "-o", "out", "--model", "broken.onnx")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert visible(here / "out") == {}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize("lines", [0, 1, 7])
def test_a_killed_run_is_taken_up_again(bright_model: Path, here: Path, lines: int) -> None:
    """Killed before, at the first and in the middle of the photos: nothing is lost, doubled or half written."""
    draw_photos(here / "photos", 40, side=200)
    report = here / "r.jsonl"
    process = start(here, bright_model, "--report", "r.jsonl")
    try:
        wait_for(lambda: report.exists() and report.read_bytes().count(b"\n") >= lines, process)
    finally:
        process.kill()
        ended(process)
    after_kill = visible(here / "out")
    for name in after_kill:
        with Image.open(here / "out" / name) as picture:
            picture.load()

    code, said = ended(start(here, bright_model, "--report", "r.jsonl"))
    assert code == 0, said
    finished = visible(here / "out")
    assert len(finished) == 40
    assert {name: finished[name] for name in after_kill} == after_kill
    assert sorted(str(line["input"]) for line in told(report)) == [
        str(Path("photos") / f"photo-{n:03}.png") for n in range(40)
    ]
    summary = json.loads(report.read_text().splitlines()[-1])["summary"]
    assert (summary["done"] + summary["skipped"], summary["failed"], summary["left"]) == (40, 0, 0)


def test_the_report_of_a_second_run_keeps_what_the_first_one_knew(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    draw_photos(here / "photos", 4)
    flags = ("photos", "-o", "out", "--report", "r.jsonl")
    assert remove(*flags).code == 0
    first = told(here / "r.jsonl")
    (here / "out" / "photo-002.png").unlink()
    with (here / "r.jsonl").open("a") as stream:
        stream.write('{"input": "photos/photo-0')  # torn by a kill
    assert remove(*flags).code == 0
    second = told(here / "r.jsonl")
    assert sorted(str(line["input"]) for line in second) == sorted(str(line["input"]) for line in first)
    made_anew = str(Path("photos") / "photo-002.png")
    assert [line for line in second if line["input"] != made_anew] == [
        line for line in first if line["input"] != made_anew
    ]
    assert all(line["status"] == "done" for line in second)
    assert remove("photos", "-o", "elsewhere", "--report", "r.jsonl").code == 0
    assert {Path(str(line["output"])).parts[0] for line in told(here / "r.jsonl")} == {"elsewhere"}
    assert remove(*flags, "--overwrite").code == 0
    assert [line["status"] for line in told(here / "r.jsonl")] == ["done"] * 4


def test_leftovers_of_a_killed_run_go_when_they_are_old(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    draw_photos(here / "photos", 2)
    (here / "out").mkdir()
    names = ".0123456789abcdef.tmp", ".fedcba9876543210.tmp", ".not-ours.tmp"
    for name in names:
        (here / "out" / name).write_bytes(b"half")
    for name in (names[0], names[2]):
        os.utime(here / "out" / name, (1, 1))
    assert remove("photos", "-o", "out").code == 0
    assert [(here / "out" / name).exists() for name in names] == [False, True, True]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process alone there")
def test_ctrl_c_finishes_what_is_under_way(bright_model: Path, here: Path) -> None:
    draw_photos(here / "photos", 300, side=200)
    report = here / "r.jsonl"
    process = start(here, bright_model, "--report", "r.jsonl")
    try:
        wait_for(lambda: report.exists() and report.read_bytes().count(b"\n") >= 3, process)
        process.send_signal(signal.SIGINT)
        code, said = ended(process)
    finally:
        process.kill()
    assert code == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    lines = told(report)
    assert {Path(str(line["output"])).name for line in lines} == set(visible(here / "out"))
    summary = json.loads(report.read_text().splitlines()[-1])["summary"]
    assert summary["interrupted"] and summary["done"] == len(lines) and summary["left"] == 300 - len(lines)
    assert [p.name for p in (here / "out").iterdir() if p.name.startswith(".")] == []


def test_dry_run_says_what_would_be_done_and_does_nothing(remove, here: Path, files) -> None:  # type: ignore[no-untyped-def]
    draw_photos(here / "photos", 2)
    Image.new("RGB", (8, 8)).save(here / "photos" / "photo-000.jpg")
    (here / "out").mkdir()
    (here / "out" / "photo-001.png").touch()
    before = files(here)
    ran = remove("photos", "missing.jpg", "-o", "out", "--dry-run", "--report", "r.jsonl")
    assert ran.code == 1
    assert ran.out.decode().splitlines() == [
        f"{Path('photos', name)} -> {Path('out', result)}"
        for name, result in (
            ("photo-000.jpg", "photo-000.jpg.png"),
            ("photo-000.png", "photo-000.png.png"),
            ("photo-001.png", "photo-001.png (already there: skipped)"),
        )
    ]
    assert len(ran.errors) == 1
    assert "2 to do, 1 already there, 1 cannot be done" in ran.err
    assert files(here) == before


def test_confidence_is_told_and_low_ones_are_gathered(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    draw_photos(here / "photos", 2)
    (here / "photos" / "deep").mkdir()
    Image.new("RGB", (40, 40), (10, 10, 10)).save(here / "photos" / "deep" / "nothing.png")
    flags = ("photos", "-o", "out", "--report", "r.jsonl", "--review-below", "0.5", "--review-to", "look")
    for _ in range(2):  # the second time all results are there, and what is known of them is in the report
        ran = remove(*flags)
        assert ran.code == 0
        assert "1 to look at (confidence below 0.5); copies are in look:" in ran.err
        assert f"0.00  {Path('out', 'deep', 'nothing.png')}" in ran.err
    assert (here / "look" / "deep" / "nothing.png").read_bytes() == (
        here / "out" / "deep" / "nothing.png"
    ).read_bytes()
    assert len([p for p in (here / "look").rglob("*") if p.is_file()]) == 1
    lines = {Path(str(line["input"])).name: line for line in told(here / "r.jsonl")}
    assert lines["nothing.png"]["confidence"] == 0
    assert lines["nothing.png"]["warning"] == "no subject was found"
    assert 0.5 < float(str(lines["photo-000.png"]["confidence"])) <= 1


def test_copies_for_review_from_several_folders_do_not_collide(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    for folder in ("a", "b"):
        (here / folder).mkdir()
        Image.new("RGB", (8, 8)).save(here / folder / "dark.png")
    assert remove("a", "b", "--review-below", "1", "--review-to", "look").code == 0
    assert sorted(visible(here / "look")) == ["dark-cutout.png", "dark-cutout~2.png"]


def test_the_folder_for_review_is_no_input(remove, here: Path) -> None:  # type: ignore[no-untyped-def]
    Image.new("RGB", (8, 8)).save(here / "dark.png")
    flags = (".", "-o", "out", "--review-below", "1", "--review-to", "look", "--overwrite")
    for _ in range(2):
        assert remove(*flags).code == 0
        assert sorted(visible(here / "out")) == ["dark.png"]


@pytest.mark.parametrize(
    "flags",
    [
        ("--review-below", "0"),
        ("--review-below", "1.5"),
        ("--review-below", "nan"),
        ("--review-to", "look"),
        ("--watch", "--dry-run"),
        ("--watch", "-o", "one.png"),
    ],
)
def test_wrong_usage(remove, here: Path, flags: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    draw_photos(here / "photos", 1)
    ran = remove("photos", *flags)
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert remove(here / "photos" / "photo-000.png", "--watch").code == 2


def task(path: Path) -> Task:
    return Task(Photo(path), path.with_suffix(".out"))


def test_watch_waits_for_files_that_are_being_written(tmp_path: Path) -> None:
    """Old ones have their turn at the first look, new ones when they no longer change, changed ones again."""
    old, new, empty = (tmp_path / name for name in ("old", "new", "empty"))
    old.write_bytes(b"1")
    os.utime(old, (1, 1))
    looks = 0

    def look() -> list[Task]:
        nonlocal looks
        looks += 1
        if looks in (1, 2, 3):  # is written to
            new.write_bytes(b"1" * looks)
            empty.touch()
        if looks == 6:
            os.utime(old, (2, 2))
        if looks == 9:
            watch.stop()
        return [task(p) for p in (old, new, empty, tmp_path / "gone")]

    watch = Watch(look, every_s=0.0)
    turns = [(t.photo.path, looks) for t in watch]
    assert turns == [(old, 1), (new, 4), (old, 6)]


def test_watch_stops_while_it_waits(tmp_path: Path) -> None:
    watch = Watch(list, every_s=PATIENCE_S * 10)
    threading.Timer(0.1, watch.stop).start()
    began = time.monotonic()
    assert list(watch) == []
    assert time.monotonic() - began < PATIENCE_S


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C cannot be sent to one process alone there")
def test_watching_a_folder_until_ctrl_c(bright_model: Path, here: Path) -> None:
    draw_photos(here / "photos", 1)
    process = start(here, bright_model, "--watch", "--report", "r.jsonl")
    try:
        wait_for(lambda: len(visible(here / "out")) == 1, process)
        draw_photos(here / "new", 3)
        for path in sorted((here / "new").iterdir())[1:]:
            path.rename(here / "photos" / path.name)
        wait_for(lambda: len(visible(here / "out")) == 3, process)
        process.send_signal(signal.SIGINT)
        code, said = ended(process)
    finally:
        process.kill()
    assert code == 0, said
    assert "3 done" in said
    assert len(visible(here / "out")) == len(told(here / "r.jsonl")) == 3


def peak_mb(folder: Path, model: Path) -> tuple[float, str]:
    """The most memory that `cutaway remove` of a folder held, in MB, and what it said."""
    script = Path(__file__).parent.parent.parent / "benchmarks" / "_peak.py"
    flags = ("-o", "out", "--report", "r.jsonl", "--threads", "2", "--model", str(model))
    command = [
        sys.executable,
        "-I",
        "-S",
        str(script),
        sys.executable,
        "-m",
        "cutaway",
        "remove",
        "photos",
        *flags,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=1500)
    told_by_peak = json.loads(done.stdout)
    assert told_by_peak["exit"] == 0, done.stderr
    return told_by_peak["peak_bytes"] / 1e6, done.stderr


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell a process's peak")
@pytest.mark.parametrize(
    ("tiny", "side", "most_mb"),
    [
        (200, 4500, 800),
        pytest.param(10_000, 10_000, 2500, marks=pytest.mark.slow),
    ],
)
def test_memory_has_a_bound(bright_model: Path, here: Path, tiny: int, side: int, most_mb: float) -> None:
    """Many tiny photos and a huge one in their midst, which is worked on alone."""
    draw_photos(here / "photos", 3, side=16)
    first = (here / "photos" / "photo-000.png").read_bytes()
    for number in range(3, tiny):
        (here / "photos" / f"photo-{number:05}.png").write_bytes(first)
    huge = Image.new("RGB", (side, side), (30, 30, 30))
    huge.paste((230, 230, 230), (side // 4, side // 4, side // 2, side // 2))
    huge.save(here / "photos" / "photo-00100-huge.jpg")
    peak, said = peak_mb(here, bright_model)
    assert f"{tiny + 1} done" in said
    assert len(visible(here / "out")) == len(told(here / "r.jsonl")) == tiny + 1
    assert peak < most_mb
