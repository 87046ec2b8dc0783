"""The camera's tab in real Chromium, whose camera plays a film of a bright disc that moves over a dark ground."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from page_samples import (
    AMBER,
    FILM_SIZE,
    GROUND,
    PATIENCE_MS,
    choose,
    done,
    payload,
    pixels,
    saved,
    soft,
    still,
)
from server_samples import Held, decoded, encoded, wait_until
from test_page_access import check, tabbed

from cutaway.engines.fake import FakeEngine
from cutaway.server import camera

if TYPE_CHECKING:
    from page_samples import Open, Serve
    from playwright.sync_api import Page

RGB = tuple(int(AMBER[n : n + 2], 16) for n in (1, 3, 5))
ALLOWED = {"permissions": ["camera"]}


def started(filmed: Open, url: str, **how: Any) -> Page:
    page = filmed(f"{url}/#camera", **{**ALLOWED, **how})
    page.click("#camera-start")
    return page


def frames(page: Page) -> int:
    return int(page.evaluate("Number(document.getElementById('live').dataset.frames ?? 0)"))


def more_frames(page: Page, count: int = 2) -> None:
    """Wait until so many frames more than now were drawn; counting begins anew when the camera is switched on."""
    begin, end = frames(page), time.monotonic() + PATIENCE_MS / 1000
    while not frames(page) >= begin + count:
        begin = min(begin, frames(page))
        assert time.monotonic() < end, page.inner_text("#camera-stage")
        page.wait_for_timeout(50)


def seen(page: Page) -> np.ndarray:
    more_frames(page)
    return pixels(page, "live").astype(int)


def middle_of_subject(shown: np.ndarray) -> float:
    """Where the bright disc is, 0 at the left and 1 at the right."""
    bright = (shown[..., :3] > 200).all(axis=2) & (shown[..., 3] > 200)
    return float(np.nonzero(bright)[1].mean() / shown.shape[1])


def near(shown: np.ndarray, colour: tuple[int, ...]) -> np.ndarray:
    return np.abs(shown[..., :3] - colour).max(axis=2) < 40


def test_live_before_a_colour(live: Serve, filmed: Open) -> None:
    page = started(filmed, live().url)
    choose(page, AMBER)
    shown = seen(page)
    assert shown.shape[0] * FILM_SIZE[1] == shown.shape[1] * FILM_SIZE[0]
    assert middle_of_subject(shown) > 0.5  # the disc is left of the middle: as in a mirror
    # The matte belongs to its own frame: nowhere is the ground left, as it would be beside a disc that moved on.
    assert near(shown, GROUND).mean() < 0.002
    disc = np.pi * 50**2 / (FILM_SIZE[0] * FILM_SIZE[1])
    assert near(shown, RGB).mean() == pytest.approx(1 - disc, abs=0.03)
    page.uncheck("#camera-mirror")
    assert middle_of_subject(seen(page)) < 0.5
    page.locator("#camera-facts:has-text('a second')").wait_for()


def test_every_kind_of_background(live: Serve, filmed: Open) -> None:
    page = started(filmed, live().url)
    shown = seen(page)
    assert (
        max(shown[0, 0, 3], shown[-1, -1, 3]) < 30
    )  # without one it is transparent, where the engine says so
    choose(page, "blur")
    shown = seen(page)
    assert near(shown, GROUND)[:20].all()
    bright = (shown[..., :3] > 90).all(axis=2).mean()  # no glow of the subject around it
    assert bright == pytest.approx(np.pi * 50**2 / (FILM_SIZE[0] * FILM_SIZE[1]), abs=0.02)
    choose(page, "gradient")
    shown = seen(page)
    assert near(shown[:1], (0xDF, 0xE9, 0xF3)).all() and near(shown[-1:], (0x8F, 0xA8, 0xC8)).all()
    with page.expect_file_chooser() as chooser:
        choose(page, "picture")
    below = np.full((50, 60, 3), (200, 30, 40), np.uint8)
    chooser.value.set_files([{"name": "red.png", "mimeType": "image/png", "buffer": encoded(below)}])
    page.wait_for_selector(".file-name:has-text('red.png')")
    more_frames(page)
    assert near(seen(page)[:10], (200, 30, 40)).all()


def test_a_picture_and_a_photo_of_it(live: Serve, filmed: Open) -> None:
    page = started(filmed, live().url)
    choose(page, AMBER)
    more_frames(page)
    name, data = saved(page, "#camera-photo")
    assert name.startswith("camera-") and name.endswith(".png")
    assert near(decoded(data).astype(int), RGB).mean() > 0.5
    page.click("#camera-to-photos")
    done(page)
    page.wait_for_url("**/#photos")
    page.wait_for_selector("#camera-stage", state="hidden")
    page.wait_for_selector("#before:not([hidden])")
    page.evaluate(
        """async () => {
          const photo = document.getElementById("before"), canvas = document.createElement("canvas");
          await photo.decode();
          Object.assign(canvas, { id: "probe", width: photo.naturalWidth, height: photo.naturalHeight });
          canvas.getContext("2d").drawImage(photo, 0, 0);
          document.body.append(canvas);
        }"""
    )
    photo = pixels(page, "probe")
    discs = [
        np.abs(photo[..., :3].astype(int) - np.asarray(_scaled(still(n), photo.shape))) for n in range(5)
    ]
    assert min(disc.mean() for disc in discs) < 8  # the whole frame, not mirrored
    page.click("#to-camera")
    page.wait_for_selector("#camera-start", state="visible")  # it was switched off when it was left


def _scaled(frame: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.fromarray(frame).resize((shape[1], shape[0])), int)


def test_it_is_off_when_it_is_off(live: Serve, filmed: Open) -> None:
    page = filmed(f"{live().url}/#camera", **ALLOWED)
    page.evaluate(
        """() => {
          const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
          window.tracks = [];
          navigator.mediaDevices.getUserMedia = async (how) => {
            const stream = await ask(how);
            window.tracks.push(...stream.getTracks());
            return stream;
          };
        }"""
    )
    for leave in ("#camera-stop", "#to-photos"):
        page.click("#camera-start")
        more_frames(page)
        assert page.evaluate("tracks.at(-1).readyState") == "live"
        page.click(leave)
        wait_until(lambda: page.evaluate("tracks.at(-1).readyState") == "ended", seconds=10)
        page.wait_for_selector("#live", state="hidden")


def test_the_server_goes_away_and_comes_back(live: Serve, filmed: Open) -> None:
    first = live()
    page = started(filmed, first.url, quiet=False)
    more_frames(page)
    first.stop()
    page.get_by_text("Waiting for the server").wait_for()
    live(port=first.port)
    more_frames(page)
    page.locator("#camera-working").wait_for(state="hidden")


def test_a_busy_server_and_a_key(live: Serve, filmed: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "MAX_CAMERAS", 0)
    page = started(filmed, live(keys=("long-enough-key",)).url, quiet=False)
    page.get_by_text("0 cameras are connected").wait_for()
    monkeypatch.undo()
    page.wait_for_selector("#key-dialog[open]")
    page.fill("#key", "not-this-one")
    page.keyboard.press("Enter")
    page.get_by_text("That key was wrong").wait_for()
    page.fill("#key", "long-enough-key")
    page.keyboard.press("Enter")
    more_frames(page)


def test_frames_do_not_queue_up(live: Serve, filmed: Open) -> None:
    held = Held()
    page = started(filmed, live(engine=FakeEngine(held)).url)
    wait_until(lambda: held.calls > 0, seconds=20)
    page.wait_for_timeout(700)  # ten frames of the film
    assert held.calls == 1
    held.go.set()
    more_frames(page, 3)


def test_where_there_is_no_camera_or_it_is_not_allowed(live: Serve, opened: Open, filmed: Open) -> None:
    url = f"{live().url}/#camera"
    for page, title in (
        (opened(url, **ALLOWED), "There is no camera"),
        (filmed(url), "The camera is not allowed"),
    ):
        page.click("#camera-start")
        page.get_by_text(title).wait_for()
        assert page.locator("#camera-start").inner_text() == "Try again"


def test_where_the_page_is_not_secure(live: Serve, filmed: Open) -> None:
    server = live(hosts=("cutaway.test",))
    page = filmed(f"http://cutaway.test:{server.port}/#camera")
    assert page.locator("#camera-title").inner_text() == "The camera needs a secure page"
    assert "--ssl-cert" in page.inner_text("#camera-text")
    page.wait_for_selector("#camera-start", state="hidden")


def test_what_is_dropped_opens_the_photos(live: Serve, filmed: Open) -> None:
    from page_samples import drop

    page = filmed(f"{live().url}/#camera")
    drop(page, payload(encoded(soft(0))))
    done(page)
    page.wait_for_url("**/#photos")
    page.wait_for_selector("#stage", state="visible")
    page.go_back()
    page.locator("#camera-off").wait_for()
    page.keyboard.press("Tab")  # the skip link leads to the content and leaves the view as it is
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#camera-off", state="visible")


def test_everybody_can_use_it(live: Serve, filmed: Open, tmp_path: Path) -> None:
    page = filmed(f"{live().url}/#camera", **ALLOWED)
    for number, step in enumerate((lambda: None, lambda: (page.click("#camera-start"), more_frames(page)))):
        step()
        for scheme, width in (("light", 1280), ("light", 390), ("dark", 390), ("dark", 1280)):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=tmp_path / f"camera-{number}-{width}-{scheme}.png")
            assert check(page, "pale") == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert check(page, "nameless") == []
        count = check(page, "reachable")
        assert set(range(count)) - tabbed(page, count) == set()
