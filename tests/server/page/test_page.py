"""The web page in real Chromium: what is seen and what is downloaded is what Python gives."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from page_samples import (
    AMBER,
    choose,
    done,
    drawn,
    drop,
    far,
    in_python,
    payload,
    saved,
    soft,
    unzipped,
)
from PIL import ExifTags, Image
from server_samples import Held, encoded, wait_until

from cutaway.engines.fake import FakeEngine
from cutaway.options import Options
from cutaway.remover import Remover

if TYPE_CHECKING:
    from page_samples import Open, Serve
    from playwright.sync_api import Page


def test_three_photos_dropped(page: Page, shots: list[bytes]) -> None:
    assert page.locator("#hero").is_visible() and not page.locator("#desk").is_visible()
    drop(page, *(payload(shot, f"photo-{n}.png") for n, shot in enumerate(shots)))
    done(page, 3)
    assert page.locator(".card-name").all_inner_texts() == ["photo-0.png", "photo-1.png", "photo-2.png"]
    for number, shot in enumerate(shots):
        page.locator(".card .card-button").nth(number).click()
        page.wait_for_selector(f"#result[aria-label='Result for photo-{number}.png']")
        assert far(drawn(page), in_python(shot).to_numpy()) <= 2
        assert np.array_equal(drawn(page)[..., 3], in_python(shot).to_numpy()[..., 3])
    names, files = zip(
        *((i.filename, i) for i in unzipped(saved(page, "#download-all")[1]).infolist()), strict=True
    )
    assert names == ("photo-0-cutaway.png", "photo-1-cutaway.png", "photo-2-cutaway.png") and len(files) == 3


def test_a_new_colour_needs_no_request(page: Page, shots: list[bytes]) -> None:
    asked: list[str] = []
    drop(page, payload(shots[1]))
    done(page)
    page.on("request", lambda request: asked.append(request.method))
    for colour in (AMBER, "#2f6fed", "#ffffff"):
        choose(page, colour)
        assert far(drawn(page, colour), in_python(shots[1], background=colour).to_numpy()) <= 2
    assert "POST" not in asked
    name, data = saved(page, "#download")
    assert name == "photo-cutaway.png"
    assert data == in_python(shots[1], background="#ffffff").to_bytes()
    page.select_option("#format", "webp")
    assert saved(page, "#download")[1] == in_python(shots[1], background="#ffffff").to_bytes("webp")


def test_what_the_server_makes_is_shown_and_saved_as_it_is(page: Page, shots: list[bytes]) -> None:
    drop(page, payload(shots[0]))
    done(page)
    choose(page, "blur")
    wanted = in_python(shots[0], background="blur")
    assert far(drawn(page, "blur"), wanted.to_numpy()) == 0
    assert saved(page, "#download")[1] == wanted.to_bytes()

    choose(page, "gradient")
    wanted = in_python(shots[0], background="gradient:#dfe9f3,#8fa8c8,180")
    assert far(drawn(page, "gradient"), wanted.to_numpy()) == 0

    below = soft(7, (60, 50))
    picture = {"name": "beach.png", "mimeType": "image/png", "buffer": encoded(below)}
    with page.expect_file_chooser() as chooser:
        choose(page, "picture")
    chooser.value.set_files([picture])  # type: ignore[list-item]
    assert far(drawn(page, "file 1"), in_python(shots[0]).over(below).to_numpy()) == 0
    page.select_option("#option-fit", "tile")
    assert far(drawn(page, "tile"), in_python(shots[0]).over(below, fit="tile").to_numpy()) == 0
    page.select_option("#option-canvas", "background")
    drawn(page, "canvas")
    assert (
        saved(page, "#download")[1]
        == in_python(shots[0]).over(below, fit="tile", canvas="background").to_bytes()
    )
    assert not page.locator("#split").is_visible()  # of another size: there is nothing to compare


def test_every_option_of_the_server_is_in_the_panel_and_works(page: Page, shots: list[bytes]) -> None:
    drop(page, payload(shots[0]))
    done(page)
    page.get_by_text("More about the edge").click()
    shown = {one.get_attribute("id") for one in page.locator("#generated [id^=option-]").all()}
    told = {one["name"] for one in page.evaluate("fetch('options').then((r) => r.json())")["options"]}
    settled = {"engine", "precision", "device", "threads"}
    elsewhere = {"background", "fit", "position", "canvas", "format", "model", *settled}
    elsewhere |= {"keep", "drop", "scribbles"}
    assert shown >= {f"option-{name}" for name in told - elsewhere}
    page.focus("#option-feather")
    for _ in range(8):  # steps of half a pixel
        page.keyboard.press("ArrowRight")
    assert far(drawn(page, "feather"), in_python(shots[0], feather=4.0).to_numpy()) <= 2
    page.locator("#option-invert").click()
    drawn(page, "invert")
    assert saved(page, "#download")[1] == in_python(shots[0], feather=4.0, invert=True).to_bytes()
    choose(page, AMBER)
    page.select_option("#option-effect", "grey-background")
    wanted = in_python(shots[0], feather=4.0, invert=True, effect="grey-background")
    assert far(drawn(page, "grey-background"), wanted.to_numpy()) == 0
    assert page.locator("input[value=none]").is_checked()  # effect and background exclude each other
    page.click("#defaults")
    assert far(drawn(page, "[]"), in_python(shots[0]).to_numpy()) <= 2


def test_what_is_about_the_file_changes_the_download_alone(page: Page, shots: list[bytes]) -> None:
    drop(page, payload(shots[0]))
    done(page)
    page.select_option("#format", "webp")
    page.get_by_text("More about the file").click()
    page.fill("#option-quality", "40")
    page.locator("#option-strip").click()
    wanted = in_python(shots[0], format="webp", quality=40, strip=True).to_bytes()
    assert saved(page, "#download")[1] == wanted
    page.select_option("#format", "png")  # which knows no quality: it goes back
    assert saved(page, "#download")[1] == in_python(shots[0], strip=True).to_bytes()


def test_framing_shadow_and_outline(page: Page, shots: list[bytes]) -> None:
    def check(key: str, **options: Any) -> None:
        assert far(drawn(page, key), in_python(shots[0], **options).to_numpy()) <= 2, options

    drop(page, payload(shots[0]))
    done(page)
    page.locator("#option-crop").click()
    check("crop", crop=True)
    page.focus("#option-margin")
    for _ in range(2):
        page.keyboard.press("PageUp")
    room = page.input_value("#option-margin")
    assert 5 <= int(room) <= 20
    check("margin", crop=True, margin=f"{room}%")
    page.select_option("#option-canvas", "1:1")
    check("1:1", crop=True, margin=f"{room}%", canvas="1:1")
    page.select_option("#option-shadow", "contact")
    check("contact", crop=True, margin=f"{room}%", canvas="1:1", shadow="contact")
    page.focus("#option-outline")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    together = {"crop": True, "margin": f"{room}%", "canvas": "1:1", "shadow": "contact"}
    check("outline", **together, outline="1%,#ffffff")
    assert saved(page, "#download")[1] == in_python(shots[0], **together, outline="1%,#ffffff").to_bytes()
    page.select_option("#option-effect", "grey-background")  # which goes with none of it
    check("grey", effect="grey-background")
    page.select_option("#option-preset", "amazon")
    drawn(page, "amazon")
    assert saved(page, "#download")[1] == in_python(shots[0], preset="amazon").to_bytes()
    choose(page, "none")
    check("transparent", preset="amazon", background="transparent")
    page.select_option("#option-preset", "")
    drawn(page)
    assert page.locator("input[value=none]").is_checked()


def test_a_logo_over_the_result(page: Page, shots: list[bytes], tmp_path: Path) -> None:
    def marked(said: str, **more: str) -> Any:
        return in_python(shots[0], logo=f"{tmp_path / 'mark.png'},{said}", **more)

    mark = encoded(soft(3, (20, 40)))
    (tmp_path / "mark.png").write_bytes(mark)
    drop(page, payload(shots[0]))
    done(page)
    size, place = page.get_by_label("Logo: width"), page.get_by_label("Logo: where it lies")
    assert not place.is_visible()
    page.set_input_files("#option-logo", [{"name": "mark.png", "mimeType": "image/png", "buffer": mark}])
    assert far(drawn(page, "bottom-right,15%"), marked("bottom-right,15%").to_numpy()) <= 2
    place.select_option("top-left")
    size.press("ArrowRight")
    assert far(drawn(page, "top-left,16%"), marked("top-left,16%").to_numpy()) <= 2
    choose(page, AMBER)
    drawn(page, AMBER)
    assert saved(page, "#download")[1] == marked("top-left,16%", background=AMBER).to_bytes()
    page.click("#defaults")
    assert far(drawn(page, "[]"), in_python(shots[0]).to_numpy()) <= 2
    assert not place.is_visible() and page.input_value("#option-logo") == ""


def test_a_turned_photo_and_one_that_browsers_cannot_show(page: Page) -> None:
    image, turned = Image.fromarray(soft(1)), io.BytesIO()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    image.save(turned, "PNG", exif=exif)
    tiff = encoded(soft(2), "TIFF")
    drop(page, payload(turned.getvalue(), "turned.png"), payload(tiff, "scan.tif", "image/tiff"))
    done(page, 2)
    assert drawn(page).shape == (120, 90, 4)
    assert far(drawn(page), in_python(turned.getvalue()).to_numpy()) <= 2
    assert page.locator("#divider").is_visible()
    page.locator(".card .card-button").nth(1).click()
    page.wait_for_selector("#result[aria-label='Result for scan.tif']")
    assert far(drawn(page), in_python(tiff).to_numpy()) <= 2
    assert not page.locator("#divider").is_visible() and not page.locator("#before").is_visible()
    page.click("#correct")
    page.wait_for_selector("#correction:not([hidden])")


def test_wrong_files_are_told_in_place(live: Serve, opened: Open, shots: list[bytes]) -> None:
    page = opened(live(max_body_mb=0.06).url, quiet=False)
    drop(
        page,
        payload(b"words", "notes.txt", "text/plain"),
        payload(b"no picture", "broken.jpg", "image/jpeg"),
        payload(b"\0" * 70_000, "huge.png"),
        payload(shots[0], "good.png"),
    )
    done(page)
    page.locator(".card[data-state=failed]").nth(2).wait_for()
    states = page.locator(".card .state").all_inner_texts()
    assert states == ["Not a picture", "The file is no picture of a known type", "Too large", "Done"]
    assert page.locator("#failed").is_visible() and "text/plain" in page.inner_text("#failed-text")
    assert page.locator("#download").is_disabled()
    page.locator(".card .card-button").nth(3).click()
    page.locator("#failed").wait_for(state="hidden")
    assert page.locator("#download").is_enabled()
    assert unzipped(saved(page, "#download-all")[1]).namelist() == ["good-cutaway.png"]


def test_the_server_goes_away_and_comes_back(live: Serve, opened: Open, shots: list[bytes]) -> None:
    first = live()
    page = opened(first.url, quiet=False)
    page.wait_for_selector("[data-state=ready]")
    first.stop()
    drop(page, payload(shots[0]))
    page.wait_for_selector("#notice:not([hidden])")
    assert "does not answer" in page.inner_text("#notice")
    page.get_by_text("Waiting for the server").first.wait_for()
    live(port=first.port)
    done(page)
    page.locator("#notice").wait_for(state="hidden")
    assert far(drawn(page), in_python(shots[0]).to_numpy()) <= 2


def test_a_busy_server_is_asked_again(live: Serve, opened: Open, shots: list[bytes]) -> None:
    held = Held()
    page = opened(live(engine=FakeEngine(held), pool=1, queue=0).url, quiet=False)
    drop(page, payload(shots[0], "one.png"), payload(shots[1], "two.png"))
    page.get_by_text("Server busy").first.wait_for()
    held.go.set()
    done(page, 2)


def test_a_key_is_asked_for(live: Serve, opened: Open, shots: list[bytes]) -> None:
    page = opened(live(keys=("long-enough-key",)).url, quiet=False)
    drop(page, payload(shots[0]))
    page.wait_for_selector("#key-dialog[open]")
    page.fill("#key", "not-this-one")
    page.keyboard.press("Enter")
    page.get_by_text("That key was wrong").wait_for()
    page.fill("#key", "long-enough-key")
    page.keyboard.press("Enter")
    done(page)


def test_with_the_built_in_model(live: Serve, opened: Open, tmp_path: Path) -> None:
    from cutaway.server.run import Listening
    from cutaway.server.settings import Settings

    path = Path(__file__).parents[3] / "examples" / "photos" / "chelsea.jpg"
    remover = Remover(options=Options(threads=1))
    listening = Listening(Settings(port=0, jobs_dir=str(tmp_path / "jobs")), remover=remover)
    thread = threading.Thread(target=listening.serve, daemon=True)
    thread.start()
    try:
        wait_until(lambda: listening.started)
        page = opened(f"http://127.0.0.1:{listening.port}")
        page.set_input_files("#picker", path)
        done(page)
        choose(page, AMBER)
        wanted = remover.remove(path, options=Options(background=AMBER))
        assert far(drawn(page, AMBER), wanted.to_numpy()) <= 2
        assert saved(page, "#download")[1] == wanted.to_bytes()
    finally:
        listening.stop()
        thread.join(10)
