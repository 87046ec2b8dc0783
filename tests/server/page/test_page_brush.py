"""Mattes corrected by hand in the page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from page_samples import (
    AMBER,
    choose,
    done,
    drawn,
    drop,
    far,
    in_python,
    painted,
    payload,
    saved,
    unzipped,
)
from server_samples import decoded

from cutaway.options import Options

if TYPE_CHECKING:
    from page_samples import Open, Serve
    from playwright.sync_api import Page


def test_corrected_by_hand(page: Page, shots: list[bytes], tmp_path: Path) -> None:
    from cutaway.data.pairs import find_pairs
    from cutaway.server.compose import lay, matte_of
    from cutaway.server.pictures import read_upload

    drop(page, payload(shots[0], "cup of tea.png"))
    done(page)
    painted(page)
    assert page.locator("#undo").is_enabled()
    page.click("#undo")
    page.click("#redo")
    page.click("#brush-done")
    page.wait_for_selector("#result[data-key^='[']:not([data-key^='[0'])")
    shown = drawn(page)
    assert shown[45, 66, 3] == 0 and shown[45, 1, 3] == 255  # removed in the middle, kept at the left

    (tmp_path / "pairs.zip").write_bytes(saved(page, "#pair")[1])
    unzipped((tmp_path / "pairs.zip").read_bytes()).extractall(tmp_path / "pairs")
    (pair,) = find_pairs(tmp_path / "pairs")
    assert pair.image.read_bytes() == shots[0] and pair.image.name == "cup of tea.png"
    assert np.array_equal(decoded(pair.mask.read_bytes())[..., 0], shown[..., 3])

    choose(page, AMBER)
    photo = read_upload(shots[0], max_pixels=10**6)
    matte = matte_of(read_upload(pair.mask.read_bytes(), max_pixels=10**6), photo)
    wanted = lay(photo, matte, options=Options(background=AMBER))
    assert far(drawn(page, AMBER), wanted.to_numpy()) <= 2
    assert saved(page, "#download")[1] == wanted.to_bytes()


def test_a_pair_for_the_server_s_folder(
    live: Serve, opened: Open, shots: list[bytes], tmp_path: Path
) -> None:
    from cutaway.data.pairs import find_pairs

    page = opened(live(pairs=str(tmp_path)).url)
    drop(page, payload(shots[0], "tea.png"))
    done(page)
    painted(page)
    page.click("#brush-done")
    page.wait_for_selector("#result[data-key^='[']:not([data-key^='[0'])")
    shown = drawn(page)
    page.click("#pair")
    page.get_by_text("Training pair kept by the server").wait_for()
    (pair,) = find_pairs(tmp_path)
    assert pair.image.read_bytes() == shots[0] and pair.image.name == "tea.png"
    assert np.array_equal(decoded(pair.mask.read_bytes()), shown[..., 3])


def test_strokes_can_all_be_taken_back(page: Page, shots: list[bytes]) -> None:
    drop(page, payload(shots[0]))
    done(page)
    painted(page)
    page.click("#reset")
    assert page.locator("#undo").is_disabled()
    page.keyboard.press("Escape")
    assert far(drawn(page, "[0"), in_python(shots[0]).to_numpy()) <= 2
