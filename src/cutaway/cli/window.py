"""A window on the desktop for live pictures, by Python's own toolkit (tkinter), where there is one."""

from __future__ import annotations

import os
import sys
from typing import Any

from cutaway.errors import DeviceError
from cutaway.streams.mailbox import Mailbox
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.types import Pixels


class Window:
    """A window that shows the newest picture; make it and call `pump` in the main thread.

    Args:
        scenes: gets the keys that are pressed in the window.
        meter: is told when a picture is drawn.

    Raises:
        DeviceError: there is no toolkit, or no screen.
    """

    def __init__(self, scenes: Scenes, meter: Meter) -> None:
        self._root = _root()
        import tkinter

        self._scenes, self._meter = scenes, meter
        self._waiting: Mailbox[tuple[Pixels, float]] = Mailbox()
        self._root.title("Cutaway")
        self._root.protocol("WM_DELETE_WINDOW", scenes.ended.set)
        self._root.bind("<Key>", lambda event: scenes.press(event.char or ""))
        self._label = tkinter.Label(self._root, borderwidth=0, background="black")
        self._label.pack()
        self._shown: Any = None
        self.watched = True

    def show(self, pixels: Pixels, captured: float) -> None:
        """Hand a picture to the main thread."""
        self._waiting.put((pixels, captured))

    def pump(self) -> None:
        """Draw the newest picture and hear keys."""
        from PIL import Image, ImageTk

        self.watched = self._root.state() != "iconic"
        fresh = self._waiting.poll()
        if fresh is not None:
            self._shown = ImageTk.PhotoImage(Image.fromarray(fresh[0]), master=self._root)
            self._label.configure(image=self._shown)
        self._root.update()
        if fresh is not None:
            self._meter.shown(fresh[1])

    def close(self) -> None:
        """Close the window."""
        self._shown = None
        self._root.destroy()


def _root() -> Any:
    try:
        import tkinter
    except ImportError as error:
        raise DeviceError(f"no window can be opened: this Python has no tkinter ({error})") from error
    if sys.platform.startswith("linux") and not (
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    ):
        raise DeviceError("no window can be opened: there is no screen (DISPLAY is not set)")
    try:
        return tkinter.Tk()
    except tkinter.TclError as error:
        raise DeviceError(f"no window can be opened: {error}") from error
