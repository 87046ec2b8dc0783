"""Outlines and run lengths become masks of exactly the right pixels."""

from __future__ import annotations

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from cutaway.data.prepare import bitmaps
from cutaway.data.prepare.bitmaps import bitmap, from_base64, inflate
from cutaway.data.prepare.drawing import (
    as_points,
    circle,
    paste,
    pixel_polygon,
    polygon,
    rectangle,
    run_lengths,
    unpack_counts,
)
from cutaway.errors import DataError

SIZE = (20, 30)


def test_a_square_has_exactly_its_area_and_place() -> None:
    wanted = np.zeros(SIZE, bool)
    wanted[3:8, 2:5] = True
    assert np.array_equal(polygon(as_points([2, 3, 5, 3, 5, 8, 2, 8]), SIZE), wanted)
    assert np.array_equal(rectangle(as_points([[5, 8], [2, 3]]), SIZE), wanted)


def test_corners_between_pixels_round_to_the_centres_inside() -> None:
    assert polygon(as_points([2.4, 3.4, 5.6, 3.4, 5.6, 8.6, 2.4, 8.6]), SIZE).sum() == 4 * 6
    assert polygon(as_points([2.6, 3.6, 5.4, 3.6, 5.4, 8.4, 2.6, 8.4]), SIZE).sum() == 2 * 4


@pytest.mark.parametrize("clockwise", [True, False])
def test_a_slanted_outline_has_its_area_by_the_shoelace_formula(clockwise: bool) -> None:
    corners = np.array([[12.3, 20.7], [310.2, 41.1], [250.9, 280.4], [60.5, 190.8]])
    x, y = corners.T
    area = abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
    drawn = polygon(corners if clockwise else corners[::-1], (300, 320)).sum()
    assert drawn == pytest.approx(area, rel=0.002)


def test_neighbours_share_no_pixel_and_leave_no_gap() -> None:
    left = polygon(as_points([0, 0, 17.5, 0, 3.5, 20, 0, 20]), SIZE)
    right = polygon(as_points([17.5, 0, 30, 0, 30, 20, 3.5, 20]), SIZE)
    assert not (left & right).any()
    assert (left | right).all()


def test_an_outline_beyond_the_edge_is_cut_off() -> None:
    assert polygon(as_points([-9, -9, 99, -9, 99, 99, -9, 99]), SIZE).all()
    assert not polygon(as_points([-9, -9, -2, -9, -2, 99, -9, 99]), SIZE).any()
    assert polygon(as_points([28, 1, 99, 1, 99, 4, 28, 4]), SIZE).sum() == 6


@pytest.mark.parametrize("points", [[], [1, 1], [1, 1, 9, 9]])
def test_fewer_than_three_corners_have_no_inside(points: list[float]) -> None:
    assert not polygon(as_points(points), SIZE).any()


@pytest.mark.parametrize(
    "numbers", [[1, 2, 3], "outline", [[1, "x"]], [1, float("nan")], [1, 1e300], {"x": 1}, None]
)
def test_what_is_no_outline_is_refused(numbers: object) -> None:
    with pytest.raises(DataError, match="outline"):
        as_points(numbers)


def test_corners_that_are_pixels_belong_to_the_object() -> None:
    wanted = np.zeros(SIZE, bool)
    wanted[3:9, 2:6] = True
    assert np.array_equal(pixel_polygon(as_points([2, 3, 5, 3, 5, 8, 2, 8]), SIZE), wanted)


def test_a_circle_has_its_area_around_its_centre() -> None:
    disc = circle(np.array([50.0, 40.0]), np.array([50.0, 70.0]), (80, 100))
    assert disc.sum() == pytest.approx(np.pi * 30**2, rel=0.005)
    rows, columns = np.nonzero(disc)
    assert (rows.mean() + 0.5, columns.mean() + 0.5) == pytest.approx((40, 50))


@pytest.mark.parametrize(
    ("top_left", "pixels"), [((2, 3), 12), ((-1, -2), 4), ((18, 28), 4), ((40, 0), 0), ((-9, 0), 0)]
)
def test_a_patch_is_laid_down_and_cut_off(top_left: tuple[int, int], pixels: int) -> None:
    laid = paste(np.ones((3, 4), bool), top_left, SIZE)
    assert laid.sum() == pixels
    if pixels:
        assert laid[max(top_left[0], 0), max(top_left[1], 0)]


def test_run_lengths_go_down_the_columns() -> None:
    wanted = np.array([[0, 1, 0], [1, 1, 0]], bool)
    assert np.array_equal(run_lengths([1, 3, 2], (2, 3)), wanted)
    assert run_lengths([0, 6], (2, 3)).all()


@pytest.mark.parametrize("counts", [[], [5], [7], [3, -1, 4]])
def test_run_lengths_that_do_not_fill_the_picture_are_refused(counts: list[int]) -> None:
    with pytest.raises(DataError, match="3×2"):
        run_lengths(counts, (2, 3))


def pack_counts(counts: list[int]) -> str:
    """The compressed string, written out of the format's description."""
    text = ""
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        while True:
            group, value = value & 31, value >> 5
            more = value != (-1 if group & 16 else 0)
            text += chr(48 + group + 32 * more)
            if not more:
                break
    return text


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("132", [1, 3, 2]),  # small numbers are one character: 48 + n
        ("o0", [31]),  # 31 = 0b11111 needs a second group, or bit 4 would be its sign
        ("P1", [32]),  # the low group 0 with "more" (48 + 32), then 1
        ("`01", [16, 1]),
        ("1234", [1, 2, 3, 6]),  # the fourth is 4 more than the second
        ("555N", [5, 5, 5, 3]),  # N = 48 + 30: -2 in five bits
    ],
)
def test_compressed_counts_by_hand(text: str, counts: list[int]) -> None:
    assert unpack_counts(text) == counts
    assert pack_counts(counts) == text


def test_compressed_counts_there_and_back() -> None:
    counts = np.random.default_rng(3).integers(0, 50_000, 400).tolist()
    assert unpack_counts(pack_counts(counts)) == counts


@pytest.mark.parametrize("text", ["P", "1 2", "€", "o" * 30])
def test_damaged_compressed_counts_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="compressed run length"):
        unpack_counts(text)


def png(image: Image.Image, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def test_embedded_bitmaps_of_all_kinds() -> None:
    drawn = np.zeros((4, 5), np.uint8)
    drawn[1:3, 2:] = 255
    palette = Image.fromarray(drawn // 255, "L").convert("P")
    palette.putdata((drawn // 255).ravel().tolist())
    palette.putpalette([0, 0, 0, 255, 255, 255])
    alpha = Image.merge("LA", [Image.new("L", (5, 4), 9), Image.fromarray(drawn)]).convert("RGBA")
    for image, options in ((palette, {"transparency": 0}), (alpha, {}), (Image.fromarray(drawn), {})):
        assert np.array_equal(bitmap(png(image, **options)), drawn > 0)
    assert np.array_equal(bitmap(png(Image.fromarray(drawn).convert("1"))), drawn > 0)


def test_embedded_bitmaps_that_are_damaged_or_huge_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zlib.compress(b"0" * 10_000)
    assert inflate(data) == b"0" * 10_000
    with pytest.raises(DataError, match="base64"):
        from_base64("é")
    with pytest.raises(DataError, match="damaged"):
        inflate(base64.b64decode("AAAA"))
    with pytest.raises(DataError, match="cut off"):
        inflate(data[:-6])
    monkeypatch.setattr(bitmaps, "MAX_BYTES", 9_000)
    with pytest.raises(DataError, match="too large"):
        inflate(data)
