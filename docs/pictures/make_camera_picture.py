"""Draw docs/pictures/camera.jpg: the page of `cutaway camera`, a camera's way over one photo standing in for a camera.

Needs `pip install playwright` and a Chromium of the system, or the one that `CUTAWAY_CHROMIUM` names.
"""

import io
import itertools
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
from make_page_pictures import CHROMIUM, SANDBOX
from make_video_strip import PHOTO, camera
from PIL import Image
from playwright.sync_api import sync_playwright

from cutaway import Options, Remover
from cutaway.cli.camera_setup import SMALL
from cutaway.engines.open import open_engine
from cutaway.engines.resized import resized
from cutaway.server.watch import BrowserView
from cutaway.streams.live import Live
from cutaway.streams.looking import LiveOptions
from cutaway.streams.meter import Meter
from cutaway.streams.scenes import Scenes
from cutaway.types import Frame

SECONDS = 60.0


def main() -> None:
    """Write the picture."""
    views = camera(np.asarray(Image.open(PHOTO).convert("RGB")))
    there_and_back = itertools.cycle([*views, *views[::-1]])
    frames = (Frame(view, time=Fraction(i, 10)) for i, view in enumerate(there_and_back))
    options, meter = Options(zoom="off", foreground=False), Meter()
    scenes = Scenes(["blur", "#f2b632", "gradient:white,#5f9ea0", "checker"], options)
    page_of = BrowserView(scenes, meter)
    page_of.status = lambda: {"pace": str(meter.pace())}
    engine = resized(open_engine(options.model), SMALL)
    with Remover(options=options, engine=engine) as remover:
        live = Live(frames, remover, scenes, [page_of], options=LiveOptions("realtime"), meter=meter)
        thread = threading.Thread(target=live.run, kwargs={"seconds": SECONDS}, daemon=True)
        thread.start()
        try:
            Image.open(io.BytesIO(shot(page_of.address))).convert("RGB").save(
                Path(__file__).parent / "camera.jpg", quality=82
            )
        finally:
            scenes.ended.set()
            thread.join(SECONDS)
            page_of.close()


def shot(address: str) -> bytes:
    """The page with its second background, as PNG."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=SANDBOX)
        page = browser.new_page(viewport={"width": 900, "height": 510}, color_scheme="light")
        page.goto(address, wait_until="commit")
        page.wait_for_selector("#backgrounds button")
        page.keyboard.press("2")
        page.wait_for_selector("#backgrounds button[aria-pressed=true] >> text=#f2b632")
        page.wait_for_timeout(5000)
        png = page.screenshot(timeout=20_000)
        browser.close()
    return png


if __name__ == "__main__":
    main()
