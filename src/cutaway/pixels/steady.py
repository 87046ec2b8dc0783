"""A matte that does not flicker: smoothing over time that follows motion and lets go where it would lag.

A network that looks at every frame alone changes its mind about soft and doubtful places from frame to frame. Its
errors are mostly independent between frames, so that a mean over time is better than each of them; but a mean over
places that moved is a ghost. Therefore the answers to the frames before and after are first brought to where their
pixels are now, by optical flow (Kroeger et al., Fast Optical Flow using Dense Inverse Search, ECCV 2016), and are
believed only where the picture itself, brought along in the same way, still looks the same. An answer counts a little
more the surer it is, and the past the less the more the present and the coming frames together contradict it.

The constants were chosen on moving composites of photos, where the truth is known; never on the clips of the report.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np

from cutaway.pixels.resize import resize
from cutaway.types import Floats, Pixels, Size

MOTION_PX = 384
"""Motion is measured on a picture whose longer side has this many pixels at most."""
WORK_PX = 768
"""Mattes are smoothed at this size at most; at full size only what changed is added, so that fine detail stays."""
_SAME = 6.0
"""A difference of grey values (of 255) after motion at which another frame is believed by 1/e; noise is about 2."""
_ASTRAY_PX = 1.0
"""Motion there and back should end where it began; so far from it (at `MOTION_PX`), something is hidden: 1/e."""
_CUT = 30.0
"""Mean difference of grey values, motion undone, from which on it is another scene."""
_DOUBT = 0.8
"""What an answer in the middle between subject and background still counts, against 1 of a sure one."""
_JUMP = 0.5
"""Difference of the past from what this and the coming frames say at which its weight is cut to 1/e: a mistake that is
corrected goes soon, and one frame alone that disagrees with those around it does not count as a correction."""
_SHARES = {"normal": 0.85, "strong": 0.93}
"""What one frame counts for the next, and the share of the past in its exponential mean."""
_MIN_PX = 16
"""The flow's patches need this much picture."""


@dataclass(frozen=True)
class _Link:
    """How to see one frame through another: where each pixel came from, and how far to believe it."""

    x: Floats
    y: Floats
    trust: Floats

    def bring(self, plane: Floats) -> Floats:
        """The other frame's plane as it would look here."""
        moved: Any = cv2.remap(plane, self.x, self.y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.float32).reshape(plane.shape)


@dataclass
class _Waiting:
    """One frame's matte, at full and at working size, and its links to its neighbours (None: another scene)."""

    alpha: Floats
    small: Floats
    grey: Any
    to_before: _Link | None = None
    to_after: _Link | None = None


class Steadier:
    """Smooths one video's mattes; give it the frames in order.

    Args:
        strength: "normal", or "strong" for calm scenes and restless mattes.
        ahead: how many frames it looks ahead, by which its answers come later; 0 for a live camera.
    """

    def __init__(self, strength: Literal["normal", "strong"] = "normal", *, ahead: int = 5) -> None:
        self._share, self._ahead = _SHARES[strength], ahead
        self._flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._waiting: deque[_Waiting] = deque()
        self._past: Floats | None = None

    def push(self, alpha: Floats, pixels: Pixels) -> list[Floats]:
        """Take the next frame, and give the smoothed mattes that are ready: none at first, then one each time.

        Args:
            alpha: as the network answered, float32 (H, W) in [0, 1].
            pixels: of the frame, uint8 or uint16 (H, W, 3).

        Returns:
            float32 (H, W) in [0, 1] each, of earlier frames if it looks ahead.
        """
        entry = _Waiting(alpha, resize(alpha, _limited(alpha.shape, WORK_PX)), _small_grey(pixels))
        if self._waiting:
            self._connect(self._waiting[-1], entry)
        elif self._past is not None:
            self._connect(self._last, entry)
        self._waiting.append(entry)
        return [self._settle()] if len(self._waiting) > self._ahead else []

    def flush(self) -> list[Floats]:
        """The mattes of the last frames."""
        return [self._settle() for _ in range(len(self._waiting))]

    def _connect(self, before: _Waiting, after: _Waiting) -> None:
        """Link two neighbours, unless they differ in size or are of two scenes."""
        if before.grey.shape != after.grey.shape or before.alpha.shape != after.alpha.shape:
            return
        back, forth = self._motion(after.grey, before.grey), self._motion(before.grey, after.grey)
        after.to_before = _link(after, before, back, forth)
        if self._ahead and after.to_before is not None:
            before.to_after = _link(before, after, forth, back)

    def _motion(self, here: Any, there: Any) -> Floats:
        """Where each pixel of `here` is in `there`: float32 (h, w, 2), x and y in pixels."""
        if min(here.shape) < _MIN_PX:
            return np.zeros((*here.shape, 2), np.float32)
        return np.asarray(self._flow.calc(here, there, None), np.float32)

    def _settle(self) -> Floats:
        """The smoothed matte of the frame that has waited longest."""
        entry = self._waiting[0]
        weight = _sureness(entry.small)
        total = weight * entry.small
        if (coming := self._future()) is not None:
            total, weight = total + coming[0], weight + coming[1]
        if (before := self._before(entry, total / weight)) is not None:
            total, weight = total + before[0], weight + before[1]
        smoothed: Floats = total / weight
        self._last, self._past = self._waiting.popleft(), smoothed
        result: Floats = entry.alpha + resize(smoothed - entry.small, entry.alpha.shape)
        return np.clip(result, 0, 1, out=result)

    def _future(self) -> tuple[Floats, Floats] | None:
        """Weighted sum and weight of the frames to come, brought here step by step from the last one."""
        sums: tuple[Floats, Floats] | None = None
        entries = list(self._waiting)
        for here, there in zip(entries[-2::-1], entries[:0:-1], strict=True):
            if here.to_after is None:
                sums = None
                continue
            sure = _sureness(there.small)
            total, weight = (
                (sure * there.small, sure) if sums is None else (sums[0] + sure * there.small, sums[1] + sure)
            )
            factor = here.to_after.trust * np.float32(self._share)
            sums = here.to_after.bring(total) * factor, here.to_after.bring(weight) * factor
        return sums

    def _before(self, entry: _Waiting, otherwise: Floats) -> tuple[Floats, Floats] | None:
        """Weighted sum and weight of the smoothed past, less where this and the coming frames say `otherwise`."""
        if self._past is None or entry.to_before is None:
            return None
        past = entry.to_before.bring(self._past)
        weight = entry.to_before.trust * _sureness(past) * np.float32(self._share / (1 - self._share))
        weight *= np.exp(-np.square((past - otherwise) / np.float32(_JUMP)))
        return weight * past, weight


def _link(here: _Waiting, there: _Waiting, flow: Floats, back: Floats) -> _Link | None:
    """How `there` is seen from `here`, by the flow there and the one back; None across a scene cut."""
    x, y = _places(flow)
    seen = np.asarray(cv2.remap(there.grey, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    wrong = cv2.GaussianBlur(cv2.absdiff(seen, here.grey).astype(np.float32), (0, 0), 1.0)
    wrong = np.asarray(wrong).reshape(here.grey.shape)
    if float(wrong.mean()) > _CUT:
        return None
    returned = np.asarray(cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    astray = np.linalg.norm(flow + returned.reshape(flow.shape), axis=2)
    trust = np.exp(-np.square(wrong / np.float32(_SAME)) - np.square(astray / np.float32(_ASTRAY_PX)))
    size = here.small.shape
    return _Link(*_places(_enlarged(flow, size)), resize(trust.astype(np.float32), size))


def _sureness(alpha: Floats) -> Floats:
    """1 where alpha is 0 or 1, `_DOUBT` where it is 0.5."""
    return np.abs(2 * alpha - 1) * np.float32(1 - _DOUBT) + np.float32(_DOUBT)


def _limited(size: Size, longest_px: int) -> Size:
    shrink = min(1.0, longest_px / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _small_grey(pixels: Pixels) -> Any:
    """uint8 (h, w), the longer side at most `MOTION_PX`."""
    small = resize(pixels, _limited((pixels.shape[0], pixels.shape[1]), MOTION_PX))
    if small.dtype == np.uint16:
        small = (small >> 8).astype(np.uint8)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)


def _enlarged(flow: Any, size: Size) -> Any:
    """The same motion in the pixels of another size."""
    height, width = flow.shape[:2]
    large = np.asarray(cv2.resize(flow, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)).reshape(*size, 2)
    return large * np.array([size[1] / width, size[0] / height], np.float32)


def _places(flow: Any) -> tuple[Floats, Floats]:
    """Where each pixel came from: x and y, float32 (h, w)."""
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x + flow[..., 0], y + flow[..., 1]
