"""How mask files are read: each convention there is, and the question where there is more than one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, save
from PIL import Image

from cutaway.data.masks import (
    MaskReading,
    count_values,
    histograms,
    infer_reading,
    parse_reading,
    read_indices,
    read_mask,
    reading_for,
)
from cutaway.errors import DataError

SUBJECT = draw_mask() == 255


def soft_mask() -> np.ndarray:
    """A disc whose edge falls off over some pixels."""
    y, x = np.mgrid[:40, :60]
    return np.clip((14 - np.hypot(y - 19.5, x - 29.5)) * 40, 0, 255).astype(np.uint8)


def save_as(path: Path, image: Image.Image, **options: int) -> Path:
    image.save(path, **options)
    return path


def palette_picture(indices: np.ndarray, colours: list[tuple[int, int, int]]) -> Image.Image:
    image = Image.fromarray(indices).convert("L")
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette([value for colour in colours for value in colour])
    return image


def flat_areas(*values: int) -> np.ndarray:
    """Stripes of equal width, one of each value, uint8 (40, 60)."""
    return np.tile(np.repeat(np.array(values, np.uint8), -(-60 // len(values)))[:60], (40, 1))


# -- files that mean one thing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("subject", [1, 255])
def test_two_values(tmp_path: Path, subject: int) -> None:
    path = save(tmp_path / "m.png", draw_mask(subject=subject))
    matte = read_mask(path)
    assert matte.dtype == np.float32
    assert np.array_equal(matte, SUBJECT.astype(np.float32))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_one_bit(tmp_path: Path, suffix: str) -> None:
    path = save_as(tmp_path / f"m.{suffix}", Image.fromarray(SUBJECT))
    assert np.array_equal(read_mask(path) == 1, SUBJECT)


def test_rgb_that_is_grey_in_all_but_name(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", np.repeat(soft_mask()[..., None], 3, axis=2))
    assert np.array_equal(read_indices(path), soft_mask())


def test_soft_grey_keeps_every_value(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", soft_mask())
    assert np.array_equal(read_mask(path), soft_mask() / np.float32(255))


def test_the_alpha_of_a_cutout(tmp_path: Path) -> None:
    rgba = np.dstack([draw_photo(1), soft_mask()])
    assert np.array_equal(read_indices(save(tmp_path / "m.png", rgba)), soft_mask())
    grey = np.dstack([soft_mask()[::-1], draw_mask()])
    assert np.array_equal(read_indices(save(tmp_path / "la.png", grey)), draw_mask())


def test_an_alpha_that_says_nothing(tmp_path: Path) -> None:
    opaque = np.full((40, 60), 255, np.uint8)
    path = save(tmp_path / "m.png", np.dstack([soft_mask()] * 3 + [opaque]))
    assert np.array_equal(read_indices(path), soft_mask())


def test_sixteen_bits(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", soft_mask().astype(np.uint16) * 256 + 9)
    assert np.array_equal(read_indices(path), soft_mask())
    small = save(tmp_path / "small.png", draw_mask(subject=1).astype(np.uint16))
    assert np.array_equal(read_mask(small) == 1, SUBJECT)


def test_a_palette_of_colours_means_its_indices(tmp_path: Path) -> None:
    image = palette_picture(draw_mask(subject=1), [(0, 0, 0), (128, 0, 0)])
    assert np.array_equal(read_mask(save_as(tmp_path / "m.png", image)) == 1, SUBJECT)


@pytest.mark.parametrize("white_first", [False, True])
@pytest.mark.parametrize("suffix", ["png", "gif"])
def test_a_palette_of_black_and_white_means_its_greys(tmp_path: Path, white_first: bool, suffix: str) -> None:
    """Programs that shrink PNGs write black and white as a palette in either order."""
    indices = (SUBJECT ^ white_first).astype(np.uint8)
    black_white = [(0, 0, 0), (255, 255, 255)]
    image = palette_picture(indices, black_white[::-1] if white_first else black_white)
    assert np.array_equal(read_mask(save_as(tmp_path / f"m.{suffix}", image)) == 1, SUBJECT)


def test_a_mask_is_turned_by_its_exif_like_a_photo(tmp_path: Path) -> None:
    upright = draw_mask()
    upright[:, :10] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned by 90° anticlockwise
    path = tmp_path / "m.png"
    Image.fromarray(np.rot90(upright)).save(path, exif=exif)
    assert np.array_equal(read_indices(path), upright)


def test_values_are_counted_in_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cutaway.data.masks.BAND_PX", 7)
    mask = soft_mask()
    assert np.array_equal(count_values(mask), np.bincount(mask.ravel(), minlength=256))


# -- sets --------------------------------------------------------------------------------------------------------


def test_jpeg_masks_are_cut_at_128_and_it_is_said(tmp_path: Path) -> None:
    disc = draw_mask(200, 300)
    paths = [save_as(tmp_path / f"{n}.jpg", Image.fromarray(disc), quality=75 + n) for n in range(3)]
    assert len(np.unique(read_indices(paths[0]))) > 10
    reading = reading_for(paths)
    assert (reading.kind, reading.values) == ("threshold", (128,))
    assert "cut at 128" in reading.found
    assert np.array_equal(read_mask(paths[0], reading=reading) == 1, disc == 255)


def test_the_set_decides_not_the_single_file(tmp_path: Path) -> None:
    """An empty file says nothing; what another one holds says how both are read."""
    empty = save(tmp_path / "a.png", np.zeros((40, 60), np.uint8))
    unit = save(tmp_path / "b.png", draw_mask(subject=1))
    assert reading_for([empty, unit]).kind == "unit"
    assert reading_for([empty]).kind == "grey"


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ((1, 2, 3), "--masks subject:1,3"),
        ((0, 128, 255), "--masks subject:0,255"),
        ((0, 1, 255), "--masks subject:1,255"),
        (range(12), "class numbers"),
        ((0, 7, 15, 255), "class numbers"),  # VOC with its border
        ((0, 40, 90, 150, 255), "whole areas of in-between values"),
        ((0, 100, 255), "--masks threshold:N"),
        ((30, 60, 90), "--masks grey"),
        ((0, 200), "whole areas of in-between values"),
    ],
)
def test_more_than_one_meaning_is_asked_not_guessed(tmp_path: Path, values: range, says: str) -> None:
    path = save(tmp_path / "m.png", flat_areas(*values))
    with pytest.raises(DataError, match=says.replace("(", r"\(")) as caught:
        reading_for([path])
    assert "--masks " in str(caught.value)


def test_many_class_numbers_are_asked_about() -> None:
    """Like COCO-Stuff: 182 classes over the set, few in each picture."""
    rng = np.random.default_rng(0)
    counts = [
        count_values(flat_areas(0, *rng.choice(np.arange(1, 182), 5), 255).astype(np.uint8))
        for _ in range(100)
    ]
    with pytest.raises(DataError, match="class numbers"):
        infer_reading(counts)


def test_photos_in_grey_are_no_masks(tmp_path: Path) -> None:
    grey = np.tile(np.linspace(0, 255, 60).astype(np.uint8), (40, 1))
    with pytest.raises(DataError, match="like photos in grey"):
        reading_for([save(tmp_path / "m.png", grey)])


def test_a_soft_edge_of_few_values_is_still_a_matte() -> None:
    mask = draw_mask(100, 150)
    edge = mask != np.roll(mask, 1, axis=1)
    mask[edge] = np.where(np.arange(edge.sum()) % 2, 90, 170)
    assert infer_reading([count_values(mask)]).kind == "grey"


def test_grey_values_that_reach_neither_end_are_asked_about() -> None:
    mask = np.tile(np.linspace(10, 20, 600).astype(np.uint8), (40, 1))
    mask[:, 500:] = np.linspace(100, 200, 100)
    with pytest.raises(DataError, match="reach both 0 and 255"):
        infer_reading([count_values(mask)])


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 160, 0), (40, 40, 250)])
@pytest.mark.parametrize("pixels", [3, 30])
def test_a_coloured_mask_is_refused_even_where_little_is_coloured(
    tmp_path: Path, colour: tuple[int, int, int], pixels: int
) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:pixels, :pixels] = colour
    with pytest.raises(DataError, match="which colour is the subject"):
        read_indices(save(tmp_path / "m.png", picture))


def test_a_photo_among_the_masks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="colour picture"):
        read_indices(save(tmp_path / "m.png", draw_photo(1)))


def test_no_mask_at_all() -> None:
    with pytest.raises(DataError, match="no mask"):
        reading_for([])
    with pytest.raises(DataError, match="no mask"):
        infer_reading([])


# -- what the user says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("unit", {1, 2, 3, 128, 255}),
        ("threshold", {128, 255}),
        ("threshold:3", {3, 128, 255}),
        ("subject:1", {1}),
        ("subject:0,255", {0, 255}),
    ],
)
def test_readings_given_by_the_user(tmp_path: Path, text: str, subject: set[int]) -> None:
    mask = flat_areas(0, 1, 2, 3, 128, 255)
    reading = reading_for([tmp_path / "never opened.png"], given=text)
    assert np.array_equal(
        read_mask(save(tmp_path / "m.png", mask), reading=reading), np.isin(mask, [*subject])
    )


def test_grey_given_by_the_user(tmp_path: Path) -> None:
    reading = parse_reading("grey")
    path = save(tmp_path / "m.png", flat_areas(0, 51, 255))
    assert np.unique(read_mask(path, reading=reading)) == pytest.approx([0, 0.2, 1])


@pytest.mark.parametrize("text", ["unit", "grey", "threshold:128", "threshold:7", "subject:1,3"])
def test_a_reading_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_reading(text)) == text


def test_auto_is_no_reading() -> None:
    assert parse_reading("auto") is None


@pytest.mark.parametrize(
    "text",
    ["gray", "auto:1", "unit:1", "threshold:256", "threshold:-1", "threshold:1,2", "threshold:x", "subject"],
)
def test_readings_that_do_not_exist(text: str) -> None:
    with pytest.raises(DataError, match="choose one of auto, unit, grey"):
        parse_reading(text)


def test_an_empty_reading_and_an_impossible_value() -> None:
    for text in ("", "subject:", "subject:1,,2", "subject:300"):
        with pytest.raises(DataError, match="choose one of"):
            parse_reading(text)


# -- files that cannot be read -----------------------------------------------------------------------------------


def truncated_png() -> bytes:
    data = io.BytesIO()
    Image.fromarray(draw_photo(1)).save(data, "PNG")
    return data.getvalue()[:300]


@pytest.mark.parametrize(
    "content", [b"", b"not a picture", truncated_png(), b"\x89PNG\r\n\x1a\n" + bytes(40)]
)
def test_an_unreadable_mask_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.png"):
        read_mask(path)


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.png.*no such file"):
        read_indices(tmp_path / "gone.png")


def test_unreadable_masks_do_not_hide_the_others(tmp_path: Path) -> None:
    good = save(tmp_path / "a.png", draw_mask(subject=1))
    bad = tmp_path / "b.png"
    bad.write_bytes(b"")
    counts, error = histograms([good, bad])
    assert isinstance(counts, np.ndarray)
    assert counts[1] == SUBJECT.sum()
    assert isinstance(error, DataError)
    assert reading_for([bad, good]) == MaskReading("unit", found="0/1")
    with pytest.raises(DataError, match=r"b\.png"):
        reading_for([bad])
