"""Draw docs/pictures/page-*.jpg: the web page of `cutaway serve` on a desk and on a phone, in light and in dark.

Needs `pip install playwright` and a Chromium of the system, or the one that `CUTAWAY_CHROMIUM` names.
"""

import io
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from cutaway.remover import Remover
from cutaway.server.run import Listening
from cutaway.server.settings import Settings

HERE = Path(__file__).parent
PHOTOS = sorted((HERE.parent.parent / "examples" / "photos").glob("*.jpg"))
CHROMIUM = os.environ.get("CUTAWAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
SANDBOX = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
DESK, PHONE, FILM = (1280, 860), (390, 844), (1280, 720)
QUALITY = 82  # keeps each picture below 150 kB


def opened(browser: Browser, url: str, *, size: tuple[int, int], scheme: str) -> Page:
    """The page with the example photos in it, all cut out."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("body.started")
    page.set_input_files("#picker", PHOTOS)
    page.locator(".card[data-state=done]").nth(len(PHOTOS) - 1).wait_for(timeout=120_000)
    page.wait_for_selector("#result[data-key]")
    return page


def filmed(browser: Browser, url: str) -> Page:
    """The camera's tab, with somebody before it and the room behind blurred."""
    context = browser.new_context(
        viewport={"width": DESK[0], "height": DESK[1]}, permissions=["camera"], reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{url}/#camera")
    page.click("#camera-start")
    page.locator(".swatch:has(input[value='blur'])").click()
    page.wait_for_selector("#live:not([hidden])", timeout=60_000)
    page.evaluate(
        "document.getElementById('camera-facts').hidden = true"
    )  # how quick this machine is just now
    return page


def film(path: Path) -> Path:
    """A second of a still photo as Y4M, which Chromium plays in place of a camera."""
    photo = Image.open(PHOTOS[0]).convert("RGB").crop((0, 0, 512, 288)).resize(FILM, Image.Resampling.LANCZOS)
    frame = b"FRAME\n" + cv2.cvtColor(np.asarray(photo), cv2.COLOR_RGB2YUV_I420).tobytes()
    path.write_bytes(b"YUV4MPEG2 W%d H%d F10:1 Ip A1:1 C420jpeg\n" % FILM + 10 * frame)
    return path


def choose(page: Page, photo: int, background: str) -> None:
    """Show one of the photos on one of the backgrounds."""
    page.locator(".card .card-button").nth(photo).click()
    page.locator(f".swatch:has(input[value='{background}'])").click()
    page.wait_for_selector("#stage[aria-busy=false]")


def correct(page: Page) -> None:
    """Open the brush and take something away."""
    page.click("#correct")
    page.wait_for_selector("#correction:not([hidden])")
    page.click("#drop")
    box = page.locator("#correction").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 0.85 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.7 * box["height"], steps=8)
    page.mouse.up()


def keep(page: Page, name: str) -> None:
    """Write what is seen as a small picture."""
    page.wait_for_timeout(4000)  # until the last message has faded
    page.evaluate("scrollTo(0, 0)")
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    seen.save(HERE / f"page-{name}.jpg", quality=QUALITY, optimize=True, subsampling=0)
    page.context.close()


def draw(browser: Browser, url: str) -> None:
    """All pictures."""
    desk = opened(browser, url, size=DESK, scheme="light")
    choose(desk, 0, "#f2b632")
    keep(desk, "desk-light")
    desk = opened(browser, url, size=DESK, scheme="dark")
    choose(desk, 0, "none")
    correct(desk)
    keep(desk, "desk-dark")
    keep(filmed(browser, url), "camera")
    for scheme, photo, background in (("light", 1, "gradient"), ("dark", 2, "none")):
        phone = opened(browser, url, size=PHONE, scheme=scheme)
        choose(phone, photo, background)
        keep(phone, f"phone-{scheme}")


def main() -> None:
    """Serve the page and draw it."""
    with tempfile.TemporaryDirectory() as folder, Remover() as remover, sync_playwright() as playwright:
        listening = Listening(Settings(port=0, jobs_dir=folder), remover=remover)
        thread = threading.Thread(target=listening.serve)
        thread.start()
        while not listening.started:
            time.sleep(0.05)
        camera = f"--use-file-for-fake-video-capture={film(Path(folder) / 'film.y4m')}"
        args = [*SANDBOX, "--use-fake-device-for-media-stream", camera]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        try:
            draw(browser, f"http://127.0.0.1:{listening.port}")
        finally:
            browser.close()
            listening.stop()
            thread.join(30)


if __name__ == "__main__":
    main()
