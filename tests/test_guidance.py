"""Regions, points and scribbles: read, checked, and heard on the way of a photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import cutaway
from cutaway import Options, Remover
from cutaway.cli import cli
from cutaway.engines.fake import FakeEngine
from cutaway.errors import OptionError
from cutaway.guidance import strokes
from cutaway.types import Frame

PHOTO = np.full((120, 200, 3), 20, np.uint8)
PHOTO[30:90, 20:80] = (250, 240, 240)
PHOTO[30:90, 120:180] = (240, 240, 250)


@pytest.fixture
def remover() -> Remover:
    """Its network takes bright for subject."""
    return Remover(engine=FakeEngine(), options=Options(zoom="off", refine=False))


def alpha_of(remover: Remover, **settings: str) -> np.ndarray:
    options = Options.from_mapping({"zoom": "off", **settings})
    return np.asarray(remover.remove(PHOTO, options=options).cutout.alpha)


def test_points_keep_and_drop(remover: Remover) -> None:
    kept, dropped = alpha_of(remover, keep="50,60"), alpha_of(remover, drop="75%,50%")
    for alpha in kept, dropped:
        assert alpha[60, 50] > 0.9
        assert alpha[:, 110:].max() < 0.05
    both = alpha_of(remover, keep="50,60 150,60")
    assert both[60, 50] > 0.9
    assert both[60, 150] > 0.9


@pytest.mark.parametrize("roi", ["0,0,100,120", "0%,0%,50%,100%", "0 0 100px 300%"])
def test_outside_the_region_all_is_background(remover: Remover, roi: str) -> None:
    alpha = alpha_of(remover, roi=roi)
    assert alpha[60, 50] > 0.9
    assert not alpha[:, 100:].any()


def test_scribbles_from_a_file_and_from_memory(remover: Remover, tmp_path: Path) -> None:
    painted = np.zeros((60, 100, 4), np.uint8)  # half the photo's size
    painted[28:32, 65:85] = (255, 0, 0, 255)
    Image.fromarray(painted).save(tmp_path / "strokes.png")
    by_file = alpha_of(remover, scribbles=str(tmp_path / "strokes.png"))
    options = Options(zoom="off")
    by_array = remover.remove(PHOTO, options=options, scribbles=painted).cutout.alpha
    np.testing.assert_array_equal(by_file, by_array)
    assert by_file[60, 50] > 0.9
    assert by_file[60, 150] == 0
    assert by_file[35:85, 125:175].mean() < 0.1


def test_colours_of_scribbles() -> None:
    row = [(255, 255, 255), (0, 200, 0), (0, 0, 0), (220, 20, 20), (128, 128, 128), (0, 0, 220)]
    pixels = np.array([row], np.uint8)
    subject, background = strokes(Frame(pixels), (1, 6))
    np.testing.assert_array_equal(subject[0], [1, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(background[0], [0, 0, 1, 1, 0, 0])
    half = np.array([[255, 0, 255, 0, 255, 255]], np.uint8)
    subject, background = strokes(Frame(pixels, half), (1, 6))
    np.testing.assert_array_equal(subject[0], [1, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(background[0], [0, 0, 1, 0, 0, 0])
    deep = strokes(Frame(pixels.astype(np.uint16) * 257), (2, 12))
    assert deep[0].shape == (2, 12)
    np.testing.assert_array_equal(deep[0][1], np.repeat([1, 1, 0, 0, 0, 0], 2))


def test_a_point_where_nothing_is_is_remarked(remover: Remover) -> None:
    result = remover.remove(PHOTO, options=Options(zoom="off", drop="100,5"))
    assert result.cutout.alpha[60, 50] > 0.9
    assert any("there is no subject at 100,5" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"roi": "1,2,3"}, r"roi '1,2,3' is not x,y,width,height"),
        ({"roi": "0,0,0,5"}, r"width and height more"),
        ({"roi": "-1,0,5,5"}, r"at least 0"),
        ({"keep": "5"}, r"keep '5' is not a point x,y"),
        ({"drop": "5,6 left,7"}, r"drop 'left,7' is not a point"),
        ({"keep": "-5,6"}, r"keep '-5,6' is not a point"),
        ({"keep": ("5,6",)}, r"option 'keep' cannot be"),
        ({"scribbles": "none.png"}, r"scribbles 'none.png': no such file"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Options.from_mapping(settings)


def test_what_lies_outside_the_photo_is_refused(remover: Remover) -> None:
    with pytest.raises(OptionError, match="keep 500,20 lies outside the photo, which has 200 x 120"):
        alpha_of(remover, keep="500,20")
    with pytest.raises(OptionError, match="roi lies outside the photo, which has 200 x 120"):
        alpha_of(remover, roi="300,0,20,20")
    with pytest.raises(OptionError, match="the scribbles have 50 x 50 pixels, the photo 200 x 120"):
        remover.remove(PHOTO, scribbles=np.zeros((50, 50, 3), np.uint8))


def test_repeated_flags_are_several_points(tmp_path: Path, bright_model: Path) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "two.png")
    words = [
        "remove",
        str(tmp_path / "two.png"),
        "-o",
        str(tmp_path / "out.png"),
        "--model",
        str(bright_model),
    ]
    ran = CliRunner().invoke(cli, [*words, "--keep", "50,60", "--keep", "75%,50%"])
    assert ran.exit_code == 0, ran.output
    by_hand = cutaway.remove(PHOTO, model=str(bright_model), keep="50,60 75%,50%").to_numpy()
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out.png"))[..., 3], by_hand[..., 3])
