"""Networks with a memory keep it for one video, and engines at another input size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cutaway.engines.base import RecurrentEngine
from cutaway.engines.fake import FAKE_SPEC, FakeEngine, FakeRecurrentEngine
from cutaway.engines.resized import resized
from cutaway.errors import OptionError
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.types import Floats

LIGHT, DARK = (np.full((48, 64, 3), value, np.uint8) for value in (255, 0))


def mean(remover: Remover, photo: np.ndarray) -> float:
    return float(remover.remove(photo).matte.alpha.mean())


def test_a_memory_belongs_to_one_video() -> None:
    engine = FakeRecurrentEngine()
    assert isinstance(engine, RecurrentEngine) and not isinstance(FakeEngine(), RecurrentEngine)
    remover = Remover(engine=engine)
    first, second = remover.stream(), remover.stream()
    assert [mean(first, photo) for photo in (LIGHT, DARK, DARK)] == [1.0, 0.5, 0.25]
    assert mean(second, DARK) == 0.0  # another video does not know of the first
    assert mean(remover, DARK) == 0.0 and mean(remover, LIGHT) == 1.0  # nor do photos remember each other


def test_without_a_memory_a_video_needs_no_remover_of_its_own() -> None:
    remover = Remover(engine=FakeEngine())
    assert remover.stream() is remover


def test_a_frame_is_looked_at_once_by_a_network_that_remembers() -> None:
    """The closer look at a small subject would be taken for the next frame."""
    shapes: list[tuple[int, ...]] = []

    def answer(tensor: Floats) -> Floats:
        shapes.append(tensor.shape)
        return np.asarray(tensor.mean(axis=1, keepdims=True), np.float32)

    photo = np.zeros((400, 400, 3), np.uint8)
    photo[190:210, 190:210] = 255
    Remover(engine=FakeEngine(answer), options=Options(zoom="auto")).remove(photo)
    looks = len(shapes)
    Remover(engine=FakeRecurrentEngine(answer)).stream().remove(photo, options=Options(zoom="auto"))
    assert looks == 2 and len(shapes) == 3


def test_another_input_size() -> None:
    shapes: list[tuple[int, ...]] = []

    def answer(tensor: Floats) -> Floats:
        shapes.append(tensor.shape[2:])
        return np.asarray(tensor.mean(axis=1, keepdims=True), np.float32)

    engine = FakeEngine(answer)
    small = resized(engine, 32)
    assert (small.spec.size, small.name, small.device) == (32, "fake", "cpu")
    assert resized(engine, FAKE_SPEC.size) is engine
    Remover(engine=small).remove(np.zeros((100, 100, 3), np.uint8))
    assert shapes == [(32, 32)] and small.spec.zoom_size == 0
    closer = FakeEngine(answer, spec=replace(FAKE_SPEC, zoom_size=96))
    assert resized(closer, 32).spec.zoom_size == 48


def test_another_size_does_not_lose_the_memory() -> None:
    small = resized(FakeRecurrentEngine(), 32)
    stream = Remover(engine=small).stream()
    assert [mean(stream, photo) for photo in (LIGHT, DARK)] == [1.0, 0.5]
    assert stream.spec.size == 32


@pytest.mark.parametrize("size", [0, 12, -8])
def test_impossible_sizes(size: int) -> None:
    with pytest.raises(OptionError, match="multiple of 8"):
        resized(FakeEngine(), size)
    with pytest.raises(OptionError, match="64×64 only"):
        resized(FakeEngine(spec=replace(FAKE_SPEC, fit="stretch")), size)
