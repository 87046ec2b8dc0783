"""Live pictures: frames as they come, each with its own matte on another background, out at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from cutaway.errors import DeviceError
from cutaway.streams.looking import Eye, LiveOptions, Stage
from cutaway.streams.mailbox import Mailbox
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.types import Frame, Pixels

if TYPE_CHECKING:
    from cutaway.remover import Remover
    from cutaway.result import Result

SILENCE_S = 10.0
"""A source that sends nothing for so long has died."""
_POLL_S = 0.02
_JOIN_S = 5.0


class Output(Protocol):
    """A place where live pictures are shown."""

    @property
    def watched(self) -> bool:
        """Whether anybody looks; the network rests while nobody does at any output."""

    def show(self, pixels: Pixels, captured: float) -> None:
        """Show a picture, quickly: uint8 (H, W, 3), and when its frame arrived (`time.monotonic`).

        Whoever shows it tells the meter when it can really be seen.
        """

    def pump(self) -> None:
        """What has to be done in the main thread; called there again and again."""

    def close(self) -> None:
        """End."""


@dataclass(frozen=True)
class Shot:
    """A frame, and when it arrived (`time.monotonic`)."""

    frame: Frame
    captured: float


class Live:
    """The loop from frames to pictures; `run` it in the thread that hears Ctrl-C.

    Three threads work side by side, for reading, for the network, and for composing and showing. Between them the
    newest frame wins: what could not be worked on in time is left out, so that pictures are never older than need be.
    A matte is laid on the very frame it was made from; only where the picture barely changed since, on the present
    one.

    Args:
        frames: with growing times.
        remover: the opened model.
        scenes: the backgrounds, and what the user wants to see.
        outputs: where pictures are shown.
        options: pace and steadiness.
        meter: is told by the outputs when a picture can be seen.

    Attributes:
        frames_read: how many frames there were.
        looks: for how many of them the network ran.
        kept: how many were shown with the matte of one before.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        remover: Remover,
        scenes: Scenes,
        outputs: Sequence[Output],
        *,
        options: LiveOptions | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._frames, self._remover, self._scenes, self._outputs = frames, remover.stream(), scenes, outputs
        self.options = options or LiveOptions()
        self.meter = meter or Meter()
        self.frames_read = self.looks = self.kept = 0
        self._every = self.options.pace == "every"
        self._shots: Mailbox[Shot] = Mailbox(patient=self._every)
        self._results: Mailbox[tuple[Result, float]] = Mailbox(patient=self._every)
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._heard = time.monotonic()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work, after), name=f"cutaway {name}", daemon=True)
            for name, work, after in (
                ("capture", self._capture, self._shots),
                ("network", self._look, self._results),
                ("show", self._show, None),
            )
        ]

    @property
    def dropped(self) -> int:
        """How many frames were left out because newer ones were there."""
        return self._shots.dropped + self._results.dropped

    @property
    def resting(self) -> bool:
        """Whether nobody watches."""
        return not any(output.watched for output in self._outputs)

    def run(self, *, seconds: float | None = None, meanwhile: Callable[[], None] | None = None) -> None:
        """Show pictures until the frames end, the user does, or the time is over.

        Args:
            seconds: how long at most; None is no limit.
            meanwhile: called again and again in this thread.

        Raises:
            DeviceError: the camera went away or sends nothing any more, or an output did.
            CutawayError: what went wrong in one of the threads.
        """
        begun = self._heard = time.monotonic()
        for thread in self._threads:
            thread.start()
        try:
            while self._threads[-1].is_alive() and not self._scenes.ended.is_set():
                for output in self._outputs:
                    output.pump()
                if meanwhile is not None:
                    meanwhile()
                self._refuse_silence()
                if seconds is not None and time.monotonic() - begun >= seconds:
                    break
                self._stop.wait(_POLL_S)
        finally:
            self.close()
        if self._errors:
            raise self._errors[0]

    def close(self) -> None:
        """Stop all threads; one that a device holds back is left alone after some seconds."""
        self._stop.set()
        self._shots.close(empty=True)
        self._results.close(empty=True)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_JOIN_S)

    def _refuse_silence(self) -> None:
        silent = self.options.pace == "camera" and time.monotonic() - self._heard > SILENCE_S
        if silent and self._threads[0].is_alive():
            raise DeviceError(
                f"no picture has come for {SILENCE_S:g} s: did the camera fall asleep, or another program take it?"
            )

    def _guarded(
        self, work: Callable[[], None], after: Mailbox[Shot] | Mailbox[tuple[Result, float]] | None
    ) -> None:
        """Run a thread's work; an error ends all of them, an end is passed on."""
        try:
            work()
        except BaseException as error:  # raised again by `run`
            self._errors.append(error)
            self._stop.set()
            self._shots.close(empty=True)
            self._results.close(empty=True)
        if after is not None:
            after.close()

    def _capture(self) -> None:
        began = time.monotonic()
        for frame in self._frames:
            self._heard = time.monotonic()
            if self.options.pace == "realtime" and frame.time is not None:
                self._stop.wait(max(0.0, began + float(frame.time) - self._heard))
            self.frames_read += 1
            if not self._shots.put(Shot(frame, time.monotonic())):
                return

    def _awaited(self) -> Iterator[Shot]:
        """The shots that somebody wants to see; while nobody watches a camera's go by, and a file waits."""
        for shot in self._shots:
            if not self._every:
                if not self.resting:
                    yield shot
                continue
            while self.resting and not self._stop.is_set():
                self._stop.wait(_POLL_S)
            yield replace(shot, captured=time.monotonic())

    def _look(self) -> None:
        eye = Eye(self._remover, self.options)
        for shot in self._awaited():
            result = eye.look(shot.frame)
            self.looks, self.kept = eye.looks, eye.kept
            if not self._results.put((result, shot.captured)):
                return

    def _show(self) -> None:
        stage = Stage(self._scenes)
        try:
            for result, captured in self._results:
                pixels = stage.picture(result, Fraction(captured))
                for output in self._outputs:
                    if output.watched:
                        output.show(pixels, captured)
        finally:
            stage.close()
