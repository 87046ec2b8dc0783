"""Jobs in two threads: each is done once, errors arrive, and the picture is the same as with one processor."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from cutaway.pixels import tiles
from cutaway.pixels.foreground import foreground


@pytest.mark.parametrize("processors", [1, 2, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_each_job_is_done_once(processors: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "_processors", lambda: processors)
    done: list[int] = []
    tiles.in_two_threads(done.append, list(range(count)))
    assert sorted(done) == list(range(count))


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_in_either_thread_is_raised(bad: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiles, "_processors", lambda: 2)
    before = threading.active_count()

    def work(job: int) -> None:
        if job == bad:
            raise ValueError(f"job {job}")

    with pytest.raises(ValueError, match=f"job {bad}"):
        tiles.in_two_threads(work, [0, 1, 2, 3])
    assert threading.active_count() == before


def test_one_processor_gives_the_same_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (300, 1300, 3), dtype=np.uint8)
    x = np.linspace(0, 1, 1300, dtype=np.float32)
    alpha = np.tile(np.abs(np.sin(9 * x)), (300, 1)).astype(np.float32)
    made = []
    for processors in (1, 2):
        monkeypatch.setattr(tiles, "_processors", lambda count=processors: count)
        made.append(foreground(pixels, alpha))
    np.testing.assert_array_equal(*made)
