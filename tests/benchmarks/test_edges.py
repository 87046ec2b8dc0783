"""The edge benchmark's composites are what they say, and every step is better than the one before."""

from __future__ import annotations

import numpy as np
import pytest
from edges import answered, means, measured, scenes, table

SIZE = (300, 400)


@pytest.fixture(autouse=True)
def drawn_grounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUTAWAY_TEST_DATA", raising=False)


def test_composites_are_mixed_by_their_alpha() -> None:
    made = [make() for make in scenes(SIZE, count=4)]
    assert [scene.name for scene in made] == ["1-disc", "2-polygon", "3-hair", "4-glass"]
    for scene in made:
        assert scene.photo.shape == (*SIZE, 3)
        assert scene.alpha.dtype == np.float32
        assert scene.alpha.min() >= 0
        assert scene.alpha.max() == 1
        full = scene.alpha == 1
        assert np.abs(scene.photo[full].astype(int) - scene.colour[full]).mean() < 3  # grain only


def test_the_same_every_time() -> None:
    first, again = (scenes(SIZE, count=3)[2]() for _ in range(2))
    np.testing.assert_array_equal(first.photo, again.photo)


def test_the_answer_keeps_the_area() -> None:
    scene = scenes(SIZE, count=1)[0]()
    small = answered(scene.alpha, blur_px=0, seen_px=80)
    assert small.shape == (60, 80)
    assert small.mean() == pytest.approx(scene.alpha.mean(), abs=1e-4)


@pytest.mark.parametrize("blur_px", [0.0, 0.7])
def test_refining_halves_the_error_and_colour_is_found(blur_px: float) -> None:
    rows = [measured(make(), blur_px=blur_px, seen_px=100) for make in scenes(SIZE, count=3)]
    found = means(rows)
    assert found["refined"]["sad"] <= 0.5 * found["bilinear"]["sad"]
    assert found["refined"]["grad"] <= 0.6 * found["bilinear"]["grad"]
    assert found["colour"]["own"] <= found["colour"]["photo"] / 3
    assert "| exact | refined |" in table({"exact": found})
