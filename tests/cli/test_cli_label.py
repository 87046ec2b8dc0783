"""`cutaway label` as typed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def test_label(cutaway, draw, here: Path, bright_model: Path, files) -> None:  # type: ignore[no-untyped-def]
    draw(here / "in" / "a.png")
    draw(here / "in" / "b.jpg")
    (here / "in" / "bad.png").write_bytes(b"text")
    words = ("label", "in", "set", "--model", bright_model, "--views", "3", "--binary", "--threads", "1")
    ran = cutaway(*words)
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "bad.png" in ran.errors[0]
    assert b"2 photos labelled, 2 of them now" in ran.out
    assert "look at set/review.png first" in ran.err.replace("\\", "/")
    assert files(here / "set") == {
        "images/a.png", "images/b.jpg", "masks/a.png", "masks/b.png",
        "confidence.csv", "dataset.toml", "label.json", "review.png",
    }  # fmt: skip
    assert set(np.unique(np.asarray(Image.open(here / "set" / "masks" / "a.png")))) == {0, 255}
    (here / "in" / "bad.png").unlink()
    again = cutaway(*words, "--min-confidence", "1")
    assert again.code == 0
    assert b"0 of them now" in again.out and b"0 to train on, 2 doubtful" in again.out


def test_what_cannot_be_labelled(cutaway, here: Path, bright_model: Path) -> None:  # type: ignore[no-untyped-def]
    assert cutaway("label", "none", "set", "--model", bright_model).code == 2
    (here / "in").mkdir()
    (here / "in" / "bad.png").write_bytes(b"text")
    assert cutaway("label", "in", "set", "--model", bright_model, "--views", "9").code == 2
    assert cutaway("label", "in", "set", "--model", bright_model).code == 2
    assert "models pull" in cutaway("label", "in", "set2", "--model", "silueta").err
