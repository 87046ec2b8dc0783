"""How mask files are read: each convention there is, and the question where there is more than one."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from data_drawing import draw_mask, draw_photo, save
from PIL import Image

from cutaway.data.colour_maps import voc_colours, voc_numbers
from cutaway.data.masks import (
    MaskReading,
    count_values,
    infer_reading,
    parse_reading,
    read_indices,
    read_mask,
    read_matte,
    reading_for,
    with_readings,
)
from cutaway.data.pairs import Pair
from cutaway.data.readings import TRIMAPS
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
        ((1, 2, 3), "--masks pets-trimap (then 33% of all pixels are subject, 33% border)"),
        ((0, 128, 255), "0 background, 128 unknown, 255 subject: --masks matting-trimap"),
        ((0, 128, 255), "0 subject, 128 background, 255 border: --masks tutorial-trimap"),
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
    with pytest.raises(DataError) as caught:
        reading_for([path])
    assert says in str(caught.value)
    assert "--masks " in str(caught.value)


def test_the_question_shows_what_each_answer_would_mean(tmp_path: Path) -> None:
    mask = np.full((10, 100), 128, np.uint8)
    mask[:, :20], mask[:, 20:25] = 0, 255
    with pytest.raises(DataError) as caught:
        reading_for([save(tmp_path / "m.png", mask)])
    assert "matting-trimap (then 5% of all pixels are subject, 75% unknown)" in str(caught.value)
    assert "tutorial-trimap (then 20% of all pixels are subject, 5% border)" in str(caught.value)


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


@pytest.mark.parametrize("text", [
    "unit", "grey", "threshold:128", "threshold:7", "subject:1,3", "matting-trimap", "tutorial-trimap", "pets-trimap",
    "voc", "voc:person,dog", "voc:200", "colours:FF0000,00A0FF",
])  # fmt: skip
def test_a_reading_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_reading(text)) == text


def test_auto_is_no_reading() -> None:
    assert parse_reading("auto") is None


@pytest.mark.parametrize(
    "text",
    [
        "gray", "auto:1", "unit:1", "threshold:256", "threshold:-1", "threshold:1,2", "threshold:x", "subject",
        "trimap", "pets-trimap:1", "voc:", "colours", "colours:", "colours:red", "colours:FF00", "colours:FF0000,",
    ],
)  # fmt: skip
def test_readings_that_do_not_exist(text: str) -> None:
    with pytest.raises(DataError, match="choose one of auto, unit, grey") as caught:
        parse_reading(text)
    for kind in (*TRIMAPS, "voc[:CLASS,...]", "colours:RRGGBB"):
        assert kind in str(caught.value)


@pytest.mark.parametrize("name", ["human", "0", "255", "999", "background", "-1", "person,"])
def test_classes_that_do_not_exist(name: str) -> None:
    with pytest.raises(DataError, match=r"PASCAL VOC has no class .* aeroplane, bicycle"):
        parse_reading(f"voc:{name}")


def test_an_empty_reading_and_an_impossible_value() -> None:
    for text in ("", "subject:", "subject:1,,2", "subject:300"):
        with pytest.raises(DataError, match="choose one of"):
            parse_reading(text)


# -- three values, class numbers, colours ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "alphas"),
    [
        ("matting-trimap", (0, 128, 255), (0, 0.5, 1)),
        ("tutorial-trimap", (0, 128, 255), (1, 0, 0.5)),
        ("pets-trimap", (1, 2, 3), (1, 0, 0.5)),
        ("voc", (0, 1, 15, 20, 255), (0, 1, 1, 1, 0.5)),
        ("voc:person,1", (0, 1, 15, 20, 255), (0, 1, 1, 0, 0.5)),
        ("voc:PERSON", (0, 1, 15), (0, 0, 1)),
    ],
)
def test_what_the_values_of_a_convention_stand_for(
    tmp_path: Path, name: str, values: tuple[int, ...], alphas: tuple[float, ...]
) -> None:
    path = save(tmp_path / "m.png", flat_areas(*values))
    matte = read_mask(path, reading=parse_reading(name))
    assert matte.dtype == np.float32
    assert matte[0, :: 60 // len(values)].tolist() == list(alphas)


@pytest.mark.parametrize("name", ["matting-trimap", "tutorial-trimap"])
def test_a_compressed_trimap_is_read_by_the_nearest_value(tmp_path: Path, name: str) -> None:
    wide = np.repeat(np.repeat(flat_areas(0, 128, 255), 4, axis=0), 4, axis=1)
    reading = parse_reading(name)
    clean = read_mask(save(tmp_path / "m.png", wide), reading=reading)
    jpeg = read_mask(save_as(tmp_path / "m.jpg", Image.fromarray(wide), quality=60), reading=reading)
    assert np.mean(clean != jpeg) < 0.03


def test_the_colours_of_voc_are_those_of_its_development_kit() -> None:
    """The first and last colours as the kit's own VOClabelcolormap prints them."""
    known = {
        0: 0,
        1: 0x800000,
        2: 0x008000,
        3: 0x808000,
        4: 0x000080,
        8: 0x400000,
        15: 0xC08080,
        20: 0x004080,
        255: 0xE0E0C0,
    }
    assert {number: int(voc_colours()[number]) for number in known} == known
    assert len(set(voc_colours().tolist())) == 256
    assert np.array_equal(voc_numbers(voc_colours()), np.arange(256))
    assert voc_numbers(np.array([0x010203, 0xFFFFFF])).tolist() == [-1, -1]


def voc_rgb(numbers: np.ndarray) -> np.ndarray:
    codes = voc_colours()[numbers]
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.uint8)


def voc_palette_picture(numbers: np.ndarray) -> Image.Image:
    return palette_picture(numbers, [tuple(c) for c in voc_rgb(np.arange(256)).tolist()])


@pytest.mark.parametrize("kind", ["palette", "grey", "rgb", "rgba", "grey as rgb", "other palette"])
def test_class_numbers_are_read_from_whatever_holds_them(tmp_path: Path, kind: str) -> None:
    numbers = flat_areas(0, 12, 15, 255)
    pictures = {
        "palette": voc_palette_picture(numbers),
        "grey": Image.fromarray(numbers),
        "rgb": Image.fromarray(voc_rgb(numbers)),
        "rgba": Image.fromarray(np.dstack([voc_rgb(numbers), np.full((40, 60), 255, np.uint8)])),
        "grey as rgb": Image.fromarray(np.repeat(numbers[..., None], 3, axis=2)),
        "other palette": palette_picture(numbers, [(n, 255 - n, 9) for n in range(256)]),
    }
    path = save_as(tmp_path / "m.png", pictures[kind])
    assert np.array_equal(read_indices(path, reading=parse_reading("voc:dog")), numbers)
    assert read_mask(path, reading=parse_reading("voc:dog"))[0, ::15].tolist() == [0, 1, 0, 0.5]


def test_a_voc_palette_is_recognised(tmp_path: Path) -> None:
    paths = [
        save_as(tmp_path / f"{n}.png", voc_palette_picture(flat_areas(*values)))
        for n, values in enumerate([(0, 15, 255), (0, 7), (0,)])
    ]
    reading = reading_for(paths)
    assert (str(reading), reading.found) == ("voc", "class numbers in the palette of PASCAL VOC")
    assert read_mask(paths[0], reading=reading)[0, ::20].tolist() == [0, 1, 0.5]
    other = save_as(
        tmp_path / "3.png", palette_picture(flat_areas(0, 15), [(n, 255 - n, 9) for n in range(256)])
    )
    with pytest.raises(DataError, match="class numbers"):
        reading_for([*paths, other])


def test_colours_other_than_vocs_are_refused_by_name(tmp_path: Path) -> None:
    path = save(tmp_path / "m.png", draw_photo(1))
    with pytest.raises(DataError, match=r"m\.png.*not those of PASCAL VOC"):
        read_mask(path, reading=parse_reading("voc"))


def colour_map() -> np.ndarray:
    """A red third, a blue third and black."""
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:, :20], picture[:, 20:40] = (255, 0, 0), (0, 100, 250)
    return picture


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize(
    ("colours", "alphas"),
    [("FF0000", [1, 0, 0]), ("0064fa", [0, 1, 0]), ("#FF0000,0064FA", [1, 1, 0]), ("FE0000", [0, 0, 0])],
)
def test_the_named_colours_are_subject(tmp_path: Path, mode: str, colours: str, alphas: list[float]) -> None:
    image = Image.fromarray(colour_map())
    path = save_as(tmp_path / "m.png", image.quantize(3) if mode == "P" else image.convert(mode))
    matte = read_mask(path, reading=parse_reading(f"colours:{colours}"))
    assert matte[0, ::20].tolist() == alphas
    assert np.all(matte == matte[:1])


def test_colours_of_a_jpeg_may_be_near(tmp_path: Path) -> None:
    wide = np.repeat(np.repeat(colour_map(), 8, axis=0), 8, axis=1)
    path = save_as(tmp_path / "m.jpg", Image.fromarray(wide), quality=80)
    matte = read_mask(path, reading=parse_reading("colours:FF0000"))
    assert np.mean(matte[:, :160]) > 0.95
    assert not matte[:, 200:].any()


def test_the_question_about_colours_names_those_that_there_are(tmp_path: Path) -> None:
    picture = colour_map()
    picture[:, 50:] = (255, 0, 0)
    with pytest.raises(DataError) as caught:
        read_indices(save(tmp_path / "m.png", picture))
    told = str(caught.value)
    assert "FF0000 (50.0%), 0064FA (33.3%), 000000 (16.7%)" in told
    assert told.endswith("as in --masks colours:FF0000")
    with pytest.raises(DataError, match=r"all are PASCAL VOC's, --masks voc$"):
        read_indices(save(tmp_path / "v.png", voc_rgb(flat_areas(0, 15))))


# -- pairs -------------------------------------------------------------------------------------------------------


def two_masks(folder: Path, one: np.ndarray, other: np.ndarray) -> Pair:
    paths = [save(folder / f"m{n}.png", mask) for n, mask in enumerate((one, other))]
    return Pair("p", folder / "p.png", paths[0], (paths[1],))


def test_several_masks_are_merged_by_their_largest_alpha(tmp_path: Path) -> None:
    """In the tutorial's convention the smallest value is the subject: alphas are merged, not values."""
    pair = two_masks(tmp_path, flat_areas(0, 128, 255, 128), flat_areas(128, 128, 0, 255))
    matte = read_matte(pair, reading=parse_reading("tutorial-trimap"))
    assert matte[0, ::15].tolist() == [1, 0, 1, 0.5]


def test_the_reading_of_a_pair_goes_first(tmp_path: Path) -> None:
    pair = replace(
        two_masks(tmp_path, flat_areas(0, 1), flat_areas(0, 0)), reading=parse_reading("subject:0")
    )
    assert read_matte(pair, reading=parse_reading("unit")).all()


def test_masks_of_one_photo_must_be_of_one_size(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"p: the masks m0\.png and m1\.png are of different sizes"):
        read_matte(two_masks(tmp_path, draw_mask(), draw_mask(30)), reading=parse_reading("grey"))


def pair_in(folder: Path, name: str, mask: np.ndarray) -> Pair:
    return Pair(name, folder / "x.png", save(folder / f"{name}.png", mask))


def test_each_set_has_its_own_reading(tmp_path: Path) -> None:
    pairs = [
        pair_in(tmp_path, "a/1", draw_mask(subject=1)),
        pair_in(tmp_path, "a/2", draw_mask() * 0),
        pair_in(tmp_path, "b/1", draw_mask()),
        replace(pair_in(tmp_path, "c/1", flat_areas(1, 2, 3)), reading=parse_reading("pets-trimap")),
    ]
    assert [str(p.reading) for p in with_readings(pairs)] == ["unit", "unit", "grey", "pets-trimap"]
    assert [str(p.reading) for p in with_readings(pairs, given="subject:1")] == ["subject:1"] * 4


def test_an_ambiguous_set_is_named_and_an_unreadable_one_has_no_reading(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.png").write_bytes(b"")
    broken = Pair("b/1", tmp_path / "x.png", tmp_path / "b" / "1.png")
    assert [p.reading for p in with_readings([broken])] == [None]
    with pytest.raises(DataError, match="trimap") as caught:
        with_readings([broken, pair_in(tmp_path, "a/1", flat_areas(1, 2, 3))])
    assert str(caught.value).startswith(f"{tmp_path / 'a'}: masks hold 1, 2, 3")


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
    assert reading_for([bad, good]) == MaskReading("unit", found="0/1")
    with pytest.raises(DataError, match=r"b\.png"):
        reading_for([bad])
