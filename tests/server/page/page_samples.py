"""What the tests of the page share: photos, and what one does with a page."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, ImageFilter

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from server_samples import Live

AMBER = "#f2b632"
PATIENCE_MS = 20_000

Serve = Callable[..., "Live"]
Open = Callable[..., "Page"]


def soft(seed: int, size: tuple[int, int] = (90, 120)) -> np.ndarray:
    """A bright shape with a wide soft edge on a coloured ground: every alpha occurs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    bright = np.hypot(y - size[0] / 2, x - size[1] / 2 - 5 * seed) < size[0] / 3
    pixels = np.where(bright[..., None], (250, 240, 230), (40, 20, 60)) + random.integers(-9, 6, (*size, 3))
    picture = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(6)))


FILM_SIZE = (180, 320)
GROUND = (12, 6, 18)


def still(step: int) -> np.ndarray:
    """A frame of the film: a bright disc, left of the middle and moving right, on a dark ground, with a hard edge."""
    y, x = np.mgrid[: FILM_SIZE[0], : FILM_SIZE[1]]
    inside = np.hypot(y - 90, x - 100 - 6 * step) < 50
    return np.where(inside[..., None], (250, 240, 230), GROUND).astype(np.uint8)


def film() -> bytes:
    """The frames as Y4M (YUV4MPEG2, 4:2:0), which Chromium plays again and again in place of a camera."""
    height, width = FILM_SIZE
    frames = [still(step) for step in (0, 1, 2, 3, 4, 3, 2, 1)]
    coded = [b"FRAME\n" + cv2.cvtColor(f, cv2.COLOR_RGB2YUV_I420).tobytes() for f in frames]
    return b"YUV4MPEG2 W%d H%d F15:1 Ip A1:1 C420jpeg\n" % (width, height) + b"".join(coded)


def payload(data: bytes, name: str = "photo.png", kind: str = "image/png") -> dict[str, str]:
    return {"name": name, "mimeType": kind, "data": base64.b64encode(data).decode()}


def drop(page: Page, *files: dict[str, str]) -> None:
    """Let files fall onto the page, as from a file manager."""
    page.evaluate(
        """(files) => {
          const transfer = new DataTransfer();
          for (const { name, mimeType, data } of files) {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            transfer.items.add(new File([bytes], name, { type: mimeType }));
          }
          const how = { dataTransfer: transfer, bubbles: true, cancelable: true };
          for (const type of ["dragenter", "dragover", "drop"])
            document.body.dispatchEvent(new DragEvent(type, how));
        }""",
        list(files),
    )


def done(page: Page, count: int = 1) -> None:
    page.locator(".card[data-state=done]").nth(count - 1).wait_for()


def drawn(page: Page, key: str = "") -> np.ndarray:
    """The canvas's pixels, RGBA, once it shows what the key (a part of its data-key) says and nothing is under way."""
    page.wait_for_selector(f"#result[data-key*='{key}']" if key else "#result[data-key]")
    page.wait_for_selector("#stage[aria-busy=false]")
    return pixels(page, "result")


def pixels(page: Page, canvas: str) -> np.ndarray:
    """What a canvas shows, RGBA."""
    width, height, data = page.evaluate(
        """(id) => {
          const canvas = document.getElementById(id);
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let text = "";
          for (let at = 0; at < data.length; at += 30000) text += String.fromCharCode(...data.subarray(at, at + 30000));
          return [canvas.width, canvas.height, btoa(text)];
        }""",
        canvas,
    )
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def far(one: np.ndarray, other: np.ndarray) -> int:
    """The largest difference; of cut-outs that of what is seen, as colour under alpha 0 is nobody's."""
    assert one.shape[:2] == other.shape[:2]
    one, other = (p if p.shape[2] == 4 else np.dstack([p, np.full(p.shape[:2], 255)]) for p in (one, other))
    seen = [np.dstack([p[..., :3] * (p[..., 3:] / 255), p[..., 3]]) for p in (one, other)]
    return round(float(np.abs(seen[0] - seen[1]).max()))


def in_python(shot: bytes, **options: Any) -> Any:
    return Remover(engine=FakeEngine()).remove(shot, options=Options(**options))


def choose(page: Page, value: str) -> None:
    page.locator(f".swatch:has(input[value='{value}'])").click()


def saved(page: Page, button: str) -> tuple[str, bytes]:
    with page.expect_download() as waiting:
        page.click(button)
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def unzipped(data: bytes) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(data))
    assert found.testzip() is None
    return found


def painted(page: Page) -> None:
    """A stroke of removing across the photo's middle, and a dab of keeping by the keyboard at its left."""
    page.click("#correct")
    page.wait_for_selector("#correction:not([hidden])")
    page.click("#drop")
    box = page.locator("#correction").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, y, steps=4)
    page.mouse.up()
    for key in ("x", *"]]]]]]"):
        page.keyboard.press(key)
    for _ in range(12):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Space")
