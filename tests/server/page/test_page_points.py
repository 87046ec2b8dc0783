"""Pointing at parts of the subject in the page: by mouse, by keyboard, and together with brush, pairs and framing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from page_samples import done, drawn, drop, far, in_python, painted, payload, saved
from server_samples import encoded

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def two() -> bytes:
    """Two bright discs, 25 % and 75 % from the left, on a black ground."""
    y, x = np.mgrid[:90, :160]
    inside = np.minimum(np.hypot(y - 45, x - 40), np.hypot(y - 45, x - 120)) < 25
    return encoded(np.where(inside[..., None], (250, 240, 230), (0, 0, 0)).astype(np.uint8))


def pointed(page: Page, across: float, *, shift: bool = False) -> None:
    box = page.locator("#points").bounding_box()
    assert box is not None
    page.keyboard.down("Shift") if shift else None
    page.mouse.click(box["x"] + across * box["width"], box["y"] + 0.5 * box["height"])
    page.keyboard.up("Shift") if shift else None


def sides(shown: np.ndarray) -> tuple[bool, bool]:
    """Whether the left and the right disc are there."""
    return bool(shown[45, 40, 3] > 200), bool(shown[45, 120, 3] > 200)


def test_one_of_two(page: Page, two: bytes) -> None:
    drop(page, payload(two))
    done(page)
    assert sides(drawn(page)) == (True, True)
    page.click("#point")
    pointed(page, 0.25)
    assert sides(drawn(page, "keep")) == (True, False)
    assert page.locator(".mark").all_inner_texts() == ["+"]
    page.click("#points-undo")
    pointed(page, 0.25, shift=True)
    assert sides(drawn(page, "drop")) == (False, True)
    page.click("#points-done")
    assert page.locator("#points").is_hidden() and page.locator(".mark").count() == 0
    assert page.evaluate("document.activeElement.id") == "point"
    point = page.get_attribute("#result", "data-key").split('"drop","')[1].split('"')[0]
    assert saved(page, "#download")[1] == in_python(two, drop=point).to_bytes()
    drop(page, payload(two, "other.png"))  # points are one photo's
    done(page, 2)
    page.locator(".card .card-button").nth(1).click()
    page.wait_for_selector("#result[aria-label='Result for other.png']")
    assert sides(drawn(page)) == (True, True)


def test_a_point_that_hits_nothing_is_told(page: Page, two: bytes) -> None:
    drop(page, payload(two))
    done(page)
    drawn(page)
    page.click("#point")
    pointed(page, 0.5)
    page.get_by_text("that point was not heard").wait_for()


def test_by_keyboard(page: Page, two: bytes) -> None:
    drop(page, payload(two))
    done(page)
    drawn(page)
    page.focus("#point")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "points"
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    assert sides(drawn(page, '"drop","80.00%,50.00%"')) == (True, False)
    page.keyboard.press("Backspace")
    page.keyboard.press("x")
    page.keyboard.press(" ")
    assert sides(drawn(page, '"keep","80.00%,50.00%"')) == (False, True)
    page.keyboard.press("Escape")
    assert page.locator("#points").is_hidden()


def test_with_the_brush_and_with_framing(page: Page, two: bytes) -> None:
    drop(page, payload(two))
    done(page)
    drawn(page)
    page.click("#point")
    pointed(page, 0.75)
    drawn(page, "keep")
    assert page.locator("#correct").is_disabled()
    page.click("#points-done")
    painted(page)  # across the middle, away; a dab at the left, kept
    assert page.locator("#point").is_disabled()
    page.click("#brush-done")
    page.wait_for_selector("#result[data-key^='[']:not([data-key^='[0'])")
    shown = drawn(page)
    assert shown[45, 40, 3] < 30 and shown[45, 100, 3] == 0 and shown[45, 120, 3] > 200
    page.locator("#option-crop").click()
    drawn(page, "crop")
    assert page.locator("#point").is_disabled()  # a place in the result is none in the photo now
    page.locator("#option-crop").click()
    drawn(page)
    page.click("#point")
    page.click("#points-undo")
    shown = drawn(page)
    assert shown[25, 40, 3] > 200  # what no stroke reached of the other disc is back
    assert far(shown[:10], in_python(two).to_numpy()[:10]) <= 2
