"""The group itself, and the commands beside `remove`."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import cutaway.cli as cli_module
from cutaway._version import __version__
from cutaway.cli import COMMANDS
from cutaway.cli.models import INDENT, described
from cutaway.errors import CheckpointError, MissingExtraError
from cutaway.options import Options
from cutaway.weights.store import CatalogueEntry
from processes import started

CONTRACT = ("remove", "data", "train", "evaluate", "export", "models", "doctor")


def test_help_lists_every_command(cutaway) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("--help")
    assert ran.code == 0
    for name in CONTRACT:
        assert f"\n  {name} " in ran.out.decode()
    assert cutaway("-h").out == ran.out


@pytest.mark.parametrize("name", [*COMMANDS, "data check"])
def test_every_command_has_help_that_begins_like_its_table_line(cutaway, name: str) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway(*name.split(), "--help")
    assert ran.code == 0
    usage, *told = ran.out.decode().split("\n\n")
    assert usage.startswith(f"Usage: cutaway {name} ")
    if name in COMMANDS:
        assert " ".join(told[0].split()) == COMMANDS[name][1]


def test_version(cutaway) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"cutaway {__version__}\n".encode(), "")


def test_no_arguments_show_the_help(cutaway) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway()
    assert (ran.code, ran.out) == (2, b"")
    assert "Usage: cutaway" in ran.err


def test_a_typo_is_named_with_what_was_meant(cutaway, here: Path) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("remvoe", "x")
    assert ran.code == 2
    assert ran.errors == ["cutaway: error: no such command or file 'remvoe'. Did you mean 'remove'?"]
    assert cutaway("zzz").errors == ["cutaway: error: no such command or file 'zzz'."]


def test_a_file_without_suffix_is_no_typo(cutaway, bright_model: Path, encoded: bytes, here: Path) -> None:  # type: ignore[no-untyped-def]
    (here / "remov").write_bytes(encoded)
    assert cutaway("remov", "--model", bright_model).code == 0
    assert (here / "remov-cutout.png").exists()


def test_wrong_usage_points_to_the_commands_own_help(cutaway) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("remove")
    assert ran.code == 2
    assert ran.err.splitlines()[-1] == "Try 'cutaway remove --help'."


def raising(error: BaseException):  # type: ignore[no-untyped-def]
    def fail(*args: object, **named: object) -> None:
        raise error

    return fail


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, **values: object) -> None:
    """Put a module in the place of a room's, so that a thin command is tested by itself."""
    module = ModuleType(name)
    vars(module).update(values)
    monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (CheckpointError("this is no checkpoint"), 2, "cutaway: error: this is no checkpoint"),
        (MissingExtraError("training", "train", "torch"), 2, "pip install -e '.[train]'"),
        (RuntimeError("odd"), 2, "unexpected RuntimeError: odd; run again with -v"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_errors_become_one_line_and_a_code(
    cutaway, monkeypatch, error: BaseException, code: int, words: str
) -> None:  # type: ignore[no-untyped-def]
    stand_in(monkeypatch, "cutaway.training.export", export_checkpoint=raising(error))
    ran = cutaway("export", "x.ckpt", "-o", "m.onnx")
    assert (ran.code, len(ran.errors)) == (code, 1)
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_v_shows_the_traceback_of_what_nobody_foresaw(cutaway, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    stand_in(monkeypatch, "cutaway.training.export", export_checkpoint=raising(RuntimeError("odd")))
    assert "Traceback" in cutaway("export", "x.ckpt", "-o", "m.onnx", "-v").err


def test_export(cutaway, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    calls = []

    def export_checkpoint(
        checkpoint: Path, out: Path, *, size: int | None, zoom_size: int | None, overwrite: bool
    ) -> SimpleNamespace:
        calls.append((checkpoint, out, size, zoom_size, overwrite))
        return SimpleNamespace(name="mine", size=320)

    stand_in(monkeypatch, "cutaway.training.export", export_checkpoint=export_checkpoint)
    assert cutaway("export", "x.ckpt", "-o", "m.onnx").code == 0
    assert (
        cutaway("export", "x.ckpt", "-o", "m.onnx", "--overwrite", "--size", "96", "--zoom-size", "128").code
        == 0
    )
    files = (Path("x.ckpt"), Path("m.onnx"))
    assert calls == [(*files, None, None, False), (*files, 96, 128, True)]
    assert cutaway("export", "x.ckpt").code == 2


@dataclass
class FakeSummary:
    rows: tuple[SimpleNamespace, ...]
    failed: tuple[SimpleNamespace, ...]

    def table(self) -> str:
        return "iou 0.9"


@pytest.mark.parametrize(("failing", "code"), [(0, 0), (1, 1), (2, 2)])
def test_evaluate(cutaway, monkeypatch, failing: int, code: int) -> None:  # type: ignore[no-untyped-def]
    rows = tuple(SimpleNamespace(id=f"cats/{i}", error="unreadable") for i in range(2))
    calls = []

    def evaluate(data, *, out, options, masks, progress):  # type: ignore[no-untyped-def]
        calls.append((data, out, options, masks))
        progress(1, 2)
        return FakeSummary(rows, rows[:failing])

    stand_in(monkeypatch, "cutaway.evaluation.run", evaluate=evaluate)
    ran = cutaway(
        "evaluate", "a", "b", "--model", "m.onnx", "-o", "out", "--engine", "openvino", "--threads", 2
    )
    assert (ran.code, ran.out, len(ran.errors)) == (code, b"iou 0.9\n", failing)
    wanted = Options(model="m.onnx", engine="openvino", threads=2)
    assert calls == [((Path("a"), Path("b")), Path("out"), wanted, "auto")]


def test_train_passes_on_what_was_said_and_nothing_else(cutaway, monkeypatch, here: Path) -> None:  # type: ignore[no-untyped-def]
    calls = []

    def train(config, *, resume, progress):  # type: ignore[no-untyped-def]
        calls.append((config, resume, progress))
        return SimpleNamespace(model=Path("run/model.onnx"))

    stand_in(monkeypatch, "cutaway.training.run", train=train)
    (here / "c.toml").write_text("epochs = 3\nsize = 128\n")
    ran = cutaway(
        "train", "set", "more", "-o", "run", "--config", "c.toml", "--size", "64", "--lr", "0.001", "--resume"
    )
    assert ran.code == 0, ran.err
    (config, resume, progress) = calls[0]
    assert (config.data, config.out, config.epochs, config.size, config.lr) == (
        ("set", "more"),
        "run",
        3,
        64,
        0.001,
    )
    assert (resume, progress) == (True, None)
    assert cutaway("train", "set", "-o", "run", "--size", "1").code == 2


def test_the_training_bar(cutaway, monkeypatch, terminal) -> None:  # type: ignore[no-untyped-def]
    def train(config, *, resume, progress):  # type: ignore[no-untyped-def]
        for step in (1, 2):
            progress(SimpleNamespace(epoch=2, epochs=3, step=step, steps=2, loss=0.5, rate=9.0))
        return SimpleNamespace(model=Path("model.onnx"))

    stand_in(monkeypatch, "cutaway.training.run", train=train)
    terminal("stderr")
    ran = cutaway("train", "set", "-o", "run")
    assert "3/6" in ran.err and "epoch 2/3  loss 0.5000" in ran.err


@dataclass
class Entry:
    name: str
    is_here: bool
    size_bytes: int = 4_700_000
    licence: str = "Apache-2.0"
    commercial: str = "yes"
    training_data: str = "own photos"
    scores: dict[str, float] = field(default_factory=lambda: {"cats": 0.804})


def test_models(cutaway, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    entries = [Entry("lite0", True), Entry("u2net", False, scores={}, commercial="no")]
    stand_in(monkeypatch, "cutaway.weights.store", catalogue=lambda: entries)
    first, second = (block.splitlines() for block in cutaway("models").out.decode().split("\n\n"))
    assert [line.split() for line in first] == [
        ["lite0"],
        ["size", "4.7", "MB"],
        ["licence", "Apache-2.0"],
        ["trained", "on", "own", "photos"],
        ["scores", "mean", "IoU", "on", "cats", "0.804"],
        ["here", "yes"],
    ]
    assert second[0] == "u2net"
    assert "not for commercial use" in second[2]
    assert second[-1].split() == ["here", "no"]


def test_long_facts_about_a_model_are_wrapped() -> None:
    entry = replace(
        CatalogueEntry("birds"), training_data="many photos of " + "birds and " * 30 + "more birds"
    )
    lines = described(entry, columns=60).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[4].startswith(INDENT + "birds")


def test_doctor(cutaway, bright_model: Path) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("doctor", "--model", bright_model)
    told = ran.out.decode()
    assert ran.code == 0, told + ran.err
    for words in (
        "python 3.",
        "onnxruntime: ",
        "numpy ",
        "CUTAWAY_HOME",
        "CUTAWAY_OFFLINE",
        "devices: cpu yes",
        "device directml: not built into this onnxruntime; pip uninstall",
        "engine auto: onnxruntime",
        "by onnxruntime on cpu",
        "passed",
    ):
        assert words in told
    for extra in ("train", "video", "server", "heic", "openvino"):
        assert (
            f"  {extra}: installed" in told
            or f"  {extra}: not installed; in Cutaway's checkout: pip install -e '.[{extra}]'" in told
        )


def test_doctor_without_a_model_that_runs(cutaway) -> None:  # type: ignore[no-untyped-def]
    ran = cutaway("doctor", "--model", "no-such-model")
    assert ran.code == 1
    assert "failed: " in ran.out.decode()
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(cutaway, shell: str) -> None:  # type: ignore[no-untyped-def]
    if shell == "bash" and sys.platform == "win32":
        pytest.skip("no bash here")
    ran = cutaway("completion", shell)
    assert ran.code == 0
    assert b"_CUTAWAY_COMPLETE" in ran.out and b"cutaway" in ran.out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("cutaway mo", {"models"}),
        ("cutaway remove --mas", {"--mask-only"}),
        ("cutaway remove --format w", {"webp"}),
        ("cutaway photo.png --over", {"--overwrite"}),
        ("cutaway --ver", {"--version"}),
    ],
)
def test_completion(words: str, offered: set[str]) -> None:
    script = "import sys; sys.argv[0] = 'cutaway'; from cutaway.cli import main; main()"
    asked = {
        "_CUTAWAY_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        timeout=60,
    )
    plain = {line.partition(",")[2] for line in done.stdout.splitlines() if line.startswith("plain,")}
    assert plain == offered, done.stderr


def test_a_closed_pipe_is_no_traceback() -> None:
    command = [sys.executable, "-m", "cutaway", "--help"]
    with started(command, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.close()
        child.stdout = None
        _, told = child.communicate(timeout=60)
    assert "Traceback" not in told and "BrokenPipe" not in told


def test_the_table_names_what_is_there() -> None:
    for where, line in COMMANDS.values():
        module, _, name = where.partition(":")
        assert module.startswith(f"{cli_module.__name__}.") and name and line.endswith(".")
