"""The recipes: every shell block of docs/recipes.md is run as it stands, in one shell, in a copy of what it needs."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processes import run

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "docs" / "recipes.md"


def _commands() -> str:
    return "\n".join(re.findall(r"^```sh\n(.*?)^```", RECIPES.read_text("utf-8"), re.MULTILINE | re.DOTALL))


@pytest.mark.skipif(shutil.which("bash") is None, reason="the recipes are written for a POSIX shell")
@pytest.mark.timeout(1200)
def test_every_recipe_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the train extra is not installed")
    for folder in ("examples", "configs"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("out", "__pycache__"))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    words = ["bash", "-euo", "pipefail", "-c", _commands()]
    ran = run(words, cwd=tmp_path, env=os.environ | {"PATH": path}, seconds=1100)
    assert ran.returncode == 0, ran.stderr[-2000:]
    out = tmp_path / "examples" / "out"
    _check_pictures(out)
    before, after = map(int, re.findall(r"(\d+)%", ran.stdout)[-2:])
    assert after >= before + 20, ran.stdout  # the classifier is better off without the background
    assert "report.html" in {p.name for p in (out / "tuned").iterdir()}


def _check_pictures(out: Path) -> None:
    """The results are what the text says, not merely there."""
    assert Image.open(out / "cat-cafe.jpg").size == Image.open(ROOT / "examples/photos/chelsea.jpg").size
    assert Image.open(out / "cat-page.jpg").size == Image.open(out / "page.png").size
    assert {p.stem for p in (out / "shop").iterdir()} == {"astronaut", "chelsea", "coffee"}
    assert {p.name for p in (out / "webshop").iterdir()} == {"astronaut.jpg", "chelsea.jpg", "coffee.jpg"}
    assert {Image.open(p).size for p in (out / "webshop").iterdir()} == {(2000, 2000)}
    assert Image.open(out / "webshop" / "coffee.jpg").getpixel((5, 5)) == (255, 255, 255)
    assert (out / "stickers" / "coffee-1.png").exists()
    photo = np.asarray(Image.open(ROOT / "examples/photos/astronaut.jpg").convert("RGB"), np.int16)
    hidden = np.asarray(Image.open(out / "blurred-person.jpg").convert("RGB"), np.int16)
    face = np.s_[60:200, 170:290]
    assert np.abs(np.diff(hidden[face], axis=0)).mean() < 0.4 * np.abs(np.diff(photo[face], axis=0)).mean()
    matte = np.asarray(Image.open(out / "cells-matte.png").convert("L"))
    assert 0.02 < (matte > 127).mean() < 0.5
