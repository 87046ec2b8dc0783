"""Results that are framed and dressed: crops, canvases, shadows, outlines and logos on every kind of ground."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cutaway.engines.fake import FakeEngine
from cutaway.errors import ImageError, OptionError
from cutaway.options import Options
from cutaway.remover import Remover
from cutaway.result import Result
from cutaway.types import Cutout, Frame, Matte, Metadata
from remover_samples import opened, png, red_blue, swapped_profile

SIZE = (60, 80)


def blob(dtype: type = np.uint8) -> tuple[np.ndarray, np.ndarray]:
    """A green subject with a soft rim, 20 high and 40 wide at (20, 20), on red; its matte."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    outside = np.maximum(np.maximum(20 - y, y - 39), np.maximum(20 - x, x - 59))
    alpha = np.clip(1 - outside / 4, 0, 1).astype(np.float32)
    alpha[outside <= 0] = 1
    colour = alpha[..., None] * (0, 200, 50) + (1 - alpha[..., None]) * (0, 200, 50)
    pixels = np.where(alpha[..., None] > 0, colour, (200, 0, 0))
    return (pixels * (257 if dtype == np.uint16 else 1)).astype(dtype), alpha


def made(dtype: type = np.uint8, source: str | None = None, **settings: object) -> Result:
    pixels, alpha = blob(dtype)
    frame = Frame(pixels, metadata=Metadata(source=source))
    cutout = Cutout(pixels, alpha, frame.metadata)
    return Result(frame, Matte(alpha), cutout, Options.from_mapping({"foreground": False, **settings}))


def over(rgba: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    share = rgba[..., 3:].astype(float) / 255
    return rgba[..., :3] * share + np.array(colour) * (1 - share)


# --- framing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_crop_is_the_photos_own_pixels(dtype: type) -> None:
    pixels, alpha = blob(dtype)
    found = made(dtype, crop=True).to_numpy()
    assert found.dtype == dtype and found.shape == (26, 46, 4)
    np.testing.assert_array_equal(found[..., :3], pixels[17:43, 17:63])
    wanted = np.rint(alpha[17:43, 17:63] * np.float32(np.iinfo(dtype).max))
    np.testing.assert_array_equal(found[..., 3], wanted)


def test_without_framing_nothing_changes() -> None:
    pixels, _ = blob()
    result = made()
    np.testing.assert_array_equal(result.to_numpy()[..., :3], pixels)
    assert result.warnings == ()
    assert made(canvas="80x60").picture.size == SIZE and made(canvas="80x60").warnings == ()
    np.testing.assert_array_equal(made(canvas="80x60").to_numpy(), result.to_numpy())


def test_every_ground_has_the_canvas_of_the_frame(tmp_path: Path) -> None:
    ground = tmp_path / "ground.png"
    ground.write_bytes(png(np.full((10, 10, 3), 9, np.uint8)))
    for background in (
        "none",
        "teal",
        "#00808080",
        "blur",
        "gradient:red,blue",
        "checker",
        "original",
        str(ground),
    ):
        for settings, size in [
            ({"crop": True}, (26, 46)),
            ({"canvas": "100x50"}, (50, 100)),
            ({"canvas": "1:1", "margin": "3"}, (52, 52)),
            ({"fill": 50}, SIZE),
        ]:
            assert made(background=background, **settings).picture.size == size
    assert made(mask_only=True, crop=True).to_numpy().shape == (26, 46)
    assert made(background=str(ground), canvas="background", fill=80).picture.size == (10, 10)


def test_the_original_ground_is_cropped_with_the_subject() -> None:
    pixels, _ = blob()
    inside = made(crop=True, margin="2", background="original")
    np.testing.assert_array_equal(inside.to_numpy(), pixels[15:45, 15:65])
    beyond = made(crop=True, margin="30", background="original")
    assert isinstance(beyond.picture, Cutout)  # there is nothing beyond the photo
    found = beyond.to_numpy()
    assert found.shape == (86, 106, 4) and (found[13:73, 13:93, 3] == 255).all()
    assert found[..., 3].sum() == 60 * 80 * 255


def test_blur_beyond_the_photo_is_opaque_and_without_the_subject() -> None:
    found = made(crop=True, margin="40", background="blur:4").to_numpy()
    assert found.shape == (106, 126, 3)
    corners = found[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    assert np.abs(corners - (200, 0, 0)).max() <= 2


def test_what_cannot_be_framed(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"would have \d+ x \d+ pixels, more than 50 megapixels"):
        _ = made(margin="9999px").picture
    ground = tmp_path / "ground.png"
    ground.write_bytes(png(np.full((10, 10, 3), 9, np.uint8)))
    with pytest.raises(OptionError, match="leave nothing of a canvas of 10 x 10"):
        _ = made(background=str(ground), canvas="background", margin="5px").picture


# --- warnings -----------------------------------------------------------------------------------------------


def test_what_has_to_be_enlarged_says_so(caplog: pytest.LogCaptureFixture) -> None:
    result = made(source="shop/mug.jpg", canvas="100x100", crop=True)
    with caplog.at_level(logging.WARNING, "cutaway"):
        assert len(result.warnings) == 1 and "was enlarged 2.17 times" in result.warnings[0]
        assert result.to_numpy().shape == (100, 100, 4)
    assert [r.getMessage() for r in caplog.records] == [f"shop/mug.jpg: {result.warnings[0]}"]
    assert made(canvas="40x40", crop=True).warnings == ()
    assert made(canvas="100x100", crop=True, show="strip").warnings == result.warnings


def test_no_subject_says_so() -> None:
    pixels, alpha = blob()
    frame = Frame(pixels)
    for settings in (
        {"crop": True},
        {"canvas": "1:1", "fill": 80},
        {"align": "left"},
        {"crop": True, "shadow": "drop"},
    ):
        options = Options.from_mapping({"shadow": "drop", **settings})
        result = Result(frame, Matte(alpha * 0), Cutout(pixels, alpha * 0), options)
        assert result.warnings == ("there is no subject in the photo to frame",)
        assert not result.to_numpy()[..., 3].any()


def test_an_edge_that_wins_over_the_alignment_says_so() -> None:
    pixels, alpha = blob()
    pixels, alpha = pixels[:30], alpha[:30]  # cut off at the bottom
    frame = Frame(pixels)
    for align, said in [
        ("top", True),
        ("bottom", False),
        ("left", False),
        ("bottom-left", False),
        ("center", True),
    ]:
        options = Options.from_mapping({"canvas": "200x200", "crop": True, "align": align})
        result = Result(frame, Matte(alpha), Cutout(pixels, alpha), options)
        assert any("cuts the subject off at the bottom" in w for w in result.warnings) == said
        assert result.to_numpy()[-1, :, 3].max() == 255


# --- outline and shadow -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_outline_has_its_width_and_its_colour(dtype: type) -> None:
    deep = 257 if dtype == np.uint16 else 1
    found = made(dtype, outline="6,#102030").to_numpy()
    column = found[:, 40]  # the rows that are surely subject are 19 to 40, the rim ends with 17 and 42
    ours = (column[:, :3] == np.array([0x10, 0x20, 0x30]) * deep).all(axis=1)
    assert np.flatnonzero(ours & (column[:, 3] == 255 * deep)).tolist() == [*range(13, 17), *range(43, 47)]
    assert column[12, 3] == column[47, 3] == 0 and column[30, :3].tolist() == [0, 200 * deep, 50 * deep]
    assert found[14, 14, 3] == 0  # the corner is round


def test_an_outline_of_its_own_colour_changes_no_colour() -> None:
    """Straight alpha: white around white, whatever the alpha, is white on any part of the result."""
    pixels, alpha = np.full((*SIZE, 3), 255, np.uint8), blob()[1]
    options = Options.from_mapping({"outline": "5,white"})
    found = Result(Frame(pixels), Matte(alpha), Cutout(pixels, alpha), options).to_numpy()
    assert (found[..., :3] == 255).all()
    assert (found[..., 3] >= np.rint(alpha * 255)).all()


def test_an_outline_does_not_tint_glass() -> None:
    pixels, alpha = blob()
    alpha = np.where(alpha > 0.5, np.float32(0.6), 0).astype(np.float32)
    options = Options.from_mapping({"outline": "3,blue"})
    found = Result(Frame(pixels), Matte(alpha), Cutout(pixels, alpha), options).to_numpy()
    assert found[30, 40].tolist() == [0, 200, 50, round(0.6 * 255)]


DRESSES = [
    {"shadow": "drop"},
    {"shadow": "drop:opacity=80,angle=200,distance=6px,softness=2px"},
    {"shadow": "contact"},
    {"outline": "4,gold"},
    {"outline": "4,#ff00ff80", "shadow": "drop:opacity=100"},
]


@pytest.mark.parametrize("dress", DRESSES, ids=str)
def test_a_dress_is_the_same_on_nothing_on_a_colour_and_on_a_picture(dress: dict[str, object]) -> None:
    bare = made(**dress, margin="auto")
    rgba = bare.to_numpy()
    on_teal = made(**dress, margin="auto", background="teal").to_numpy()
    assert np.abs(over(rgba, (0, 128, 128)) - on_teal).max() <= 1.5
    picture = np.full((7, 9, 3), (250, 240, 20), np.uint8)
    on_picture = bare.over(picture).to_numpy()
    assert np.abs(over(rgba, (250, 240, 20)) - on_picture).max() <= 1.5


@pytest.mark.parametrize("dress", DRESSES, ids=str)
def test_the_canvas_grows_for_a_dress_only_when_told(dress: dict[str, object]) -> None:
    assert made(**dress).picture.size == SIZE
    assert made(**dress, crop=True).picture.size == (26, 46)
    grown = made(**dress, margin="auto")
    assert grown.picture.size > (26, 46)
    alpha = grown.to_numpy()[..., 3].astype(int)
    border = np.concatenate([alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]])
    assert border.max() <= 10  # all of it is there, but for the last tail of the blur
    scaled = made(**dress, margin="auto", canvas="300x200").to_numpy()[..., 3].astype(int)
    assert np.concatenate([scaled[0], scaled[-1], scaled[:, 0], scaled[:, -1]]).max() <= 10


def test_a_shadow_falls_where_its_angle_says() -> None:
    for angle, (down, right) in {0: (-1, 0), 90: (0, 1), 180: (1, 0), 270: (0, -1)}.items():
        found = made(shadow=f"drop:angle={angle},distance=10px,softness=1px,opacity=100").to_numpy()
        dark = (found[..., 3] > 128) & (found[..., 1] < 20)
        y, x = np.argwhere(dark).mean(axis=0) - (29.5, 39.5)
        assert (np.sign(np.rint(y / 4)), np.sign(np.rint(x / 4))) == (down, right)


def test_a_contact_shadow_lies_at_the_foot() -> None:
    found = made(shadow="contact:opacity=100,distance=6px,softness=1px").to_numpy()
    dark = (found[..., 3] > 60) & (found[..., 1] < 100)
    rows = np.flatnonzero(dark.any(axis=1))
    assert rows.min() > 35 and rows.max() < 50


def test_a_shadow_has_no_colour_and_at_most_its_opacity() -> None:
    found = made(shadow="drop:opacity=50,distance=12px").to_numpy()
    only = found[..., 3][blob()[1] == 0]
    assert 100 < only.max() <= 128
    assert (found[(blob()[1] == 0) & (found[..., 3] > 0)][:, :3] == 0).all()


# --- logos --------------------------------------------------------------------------------------------------


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    """Twice as wide as high, blue, its right half transparent."""
    pixels = np.full((10, 20, 4), (0, 0, 255, 255), np.uint8)
    pixels[:, 10:, 3] = 0
    path = tmp_path / "logo.png"
    path.write_bytes(png(pixels))
    return path


def test_a_logo_has_its_place_and_its_width(logo: Path) -> None:
    gap = round(0.03 * 60)
    for place, (top, left) in {
        "top-left": (gap, gap),
        "bottom-right": (60 - 10 - gap, 80 - 20 - gap),
        "top": (gap, 30),
        "center": (25, 30),
    }.items():
        found = made(background="white", logo=f"{logo},{place},25%").to_numpy().astype(int)
        blue = (found == (0, 0, 255)).all(axis=2)
        assert blue.sum() == 10 * 10
        assert blue[top : top + 10, left : left + 10].all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_logo_on_a_transparent_result(logo: Path, dtype: type) -> None:
    found = made(dtype, logo=f"{logo},top-left,25%").to_numpy()
    top = np.iinfo(dtype).max
    assert found.dtype == dtype
    assert found[5, 5].tolist() == [0, 0, top, top] and found[5, 20, 3] == 0


def test_a_logo_wider_than_there_is_room_is_made_smaller(logo: Path) -> None:
    found = made(background="white", logo=f"{logo},center,100%").to_numpy().astype(int)
    blue = np.argwhere((found == (0, 0, 255)).all(axis=2))
    assert blue.min(axis=0)[1] == 2 and blue.max(axis=0)[0] - blue.min(axis=0)[0] in (37, 38)


@pytest.mark.parametrize(
    "more", [{}, {"background": "white"}, {"effect": "grey-background"}, {"canvas": "1:1"}]
)
def test_a_logo_in_memory_is_laid_as_one_in_a_file(logo: Path, more: dict[str, str]) -> None:
    remover, photo = Remover(engine=FakeEngine(1.0)), red_blue(60, 80)
    plain = remover.remove(photo, options=Options.from_mapping(more))
    for said in ("", "top-left,25%", "40%"):
        text = f"{logo},{said}" if said else str(logo)
        wanted = remover.remove(photo, options=Options.from_mapping(more | {"logo": text}))
        with Image.open(logo) as image:
            for given in (logo, logo.read_bytes(), image, np.asarray(image)):
                assert plain.with_logo(given, said).to_bytes() == wanted.to_bytes()
    assert plain.to_bytes() != wanted.to_bytes()
    assert (
        wanted.with_logo(logo, "top-left,25%").to_bytes() != wanted.to_bytes()
    )  # it comes before the option
    over = plain.with_logo(logo, "left") if more.get("effect") else plain.with_logo(logo, "left").over("teal")
    assert over.mark is not None


def test_a_logo_in_memory_that_cannot_be(logo: Path) -> None:
    remover, photo = Remover(engine=FakeEngine(1.0)), red_blue(60, 80)
    for said in ("nowhere", f"{logo},left", "left,0%", "left,200%"):
        with pytest.raises(OptionError, match="PLACE,SCALE"):
            remover.remove(photo).with_logo(logo, said)
    with pytest.raises(OptionError, match="mask_only"):
        remover.remove(photo, options=Options(mask_only=True)).with_logo(logo)
    with pytest.raises(ImageError):
        remover.remove(photo).with_logo(b"no picture")


def test_added_colours_make_everything_srgb(logo: Path) -> None:
    profile = swapped_profile()
    photo = opened(png(red_blue(60, 80), icc_profile=profile))
    remover = Remover(engine=FakeEngine(1.0))
    for settings in ({"outline": "3,red"}, {"logo": f"{logo},left,10%"}):
        result = remover.remove(photo, options=Options.from_mapping(settings))
        assert result.picture.metadata.icc_profile is None
        np.testing.assert_allclose(result.to_numpy()[5, 70, :3], [10, 60, 250], atol=4)
    kept = remover.remove(photo, options=Options(shadow="drop", canvas="100x100"))
    assert kept.picture.metadata.icc_profile == profile
    hidden = remover.remove(photo, options=Options(effect="blur-subject", logo=str(logo)))
    assert hidden.picture.metadata.icc_profile is None
    assert Image.open(logo).size == (20, 10)


# --- each subject for itself --------------------------------------------------------------------------------


def test_each_is_the_same_options_with_one_subject() -> None:
    pixels, alpha = np.full((40, 90, 3), 7, np.uint8), np.zeros((40, 90), np.float32)
    alpha[5:25, 50:80] = 1
    alpha[10:30, 5:25] = 1
    alpha[30, 5:25] = 0.3  # a soft rim goes with the nearest
    alpha[38:40, 40:42] = 1  # a speck goes with none
    options = Options(crop=True, background="teal")
    whole = Result(Frame(pixels), Matte(alpha), Cutout(pixels, alpha), options)
    left, right = whole.each()
    assert left.picture.size == (21, 20) and right.picture.size == (20, 30)
    assert left.options == right.options == options
    assert (left.cutout.alpha[30, 5:25] == np.float32(0.3)).all() and not left.cutout.alpha[:, 30:].any()
    assert not (left.cutout.alpha + right.cutout.alpha)[38:].any()
    assert left.each() == [left]
    empty = Result(Frame(pixels), Matte(alpha * 0), Cutout(pixels, alpha * 0), options)
    assert empty.each() == [empty]
