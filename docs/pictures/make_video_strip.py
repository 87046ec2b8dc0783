"""Draw docs/pictures/video.jpg: frames of a video made of one photo, their steadied cut-outs, and a new background."""

from collections import deque
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from cutaway import Options, Remover, Result
from cutaway.pixels.steady import Steadier
from cutaway.types import Matte, Pixels

PHOTO = Path(__file__).parent.parent.parent / "examples" / "photos" / "chelsea.jpg"
WIDTH, FRAMES, EVERY, GAP = 240, 26, 5, 6


def camera(photo: Pixels) -> list[Pixels]:
    """A camera that moves over the photo to the right and comes closer."""
    height, width = photo.shape[:2]
    frames = []
    for index in range(FRAMES):
        part = index / (FRAMES - 1)
        w, h = round(width * (0.95 - 0.2 * part)), round(height * (0.95 - 0.2 * part))
        left, top = round((width - w) * (0.2 + 0.5 * part)), round((height - h) * 0.4)
        view = Image.fromarray(photo[top : top + h, left : left + w])
        frames.append(np.asarray(view.resize((480, 320), Image.Resampling.LANCZOS)))
    return frames


def board(height: int, width: int) -> Pixels:
    """A grey checkerboard, uint8 (H, W, 3)."""
    y, x = np.mgrid[:height, :width] // 16
    return np.where((x + y) % 2, 255, 204).astype(np.uint8)[..., None].repeat(3, 2)


def steadied(frames: list[Pixels]) -> list[Result]:
    """What `cutaway video` makes of the frames."""
    steadier, waiting, done = Steadier(), deque[Result](), []
    with Remover(options=Options(background="#f2b632")) as remover:
        for frame in frames:
            waiting.append(result := remover.remove(frame))
            done += steadier.push(result.cutout.alpha, frame)
    done += steadier.flush()
    return [
        replace(r, matte=Matte(a), cutout=replace(r.cutout, alpha=a))
        for r, a in zip(waiting, done, strict=True)
    ]


def column(result: Result) -> Pixels:
    """One frame, its cut-out and its new background, one above the other."""
    height = round(WIDTH * result.frame.size[0] / result.frame.size[1])
    rows = [result.frame.pixels, result.over(board(*result.frame.size)).to_numpy(), result.to_numpy()]
    small = [
        np.asarray(Image.fromarray(row).resize((WIDTH, height), Image.Resampling.LANCZOS)) for row in rows
    ]
    gap = np.full((GAP, WIDTH, 3), 255, np.uint8)
    return np.vstack([small[0], gap, small[1], gap, small[2]])


def main() -> None:
    """Write the picture."""
    columns = [
        column(result) for result in steadied(camera(np.asarray(Image.open(PHOTO).convert("RGB"))))[::EVERY]
    ]
    gap = np.full((columns[0].shape[0], GAP, 3), 255, np.uint8)
    sheet = np.hstack([part for each in columns for part in (each, gap)][:-1])
    Image.fromarray(sheet).save(Path(__file__).parent / "video.jpg", quality=85)


if __name__ == "__main__":
    main()
