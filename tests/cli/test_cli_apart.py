"""Many photos are made by processes of their own: the same results, and none is lost with a process."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.cli import apart
from cutaway.cli.apart import PHOTOS_EACH, MakersApart
from cutaway.cli.batch import _pays_to_be_apart
from cutaway.cli.inputs import Photo
from cutaway.cli.naming import Destination, Task
from cutaway.cli.worker import _sendable
from cutaway.errors import CutawayError, MissingExtraError, ModelNotFoundError
from cutaway.options import Options

PATIENCE_S = 60.0


def draw(path: Path, *, shift: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, columns = np.ogrid[:48, :48]
    near = (rows - 24) ** 2 + (columns - 24 + shift) ** 2 < 140
    Image.fromarray(np.where(near[..., None], 230, 30).astype(np.uint8).repeat(3, 2)).save(path)
    return path


@pytest.fixture
def makers(bright_model: Path, tmp_path: Path) -> Iterator[Callable[..., MakersApart]]:
    """Makers of cut-outs in a folder `out`; their processes end with the test."""
    made: list[MakersApart] = []

    def open_makers(said: Callable[[str], None] = print, **options: object) -> MakersApart:
        settings = Options(**{"model": str(bright_model), "threads": 1, **options})  # type: ignore[arg-type]
        destination = Destination("folder", "png", tmp_path / "out")
        made.append(MakersApart(settings, destination, overwrite=False, workers=2, say=said))
        return made[-1]

    yield open_makers
    for one in made:
        one.close(at_once=True)


def task(folder: Path, name: str, *, shift: int = 0) -> Task:
    return Task(Photo(draw(folder / "photos" / f"{name}.png", shift=shift)), folder / "out" / f"{name}.png")


@pytest.mark.parametrize(("options", "workers", "photos", "apart_"), [
    ({}, 2, 2 * PHOTOS_EACH, True), ({}, 2, 2 * PHOTOS_EACH - 1, False), ({}, 1, 10_000, False),
    ({}, 4, None, False), ({"device": "cpu"}, 4, 1000, True), ({"device": "cuda"}, 4, 1000, False),
    ({"model": "chroma"}, 4, 1000, True),
])  # fmt: skip
def test_when_it_pays(
    options: dict[str, object],
    workers: int,
    photos: int | None,
    apart_: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    assert _pays_to_be_apart(Options(**options), workers, photos) is apart_  # type: ignore[arg-type]


def test_a_gpu_that_auto_would_take_is_not_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider"])
    assert not _pays_to_be_apart(Options(), 4, 1000)
    assert _pays_to_be_apart(Options(device="cpu"), 4, 1000)


def test_the_same_bytes_reports_and_words_as_by_threads(remove, here: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    for number in range(6):
        draw(here / "photos" / f"photo-{number}.png", shift=number)
    Image.new("RGB", (40, 40)).save(here / "photos" / "empty.png")  # the model finds nothing in it
    (here / "photos" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    frames = [Image.new("RGB", (40, 40), (value, 0, 0)) for value in (10, 250)]
    frames[0].save(here / "photos" / "moves.gif", save_all=True, append_images=frames[1:])
    monkeypatch.setattr("cutaway.cli.batch.usable_threads", lambda: 2)
    runs = {}
    for name, each in (("threads", 1000), ("processes", 1)):
        monkeypatch.setattr("cutaway.cli.batch.PHOTOS_EACH", each)
        ran = remove("photos", "-o", name, "--format", "jpg", "-v", "--report", f"{name}.jsonl")
        lines = {re.sub(r"\d+ ms|[\d.]+ s;", "", line).replace(name, "out") for line in ran.err.splitlines()}
        runs[name] = ran.code, {p.name: p.read_bytes() for p in (here / name).iterdir()}, lines
    threads, processes = runs["threads"], runs["processes"]
    assert threads[0] == processes[0] == 1
    assert len(threads[1]) == 8 and threads[1] == processes[1]
    for words in ("moves (2 pictures)", "engine onnxruntime", "bad.jpg", "8 done"):
        assert any(words in line for line in threads[2]), words
    assert threads[2] == processes[2]


def test_a_process_that_ends_costs_its_photo_alone(makers, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    maker = makers()
    assert maker.make(task(tmp_path, "a")).status == "done"
    maker._process()._process.kill()
    lost = maker.make(task(tmp_path, "b"))
    assert lost.status == "failed" and lost.error is not None
    assert "ended" in lost.error and ("signal 9" in lost.error or sys.platform == "win32")
    assert not (tmp_path / "out" / "b.png").exists()
    assert maker.make(task(tmp_path, "b")).status == "done"


def test_a_result_that_is_there_needs_no_process(makers, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(apart, "_Process", lambda orders: pytest.fail("a process was started"))
    todo = task(tmp_path, "a")
    draw(tmp_path / "out" / "a.png")
    assert makers().make(todo).status == "skipped"


def test_a_model_that_is_not_there(makers, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ModelNotFoundError, match=r"gone\.onnx"):
        makers(model=str(tmp_path / "gone.onnx")).make(task(tmp_path, "a"))


def test_errors_that_cannot_be_made_again_come_as_their_words() -> None:
    missing = MissingExtraError("engine 'openvino'", "openvino", "openvino")
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(missing))
    sent = _sendable(missing)
    assert isinstance(pickle.loads(pickle.dumps(sent)), CutawayError) and str(sent) == str(missing)
    kept = ModelNotFoundError("there is no model")
    assert _sendable(kept) is kept


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="processes are looked up in /proc")
def test_a_second_ctrl_c_leaves_at_once_and_takes_the_processes_along(bright_model: Path, here: Path) -> None:
    for number in range(2 * PHOTOS_EACH):
        draw(here / "photos" / f"photo-{number:03}.png")
    Image.new("RGB", (5000, 5000)).save(
        here / "photos" / "photo-000-huge.png"
    )  # under way for a second or more
    command = [sys.executable, "-m", "cutaway", "remove", "photos", "-o", "out", "--threads", "2"]
    run = subprocess.Popen([*command, "--model", str(bright_model)], cwd=here, stderr=subprocess.PIPE)
    try:
        until, children = time.monotonic() + PATIENCE_S, []
        while len(children) < 2 and run.poll() is None and time.monotonic() < until:
            children = _children(run.pid)
            time.sleep(0.01)
        for _ in range(2):
            run.send_signal(signal.SIGINT)
            time.sleep(0.2)
        _, said = run.communicate(timeout=PATIENCE_S)
    finally:
        run.kill()
    assert run.returncode == 130 and b"Traceback" not in said, said
    assert not any(map(_is_running, children))


def test_modules_among_the_photos_are_not_run(makers, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    for name in ("pickle.py", "logging.py", "cutaway.py"):
        (tmp_path / name).write_text("open('ran', 'w')\n")
    assert makers().make(task(tmp_path, "a")).status == "done"
    assert not (tmp_path / "ran").exists()


def test_closing_ends_the_processes(makers, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    maker = makers()
    maker.make(task(tmp_path, "a"))
    process = maker._process()._process
    maker.close()
    assert process.poll() == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="processes are looked up in /proc")
def test_processes_end_with_the_run_that_is_killed(bright_model: Path, here: Path) -> None:
    """They see their input end, and write nothing half."""
    for number in range(2 * PHOTOS_EACH + 40):
        draw(here / "photos" / f"photo-{number:03}.png")
    command = [sys.executable, "-m", "cutaway", "remove", "photos", "-o", "out", "--threads", "2", "-q"]
    run = subprocess.Popen([*command, "--model", str(bright_model)], cwd=here)
    try:
        until, children = time.monotonic() + PATIENCE_S, []
        while len(children) < 2 and run.poll() is None and time.monotonic() < until:
            children = _children(run.pid)
            time.sleep(0.01)
    finally:
        run.kill()
        run.wait(PATIENCE_S)
    assert len(children) == 2
    while any(map(_is_running, children)) and time.monotonic() < until:
        time.sleep(0.05)
    left = [pid for pid in children if _is_running(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []
    for path in (here / "out").glob("[!.]*"):
        with Image.open(path) as picture:
            picture.load()


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
            int(word)
            for thread in Path(f"/proc/{pid}/task").iterdir()
            if thread.name != str(pid)
            for word in (thread / "children").read_text().split()
        ]
    except OSError:
        return []


def _is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
