"""Live pictures with a file, a list or a fake in the camera's place; every run has an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cutaway.engines.fake import FakeEngine, FakeRecurrentEngine, luminance
from cutaway.errors import DeviceError, ImageError, ModelError, OptionError
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.streams import live as live_module
from cutaway.streams.live import Live, LiveOptions
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.types import Floats, Frame
from video_samples import disc_frame, write_clip

LIMIT_S = 20.0
EVERY = LiveOptions(pace="every", still=0, steady="off")


class Screen:
    """An output that keeps what it is shown."""

    def __init__(
        self, meter: Meter, *, watched: bool = True, work: Callable[[int], None] = lambda _: None
    ) -> None:
        self.meter, self.watched, self.work = meter, watched, work
        self.pictures: list[np.ndarray] = []

    def show(self, pixels: np.ndarray, captured: float) -> None:
        self.pictures.append(pixels)
        self.meter.shown(captured)
        self.work(len(self.pictures))

    def pump(self) -> None:
        pass

    def close(self) -> None:
        pass


def frames(count: int = 12, step_s: float = 0.04) -> list[Frame]:
    return [Frame(disc_frame(i), time=Fraction(step_s) * i) for i in range(count)]


def play(
    source: object, options: LiveOptions = EVERY, *, remover: Remover | None = None,
    backgrounds: tuple[str, ...] = ("#0000ff",), screen: Screen | None = None, seconds: float = LIMIT_S,
    scenes: Scenes | None = None,
) -> tuple[Live, Screen]:  # fmt: skip
    meter = Meter()
    screen = screen or Screen(meter)
    scenes = scenes or Scenes(backgrounds, Options(zoom="off"))
    live = Live(source, remover or Remover(engine=FakeEngine(), options=Options(zoom="off")), scenes, [screen],
                options=options, meter=meter)  # type: ignore[arg-type]  # fmt: skip
    live.run(seconds=seconds)
    assert [t.name for t in threading.enumerate() if t.name.startswith("cutaway")] == []
    return live, screen


def test_every_frame_of_a_file_is_shown_on_its_background() -> None:
    live, screen = play(frames())
    assert (live.frames_read, live.looks, live.dropped, len(screen.pictures)) == (12, 12, 0, 12)
    for index, picture in enumerate(screen.pictures):
        assert picture[24, 16 + index].min() > 150  # the subject is where this very frame has it
        assert picture[2, 60, 2] > 200 and picture[2, 60, :2].max() < 60


def test_a_matte_is_laid_on_its_own_frame_however_slow_the_network_is() -> None:
    """A number drawn into each frame comes back in both the picture and the matte."""

    def slow(tensor: Floats) -> Floats:
        time.sleep(0.03)
        return luminance(tensor)

    numbered = [Frame(np.full((48, 64, 3), 8 * i, np.uint8), time=Fraction(i, 200)) for i in range(30)]
    seen: list[tuple[int, int]] = []
    scenes = Scenes(["#000000"], Options())
    screen = Screen(Meter())
    live, _ = play(numbered, LiveOptions("realtime", 0, "off"), scenes=scenes, screen=screen,
                   remover=Remover(engine=FakeEngine(slow), options=Options(zoom="off")))  # fmt: skip
    for picture in screen.pictures:
        seen.append((int(picture[24, 32, 0]), int(picture.max())))
    for value, _ in seen:  # on black the picture is value · matte, and the matte is value / 255
        number = round((255 * value) ** 0.5 / 8)
        assert value == pytest.approx((8 * number) ** 2 / 255, abs=1)
    assert live.dropped > 0 and len(seen) >= 2
    assert seen[-1][0] == pytest.approx((8 * 29) ** 2 / 255, abs=1)  # the newest is never lost


def test_frames_that_hardly_change_keep_the_matte_and_show_themselves() -> None:
    rng = np.random.default_rng(0)
    noisy = [
        np.clip(disc_frame(0) + rng.normal(0, 1, (48, 64, 3)), 0, 255).astype(np.uint8) for _ in range(10)
    ]
    moved = [*noisy, disc_frame(12)]
    source = [Frame(p, time=Fraction(i, 25)) for i, p in enumerate(moved)]
    hard = FakeEngine(lambda tensor: (luminance(tensor) > 0.5).astype(np.float32))
    live, screen = play(source, LiveOptions("every", 12, "off"), remover=Remover(engine=hard))
    assert (live.looks, live.kept, len(screen.pictures)) == (2, 9, 11)
    for picture, pixels in zip(screen.pictures[:10], noisy, strict=True):
        assert (
            picture[20:28, 12:20] == pixels[20:28, 12:20]
        ).all()  # the present noise, not that of the first frame
    assert play(source, LiveOptions("every", 0, "off"))[0].looks == 11


def test_the_network_rests_while_nobody_watches() -> None:
    screen = Screen(Meter(), watched=False)
    live, _ = play(frames(), LiveOptions("realtime", 0, "off"), screen=screen)
    assert (live.frames_read, live.looks, screen.pictures) == (12, 0, [])


def test_a_file_waits_for_somebody_to_watch() -> None:
    screen = Screen(Meter(), watched=False)
    timer = threading.Timer(0.3, lambda: setattr(screen, "watched", True))
    timer.start()
    try:
        live, _ = play(frames(), screen=screen)
    finally:
        timer.cancel()
        timer.join(5)
    assert live.looks == 12 == len(screen.pictures)


def test_backgrounds_change_while_it_runs(tmp_path: Path) -> None:
    behind = write_clip(tmp_path / "behind.mp4", range(10))
    scenes = Scenes(["#ff0000", str(behind)], Options(zoom="off"))

    def work(count: int) -> None:
        if count == 3:
            scenes.choose("#00ff00")
        elif count in (6, 9, 12, 15):
            assert scenes.press({6: "2", 9: "m", 12: "m", 15: "o"}[count])

    _, screen = play(frames(18), screen=Screen(Meter(), work=work), scenes=scenes)
    corner = [picture[2, 60].tolist() for picture in screen.pictures]
    assert (
        corner[0][0] > 200 and corner[5][1] > 200
    )  # a picture may already be on its way when a key is pressed
    assert np.abs(np.array(corner[8]) - disc_frame(0)[2, 60]).max() < 50
    assert np.ptp(screen.pictures[11].astype(int), axis=2).max() == 0
    assert (screen.pictures[17] == disc_frame(17)).all()


@pytest.mark.parametrize("steady", ["off", "normal"])
def test_steadiness_adds_no_delay(steady: str) -> None:
    live, screen = play(frames(), LiveOptions("every", 0, steady))  # type: ignore[arg-type]
    assert len(screen.pictures) == 12 == live.looks
    assert screen.pictures[5][24, 21].min() > 150


def test_a_mirror() -> None:
    _, screen = play(frames(1), LiveOptions("every", 0, "off", mirror=True))
    assert screen.pictures[0][24, 63 - 16].min() > 150 and screen.pictures[0][24, 8, 2] > 150


def test_q_ends_it() -> None:
    scenes = Scenes(["red"], Options())
    screen = Screen(Meter(), work=lambda count: scenes.press("q") and None)

    def endless() -> Iterator[Frame]:
        while True:
            yield frames(1)[0]

    play(endless(), LiveOptions(still=0, steady="off"), scenes=scenes, screen=screen)
    assert scenes.ended.is_set() and len(screen.pictures) >= 1


def test_a_camera_that_is_unplugged_ends_all_with_a_word() -> None:
    def unplugged() -> Iterator[Frame]:
        yield from frames(3)
        raise DeviceError("camera 0 stopped sending pictures: was it unplugged?")

    with pytest.raises(DeviceError, match="unplugged"):
        play(unplugged(), LiveOptions(still=0, steady="off"))


def test_a_camera_that_falls_asleep_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "SILENCE_S", 0.3)
    awake = threading.Event()

    def sleeping() -> Iterator[Frame]:
        yield frames(1)[0]
        awake.wait(LIMIT_S)

    timer = threading.Timer(1.0, awake.set)
    timer.start()
    try:
        with pytest.raises(DeviceError, match="no picture has come for"):
            play(sleeping(), LiveOptions(still=0, steady="off"))
    finally:
        awake.set()
        timer.cancel()
        timer.join(5)


@pytest.mark.parametrize("where", ["network", "output"])
def test_an_error_anywhere_ends_all(where: str) -> None:
    def broken(_: object) -> Floats:
        raise ModelError("broken")

    remover = Remover(engine=FakeEngine(broken)) if where == "network" else None
    screen = None if where == "network" else Screen(Meter(), work=broken)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="broken"):
        play(frames(), remover=remover, screen=screen)


def test_a_recurrent_model_remembers_from_frame_to_frame() -> None:
    light, dark = np.full((48, 64, 3), 255, np.uint8), np.zeros((48, 64, 3), np.uint8)
    source = [Frame(p, time=Fraction(i, 25)) for i, p in enumerate((light, dark, dark))]
    scenes = Scenes(["none"], Options(mask_only=True))
    _, screen = play(source, remover=Remover(engine=FakeRecurrentEngine()), scenes=scenes)
    assert [int(picture[24, 32, 0]) for picture in screen.pictures] == [255, 128, 64]


@pytest.mark.parametrize("background", ["none", "#ff000080"])
def test_transparent_pictures_are_refused(background: str) -> None:
    with pytest.raises(OptionError, match="transparent"):
        Scenes([background], Options())


def test_backgrounds_that_cannot_be_read_are_refused_when_they_are_chosen(tmp_path: Path) -> None:
    (tmp_path / "words.png").write_bytes(b"words")
    (tmp_path / "words.mp4").write_bytes(b"words")
    scenes = Scenes(["red"], Options())
    for bad in ("words.png", "words.mp4"):
        with pytest.raises(ImageError):
            scenes.choose(str(tmp_path / bad))
    assert scenes.shown[0].name == "red" and scenes.names == ["red"]


def test_keys() -> None:
    scenes = Scenes(["red", "teal"], Options())
    assert [scenes.press(key) for key in "3x0²"] == [False] * 4
    assert scenes.press("n") and scenes.shown[0].name == "teal"
    assert scenes.press("n") and scenes.shown[0].name == "red"
    assert scenes.press("o") and scenes.shown[1] == "original"
    assert scenes.press("2") and (scenes.shown[0].name, scenes.shown[1]) == ("teal", "result")
    assert scenes.press("q") and scenes.ended.is_set()


@pytest.mark.parametrize(
    "bad", [{"still": -1}, {"still": float("nan")}, {"steady": "very"}, {"pace": "slow"}]
)
def test_impossible_settings(bad: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        LiveOptions(**bad)  # type: ignore[arg-type]
