"""What axe-core, the engine of most accessibility checkers, finds on the page at each step, light and dark: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from page_samples import done, drawn, drop, painted, payload

axe = pytest.importorskip(
    "axe_playwright_python", reason="axe-playwright-python, which carries axe-core, is not installed"
)

if TYPE_CHECKING:
    from page_samples import Open, Serve
    from playwright.sync_api import Page

AXE = (Path(axe.__file__).parent / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOADED = {"bypass_csp": True}  # else the page's policy refuses the engine


def violations(page: Page) -> set[str]:
    """The rules that are broken, each with the elements that do."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("(tags) => axe.run({ runOnly: tags, resultTypes: ['violations'] })", RULES)
    return {f"{one['id']}: {node['target']}" for one in found["violations"] for node in one["nodes"]}


def everywhere(page: Page) -> set[str]:
    """What is broken on a light desktop, and on a dark phone."""
    found = set()
    for scheme, width in (("light", 1280), ("dark", 390)):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        found |= {f"{one} ({scheme}, {width})" for one in violations(page)}
    return found


def test_photos(live: Serve, opened: Open, shots: list[bytes]) -> None:
    page = opened(live().url, quiet=False, **LOADED)
    assert everywhere(page) == set()
    drop(page, payload(shots[0]), payload(b"words", "notes.txt", "text/plain"))
    done(page)
    drawn(page)
    page.get_by_text("More about the edge").click()
    assert everywhere(page) == set()
    painted(page)
    assert everywhere(page) == set()


def test_camera(live: Serve, filmed: Open) -> None:
    page = filmed(f"{live().url}/#camera", permissions=["camera"], **LOADED)
    assert violations(page) == set()
    page.click("#camera-start")
    page.wait_for_selector("#live[data-frames]")
    assert everywhere(page) == set()


def test_the_check_can_fail(live: Serve, opened: Open) -> None:
    page = opened(live().url, **LOADED)
    page.evaluate("document.querySelector('.lead').style.color = '#bbb'")
    page.evaluate("document.querySelector('.lead').after(document.createElement('button'))")
    assert {one.partition(":")[0] for one in violations(page)} == {"button-name", "color-contrast"}
