"""The formats benchmark measures every format there is, and its errors are what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import formats as bench
import numpy as np
import pytest
from PIL import features

from cutaway.formats import TABLE

HERE = Path(bench.__file__)
JOBS = [name for name in bench.JOBS if name != "avif" or features.check("avif")]


def test_every_format_is_measured() -> None:
    assert {name.partition(",")[0] for name in bench.JOBS} == set(TABLE)
    found = bench.measured(JOBS, megapixels=0.02, rounds=2, with_memory=False)
    for name in JOBS:
        row = found[name]
        assert row["bytes"] > 500 and len(row["seconds"]) == 2 and row["low"] <= row["median"] <= row["high"]
        lossless = not name.startswith(("webp", "jpg", "avif", "gif", "zip")) or name == "webp, quality 100"
        assert (row["error"]["colour"] == 0) is lossless, name
        if name.startswith(("png", "webp", "tiff", "zip", "ora")):
            assert row["error"]["alpha"] == 0
    assert found["jpg"]["error"]["alpha"] is None
    assert len(bench.table(found).splitlines()) == len(JOBS) + 2


def test_a_worse_file_has_a_larger_error() -> None:
    picture = bench.cutout(0.02)
    from cutaway.media.encode import encode

    found = [
        bench.errors("webp", encode(picture, format="webp", quality=q), picture)["colour"]
        for q in (95, 60, 10)
    ]
    assert found == sorted(found)
    assert np.all(np.diff(found) > 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no wait4 there")
def test_the_script_writes_both_files(tmp_path: Path) -> None:
    words = [
        sys.executable,
        str(HERE),
        "--megapixels",
        "1",
        "--rounds",
        "1",
        "--only",
        "png",
        "webp",
        "--memory",
    ]
    ran = subprocess.run([*words, "-o", str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    told = json.loads((tmp_path / "formats.json").read_text("utf-8"))
    assert set(told["formats"]) == {"png", "webp"} and told["commit"]
    assert told["formats"]["webp"]["peak_mb_over_cutout"] > 3  # more than the pixels themselves
    assert (tmp_path / "formats.md").read_text("utf-8").count("\n| ") == 3
