from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

speed = pytest.importorskip("speed", reason="the benchmarks folder is not here")
contestants = pytest.importorskip("contestants")
photos = pytest.importorskip("photos")


def setup_for(model: str, rembg: Path | None = None) -> contestants.Setup:
    return contestants.Setup(model, 2, rembg, ("u2netp",), contestants.environment(2, None))


def test_photos_have_the_size_asked_for_and_are_the_same_each_time(tmp_path: Path) -> None:
    one = photos.write_photo(tmp_path / "one.jpg", 0.12)
    two = photos.write_photo(tmp_path / "two.jpg", 0.12)
    assert one.read_bytes() == two.read_bytes()
    assert cv2.imread(str(one)).shape == (300, 400, 3)


def test_a_photo_made_from_another_keeps_its_proportions(tmp_path: Path) -> None:
    base = tmp_path / "base.png"
    base.write_bytes(cv2.imencode(".png", np.full((20, 10, 3), 90, np.uint8))[1].tobytes())
    made = photos.write_photo(tmp_path / "made.jpg", 0.02, base=base)
    assert cv2.imread(str(made)).shape == (200, 100, 3)


def test_every_contestant_is_told_the_same_number_of_threads(tmp_path: Path) -> None:
    setup = setup_for("default", tmp_path / "bin" / "python")
    assert setup.environment["OMP_NUM_THREADS"] == "2"
    removers = setup.removers(Path("in.jpg"), tmp_path)
    assert list(removers) == ["cutaway", "rembg u2netp"]
    assert removers["cutaway"][-2:] == ["--threads", "2"]
    assert all(command[3] == "2" for command in setup.workers([Path("in.jpg")]).values())


def test_without_rembg_it_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setup = speed.setup_from(speed.parser().parse_args([]))
    assert list(setup.workers([])) == list(setup.removers(Path("a"), tmp_path)) == ["cutaway"]
    assert "rembg left out" in capsys.readouterr().err


def test_a_wrong_interpreter_for_rembg_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="not a file"):
        speed.setup_from(speed.parser().parse_args(["--rembg-python", str(tmp_path / "none")]))


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell a process's peak")
def test_peak_memory_is_the_commands_own() -> None:
    setup = setup_for("default")
    ballast = np.zeros(60_000_000, np.uint8) + 1  # ours, and none of the child's business
    small = contestants.peak_mb([sys.executable, "-S", "-c", "pass"], setup)
    large = contestants.peak_mb([sys.executable, "-S", "-c", "b = b'x' * 80_000_000"], setup)
    assert 70 < large - small < 100
    assert small < 50 < ballast.nbytes / 1e6


def test_a_command_that_fails_is_told_with_its_words() -> None:
    with pytest.raises(SystemExit, match="out of luck"):
        contestants.run([sys.executable, "-c", "raise SystemExit('out of luck')"], setup_for("default"))


def test_the_worker_answers_for_each_photo_whatever_is_printed(tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(b"12345")
    script = tmp_path / "worker.py"
    script.write_text(
        f"import sys; sys.path.insert(0, {str(Path(speed.__file__).parent)!r})\n"
        "from _worker_loop import serve\n"
        "def remove(data):\n    print('chatter')\n    return data * 2\n"
        f"serve(remove, [{str(tmp_path / 'in.jpg')!r}], about='a fake')\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)],
        input=f"{tmp_path / 'in.jpg'}\n" * 2,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    ready, *answers = map(json.loads, done.stdout.splitlines())
    assert ready == {"ready": "a fake"}
    assert [answer["bytes"] for answer in answers] == [10, 10]
    assert all(answer["seconds"] >= 0 for answer in answers)
    with contestants.Worker([sys.executable, str(script)], setup_for("default")) as worker:
        assert worker.ask(tmp_path / "in.jpg") >= 0


def test_warm_part_end_to_end(tmp_path: Path, bright_model: Path) -> None:
    arguments = ["-o", str(tmp_path), "--parts", "warm", "--rounds", "1", "--sizes", "0.05", "--threads", "1"]
    assert speed.main([*arguments, "--model", str(bright_model)]) == 0
    values = json.loads((tmp_path / "speed.json").read_text("utf-8"))
    assert values["warm 0.05 MP"]["cutaway"]["median"] > 0
    assert {"commit", "hardware", "versions", "made", "how"} <= set(values)
    assert "| warm, 0.05 MP |" in (tmp_path / "speed.md").read_text("utf-8")
