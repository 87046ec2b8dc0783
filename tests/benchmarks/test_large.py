"""Large photos beside rembg: with stand-ins for the contestants."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

large = pytest.importorskip("large", reason="the benchmarks folder is not here")


class _Worker:
    """Answers at once: ours takes a second, rembg five, with matting 30."""

    def __init__(self, command: list[str], _: object) -> None:
        self._seconds = 1.0 if "_cutaway_worker" in command[1] else 30.0 if command[2].endswith("+a") else 5.0

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, photo: Path) -> float:
        assert photo.is_file()
        return self._seconds


@pytest.mark.parametrize("matting", [0, 1])
def test_every_photo_is_asked_and_the_bars_are_told(
    matting: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(large, "Worker", _Worker)
    words = ["--rembg-python", "python", "-o", str(tmp_path), "--megapixels", "0.05", "--rounds", "2"]
    assert large.main([*words, "--matting-rounds", str(matting)]) == 0
    told = json.loads((tmp_path / "large.json").read_text("utf-8"))
    assert len(told["rembg u2netp"]["rembg u2netp"]["rounds"]) == 2 * 3
    shown = capsys.readouterr().out
    assert "rembg u2netp: 5.0 times, asked 4: met" in shown
    assert ("rembg u2netp+a: 30.0 times, asked 20: met" in shown) == bool(matting)
    if matting:
        assert len(told["rembg u2netp+a"]["cutaway"]["rounds"]) == 3
    assert "asked 4: met" in (tmp_path / "large.md").read_text("utf-8")


def test_a_bar_that_is_missed_is_said() -> None:
    pair = {"cutaway": [1.0, 2.0], "rembg u2netp": [3.0, 7.0]}
    assert large.verdict(pair, "rembg u2netp") == "rembg u2netp: 3.2 times, asked 4: not met"
