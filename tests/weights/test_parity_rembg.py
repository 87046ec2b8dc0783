"""u2netp beside rembg's own mask; needs the network, and rembg in an environment of its own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from cutaway.weights.pull import pull

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.download
def test_u2netp_gives_rembgs_mask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 3/255 on average over the example photos; CUTAWAY_REMBG_PYTHON names the other interpreter."""
    rembg = os.environ.get("CUTAWAY_REMBG_PYTHON")
    if not rembg:
        pytest.skip("CUTAWAY_REMBG_PYTHON does not name an interpreter with rembg[cpu,cli]==2.0.86")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import parity_rembg

    home = os.environ.get("U2NET_HOME") or str(pull("u2netp").parent)
    words = [
        "--rembg-python",
        rembg,
        "--u2net-home",
        home,
        "--models",
        "u2netp",
        "-o",
        str(tmp_path / "p.json"),
    ]
    assert parity_rembg.main(words) == 0
    rows = json.loads((tmp_path / "p.json").read_text("utf-8"))["models"]["u2netp"]
    assert len(rows) >= 3 and max(row["mean"] for row in rows) <= parity_rembg.BAR
    sys.modules.pop("parity_rembg", None)
