"""Everybody can use the page: by keyboard, by screen reader, with little contrast sight, on a phone."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from page_samples import (
    done,
    drawn,
    drop,
    far,
    in_python,
    painted,
    payload,
)
from server_samples import decoded

if TYPE_CHECKING:
    from page_samples import Open, Serve
    from playwright.sync_api import Page


CHECKS = Path(__file__).parent


def check(page: Page, name: str) -> Any:
    """The answer of one of the scripts beside this file."""
    return page.evaluate((CHECKS / f"{name}.js").read_text("utf-8"))


def test_pasted_and_copied(live: Serve, opened: Open, shots: list[bytes]) -> None:
    page = opened(live().url, permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async (data) => {
          const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
          const transfer = new DataTransfer();
          transfer.items.add(new File([bytes], "image.png", { type: "image/png" }));
          document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true }));
        }""",
        base64.b64encode(shots[2]).decode(),
    )
    done(page)
    assert page.inner_text("#name") == "pasted-1.png"
    page.bring_to_front()
    page.click("#copy")
    page.get_by_text("Copied").wait_for()
    data = page.evaluate(
        """async () => {
          const [item] = await navigator.clipboard.read();
          const bytes = new Uint8Array(await (await item.getType("image/png")).arrayBuffer());
          return btoa(String.fromCharCode(...bytes));
        }"""
    )
    assert far(decoded(base64.b64decode(data)), in_python(shots[2]).to_numpy()) <= 2


def test_by_keyboard_alone(page: Page, shots: list[bytes]) -> None:
    with page.expect_file_chooser() as chooser:
        for _ in range(6):  # the skip link, the name, both views, the API, the button
            page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Choose photos"
        page.keyboard.press("Enter")
    chooser.value.set_files(
        [{"name": f"{n}.png", "mimeType": "image/png", "buffer": s} for n, s in enumerate(shots)]
    )
    done(page, 3)
    drawn(page)
    page.focus("#split")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.input_value("#split") == "60"
    assert page.get_attribute("#split", "aria-valuetext") == "60 percent photo, the rest result"
    page.locator(".card .card-button").nth(1).focus()
    page.keyboard.press("Delete")
    assert page.locator(".card-name").all_inner_texts() == ["0.png", "2.png"]
    assert page.evaluate("document.activeElement.textContent").startswith("2.png")
    page.focus("input[name=backdrop]:checked")
    page.keyboard.press("ArrowRight")
    drawn(page, "#ffffff")


def tabbed(page: Page, count: int) -> set[int]:
    """The numbered elements at which the tab key stops."""
    page.evaluate("document.activeElement.blur(); window.stops = []")
    page.evaluate("document.addEventListener('focusin', ({ target }) => stops.push(target.dataset.number))")
    for _ in range(count + 6):
        page.keyboard.press("Tab")
    return {int(number) for number in page.evaluate("stops") if number}


def test_everybody_can_use_it(live: Serve, opened: Open, shots: list[bytes], tmp_path: Path) -> None:
    """Names, contrast, tab order, nothing wider than the screen, at every step; with pictures kept of each."""
    page = opened(live().url, quiet=False)
    page.wait_for_selector("[data-state=ready]")
    files = payload(shots[0]), payload(b"words", "notes.txt", "text/plain")
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: (drop(page, *files), done(page), drawn(page)),
        lambda: (page.get_by_text("More about the edge").click(), page.click("#point"), drawn(page)),
        lambda: (page.keyboard.press("Escape"), painted(page)),
        lambda: (page.keyboard.press("Escape"), page.locator(".card .card-button").nth(1).click()),
    ]
    for number, step in enumerate(steps):
        step()
        for scheme, width in (("light", 1280), ("light", 390), ("dark", 390), ("dark", 1280)):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.screenshot(path=tmp_path / f"{number}-{width}-{scheme}.png")
            assert check(page, "pale") == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert check(page, "nameless") == []
        if number in (1, 2, 3):
            count = check(page, "reachable")
            assert set(range(count)) - tabbed(page, count) == set()


def test_the_checks_can_fail(page: Page) -> None:
    page.evaluate("document.querySelector('.lead').style.color = '#bbb'")
    page.evaluate("document.querySelector('.lead').after(document.createElement('button'))")
    assert [found.split(":")[0] for found in check(page, "pale")] == ["lead"]
    assert len(check(page, "nameless")) == 1
