"""Chromium, and the page opened in it; once as it is, once with a film for a camera.

Needs the package playwright and a Chromium of the system (or the one that `CUTAWAY_CHROMIUM` names).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from page_samples import PATIENCE_MS, Open, Serve, film, soft
from server_samples import encoded

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

CHROMIUM = os.environ.get("CUTAWAY_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    package = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine")
    with package.sync_playwright() as started:
        yield started


@contextmanager
def launched(playwright: Playwright, *more: str) -> Iterator[Browser]:
    root = getattr(os, "geteuid", lambda: 1)() == 0
    opened = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=["--disable-gpu", "--disable-dev-shm-usage", *(["--no-sandbox"] if root else []), *more],
        timeout=60_000,
    )
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    with launched(playwright) as opened:
        yield opened


@pytest.fixture(scope="package")
def camera_browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Its camera shows `page_samples.FILM`; it also believes that cutaway.test is this machine."""
    path = tmp_path_factory.mktemp("film") / "film.y4m"
    path.write_bytes(film())
    with launched(
        playwright,
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={path}",
        "--host-resolver-rules=MAP cutaway.test 127.0.0.1",
    ) as opened:
        yield opened


@contextmanager
def opening(browser: Browser, folder: Path) -> Iterator[Open]:
    """Open the page: `opened(server.url)`; in the end nobody has complained in the browser's console."""
    contexts, complaints = [], []

    def begin(url: str, *, quiet: bool = True, **how: Any) -> Page:
        how = {"reduced_motion": "reduce", "viewport": {"width": 1280, "height": 860}, **how}
        context = browser.new_context(accept_downloads=True, **how)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if quiet:
            page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        page.goto(url)
        page.wait_for_selector("body.started")
        return page

    try:
        yield begin
    finally:
        for number, context in enumerate(contexts):
            try:
                context.pages[0].screenshot(path=folder / f"last-{number}.png")
            finally:
                context.close()
    assert complaints == []


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    with opening(browser, tmp_path) as open_page:
        yield open_page


@pytest.fixture
def filmed(camera_browser: Browser, tmp_path: Path) -> Iterator[Open]:
    with opening(camera_browser, tmp_path) as open_page:
        yield open_page


@pytest.fixture
def page(live: Serve, opened: Open) -> Page:
    return opened(live().url)


@pytest.fixture
def shots() -> list[bytes]:
    return [encoded(soft(seed)) for seed in range(3)]
